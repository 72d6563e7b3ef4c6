"""What a workspace makes of an environment or of data that it is asked to keep, and which it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from emulator.blobs import HOST
from emulator.datastores import find
from emulator.planes import require
from emulator.runs_state import Plane

_SHORT = re.compile(r"azureml://datastores/([^/]+)/paths/(.*)")
_SCHEMES = ("azureml", "https", "http", "wasbs", "abfss", "adl")


def _common(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": given.get("description"),
        "tags": dict(given.get("tags") or {}),
        "properties": dict(given.get("properties") or {}),
        "isArchived": bool(given.get("isArchived")),
        "isAnonymous": bool(given.get("isAnonymous")),
    }


def environment(plane: Plane, given: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an environment's version. Raises Refused."""
    image, build = given.get("image"), given.get("build")
    require(image or build, "An environment must have an image or a build context.")
    require(not (image and build), "An environment cannot have both an image and a build context.")
    require(image or not given.get("condaFile"), "A conda file needs an image that it is installed in.")
    made = {
        **_common(given),
        "environmentType": "UserCreated",
        "osType": given.get("osType", "Linux"),
        "provisioningState": "Succeeded",
    }
    made |= {key: given[key] for key in ("image", "condaFile", "inferenceConfig", "stage") if given.get(key)}
    if build:
        made["build"] = {"dockerfilePath": "Dockerfile", **build}
        _check_context(plane, made["build"])
    return made


def _check_context(plane: Plane, build: Mapping[str, str]) -> None:
    address = urlsplit(build["contextUri"])
    account = plane.cloud.account((address.hostname or "").removesuffix(f".{HOST}"))
    container, _, folder = unquote(address.path).strip("/").partition("/")
    file = f"{folder}/{build['dockerfilePath']}" if folder else build["dockerfilePath"]
    there = account is not None and bool(container) and account.blobs.exists(container, file)
    require(there, f"There is no {build['dockerfilePath']} in the build context '{build['contextUri']}'.")


def data(plane: Plane, given: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a data asset's version; its address is a whole one, with the workspace. Raises Refused."""
    uri = str(given["dataUri"])
    require(urlsplit(uri).scheme in _SCHEMES, f"The address '{uri}' is not one that a data asset can have.")
    if match := _SHORT.fullmatch(uri):
        place = plane.place
        space = f"subscriptions/{place.subscription}/resourcegroups/{place.group}/workspaces/{place.name}"
        uri = f"azureml://{space}/datastores/{find(plane, match[1]).name}/paths/{match[2]}"
    made = {**_common(given), "dataType": given["dataType"], "dataUri": uri}
    return made | ({"referencedUris": given["referencedUris"]} if given.get("referencedUris") else {})
