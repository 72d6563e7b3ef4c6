"""`/datastore`: where a workspace's data lies, and the credentials for it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from emulator.blobs import Blobs
from emulator.datastore_checks import BLOB, CREDENTIALS, FILE, keep
from emulator.planes import on, page, require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import ARTIFACTS, Datastore, Plane

routes = Routes()

_SECRETS = ("accountKey", "sasToken", "credential")
_TAKEN = "Another datastore with the same name already exists."


def furnish(plane: Plane, *, by_identity: bool) -> None:
    """What every new workspace has: four datastores in its own storage account, and their containers. `by_identity`:
    the datastores have no credentials, and whoever uses them signs in himself.
    """
    containers = {
        "workspaceblobstore": (BLOB, f"azureml-blobstore-{plane.place.id}"),
        "workspacefilestore": (FILE, f"azureml-filestore-{plane.place.id}"),
        "workspaceartifactstore": (BLOB, ARTIFACTS),
        "workspaceworkingdirectory": (FILE, f"code-{uuid.uuid4()}"),
    }
    for name, (kind, container) in containers.items():
        if kind == BLOB:
            plane.blobs.ensure(container)
        section = _section(plane.blobs, container, by_identity=by_identity)
        if name == plane.default:
            section |= {"subscriptionId": plane.place.subscription, "resourceGroup": plane.place.group}
            section |= {"serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity"}
        plane.datastores[name] = Datastore(name, kind, section, validated=True, tags=None)


def _section(blobs: Blobs, container: str, *, by_identity: bool) -> dict[str, Any]:
    return {
        "accountName": blobs.account,
        "containerName": container,
        "endpoint": "core.windows.net",
        "protocol": "https",
        "credentialType": "None" if by_identity else "AccountKey",
        "credential": None if by_identity else blobs.key,
        "isSas": False,
    }


@on(routes, "GET", "datastore/v1.0", "/default")
def get_default(plane: Plane, request: Request) -> dict[str, Any]:
    return _view(find(plane, plane.default))


@on(routes, "PUT", "datastore/v1.0", "/default/{name}")
def set_default(plane: Plane, request: Request, name: str) -> Response:
    plane.default = find(plane, name).name
    return Response(200)


@on(routes, "GET", "datastore/v1.0", "/datastores")
def list_datastores(plane: Plane, request: Request) -> dict[str, Any]:
    every = sorted(plane.datastores.values(), key=lambda one: one.name)
    part, token = page(every, request.query.get("continuationToken"), int(request.query.get("count") or 30))
    secret = request.query.get("includeSecret", "true").lower() != "false"
    return {"value": [_view(one, secret=secret) for one in part], "continuationToken": token}


@on(routes, "GET", "datastore/v1.0", "/datastores/{name}")
def get(plane: Plane, request: Request, name: str) -> dict[str, Any]:
    return _view(find(plane, name))


@on(routes, "POST", "datastore/v1.0", "/datastores")
def create(plane: Plane, request: Request) -> Response:
    wanted = _read(request.json)
    with plane.lock:
        require(wanted.name not in plane.datastores, _TAKEN)
    keep(plane, wanted, request)
    return Response(200)


@on(routes, "PUT", "datastore/v1.0", "/datastores/{name}")
def update(plane: Plane, request: Request, name: str) -> Response:
    known = find(plane, name)
    wanted = _read(request.json)
    require(wanted.name == known.name, "The name of a datastore cannot be changed.")
    require(wanted.kind == known.kind, "The type of a datastore cannot be changed.")
    keep(plane, wanted, request)
    return Response(200)


@on(routes, "DELETE", "datastore/v1.0", "/datastores/{name}")
def delete(plane: Plane, request: Request, name: str) -> Response:
    return Response(200 if remove(plane, name) else 204)


def find(plane: Plane, name: str) -> Datastore:
    """A datastore. Raises Refused 404."""
    found = plane.datastores.get(name.lower())
    if found is None:
        raise Refused(404, "UserError", f"Could not find datastore: {name}")
    return found


def remove(plane: Plane, name: str) -> bool:
    """Forgets a datastore, not its data; whether there was one. Raises Refused for the default one."""
    require(name.lower() != plane.default, "The default datastore cannot be deleted.")
    return plane.datastores.pop(name.lower(), None) is not None


def _read(body: Mapping[str, Any]) -> Datastore:
    """A datastore as a client sends it. Raises Refused where the definition of the route would."""
    name, kind = body.get("name"), body.get("dataStoreType")
    require(isinstance(name, str), "The field name is required.")
    require(kind in CREDENTIALS, f"The datastore type '{kind}' is not supported.")
    section = body.get("azureStorageSection")
    require(isinstance(section, dict), "The field azureStorageSection is required.")
    assert isinstance(section, dict)
    for field in ("accountName", "containerName"):
        require(
            isinstance(section.get(field), str) and section[field],
            f"The field azureStorageSection.{field} is required.",
        )
    for field in ("credential", "endpoint", "protocol", "subscriptionId", "resourceGroup"):
        require(isinstance(section.get(field), str | None), f"The field azureStorageSection.{field} must be a string.")
    return Datastore(str(name).lower(), str(kind), section, tags=dict(body.get("tags") or {}))


def _view(store: Datastore, *, secret: bool = True) -> dict[str, Any]:
    section = dict(store.section)
    kind = section.get("credentialType")
    section["accountKey"] = section.get("credential") if kind == "AccountKey" else None
    section["sasToken"] = section.get("credential") if kind == "Sas" else None
    section["isSas"] = kind == "Sas"
    section["endpoint"] = section.get("endpoint") or "core.windows.net"
    section["protocol"] = section.get("protocol") or "https"
    section.setdefault("serviceDataAccessAuthIdentity", "None")
    if not secret:
        section |= dict.fromkeys(_SECRETS)
        if section.get("clientCredentials"):
            section["clientCredentials"] = {**section["clientCredentials"], "clientSecret": None}
    return {
        "name": store.name,
        "dataStoreType": store.kind,
        "hasBeenValidated": store.validated,
        "tags": store.tags or {},
        "azureStorageSection": section,
    }
