"""What a workspace makes of an environment or of data that it is asked to keep, and which it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from emulator.addresses import long_form, of_job, resolve
from emulator.blobs import HOST
from emulator.datastores import find
from emulator.planes import require
from emulator.router import Refused
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
        "autoDeleteSetting": None,
        "condaFile": _conda(given.get("condaFile") or ""),
        "autoRebuild": given.get("autoRebuild", "Disabled"),
        "stage": given.get("stage") or ("Logged" if given.get("isAnonymous") else "Development"),
        "intellectualProperty": None,
    }
    made |= {key: given[key] for key in ("image", "inferenceConfig") if given.get(key)}
    if build:
        made["build"] = {"dockerfilePath": "Dockerfile", **build}
        _check_context(plane, made["build"])
    return made


def _conda(text: str) -> str:
    """A conda file as it comes back: as indented JSON."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError:
        raise Refused(400, "UserError", "The conda file is no YAML.") from None
    return json.dumps(given, indent=2) if given else ""


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
    more = {"autoDeleteSetting": None, "stage": given.get("stage"), "intellectualProperty": None}
    made = {**_common(given), "dataType": given["dataType"], "dataUri": uri, **more}
    return made | ({"referencedUris": given["referencedUris"]} if given.get("referencedUris") else {})


def model(plane: Plane, given: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a model's version: its address is taken as it is, but for that of a job's output, which becomes
    the place where that lies; and nothing leads back to a job. Raises Refused.
    """
    uri = str(given.get("modelUri") or "")
    if of_job(plane, uri) is not None:
        address = resolve(plane, uri)
        uri = long_form(plane, address.store.name, address.path)
    return {
        **_common(given),
        "autoDeleteSetting": None,
        "flavors": dict(given.get("flavors") or {}),
        "modelType": given.get("modelType") or "custom_model",
        "modelUri": uri.replace("/resourcegroups/", "/resourceGroups/"),
        "jobName": None,
        "provisioningState": "Succeeded",
        "stage": given.get("stage") or "Development",
        "intellectualProperty": None,
    }


def as_known(properties: Mapping[str, Any], interface: str) -> dict[str, Any]:
    """The properties of a model that a version of the interface has."""
    without: set[str] = set()
    if not interface.endswith("-preview"):
        without |= {"autoDeleteSetting", "intellectualProperty"}
    if interface and interface < "2023":
        without |= {"provisioningState", "stage"}
    return {name: value for name, value in properties.items() if name not in without}
