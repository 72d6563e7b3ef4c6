"""Azure Resource Manager's workspaces, and the discovery of their services."""

from __future__ import annotations

from typing import Any

from emulator.arm import ARM, GROUP
from emulator.contract import check
from emulator.router import Request, Response, Routes
from emulator.spaces import KIND, Workspace
from emulator.state import Service

DATA = "api.azureml.ms"
IN_SUBSCRIPTION = f"/subscriptions/{{sub}}/providers/{KIND}"
IN_GROUP = f"{GROUP}/providers/{KIND}"
ONE = IN_GROUP + "/{name}"
routes = Routes()

_SERVICES = ("experimentation", "history", "hyperdrive", "modelmanagement", "pipelines", "catalog", "inference")
_SERVICES += ("labeling", "governance", "metrics")


@routes.on("GET", DATA, "/discovery")
@routes.on("GET", DATA, "/discovery/workspaces/{guid}")
def discovery(service: Service, request: Request, guid: str = "") -> dict[str, str]:
    here = f"https://{request.host}"
    others = {"studio": "https://ml.azure.com", "notebooks": here, "gallery": "https://gallery.azure.com/project"}
    return {"api": here, **dict.fromkeys(_SERVICES, here), **others}


@routes.on("GET", ARM, IN_SUBSCRIPTION)
def in_subscription(service: Service, request: Request, sub: str) -> dict[str, Any]:
    return {"value": [view(service, one) for one in service.workspaces.values()]}


@routes.on("GET", ARM, IN_GROUP)
def in_group(service: Service, request: Request, sub: str, group: str) -> dict[str, Any]:
    service.look(service.group(group).name)
    found = [one for one in service.workspaces.values() if one.group.lower() == group.lower()]
    return {"value": [view(service, one) for one in found]}


@routes.on("GET", ARM, ONE)
def get(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    service.group(group)
    return view(service, service.workspace(sub, group, name))


@routes.on("PUT", ARM, ONE)
def put(service: Service, request: Request, sub: str, group: str, name: str) -> Response:
    check("workspace", request.json)
    return Response(200, view(service, service.put_workspace(group, name, request.json)))


@routes.on("PATCH", ARM, ONE)
def patch(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    check("workspace_update", request.json)
    found = service.workspace(sub, group, name)
    found.properties.update(request.json.get("properties") or {})
    found.tags = request.json.get("tags", found.tags)
    found.sku = request.json.get("sku", found.sku)
    found.identity = request.json.get("identity", found.identity)
    return view(service, found)


@routes.on("DELETE", ARM, ONE)
def delete(service: Service, request: Request, sub: str, group: str, name: str) -> Response:
    found = service.workspaces.pop(f"/subscriptions/{sub}/resourcegroups/{group}/providers/{KIND}/{name}".lower(), None)
    return Response(200 if found else 204)


@routes.on("POST", ARM, ONE + "/listKeys")
def keys(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    found = service.workspace(sub, group, name)
    return {
        "userStorageKey": service.stores.key(found.storage_account),
        "userStorageResourceId": found.properties["storageAccount"],
        "appInsightsInstrumentationKey": found.guid,
    }


@routes.on("POST", ARM, ONE + "/listStorageAccountKeys")
def storage_keys(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    return {"userStorageKey": service.stores.key(service.workspace(sub, group, name).storage_account)}


@routes.on("POST", ARM, ONE + "/resyncKeys")
def resync_keys(service: Service, request: Request, sub: str, group: str, name: str) -> Response:
    service.workspace(sub, group, name)
    return Response(200)


def view(service: Service, one: Workspace) -> dict[str, Any]:
    """A workspace as ARM shows it."""
    own = {key: one.properties[key] for key in _SHOWN if key in one.properties}
    return {
        "id": one.id,
        "name": one.name,
        "type": KIND,
        "location": one.location,
        "tags": one.tags,
        "kind": one.kind,
        "sku": one.sku,
        "identity": {"principalId": one.principal, "tenantId": service.tenant.id, **one.identity},
        "properties": {
            "friendlyName": one.name,
            "description": "",
            "hbiWorkspace": False,
            "v1LegacyMode": False,
            **own,
            "workspaceId": one.guid,
            "creationTime": one.created,
            "provisioningState": "Succeeded",
            "tenantId": service.tenant.id,
            "discoveryUrl": f"https://{one.region}.{DATA}/discovery",
            "mlFlowTrackingUri": f"azureml://{one.region}.{DATA}/mlflow/v1.0{one.id}",
            "notebookInfo": {"resourceId": one.guid.replace("-", ""), "fqdn": f"{one.region}.notebooks.azure.net"},
        },
    }


_SHOWN = ("friendlyName", "description", "hbiWorkspace", "v1LegacyMode", "storageAccount", "keyVault")
_SHOWN += ("applicationInsights", "containerRegistry", "imageBuildCompute", "publicNetworkAccess", "encryption")
_SHOWN += ("primaryUserAssignedIdentity", "systemDatastoresAuthMode", "managedNetwork", "serverlessComputeSettings")
_SHOWN += ("enableDataIsolation", "allowRoleAssignmentOnRG")
