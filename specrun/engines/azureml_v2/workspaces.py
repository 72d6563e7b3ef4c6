"""The workspace, as the SDK makes it; its resource group, which the SDK does not make."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import field
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.maker_tags import SPEC, maker_in, tags_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.base import EngineError
from specrun.plan.kinds.workspace import Workspace
from specrun.plan.makers import Maker
from specrun.spec.frozen import dataclass

LOOK = 60.0
"""Seconds between two looks at a deployment that the SDK follows."""

_VERSION = "2021-04-01"  # of Azure Resource Manager


@dataclass(frozen=True, slots=True)
class SdkWorkspaces:
    """What the SDK does for one workspace."""

    connection: Connection
    look: float = field(default_factory=lambda: LOOK)

    def maker(self, workspace: Any) -> Maker:
        return maker_in(workspace.tags)

    def storage_account(self, workspace: Any) -> str:
        return str(workspace.storage_account or "")

    def in_subscription(self) -> Iterable[tuple[str, str]]:
        with translated(f"list the workspaces of the subscription {self.connection.coordinates.subscription_id}"):
            found = list(self.connection.sdk.client.workspaces.list(scope="subscription"))
        return [(str(one.name), str(one.resource_group)) for one in found]

    def make_group(self, location: object) -> bool:
        what = f"make the resource group {self.connection.coordinates.resource_group}"
        arm = Arm(self.connection.credential)
        return arm.put(self._group_path, {"api-version": _VERSION}, {"location": location}, what)

    def deploy(self, workspace: Workspace) -> None:
        at, wanted = self.connection.coordinates, workspace.properties
        with translated(f"create the workspace {at.workspace_name}"):
            from azure.ai.ml import entities

            asked = entities.Workspace(
                name=at.workspace_name,
                location=str(wanted["location"]) if "location" in wanted else None,
                resource_group=at.resource_group,
                storage_account=str(wanted["storage_account"]) if "storage_account" in wanted else None,
                tags=tags_of(workspace.maker),
            )
            self.connection.sdk.client.workspaces.begin_create(asked).result()

    def explain(self, workspace: Workspace, error: EngineError) -> EngineError:
        """With what a deployment that failed has made all the same: neither Azure nor the SDK removes it."""
        group, spec = self.connection.coordinates.resource_group, workspace.maker.spec
        query = {"$filter": f"tagName eq '{SPEC}' and tagValue eq '{spec}'", "api-version": _VERSION}
        what = f"list what was made in the resource group {group}"
        left: list[str] = []
        with suppress(EngineError):  # what refused the workspace may refuse this, too
            found = Arm(self.connection.credential).items(f"{self._group_path}/resources", query, what)
            left = sorted(f"{one['type']}/{one['name']}" for one in found)
        if not left:
            return error
        return type(error)(
            f"{error}. What was made for a workspace of {spec} stays in the resource group {group}: "
            f"{', '.join(left)}. The next apply makes others: delete those that no workspace uses"
        )

    def check_whole(self, error: EngineError) -> None:
        """It is: nothing takes away what it stands on."""

    @property
    def _group_path(self) -> str:
        at = self.connection.coordinates
        return f"/subscriptions/{at.subscription_id}/resourcegroups/{at.resource_group}"
