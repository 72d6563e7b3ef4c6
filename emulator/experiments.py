"""`/history …/experiments`: the rows of runs that a workspace has."""

from __future__ import annotations

from typing import Any

from emulator import odata
from emulator.planes import on, page, require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import Experiment, Plane, now

routes = Routes()


@on(routes, "GET", "history/v1.0", "/experiments/{experiment}")
def get(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    return _view(named(plane, experiment))


@on(routes, "POST", "history/v1.0", "/experiments/{experiment}")
def create(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    with plane.lock:
        require(plane.experiment(experiment) is None, f"Experiment {experiment} already exists.", status=409)
        return _view(plane.ensure_experiment(experiment))


@on(routes, "POST", "history/v1.0", "/experiments:query")
def query(plane: Plane, request: Request) -> dict[str, Any]:
    body = request.json
    view = str(body.get("viewType") or request.query.get("viewType") or "ActiveOnly").lower()
    found = [
        one for one in plane.experiments.values() if view == "all" or (one.archived is None) == (view != "archivedonly")
    ]
    found = filtered(found, body.get("filter"), _fields)
    found = odata.order(found, body.get("orderby") or "CreatedUtc desc", _fields)
    part, token = page(
        found, body.get("continuationToken"), min(int(body.get("top") or plane.page_size), plane.page_size)
    )
    return {"value": [_view(one) for one in part], "continuationToken": token}


@on(routes, "GET", "history/v1.0", "/experimentids/{experiment}")
def get_by_id(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    return _view(with_id(plane, experiment))


@on(routes, "PATCH", "history/v1.0", "/experimentids/{experiment}")
def update(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    found, body = with_id(plane, experiment), request.json
    if body.get("archive") is not None:
        found.archived = now() if body["archive"] else None
    if body.get("description") is not None:
        found.description = str(body["description"])
    if body.get("name") is not None:
        found.name = str(body["name"])
    found.tags |= {str(key): str(value) for key, value in (body.get("tags") or {}).items()}
    return _view(found)


@on(routes, "DELETE", "history/v1.0", "/experimentids/{experiment}")
def delete(plane: Plane, request: Request, experiment: str) -> Response:
    found = with_id(plane, experiment)
    require(found.runs == 0, "Only experiments with no runs can be deleted.")
    del plane.experiments[found.id]
    return Response(200, {})


def named(plane: Plane, name: str) -> Experiment:
    """The experiment of that name. Raises Refused 404."""
    found = plane.experiment(name)
    if found is None:
        raise Refused(404, "UserError", f"Experiment {name} was not found in workspace {plane.place.name}.")
    return found


def with_id(plane: Plane, id_: str) -> Experiment:
    """The experiment with that id. Raises Refused 404."""
    found = plane.experiments.get(id_)
    if found is None:
        raise Refused(404, "UserError", f"Experiment {id_} was not found in workspace {plane.place.name}.")
    return found


def filtered(items: list[Any], text: str | None, fields: Any) -> list[Any]:
    """Those items that a filter lets through. Raises Refused for a filter that makes no sense."""
    if not text:
        return items
    try:
        test = odata.parse(text)
        return [item for item in items if test(fields(item))]
    except odata.FilterInvalid as problem:
        raise Refused(400, "UserError", f"Invalid filter: {problem}") from None


def _fields(experiment: Experiment) -> dict[str, Any]:
    return {
        "Name": experiment.name,
        "ExperimentId": experiment.id,
        "CreatedUtc": experiment.created,
        "Tags": experiment.tags,
        "ArchivedTime": experiment.archived,
    }


def _view(experiment: Experiment) -> dict[str, Any]:
    return {
        "experimentId": experiment.id,
        "name": experiment.name,
        "description": experiment.description,
        "createdUtc": experiment.created,
        "tags": experiment.tags,
        "archivedTime": experiment.archived,
    }
