"""The versions of codes, environments and data that a workspace keeps, and what a reference means. No HTTP here."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from emulator.clusters import timestamp
from emulator.curated import IN_REGISTRY, IN_WORKSPACE, environment
from emulator.router import Refused

if TYPE_CHECKING:
    from emulator.runs_state import Plane

CODES, ENVIRONMENTS, DATA, MODELS = "codes", "environments", "data", "models"
KINDS = (CODES, ENVIRONMENTS, DATA, MODELS)
_ADDRESSES = {DATA: "dataUri", MODELS: "modelUri"}

_ARM_ID = re.compile(
    r"(?:azureml:)?(?P<space>/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
    r"Microsoft\.MachineLearningServices/workspaces/[^/]+)/(?P<kind>codes|environments|data|models)/(?P<name>[^/]+)"
    r"/(?P<what>versions|labels)/(?P<version>[^/]+)",
    re.IGNORECASE,
)
_REGISTRY_ID = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/environments/(?P<name>[^/]+)/(?P<what>versions|labels)/(?P<version>[^/]+)"
)
_LOCATED_ID = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<space>[^/]+)/(?P<kind>data)/(?P<name>[^/]+)/"
    r"(?P<what>versions)/(?P<version>[^/]+)"
)
_SHORT = re.compile(r"(?:azureml:)?(?P<name>[^:@/]+)(?P<what>[:@])(?P<version>[^:@/]+)")


@dataclass
class Version:
    """One version of an asset. `properties` are as the service shows them, with description and tags."""

    kind: str
    name: str
    version: str
    properties: dict[str, Any]
    user: str = "somebody"
    created: str = field(default_factory=timestamp)
    modified: str = field(default_factory=timestamp)

    @property
    def tags(self) -> dict[str, str]:
        return self.properties.get("tags") or {}

    @property
    def archived(self) -> bool:
        return bool(self.properties.get("isArchived"))


class Assets:
    """A workspace's assets. `uploads`: the containers that were handed out for the files of codes, by their names."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[str, list[Version]]] = {kind: {} for kind in KINDS}
        self.uploads: set[str] = set()
        for name, version in IN_WORKSPACE:
            self.add(Version(ENVIRONMENTS, name, version, environment(name, version)))

    def add(self, version: Version) -> None:
        """Keep a version that is new."""
        self._versions[version.kind].setdefault(version.name, []).append(version)

    def get(self, kind: str, name: str, version: str) -> Version | None:
        """One version."""
        return next((one for one in self.of(kind, name) if one.version == version), None)

    def of(self, kind: str, name: str) -> list[Version]:
        """All versions under a name, the first that was made first."""
        return list(self._versions[kind].get(name, ()))

    def names(self, kind: str) -> list[str]:
        """The names of a kind."""
        return sorted(self._versions[kind])

    def newest(self, version: Version) -> bool:
        """Whether it is the one of its name that was made last."""
        return self.of(version.kind, version.name)[-1:] == [version]

    def next_version(self, kind: str, name: str) -> str:
        """The number after the highest, for a client that leaves it to the service."""
        numbers = [int(one.version) for one in self.of(kind, name) if one.version.isdecimal()]
        return str(max(numbers, default=0) + 1)

    def new_upload(self, subscription: str) -> str:
        """The name of a container for the files of one code."""
        container = f"{subscription[:10]}-{uuid.uuid4()}"
        self.uploads.add(container)
        return container


def find(plane: Plane, reference: str, kind: str | None = None) -> Version:
    """The version that a reference means: an ARM id, "azureml:NAME:VERSION", "azureml:NAME@latest", an environment's
    "azureml://registries/azureml/…" or data's "azureml://locations/…". A short one is looked for in `kind` (None: in
    all). Raises Refused 404.
    """
    if match := _ARM_ID.fullmatch(reference):
        if match["space"].lower() != plane.place.path.lower():
            raise _missing(reference)
        return _one(plane, [match["kind"].lower()], match, reference)
    if match := _LOCATED_ID.fullmatch(reference):
        if match["space"] != plane.place.id:
            raise _missing(reference)
        return _one(plane, [match["kind"]], match, reference)
    if match := _REGISTRY_ID.fullmatch(reference):
        return _in_registry(match, reference)
    if match := _SHORT.fullmatch(reference):
        return _one(plane, [kind] if kind else list(KINDS), match, reference)
    raise _missing(reference)


def _one(plane: Plane, kinds: list[str], match: re.Match[str], reference: str) -> Version:
    name, latest = unquote(match["name"]), match["what"] in ("@", "labels")
    for kind in kinds:
        if latest:
            found = plane.assets.of(kind, name)[-1:] if match["version"] == "latest" else []
        else:
            found = [one for one in plane.assets.of(kind, name) if one.version == unquote(match["version"])]
        if found:
            return found[0]
    kind, version = kinds[0] if len(kinds) == 1 else "assets", unquote(match["version"])
    whole = f"{plane.place.path}/{kind}/{name}/{'labels' if latest else 'versions'}/{version}"
    raise _missing(whole, kind, name, version)


def _in_registry(match: re.Match[str], reference: str) -> Version:
    known = dict(IN_REGISTRY)
    name, version = match["name"], match["version"]
    if match["registry"] != "azureml" or name not in known:
        raise _missing(reference)
    if match["what"] == "labels":
        if version != "latest":
            raise _missing(reference)
        version = known[name]
    elif not version.isdecimal() or not 0 < int(version) <= int(known[name]):
        raise _missing(reference)
    return Version(ENVIRONMENTS, name, version, environment(name, version))


def code_blobs(plane: Plane, code_id: str) -> list[tuple[str, str, str]]:
    """The files of a code: for each its path below the code's folder, its container and its blob."""
    return blobs_below(plane, str(find(plane, code_id, CODES).properties["codeUri"]))


def blobs_below(plane: Plane, uri: str) -> list[tuple[str, str, str]]:
    """The same of a blob's address in the workspace's own storage account, such as https://ACCOUNT…/CONTAINER/src."""
    container, _, folder = unquote(urlsplit(uri).path).strip("/").partition("/")
    prefix = f"{folder}/" if folder not in ("", ".") else ""
    blobs = plane.blobs.paths(container, prefix)
    return [(blob.removeprefix(prefix), container, blob) for blob in blobs]


def data_uri(plane: Plane, reference: str, kind: str = DATA) -> str:
    """Where the data of a data asset lie, or the files of a model; a short reference is looked for in `kind`."""
    found = find(plane, reference, kind)
    if found.kind not in _ADDRESSES:
        raise _missing(reference)
    return str(found.properties[_ADDRESSES[found.kind]])


def _missing(reference: str, kind: str = "", name: str = "", version: str = "") -> Refused:
    what = f" {kind.removesuffix('s')} {name} (version: {version})" if name else ""
    return Refused(404, "NotFound", f"key: {reference}, Message: Not found{what or ' asset'}.")
