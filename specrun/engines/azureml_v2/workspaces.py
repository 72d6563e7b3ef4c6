"""The workspace: looked at, made with its resource group, and deleted."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.cluster_words import OWNER
from specrun.engines.azure.creation import await_absence, deploy_workspace
from specrun.engines.azure.deployments import await_deployments
from specrun.engines.azure.quiet import quiet
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.base import Denied, EngineError, Missing, Quota, Report, Transient
from specrun.plan.changes import Action, Change
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource

NO_GROUP = "ResourceGroupNotFound"
"""The code for a resource group that is not there."""

LOOK = 60.0
"""Seconds between two looks at a deployment that the SDK follows."""

_VERSION = "2021-04-01"  # of Azure Resource Manager
_ACTIVE = "DeploymentActive"  # what was asked for a second time, since its first answer was lost


def observe_workspace(connection: Connection, resource: Resource) -> Observed:
    """The workspace as it is: one request.

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
    at = connection.coordinates
    properties: dict[str, object] = {
        "name": workspace.name,
        "resource_group": workspace.resource_group,
        "subscription_id": at.subscription_id,
        "location": str(workspace.location).replace(" ", "").lower(),
    }
    if asked := str(resource.properties.get("storage_account") or ""):
        found = str(workspace.storage_account or "")
        properties["storage_account"] = asked if found.strip("/").lower() == asked.strip("/").lower() else found
    return Observed(Status.READY, properties, owner=str((workspace.tags or {}).get(OWNER, "")))


def begin_workspace(connection: Connection, change: Change, report: Report) -> None:
    """Make or delete the workspace, and return once that is seen."""
    if change.action is Action.DELETE:
        _delete(connection, report)
    else:
        _create(connection, change, report)


def _create(connection: Connection, change: Change, report: Report) -> None:
    at, there = connection.coordinates, partial(_is_there, connection)
    lacks_group = change.before is not None and NO_GROUP in change.before.reason
    if not (lacks_group and _make_group(connection, change.resource)):
        # Somebody may be making it: another apply, one that was killed, or the try before this one.
        waited = await_deployments(connection.credential, at.subscription_id, at.resource_group, report)
        if waited and there():
            return
    deploy_workspace(
        at,
        connection.credential,
        deploy=partial(_deploy, connection, change.resource),
        is_there=there,
        lost=partial(_await_lost, connection, change.resource, report),
        report=report,
        look=LOOK,
    )


def _make_group(connection: Connection, resource: Resource) -> bool:
    """Make the resource group, which the SDK does not; whether it is new."""
    at = connection.coordinates
    body = {"location": resource.properties["location"]}
    what = f"make the resource group {at.resource_group}"
    return Arm(connection.credential).put(_group_path(connection), {"api-version": _VERSION}, body, what)


def _group_path(connection: Connection) -> str:
    at = connection.coordinates
    return f"/subscriptions/{at.subscription_id}/resourcegroups/{at.resource_group}"


def _deploy(connection: Connection, resource: Resource) -> None:
    at, wanted = connection.coordinates, resource.properties
    with quiet(), translated(f"create the workspace {at.workspace_name}"):
        from azure.ai.ml.entities import Workspace

        workspace = Workspace(
            name=at.workspace_name,
            location=str(wanted["location"]) if "location" in wanted else None,
            resource_group=at.resource_group,
            storage_account=str(wanted["storage_account"]) if "storage_account" in wanted else None,
            tags={OWNER: resource.spec.name},
        )
        connection.client.workspaces.begin_create(workspace).result()


def _await_lost(connection: Connection, resource: Resource, report: Report, error: EngineError) -> None:
    """Return when the workspace comes about all the same; raise the error, Transient if trying again may help."""
    at = connection.coordinates
    try:
        waited = await_deployments(connection.credential, at.subscription_id, at.resource_group, report)
    except Transient as busy:
        raise Transient(str(error), busy.after) from error
    if not _is_there(connection):
        lost = (waited or _ACTIVE in str(error)) and not isinstance(error, (Denied, Quota))
        raise Transient(str(error)) if lost else _naming_what_is_left(connection, resource, error)


def _naming_what_is_left(connection: Connection, resource: Resource, error: EngineError) -> EngineError:
    """The error, with what a deployment that failed has made all the same: neither Azure nor the SDK removes it."""
    group, owner = connection.coordinates.resource_group, resource.spec.name
    query = {"$filter": f"tagName eq '{OWNER}' and tagValue eq '{owner}'", "api-version": _VERSION}
    what = f"list what was made in the resource group {group}"
    left: list[str] = []
    with suppress(EngineError):  # what refused the workspace may refuse this, too
        found = Arm(connection.credential).items(f"{_group_path(connection)}/resources", query, what)
        left = sorted(f"{one['type']}/{one['name']}" for one in found)
    if not left:
        return error
    return type(error)(
        f"{error}. What was made for a workspace of {owner} stays in the resource group {group}: {', '.join(left)}. "
        "The next apply makes others: delete those that no workspace uses"
    )


def _is_there(connection: Connection) -> bool:
    connection.forget()
    try:
        connection.workspace()
    except Missing:
        return False
    return True


def _delete(connection: Connection, report: Report) -> None:
    name = connection.coordinates.workspace_name
    with translated(f"delete the workspace {name}"):
        # What it stands on stays: the storage account holds data, and may be the user's own.
        connection.client.workspaces.begin_delete(name, delete_dependent_resources=False)
    await_absence(partial(_is_there, connection), report)


def _look_elsewhere(connection: Connection) -> None:
    """Say so where the subscription has a workspace of this name in another resource group. Raises Missing."""
    at = connection.coordinates
    with translated(f"list the workspaces of the subscription {at.subscription_id}"):
        found = list(connection.client.workspaces.list(scope="subscription"))
    groups = [one.resource_group for one in found if str(one.name).lower() == at.workspace_name.lower()]
    if groups:
        raise Missing(
            f"cannot find the workspace {at.workspace_name} in the resource group {at.resource_group}: it is in "
            f"{', '.join(groups)}. Correct `resource_group`"
        )
