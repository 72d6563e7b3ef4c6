"""The workspace, as the SDK makes it, with its resource group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.maker_tags import maker_in, tags_of
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.base import EngineError
from specrun.plan.kinds.workspace import Workspace
from specrun.plan.makers import Maker
from specrun.spec.frozen import dataclass

LOOK = 5.0
"""Seconds between two looks at a deployment."""

_PARTS = ("storageAccount", "keyVault", "applicationInsights")
_QUERY = {"api-version": "2021-04-01"}


@dataclass(frozen=True, slots=True)
class SdkWorkspaces:
    """What the SDK does for one workspace."""

    connection: Connection
    look: float = field(default_factory=lambda: LOOK)

    def maker(self, workspace: Any) -> Maker:
        """From its tags: of one without tags the SDK asks for them each time."""
        with translated(f"read the tags of the workspace {workspace.name}", retried="but 429"):
            return maker_in(workspace.tags)

    def storage_account(self, workspace: Any) -> str:
        """From its details: two requests."""
        with translated(f"read the details of the workspace {workspace.name}", retried="but 429"):
            return str(workspace.get_details().get("storageAccount") or "")

    def in_subscription(self) -> Iterable[tuple[str, str]]:
        at = self.connection.coordinates
        with translated(f"list the workspaces of the subscription {at.subscription_id}", retried=False):
            from azureml.core import Workspace as Listed

            found = Listed.list(at.subscription_id, auth=self.connection.sdk.auth)
        return [(name, one.resource_group) for name, ones in found.items() for one in ones]

    def make_group(self, location: object) -> bool:
        """The SDK makes it."""
        return False

    def deploy(self, workspace: Workspace) -> None:
        at, wanted = self.connection.coordinates, workspace.properties
        with translated(f"create the workspace {at.workspace_name}", retried="but 429"):
            auth = self.connection.sdk.auth
            from azureml.core import Workspace as Made

            Made.create(
                at.workspace_name,
                auth=auth,
                subscription_id=at.subscription_id,
                resource_group=at.resource_group,
                location=str(wanted["location"]) if "location" in wanted else None,
                create_resource_group=True,
                storage_account=str(wanted["storage_account"]) if "storage_account" in wanted else None,
                tags=tags_of(workspace.maker),
                exist_ok=False,
                show_output=False,
            )

    def explain(self, workspace: Workspace, error: EngineError) -> EngineError:
        """The SDK has removed what it asked for."""
        return error

    def check_whole(self, error: EngineError) -> None:
        """Raises EngineError where the SDK has taken away what the workspace stands on.

        It deletes the storage account, the key vault and the insights that it asked for as soon as it hears of any
        trouble: also when only an answer was lost, and the deployment goes on without it.
        """
        if gone := self._lost_parts():
            raise EngineError(
                f"the workspace {self.connection.coordinates.workspace_name} was made, but the SDK lost sight of it "
                f"and removed what it stands on: {', '.join(gone)}. Delete and purge the workspace in the portal, and "
                f"apply again. What was lost of sight: {error}"
            ) from error

    def _lost_parts(self) -> list[str]:
        """The ids of what the workspace stands on in its resource group, and what is not there: two requests."""
        at, workspace = self.connection.coordinates, self.connection.workspace()
        with translated(f"read the details of the workspace {at.workspace_name}", retried=False):
            details: Mapping[str, Any] = workspace.get_details()
        parts = [str(details.get(name) or "") for name in _PARTS]
        group = f"/subscriptions/{at.subscription_id}/resourceGroups/{at.resource_group}/"
        what = f"list what is in {at.resource_group}"
        found = Arm(self.connection.credential).items(f"{group}resources", _QUERY, what)
        ids = {str(one["id"]).lower() for one in found}
        return [part for part in parts if part.lower().startswith(group.lower()) and part.lower() not in ids]
