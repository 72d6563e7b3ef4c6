"""The workspace: looked at, made with its resource group, and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.cluster_words import OWNER
from specrun.engines.azure.creation import await_absence, deploy_workspace
from specrun.engines.azure.deployments import await_deployments
from specrun.engines.azure.quiet import quiet
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.lost_creation import await_lost, is_there
from specrun.engines.base import Missing, Report
from specrun.plan.changes import Action, Change
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource

LOOK = 5.0
"""Seconds between two looks at a deployment."""

NO_GROUP = "ResourceGroupNotFound"
"""The code for a resource group that is not there."""


def observe_workspace(connection: Connection, resource: Resource) -> Observed:
    """The workspace as it is: two requests, two more where the spec names its storage account.

    Raises Missing when one that the spec only names is in another resource group, and when there is no such group.
    """
    try:
        workspace = connection.refresh()
    except Missing as error:
        if not resource.managed:
            _look_elsewhere(connection)
            if NO_GROUP in str(error):
                raise
        return Observed(Status.MISSING, reason=str(error))
    properties: dict[str, object] = {
        "name": workspace.name,
        "resource_group": workspace.resource_group,
        "subscription_id": workspace.subscription_id,
        "location": str(workspace.location).replace(" ", "").lower(),
    }
    if "storage_account" in resource.properties:
        properties["storage_account"] = _storage_account(workspace, str(resource.properties["storage_account"]))
    # Whose it is counts where it may be deleted; of one without tags the SDK asks for them each time.
    owner = _owner(workspace) if resource.managed else ""
    return Observed(Status.READY, properties, owner=owner)


def begin_workspace(connection: Connection, change: Change, report: Report) -> None:
    """Make or delete the workspace, and return once that is seen."""
    if change.action is Action.DELETE:
        _delete(connection, report)
    else:
        _create(connection, change.resource, report)


def _create(connection: Connection, resource: Resource, report: Report) -> None:
    at = connection.coordinates
    # An apply that was killed may have left a deployment behind, at the end of which there is a workspace.
    await_deployments(connection.credential, at.subscription_id, at.resource_group, report)
    if is_there(connection):
        return
    deploy_workspace(
        at,
        connection.credential,
        deploy=lambda: _deploy(connection, resource),
        is_there=lambda: is_there(connection),
        lost=lambda error: await_lost(connection, error, report),
        report=report,
        look=LOOK,
    )


def _deploy(connection: Connection, resource: Resource) -> None:
    at, wanted = connection.coordinates, resource.properties
    with quiet(), translated(f"create the workspace {at.workspace_name}", retried="but 429"):
        auth = connection.auth
        from azureml.core import Workspace

        Workspace.create(
            at.workspace_name,
            auth=auth,
            subscription_id=at.subscription_id,
            resource_group=at.resource_group,
            location=str(wanted["location"]) if "location" in wanted else None,
            create_resource_group=True,
            storage_account=str(wanted["storage_account"]) if "storage_account" in wanted else None,
            tags={OWNER: resource.spec.name},
            exist_ok=False,
            show_output=False,
        )


def _delete(connection: Connection, report: Report) -> None:
    workspace = connection.workspace()
    with translated(f"delete the workspace {workspace.name}", retried="but 429"):
        # What it stands on stays: the storage account holds data, and may be the user's own.
        workspace.delete(delete_dependent_resources=False, no_wait=True)
    await_absence(lambda: is_there(connection), report)


def _owner(workspace: Any) -> str:
    with translated(f"read the tags of the workspace {workspace.name}", retried="but 429"):
        return str((workspace.tags or {}).get(OWNER, ""))


def _storage_account(workspace: Any, asked: str) -> str:
    with translated(f"read the details of the workspace {workspace.name}", retried="but 429"):
        details: Mapping[str, Any] = workspace.get_details()
    found = str(details.get("storageAccount") or "")
    return asked if found.strip("/").lower() == asked.strip("/").lower() else found


def _look_elsewhere(connection: Connection) -> None:
    """Say so where the subscription has a workspace of this name in another resource group. Raises Missing."""
    at = connection.coordinates
    with translated(f"list the workspaces of the subscription {at.subscription_id}", retried=False):
        from azureml.core import Workspace

        found = Workspace.list(at.subscription_id, auth=connection.auth)
    groups = [
        one.resource_group for name, ones in found.items() if name.lower() == at.workspace_name.lower() for one in ones
    ]
    if groups:
        listed = ", ".join(groups)
        raise Missing(
            f"cannot find the workspace {at.workspace_name} in the resource group {at.resource_group}: it is in "
            f"{listed}. Correct `resource_group`"
        )
