"""Azure Resource Manager: clouds, subscriptions, providers, resource groups and plain resources."""

from __future__ import annotations

import re
from typing import Any

from emulator.contract import check
from emulator.regions import LOCATIONS
from emulator.resources import Group, Resource
from emulator.router import Refused, Request, Response, Routes
from emulator.spaces import Workspace
from emulator.state import Service

ARM = "management.azure.com"
GROUP = "/subscriptions/{sub}/resourcegroups/{group}"
routes = Routes()

_KINDS = {
    "Microsoft.MachineLearningServices": ("workspaces", "workspaces/computes", "locations"),
    "Microsoft.Storage": ("storageAccounts",),
    "Microsoft.KeyVault": ("vaults",),
    "Microsoft.Insights": ("components",),
    "Microsoft.ContainerRegistry": ("registries",),
}


@routes.on("GET", ARM, "/metadata/endpoints")
def endpoints(service: Service, request: Request) -> list[Any]:
    return [
        {
            "name": "AzureCloud",
            "portal": "https://portal.azure.com",
            "resourceManager": "https://management.azure.com/",
            "authentication": {
                "loginEndpoint": "https://login.microsoftonline.com/",
                "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "graphAudience": "https://graph.windows.net/",
            "graph": "https://graph.windows.net/",
            "gallery": "https://gallery.azure.com/",
            "batch": "https://batch.core.windows.net/",
            "media": "https://rest.media.azure.net",
            "sqlManagement": "https://management.core.windows.net:8443/",
            "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/aliases.json",
            "activeDirectoryDataLake": "https://datalake.azure.net/",
            "suffixes": {
                "storage": "core.windows.net",
                "keyVaultDns": "vault.azure.net",
                "sqlServerHostname": "database.windows.net",
                "acrLoginServer": "azurecr.io",
                "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
                "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            },
        }
    ]


@routes.on("GET", ARM, "/subscriptions")
def subscriptions(service: Service, request: Request) -> dict[str, Any]:
    seen = request.principal is not None and service.roles.sees(request.principal)
    return {"value": [_subscription(service)] if seen else []}


@routes.on("GET", ARM, "/subscriptions/{sub}")
def subscription(service: Service, request: Request, sub: str) -> dict[str, Any]:
    return _subscription(service)


def _subscription(service: Service) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{service.subscription}",
        "subscriptionId": service.subscription,
        "displayName": service.subscription_name,
        "state": "Enabled",
        "tenantId": service.tenant.id,
    }


@routes.on("GET", ARM, "/tenants")
def tenants(service: Service, request: Request) -> dict[str, Any]:
    return {"value": [{"id": f"/tenants/{service.tenant.id}", "tenantId": service.tenant.id}]}


@routes.on("GET", ARM, "/subscriptions/{sub}/locations")
def locations(service: Service, request: Request, sub: str) -> dict[str, Any]:
    return {"value": [{"name": name, "displayName": shown} for name, shown in LOCATIONS.items()]}


@routes.on("GET", ARM, "/subscriptions/{sub}/providers/{namespace}")
def provider(service: Service, request: Request, sub: str, namespace: str) -> dict[str, Any]:
    known = next((name for name in _KINDS if name.lower() == namespace.lower()), None)
    if known is None:
        raise Refused(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    kind = {"locations": list(LOCATIONS.values()), "apiVersions": ["2024-04-01"]}
    return {
        "id": f"/subscriptions/{sub}/providers/{known}",
        "namespace": known,
        "registrationState": "Registered",
        "resourceTypes": [{"resourceType": name, **kind} for name in _KINDS[known]],
    }


@routes.on("POST", ARM, "/subscriptions/{sub}/providers/{namespace}/register")
def register(service: Service, request: Request, sub: str, namespace: str) -> dict[str, Any]:
    return provider(service, request, sub, namespace)


@routes.on("GET", ARM, "/subscriptions/{sub}/resourcegroups")
def groups(service: Service, request: Request, sub: str) -> dict[str, Any]:
    return {"value": [_group(service, one) for one in service.groups.values()]}


@routes.on("GET", ARM, GROUP)
def group(service: Service, request: Request, sub: str, group: str) -> dict[str, Any]:
    return _group(service, service.group(group))


@routes.on("HEAD", ARM, GROUP)
def has_group(service: Service, request: Request, sub: str, group: str) -> Response:
    service.group(group)
    return Response(204)


@routes.on("PUT", ARM, GROUP)
def put_group(service: Service, request: Request, sub: str, group: str) -> Response:
    check("group", request.json)
    new = service.put_group(group, request.json["location"], request.json.get("tags") or {})
    return Response(201 if new else 200, _group(service, service.group(group)))


@routes.on("DELETE", ARM, GROUP)
def delete_group(service: Service, request: Request, sub: str, group: str) -> Response:
    service.delete_group(group)
    return Response(200)


def _group(service: Service, one: Group) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{service.subscription}/resourceGroups/{one.name}",
        "name": one.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": one.location,
        "tags": one.tags,
        "properties": {"provisioningState": "Succeeded"},
    }


@routes.on("GET", ARM, "/subscriptions/{sub}/resources")
def resources(service: Service, request: Request, sub: str) -> dict[str, Any]:
    return _listed([*service.resources.values(), *service.workspaces.values()], request.query.get("$filter", ""))


@routes.on("GET", ARM, GROUP + "/resources")
def resources_of_group(service: Service, request: Request, sub: str, group: str) -> dict[str, Any]:
    service.look(service.group(group).name)
    return _listed(service.in_group(group), request.query.get("$filter", ""))


def _listed(things: list[Any], wanted: str) -> dict[str, Any]:
    """The things that a filter lets through: `FIELD eq 'VALUE'` and `substringof('TEXT', name)`, joined by "and"; or
    `tagName eq 'NAME' and tagValue eq 'VALUE'`, which stands alone.
    """
    views = [_view(one) for one in things]
    if tag := re.fullmatch(r"tagName eq '([^']*)' and tagValue eq '([^']*)'", wanted):
        return {"value": [one for one in views if one["tags"].get(tag[1]) == tag[2]]}
    for field, value in re.findall(r"(\w+) eq '([^']*)'", wanted):
        views = [one for one in views if _value(one, field).lower() == value.lower()]
    for value in re.findall(r"substringof\('([^']*)', *name\)", wanted):
        views = [one for one in views if value.lower() in one["name"].lower()]
    return {"value": views}


def _value(view: dict[str, Any], field: str) -> str:
    if field == "resourceGroup":
        return str(view["id"].split("/")[4])
    return str(view.get({"resourceType": "type"}.get(field, field), ""))


_PLAIN = GROUP + "/providers/{namespace}/{kind}/{name}"


def _find(service: Service, path: str) -> Resource:
    found = service.resources.get(path.rstrip("/").lower())
    if found is None:
        parts = path.split("/")
        raise Refused(
            404,
            "ResourceNotFound",
            f"The Resource '{'/'.join(parts[6:9])}' under resource group '{parts[4]}' was not found. For more "
            "details please "
            "go to https://aka.ms/ARMResourceNotFoundFix",
        )
    return found


@routes.on("GET", ARM, _PLAIN)
def plain(service: Service, request: Request, **names: str) -> dict[str, Any]:
    return _view(_find(service, request.path))


@routes.on("PUT", ARM, _PLAIN)
def put_plain(service: Service, request: Request, **names: str) -> Response:
    new = request.path.lower() not in service.resources
    kind = f"{names['namespace']}/{names['kind']}"
    location = request.json.get("location") or service.group(names["group"]).location
    made = service.add_resource(kind, names["name"], service.group(names["group"]).name, location, request.json)
    return Response(201 if new else 200, _view(made))


@routes.on("DELETE", ARM, _PLAIN)
def delete_plain(service: Service, request: Request, **names: str) -> Response:
    if service.resources.pop(request.path.rstrip("/").lower(), None) is None:
        return Response(204)
    return Response(200)


@routes.on("POST", ARM, GROUP + "/providers/Microsoft.Storage/storageAccounts/{name}/listKeys")
def account_keys(service: Service, request: Request, name: str, **names: str) -> dict[str, Any]:
    _find(service, request.path.rpartition("/")[0])
    key = service.stores.key(name)
    return {"keys": [{"keyName": one, "value": key, "permissions": "FULL"} for one in ("key1", "key2")]}


def _view(one: Resource | Workspace) -> dict[str, Any]:
    if isinstance(one, Workspace):
        kind, properties = "Microsoft.MachineLearningServices/workspaces", {}
    else:
        kind, properties = one.kind, dict(one.body.get("properties") or {})
    properties["provisioningState"] = "Succeeded"
    view = {"id": one.id, "name": one.name, "type": kind, "location": one.location, "tags": one.tags}
    return {**view, "properties": properties}
