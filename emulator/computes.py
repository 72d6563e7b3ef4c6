"""Compute clusters of Azure Resource Manager; SDK v1 reads them from the data plane."""

from __future__ import annotations

import dataclasses
from typing import Any

from emulator.arm import ARM
from emulator.arm_planes import sealed
from emulator.clusters import CREATING, DELETING, FAILED, SUCCEEDED, UPDATING, Cluster, Settings, check_size
from emulator.compute_forms import absent, begun, check_scale, read, view
from emulator.contract import check
from emulator.router import Refused, Request, Response, Routes
from emulator.spaces import Workspace
from emulator.state import Service
from emulator.workspaces import DATA, ONE

ALL = ONE + "/computes"
COMPUTE = ALL + "/{compute}"
routes = Routes()


@routes.on("GET", DATA, "/rp/workspaces" + ALL)
@routes.on("GET", ARM, ALL)
def computes(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    workspace = service.workspace(sub, group, name, nested=True)
    there = [workspace.cluster(key) for key in list(workspace.computes)]
    return {"value": [view(workspace, _seen(one), request.version) for one in there if one]}


@routes.on("GET", DATA, "/rp/workspaces" + COMPUTE)
@routes.on("GET", ARM, COMPUTE)
def get(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> dict[str, Any]:
    workspace = service.workspace(sub, group, name, nested=True)
    found = _find(workspace, compute)
    found.progress.look()
    return view(workspace, _find(workspace, compute), request.version)


def _seen(cluster: Cluster) -> Cluster:
    cluster.progress.look()
    return cluster


def _find(workspace: Workspace, name: str) -> Cluster:
    found = workspace.cluster(name)
    if found is None:
        raise absent(workspace, name)
    return found


@routes.on("PUT", ARM, COMPUTE)
def put(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> Response:
    check("compute", request.json)
    workspace = service.workspace(sub, group, name, nested=True)
    settings = read(request.json)
    tags, identity = request.json.get("tags"), request.json.get("identity")
    with service.lock:
        found = workspace.cluster(compute)
        if found is None:
            check_size(settings, service.quota)
            found = Cluster(compute, settings, dict(tags or {}), identity)
            workspace.computes[compute.lower()] = found
            operation = found.begin(CREATING, service.creating_reads, request.failure, lambda: None)
            shown = Cluster(compute, settings, dict(tags or {}), identity)  # as it is answered: not there yet
            return _accepted(service, workspace, found, operation, request, 201, shown)
        _check_same(found, settings)
        return _change(service, workspace, found, found.settings.changed(settings), tags, request)


def _check_same(found: Cluster, settings: Settings) -> None:
    """Raises Refused for a setting that is fixed once the cluster is there."""
    for shown, old, new in found.settings.fixed(settings):
        if str(old or "").lower() != str(new or "").lower():
            raise Refused(
                400,
                "ComputeUpdateNotAllowed",
                f"The property '{shown}' of compute '{found.name}' cannot be changed from '{old}' to '{new}'. Delete "
                "the compute and create it again.",
            )


@routes.on("PATCH", ARM, COMPUTE)
def patch(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> Response:
    check("compute_update", request.json)
    workspace = service.workspace(sub, group, name, nested=True)
    found = _find(workspace, compute)
    if not (request.json.keys() & {"tags", "identity"}) and "properties" not in (request.json.get("properties") or {}):
        return Response(200, begun(workspace, found, request.version))  # nothing that can be changed: nothing is said
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
    tags: dict[str, str] | None,
    request: Request,
) -> Response:
    if found.state() not in (SUCCEEDED, FAILED):
        told = f"The compute '{found.name}' is {found.state().lower()}; wait until it has settled."
        raise Refused(409, "ComputeOperationInProgress", told)
    check_scale(settings)
    check_size(settings, service.quota)
    wanted = Cluster(found.name, settings, dict(found.tags if tags is None else tags), found.identity)

    def settle() -> None:
        found.settings, found.tags = settings, wanted.tags
        found.identity = request.json.get("identity", found.identity)

    put = request.method == "PUT"
    operation = found.begin(CREATING if put else UPDATING, service.creating_reads, request.failure, settle)
    wanted.made, wanted.created, wanted.modified = True, found.created, found.modified
    wanted.provisioning = CREATING if put else UPDATING
    return _accepted(service, workspace, found, operation, request, 201 if put else 202, shown=wanted)


@routes.on("DELETE", ARM, COMPUTE)
def delete(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> Response:
    if request.query.get("underlyingResourceAction", "").lower() not in ("delete", "detach"):
        told = "The query parameter 'underlyingResourceAction' must be 'Delete' or 'Detach'."
        raise Refused(400, "BadArgument", told)
    workspace = service.workspace(sub, group, name, nested=True)
    found = workspace.cluster(compute)
    if found is None:
        return Response(204)

    def settle() -> None:
        found.provisioning = ""

    operation = found.begin(DELETING, service.creating_reads, request.failure, settle)
    return _accepted(service, workspace, found, operation, request, 202)


@routes.on("POST", ARM, COMPUTE + "/listNodes")
def list_nodes(service: Service, request: Request, sub: str, group: str, name: str, compute: str) -> dict[str, Any]:
    found = _find(service.workspace(sub, group, name, nested=True), compute)
    nodes = [
        {
            "nodeId": f"tvmps_{number:016x}_d",
            "privateIpAddress": f"10.0.0.{number + 4}",
            "publicIpAddress": None,
            "port": 50000 + number,
            "nodeState": "running" if run else "idle",
            "runId": run,
        }
        for number, run in enumerate(found.node_runs())
    ]
    return {"computeType": found.kind, "nodes": nodes}


def _accepted(
    service: Service,
    workspace: Workspace,
    found: Cluster,
    operation: str,
    request: Request,
    status: int,
    shown: Cluster | None = None,
) -> Response:
    """What was asked for is under way, and where a client looks how far it is."""
    service.operations[operation] = found
    provider = f"/subscriptions/{workspace.subscription}/providers/Microsoft.MachineLearningServices"
    place = f"{provider}/locations/{workspace.location}/computeOperationsStatus/{operation}"
    url = f"https://{ARM}{place}?api-version={request.version}&service=new{sealed(request.version)}"
    body = None if request.method == "DELETE" else begun(workspace, shown or found, request.version)
    return Response(status, body, headers={"Azure-AsyncOperation": url, **service.patience})


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
        return {"status": "Succeeded", "percentComplete": 100.0}
    error = {"code": found.failure.code, "message": found.failure.message, "statusCode": 400, "details": []}
    return {"status": "Failed", "error": error}
