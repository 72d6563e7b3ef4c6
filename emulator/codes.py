"""`workspaces/…/codes` of Azure Resource Manager: the folders that jobs run. A client asks whether a folder is there by
its hash, is handed out a container for it, uploads the files and registers the code.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import unquote, urlsplit

from emulator.arm_planes import listed, on
from emulator.assets import CODES, Version, blobs_below
from emulator.assets_v2 import found, views
from emulator.blobs import HOST
from emulator.contract import check
from emulator.history import user_of
from emulator.planes import require
from emulator.router import Request, Response, Routes
from emulator.runs_state import Plane
from emulator.signatures import of_container

routes = Routes()


@on(routes, "GET", "/codes/{name}/versions")
def list_versions(plane: Plane, request: Request, name: str) -> dict[str, Any]:
    wanted = request.query.get("hash")
    if wanted is None:
        return listed(request, views(plane, plane.assets.of(CODES, name)), plane.page_size)
    version = request.query.get("hashVersion", "202208")
    every = [one for known in plane.assets.names(CODES) for one in plane.assets.of(CODES, known)]
    same = [one for one in every if _hash(one) == (wanted, version)]
    return listed(request, views(plane, same), plane.page_size)


def _hash(version: Version) -> tuple[str | None, str]:
    properties = version.properties["properties"]
    return properties.get("hash_sha256"), properties.get("hash_version", "")


@on(routes, "GET", "/codes/{name}/versions/{version}")
def get(plane: Plane, request: Request, name: str, version: str) -> dict[str, Any]:
    return views(plane, [found(plane, CODES, name, version)])[0]


@on(routes, "POST", "/codes/{name}/versions/{version}/startPendingUpload")
def start_upload(plane: Plane, request: Request, name: str, version: str) -> dict[str, Any]:
    check("pending_upload", request.json)
    container = plane.assets.new_upload(plane.place.subscription)
    plane.blobs.ensure(container)
    account = plane.blobs.account
    scope = plane.place.path.partition("/providers/")[0]
    return {
        "pendingUploadId": str(uuid.uuid4()),
        "pendingUploadType": "None",
        "blobReferenceForConsumption": {
            "blobUri": f"https://{account}.{HOST}:443/{container}",
            "storageAccountArmId": f"{scope}/providers/Microsoft.Storage/storageAccounts/{account}",
            "credential": {
                "credentialType": "SAS",
                "sasUri": f"https://{account}.{HOST}/{container}?{of_container(account, container, 'rcwl')}",
            },
        },
    }


@on(routes, "PUT", "/codes/{name}/versions/{version}")
def put(plane: Plane, request: Request, name: str, version: str) -> Response:
    check("codes", request.json)
    given = request.json["properties"]
    uri = given.get("codeUri") or ""
    before = plane.assets.get(CODES, name, version)
    if before:
        require(before.properties["codeUri"] == uri, "Asset paths cannot be updated.")
        before.properties["isArchived"] = given.get("isArchived", before.archived)
        return Response(200, views(plane, [before])[0])
    address = urlsplit(uri)
    container = unquote(address.path).strip("/").partition("/")[0]
    ours = address.hostname == f"{plane.blobs.account}.{HOST}" and container in plane.assets.uploads
    require(ours, f"The code '{uri}' does not lie where this workspace said that it be uploaded to.")
    require(blobs_below(plane, uri), f"There are no files in '{uri}'.")
    properties = {
        "description": given.get("description"),
        "tags": dict(given.get("tags") or {}),
        "properties": {key: str(value) for key, value in (given.get("properties") or {}).items()},
        "isArchived": bool(given.get("isArchived")),
        "isAnonymous": bool(given.get("isAnonymous")),
        "codeUri": uri,
        "provisioningState": "Succeeded",
    }
    made = Version(CODES, name, version, properties, user_of(request))
    with plane.lock:
        plane.assets.add(made)
    return Response(201, views(plane, [made])[0], headers={"Location": request.address})
