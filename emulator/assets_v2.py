"""`workspaces/…/environments`, `…/data` and `…/models` of Azure Resource Manager: versions, and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from emulator.arm_planes import listed, on
from emulator.asset_forms import as_known, data, environment, model
from emulator.assets import DATA, ENVIRONMENTS, MODELS, Version
from emulator.clusters import timestamp
from emulator.contract import check
from emulator.history import user_of
from emulator.planes import page
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import Plane

routes = Routes()

_CREATORS: dict[str, Callable[[Plane, Mapping[str, Any]], dict[str, Any]]] = {
    ENVIRONMENTS: environment,
    DATA: data,
    MODELS: model,
}
_CHANGEABLE = ("description", "tags", "isArchived", "stage")


def found(plane: Plane, kind: str, name: str, version: str) -> Version:
    """A version. Raises Refused 404."""
    one = plane.assets.get(kind, name, version)
    if one is None:
        told = f"Could not find asset with ID: {plane.place.path}/{kind}/{name}/versions/{version}"
        raise Refused(404, "UserError", told)
    return one


def views(plane: Plane, versions: Iterable[Version], interface: str = "") -> list[dict[str, Any]]:
    """Versions as Azure Resource Manager shows them; `interface` is its version."""
    return [
        {
            "id": f"{plane.place.path}/{one.kind}/{one.name}/versions/{one.version}",
            "name": one.version,
            "type": f"Microsoft.MachineLearningServices/workspaces/{one.kind}/versions",
            "properties": _shown(plane, one, interface),
            "systemData": _made(one, one),
        }
        for one in versions
    ]


def _shown(plane: Plane, one: Version, interface: str) -> dict[str, Any]:
    properties = dict(one.properties)
    if one.kind == ENVIRONMENTS and properties["environmentType"] == "UserCreated":
        latest = plane.assets.newest(one) and not properties["isAnonymous"]
        properties["properties"] = {"azureml.labels": "latest" if latest else "", **properties["properties"]}
    return as_known(properties, interface) if one.kind == MODELS else properties


def _made(first: Version, last: Version) -> dict[str, Any]:
    """Who made it and when; of data the service does not say who changed it."""
    made = {"createdAt": first.created, "createdBy": first.user, "createdByType": "User"}
    made["lastModifiedAt"] = last.modified
    return made if last.kind == DATA else {**made, "lastModifiedBy": last.user, "lastModifiedByType": "User"}


def _container(plane: Plane, versions: Sequence[Version]) -> dict[str, Any]:
    """The name that versions go by; the latest is the one that was made last."""
    last = versions[-1]
    properties = {
        "description": None if last.kind == DATA else last.properties.get("description"),
        "tags": None if last.kind == DATA else {},
        "properties": None if last.kind == DATA else {},
        "isArchived": all(one.archived for one in versions),
        "latestVersion": last.version,
        "nextVersion": plane.assets.next_version(last.kind, last.name),
    }
    return {
        "id": f"{plane.place.path}/{last.kind}/{last.name}",
        "name": last.name,
        "type": f"Microsoft.MachineLearningServices/workspaces/{last.kind}",
        "properties": properties | ({"dataType": last.properties["dataType"]} if last.kind == DATA else {}),
        "systemData": _made(versions[0], last),
    }


def _listed_versions(plane: Plane, request: Request, kind: str, name: str) -> dict[str, Any]:
    """`$top` is the size of a page, and `$skipToken` says where the next one begins."""
    asked = request.query
    versions = [one for one in plane.assets.of(kind, name) if _asked_for(request, archived=one.archived)]
    if plane.filters:
        versions = [one for one in versions if _fits(one, asked)]
    if not asked.get("$orderBy", "").lower().endswith("asc"):
        versions.reverse()
    part, token = page(versions, asked.get("$skipToken"), int(asked.get("$top") or plane.page_size))
    answer: dict[str, Any] = {"value": views(plane, part, request.version)}
    if token:
        query = urlencode({**asked, "$skipToken": token}, safe="$")
        answer["nextLink"] = f"https://{request.host}{request.path}?{query}"
    return answer


def _fits(one: Version, asked: Mapping[str, str]) -> bool:
    """Whether a list is to have a version. `tags` are names, or NAME=VALUE, and all of them count."""
    for word in filter(None, asked.get("tags", "").split(",")):
        name, _, value = word.partition("=")
        if name not in one.tags or (value and one.tags[name] != value):
            return False
    return all(asked.get(name, said) == said for name, said in (("version", one.version), ("stage", _stage(one))))


def _stage(one: Version) -> str:
    return str(one.properties.get("stage") or "")


def _listed_containers(plane: Plane, request: Request, kind: str) -> dict[str, Any]:
    rows = [plane.assets.of(kind, name) for name in plane.assets.names(kind)]
    known = [_container(plane, row) for row in rows if not row[-1].properties.get("isAnonymous")]
    asked = [one for one in known if _asked_for(request, archived=one["properties"]["isArchived"])]
    return listed(request, asked, plane.page_size)


def _asked_for(request: Request, *, archived: bool) -> bool:
    wanted = request.query.get("listViewType", "ActiveOnly")
    return wanted == "All" or archived == (wanted == "ArchivedOnly")


def _put(plane: Plane, request: Request, kind: str, name: str, version: str) -> Response:
    check(kind, request.json)
    given = request.json["properties"]
    asked = _CREATORS[kind](plane, given)
    with plane.lock:
        before = plane.assets.get(kind, name, version)
        if before is None:
            _check_kind_of_data(plane, kind, name, asked)
            made = Version(kind, name, version, asked, user_of(request))
            plane.assets.add(made)
            return Response(201, views(plane, [made], request.version)[0], headers={"Location": request.address})
        _check_same(before, asked)
        changed = asked if kind == MODELS else {key: given[key] for key in _CHANGEABLE if key in given}
        before.properties.update(changed)
        before.modified = timestamp()
    again = 201 if kind == ENVIRONMENTS else 200  # an environment that has long been there is "created" all the same
    return Response(again, views(plane, [before], request.version)[0])


def _check_kind_of_data(plane: Plane, kind: str, name: str, asked: Mapping[str, Any]) -> None:
    before = plane.assets.of(kind, name)
    if kind == DATA and before and before[-1].properties["dataType"] != asked["dataType"]:
        old = before[-1].properties["dataType"]
        told = f"The data asset {name} has the type {old}: a version of it cannot have the type {asked['dataType']}."
        raise Refused(400, "UserError", told)


def _check_same(before: Version, asked: Mapping[str, Any]) -> None:
    fixed = set(asked) - {*_CHANGEABLE, "properties"}
    if before.kind == MODELS or all(before.properties.get(key) == asked.get(key) for key in fixed):
        return
    if before.kind == DATA:
        raise Refused(400, "UserError", "Asset paths cannot be updated.")
    told = f"Environment version is set. Environment {before.name} with version {before.version} is already registered "
    raise Refused(409, "UserError", told + "and can not be changed.")


def _declare(kind: str) -> None:
    @on(routes, "GET", f"/{kind}")
    def list_containers(plane: Plane, request: Request) -> dict[str, Any]:
        return _listed_containers(plane, request, kind)

    @on(routes, "GET", f"/{kind}/{{name}}")
    def container(plane: Plane, request: Request, name: str) -> dict[str, Any]:
        versions = plane.assets.of(kind, name)
        if not versions:
            raise Refused(404, "UserError", f"Could not find asset with ID: {plane.place.path}/{kind}/{name}")
        return _container(plane, versions)

    @on(routes, "GET", f"/{kind}/{{name}}/versions")
    def list_versions(plane: Plane, request: Request, name: str) -> dict[str, Any]:
        return _listed_versions(plane, request, kind, name)

    @on(routes, "GET", f"/{kind}/{{name}}/versions/{{version}}")
    def get(plane: Plane, request: Request, name: str, version: str) -> dict[str, Any]:
        return views(plane, [found(plane, kind, name, version)], request.version)[0]

    @on(routes, "PUT", f"/{kind}/{{name}}/versions/{{version}}")
    def put(plane: Plane, request: Request, name: str, version: str) -> Response:
        return _put(plane, request, kind, name, version)


_declare(ENVIRONMENTS)
_declare(DATA)
_declare(MODELS)
