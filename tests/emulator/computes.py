"""Compute clusters: writes go to ARM, the SDK v1 reads them from the data plane."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tests.emulator.arm import ARM
from tests.emulator.clusters import CREATING, DELETING, FAILED, SUCCEEDED, UPDATING, Cluster, Settings, check_size
from tests.emulator.contract import check
from tests.emulator.regions import region
from tests.emulator.router import Refused, Request, Response, Routes
from tests.emulator.spaces import Workspace
from tests.emulator.state import Service
from tests.emulator.workspaces import DATA, ONE

ALL = ONE + "/computes"
COMPUTE = ALL + "/{compute}"
routes = Routes()


@routes.on("GET", DATA, "/rp/workspaces" + ALL)
@routes.on("GET", ARM, ALL)
def computes(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    workspace = service.workspace(sub, group, name)
    there = [workspace.cluster(key) for key in list(workspace.computes)]
    return {"value": [view(workspace, _seen(one)) for one in there if one]}


@routes.on("GET", DATA, "/rp/workspaces" + COMPUTE)
@routes.on("GET", ARM, COMPUTE)
def get(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> dict[str, Any]:
    workspace = service.workspace(sub, group, name)
    found = _find(workspace, compute)
    found.progress.look()
    return view(workspace, _find(workspace, compute))


def _seen(cluster: Cluster) -> Cluster:
    cluster.progress.look()
    return cluster


def _find(workspace: Workspace, name: str) -> Cluster:
    found = workspace.cluster(name)
    if found is None:
        where = f"workspace '{workspace.name}'"
        raise Refused(404, "ComputeNotFound", f"The specified compute '{name}' was not found in {where}.")
    return found


@routes.on("PUT", ARM, COMPUTE)
def put(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> Response:
    check("compute", request.json)
    workspace = service.workspace(sub, group, name)
    settings = _settings(request.json, workspace)
    tags, identity = request.json.get("tags") or {}, request.json.get("identity")
    with service.lock:
        found = workspace.cluster(compute)
        if found is None:
            check_size(settings, service.quota)
            found = Cluster(compute, settings, tags, identity)
            workspace.computes[compute.lower()] = found
            operation = found.begin(CREATING, service.creating_reads, request.failure, lambda: None)
            return _accepted(service, workspace, found, operation, 201)
        _check_same(found, settings)
        return _change(service, workspace, found, settings, tags, request)


def _check_same(found: Cluster, settings: Settings) -> None:
    before, after = found.settings, settings
    for field, shown in (
        ("size", "vmSize"),
        ("tier", "vmPriority"),
        ("subnet", "subnet"),
        ("location", "computeLocation"),
    ):
        old, new = getattr(before, field), getattr(after, field)
        if str(old or "").lower() != str(new or "").lower():
            raise Refused(
                400,
                "ComputeUpdateNotAllowed",
                f"The property '{shown}' of compute '{found.name}' cannot be changed from '{old}' to '{new}'. "
                "Delete the "
                "compute and create it again.",
            )


@routes.on("PATCH", ARM, COMPUTE)
def patch(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> Response:
    check("compute_update", request.json)
    workspace = service.workspace(sub, group, name)
    found = _find(workspace, compute)
    inner = (request.json.get("properties") or {}).get("properties") or {}
    scale = inner.get("scaleSettings") or {}
    changed = {
        "min_nodes": scale.get("minNodeCount", found.settings.min_nodes),
        "max_nodes": scale.get("maxNodeCount", found.settings.max_nodes),
        "idle": scale.get("nodeIdleTimeBeforeScaleDown") or found.settings.idle,
    }
    tags = request.json.get("tags", found.tags)
    with service.lock:
        settings = dataclasses.replace(found.settings, **changed)
        return _change(service, workspace, found, settings, tags, request)


def _change(
    service: Service,
    workspace: Workspace,
    found: Cluster,
    settings: Settings,
    tags: dict[str, str],
    request: Request,
) -> Response:
    if found.state() not in (SUCCEEDED, FAILED):
        told = f"The compute '{found.name}' is {found.state().lower()}; wait until it has settled."
        raise Refused(409, "ComputeOperationInProgress", told)
    _check_scale(settings)
    check_size(settings, service.quota)
    same = settings == found.settings and tags == found.tags and found.state() == SUCCEEDED
    if request.method == "PATCH" and same and not request.failure:  # a PUT always begins an operation
        return Response(200, view(workspace, found))

    def settle() -> None:
        found.settings, found.tags = settings, dict(tags)

    operation = found.begin(UPDATING, service.creating_reads, request.failure, settle)
    return _accepted(service, workspace, found, operation, 200)


@routes.on("DELETE", ARM, COMPUTE)
def delete(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> Response:
    if request.query.get("underlyingResourceAction", "").lower() not in ("delete", "detach"):
        told = "The query parameter 'underlyingResourceAction' must be 'Delete' or 'Detach'."
        raise Refused(400, "BadArgument", told)
    workspace = service.workspace(sub, group, name)
    found = workspace.cluster(compute)
    if found is None:
        return Response(204)

    def settle() -> None:
        found.provisioning = ""

    operation = found.begin(DELETING, service.creating_reads, request.failure, settle)
    return _accepted(service, workspace, found, operation, 202, shown=False)


def _accepted(
    service: Service, workspace: Workspace, found: Cluster, operation: str, status: int, *, shown: bool = True
) -> Response:
    service.operations[operation] = found
    provider = f"/subscriptions/{workspace.subscription}/providers/Microsoft.MachineLearningServices"
    place = f"{provider}/locations/{workspace.location}"
    url = f"https://{ARM}{place}/computeOperationsStatus/{operation}?api-version=2020-02-02"
    headers = {"Azure-AsyncOperation": url, "Retry-After": str(service.retry_after)}
    return Response(status, view(workspace, found) if shown else None, headers=headers)


@routes.on(
    "GET",
    ARM,
    "/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/locations/{place}/computeOperationsStatus/{operation}",
)
def operation_status(service: Service, request: Request, sub: str, place: str, operation: str) -> dict[str, Any]:
    found = service.operations.get(operation)
    if found is None:
        raise Refused(404, "ResourceNotFound", f"The operation '{operation}' was not found.")
    if not found.progress.look():
        return {"status": "InProgress"}
    if found.failure is None:
        return {"status": "Succeeded"}
    error = {"code": found.failure.code, "message": found.failure.message, "statusCode": 400, "details": []}
    return {"status": "Failed", "error": error}


def _settings(body: Mapping[str, Any], workspace: Workspace) -> Settings:
    outer = body["properties"]
    inner = outer["properties"]
    scale = inner["scaleSettings"]
    settings = Settings(
        size=inner["vmSize"],
        max_nodes=scale["maxNodeCount"],
        min_nodes=scale.get("minNodeCount", 0),
        idle=scale.get("nodeIdleTimeBeforeScaleDown") or "PT1800S",
        tier=_tier(inner.get("vmPriority", "Dedicated")),
        description=outer.get("description"),
        location=region(outer.get("computeLocation") or workspace.location),
        subnet=(inner.get("subnet") or {}).get("id"),
        ssh_port=inner.get("remoteLoginPortPublicAccess", "NotSpecified"),
        credentials=inner.get("userAccountCredentials") or {},
        node_public_ip=inner.get("enableNodePublicIp", True),
    )
    _check_scale(settings)
    return settings


def _tier(priority: str) -> str:
    return "LowPriority" if priority.lower() == "lowpriority" else "Dedicated"


def _check_scale(settings: Settings) -> None:
    if not 0 <= settings.min_nodes <= settings.max_nodes:
        raise Refused(
            400,
            "InvalidScaleSettings",
            f"The minimum node count {settings.min_nodes} must be at least 0 and at most the maximum node count "
            f"{settings.max_nodes}.",
        )


def view(workspace: Workspace, one: Cluster) -> dict[str, Any]:
    """A compute as ARM and the data plane show it; no password, no key."""
    shown = {
        "id": f"{workspace.id}/computes/{one.name}",
        "name": one.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": workspace.location,
        "tags": one.tags or None,
        "properties": {
            "computeType": one.kind,
            "description": one.settings.description,
            "resourceId": None,
            "computeLocation": one.settings.location,
            "provisioningErrors": [{"error": dataclasses.asdict(error)} for error in one.errors] or None,
            "isAttachedCompute": False,
            "disableLocalAuth": False,
            "createdOn": one.created,
            "modifiedOn": one.modified,
            "provisioningState": one.state(),
            "properties": _inner(one),
        },
    }
    return {**shown, "identity": one.identity} if one.identity else shown


def _inner(one: Cluster) -> dict[str, Any]:
    settings, nodes = one.settings, one.nodes()
    count = nodes["running"] + nodes["idle"]
    port = settings.ssh_port
    inner: dict[str, Any] = {
        "vmSize": settings.size.upper(),
        "vmPriority": settings.tier,
        "osType": "Linux",
        "scaleSettings": {
            "minNodeCount": settings.min_nodes,
            "maxNodeCount": settings.max_nodes,
            "nodeIdleTimeBeforeScaleDown": settings.idle,
        },
        "subnet": {"id": settings.subnet} if settings.subnet else None,
        "remoteLoginPortPublicAccess": port if port != "NotSpecified" else "Disabled" if settings.subnet else "Enabled",
        "enableNodePublicIp": settings.node_public_ip,
        "allocationState": "Steady" if one.progress.settled else "Resizing",
        "allocationStateTransitionTime": one.resized,
        "currentNodeCount": count,
        "targetNodeCount": max(count, settings.min_nodes),
        "nodeStateCounts": {
            "preparingNodeCount": 0,
            "runningNodeCount": nodes["running"],
            "idleNodeCount": nodes["idle"],
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
        "errors": None,
    }
    if user := settings.credentials.get("adminUserName"):
        inner["userAccountCredentials"] = {"adminUserName": user}
    return inner
