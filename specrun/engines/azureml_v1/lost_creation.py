"""What becomes of a workspace's creation when the SDK gives it up.

The SDK deletes the storage account, the key vault and the insights that it asked for as soon as it hears of any
trouble: also when only an answer was lost, and the deployment goes on without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.deployments import await_deployments
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.base import Denied, EngineError, Missing, Quota, Report, Transient

_PARTS = ("storageAccount", "keyVault", "applicationInsights")
_QUERY = {"api-version": "2021-04-01"}
_ACTIVE = "DeploymentActive"  # what was asked for a second time, since its first answer was lost


def await_lost(connection: Connection, error: EngineError, report: Report) -> None:
    """Return when the workspace comes about all the same: the SDK gives up, also where it only lost sight of it.

    Raises the error; Transient when a deployment was under way that has come to nothing; EngineError when the SDK has
    removed what the workspace stands on.
    """
    at = connection.coordinates
    try:
        waited = await_deployments(connection.credential, at.subscription_id, at.resource_group, report)
    except Transient as busy:
        raise Transient(str(error), busy.after) from error
    if not is_there(connection):
        lost = (waited or _ACTIVE in str(error)) and not isinstance(error, (Denied, Quota))
        raise Transient(str(error)) if lost else error
    if gone := _lost_parts(connection):
        raise EngineError(
            f"the workspace {at.workspace_name} was made, but the SDK lost sight of it and removed what it stands on: "
            f"{', '.join(gone)}. Delete and purge the workspace in the portal, and apply again. What was lost of "
            f"sight: {error}"
        ) from error


def is_there(connection: Connection) -> bool:
    """Whether the workspace is there now."""
    connection.forget()
    try:
        connection.workspace()
    except Missing:
        return False
    return True


def _lost_parts(connection: Connection) -> list[str]:
    """The ids of what the workspace stands on in its resource group, and what is not there: two requests."""
    at, workspace = connection.coordinates, connection.workspace()
    with translated(f"read the details of the workspace {at.workspace_name}", retried=False):
        details: Mapping[str, Any] = workspace.get_details()
    parts = [str(details.get(name) or "") for name in _PARTS]
    group = f"/subscriptions/{at.subscription_id}/resourceGroups/{at.resource_group}/"
    found = Arm(connection.credential).items(f"{group}resources", _QUERY, f"list what is in {at.resource_group}")
    ids = {str(one["id"]).lower() for one in found}
    return [part for part in parts if part.lower().startswith(group.lower()) and part.lower() not in ids]
