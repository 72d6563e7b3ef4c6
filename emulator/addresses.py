"""What the address of data means: a place in one of the workspace's datastores. No HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator import assets
from emulator.router import Refused
from emulator.runs_state import Datastore, Plane

_SHORT = re.compile(r"azureml://datastores/(?P<store>[^/]+)/(?:paths/)?(?P<path>.*)", re.IGNORECASE)
_LONG = re.compile(
    r"azureml://subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+)/"
    r"(?:providers/Microsoft\.MachineLearningServices/)?workspaces/(?P<ws>[^/]+)/"
    r"datastores/(?P<store>[^/]+)/paths/(?P<path>.*)",
    re.IGNORECASE,
)
_STORAGE = re.compile(
    r"(?:wasbs?|abfss?)://(?P<container>[^@/]+)@(?P<account>[^./]+)\.(?:blob|dfs)\.core\.windows\.net/?(?P<path>.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Address:
    """`path` is relative to the datastore's container, without slashes around it."""

    store: Datastore
    path: str


def is_public(uri: str) -> bool:
    """Whether an address is of the web, and not of a datastore."""
    return uri.lower().startswith(("https://", "http://"))


def is_storage(uri: str) -> bool:
    """Whether an address is of a storage account itself, and not of a datastore."""
    return _STORAGE.fullmatch(uri) is not None


def resolve(plane: Plane, uri: str) -> Address:
    """Where an address or a data asset's id leads. Raises Refused for what is not there or of no known form."""
    known = uri.lower().startswith("azureml://datastores/") or _LONG.fullmatch(uri) or is_storage(uri)
    if not known:
        if not uri.lower().startswith(("azureml:", "/subscriptions/")):
            raise Refused(400, "UserError", f"The path '{uri}' is of no form that the emulator can read.")
        uri = assets.data_uri(plane, uri)
    if storage := _STORAGE.fullmatch(uri):
        section = {"accountName": storage["account"].lower(), "containerName": storage["container"]}
        store = Datastore("", "AzureBlob", {**section, "credentialType": "None", "credential": None})
        return Address(store, storage["path"].strip("/"))
    match = _SHORT.fullmatch(uri) or _LONG.fullmatch(uri)
    if match is None:
        raise Refused(400, "UserError", f"The path '{uri}' is of no form that the emulator can read.")
    named = match.groupdict()
    own = (plane.place.subscription, plane.place.group, plane.place.name)
    if "ws" in named and [named[key].lower() for key in ("sub", "group", "ws")] != [part.lower() for part in own]:
        raise Refused(400, "UserError", f"The path '{uri}' leads to another workspace.")
    store = plane.datastores.get(match["store"].lower())
    if store is None:
        raise Refused(404, "UserError", f"Could not find datastore: {match['store']}")
    return Address(store, match["path"].strip("/"))


def long_form(plane: Plane, store: str, path: str) -> str:
    """An address as run history and mounts write it."""
    place = plane.place
    space = f"subscriptions/{place.subscription}/resourcegroups/{place.group}/workspaces/{place.name}"
    return f"azureml://{space}/datastores/{store}/paths/{path}"
