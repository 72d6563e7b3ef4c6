"""Azure Resource Manager's workspaces, and the discovery of their services."""

from __future__ import annotations

import uuid
from typing import Any

from emulator.arm import ARM, GROUP
from emulator.arm_planes import sealed
from emulator.contract import check
from emulator.progress import Progress
from emulator.router import Refused, Request, Response, Routes
from emulator.spaces import KIND, Workspace
from emulator.state import Service

DATA = "api.azureml.ms"
EXPERIMENTS, MODELS, PIPELINES = "experiments.azureml.net", "modelmanagement.azureml.net", "aether.ms"
OTHERS = (EXPERIMENTS, MODELS, PIPELINES)
"""Other names under which a region's services are known."""

IN_SUBSCRIPTION = f"/subscriptions/{{sub}}/providers/{KIND}"
IN_GROUP = f"{GROUP}/providers/{KIND}"
ONE = IN_GROUP + "/{name}"
routes = Routes()

_SERVICES = ("experimentation", "history", "hyperdrive", "modelmanagement", "pipelines", "catalog", "inference")
_SERVICES += ("labeling", "governance", "metrics")


@routes.on("GET", DATA, "/discovery/workspaces/{guid}")
def discovery_of(service: Service, request: Request, guid: str) -> dict[str, str]:
    here = f"https://{request.host}"
    others = {"studio": "https://ml.azure.com", "notebooks": here, "gallery": "https://gallery.azure.com/project"}
    return {"api": here, **dict.fromkeys(_SERVICES, here), **others}


@routes.on("GET", DATA, "/discovery")
def discovery(service: Service, request: Request) -> dict[str, str]:
    """What SDK v2 asks; all but the first lie on other hosts, and the SDK asks the first for everything."""
    place = request.host.partition(".")[0]
    experiments = dict.fromkeys(
        ("experimentation", "history", "hyperdrive", "labeling"), f"https://{place}.{EXPERIMENTS}"
    )
    return {
        "api": f"https://{request.host}",
        "catalog": "https://catalog.cortanaanalytics.com",
        **experiments,
        "modelmanagement": f"https://{place}.{MODELS}",
        "pipelines": f"https://{place}.{PIPELINES}",
        "studio": "https://ml.azure.com",
    }


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
    """Begins a deletion; the workspace is there until it has ended."""
    key = f"/subscriptions/{sub}/resourcegroups/{group}/providers/{KIND}/{name}".lower()
    found = service.workspaces.get(key)
    if found is None:
        return Response(204)

    def settle() -> None:
        if service.workspaces.get(key) is found:
            del service.workspaces[key]

    operation = str(uuid.uuid4())
    service.deletions[operation] = Progress(service.creating_reads, settle)
    provider = f"/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/locations/{found.location}"
    url = f"https://{ARM}{provider}/workspaceOperationsStatus/{operation}?api-version={request.version}"
    ways = {"Azure-AsyncOperation": "async", "Location": "location"}
    headers = {name: f"{url}&type={kind}{sealed(request.version)}" for name, kind in ways.items()}
    return Response(202, headers={**headers, **service.patience})


@routes.on(
    "GET",
    ARM,
    "/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/locations/{place}/workspaceOperationsStatus/{operation}",
)
def operation_status(service: Service, request: Request, sub: str, place: str, operation: str) -> Response:
    found = service.deletions.get(operation)
    if found is None:
        raise Refused(404, "ResourceNotFound", f"The operation '{operation}' was not found.")
    ended = found.look()
    if request.query.get("type") == "location":
        return Response(200 if ended else 202)
    return Response(200, {"status": "Succeeded", "percentComplete": 100.0} if ended else {"status": "InProgress"})


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
    own = {key: value for key, value in one.properties.items() if key in _SHOWN}
    return {
        "id": one.id,
        "name": one.name,
        "type": KIND,
        "location": one.location,
        "tags": one.tags or {},
        "etag": None,
        "kind": one.kind,
        "sku": one.sku,
        "identity": {"principalId": one.principal, "tenantId": service.tenant.id, **one.identity},
        "properties": {
            **_DEFAULTS,
            "friendlyName": one.name,
            **own,
            "workspaceId": one.guid,
            "creationTime": one.created,
            "provisioningState": "Succeeded",
            "tenantId": service.tenant.id,
            "discoveryUrl": f"https://{one.region}.{DATA}/discovery",
            "mlFlowTrackingUri": f"azureml://{one.region}.{DATA}/mlflow/v1.0{one.id}",
            "notebookInfo": {
                "resourceId": one.guid.replace("-", ""),
                "fqdn": f"ml-{one.name}-{one.region}-{one.guid}.{one.region}.notebooks.azure.net",
                "isPrivateLinkEnabled": False,
                "notebookPreparationError": None,
            },
            "sdkTelemetryAppInsightsKey": one.guid,
        },
        "systemData": {
            "createdAt": one.created,
            "createdBy": service.owner.name,
            "createdByType": "Application",
            "lastModifiedAt": one.created,
            "lastModifiedBy": service.owner.name,
            "lastModifiedByType": "Application",
        },
    }


_DEFAULTS: dict[str, Any] = {
    "description": "",
    "hbiWorkspace": False,
    "imageBuildCompute": None,
    "managedNetwork": {
        "changeableIsolationModes": ["AllowInternetOutbound", "AllowOnlyApprovedOutbound"],
        "isolationMode": "Disabled",
        "enableNetworkMonitor": False,
        "enableFirewallLog": False,
    },
    "allowRoleAssignmentOnRG": True,
    "v1LegacyMode": False,
    "softDeleteEnabled": False,
    "storageHnsEnabled": False,
    "linkedModelInventoryArmId": None,
    "privateLinkCount": 0,
    "publicNetworkAccess": "Enabled",
    "ipAllowlist": [],
    "networkAcls": {"defaultAction": "Allow", "bypass": "", "ipRules": [], "resourceAccessRules": []},
    "serverlessComputeSettings": None,
    "EnableSoftwareBillOfMaterials": False,
    "sasGetterUri": "",
    "enableDataIsolation": False,
    "systemDatastoresAuthMode": "accesskey",
    "enableServiceSideCMKEncryption": False,
}
"""What a workspace shows that was not asked for anything else."""

_SHOWN = {*_DEFAULTS, "friendlyName", "storageAccount", "keyVault", "applicationInsights", "containerRegistry"}
_SHOWN |= {"encryption", "primaryUserAssignedIdentity"}
