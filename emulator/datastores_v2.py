"""`workspaces/…/datastores` of Azure Resource Manager: the datastores of the data plane, as SDK v2 asks for them."""

from __future__ import annotations

from typing import Any

from emulator.arm_planes import listed, on
from emulator.contract import check
from emulator.datastore_checks import keep
from emulator.datastore_forms import credentials_type, read, secrets, view
from emulator.datastores import find, remove
from emulator.history import user_of
from emulator.planes import require
from emulator.router import Request, Response, Routes
from emulator.runs_state import Plane
from emulator.signatures import of_account

routes = Routes()


@on(routes, "GET", "/datastores")
def list_datastores(plane: Plane, request: Request) -> dict[str, Any]:
    query = request.query
    found = list(plane.datastores.values())[::-1]  # the newest first, the workspace's own last
    if query.get("isDefault", "").lower() == "true":
        found = [one for one in found if one.name == plane.default]
    if names := query.get("names"):
        found = [one for one in found if one.name in names.lower().split(",")]
    if text := query.get("searchText"):
        found = [one for one in found if text.lower() in one.name]
    return listed(request, [view(plane, one) for one in found], int(query.get("count") or 30))


@on(routes, "GET", "/datastores/{name}")
def get(plane: Plane, request: Request, name: str) -> dict[str, Any]:
    return view(plane, find(plane, name))


@on(routes, "PUT", "/datastores/{name}")
def put(plane: Plane, request: Request, name: str) -> Response:
    check("datastore", request.json)
    wanted = read(name, request.json["properties"])
    require(wanted.account and wanted.container, "The fields accountName and containerName are required.")
    before = plane.datastores.get(wanted.name)
    require(before is None or before.kind == wanted.kind, "The type of a datastore cannot be changed.")
    wanted.user, wanted.created = user_of(request), before.created if before else wanted.created
    keep(plane, wanted, request)
    return Response(200 if before else 201, view(plane, wanted), headers={"Location": request.address})


@on(routes, "DELETE", "/datastores/{name}")
def delete(plane: Plane, request: Request, name: str) -> Response:
    return Response(200 if remove(plane, name) else 204)


@on(routes, "POST", "/datastores/{name}/listSecrets")
def list_secrets(plane: Plane, request: Request, name: str) -> dict[str, Any]:
    check("list_secrets", request.json)
    store = find(plane, name)
    kind = credentials_type(store.section)
    require(kind != "None", f"The datastore {name} has no credentials: there are no secrets to list.")
    if kind != "AccountKey" or not request.json.get("expirableSecret"):
        return secrets(store.section)
    # Instead of the account's key a signature that ends: for the whole account, and also where it allows no keys.
    signature = of_account(store.account, store.section["credential"], request.json.get("expireAfterHours", 1))
    return {"secretsType": "Sas", "sasToken": signature}
