"""`/history …/runs`: what is known of runs, and what clients and the runs themselves write about them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from emulator import experiments, odata
from emulator.experiments import filtered, named, with_id
from emulator.planes import on, page, require
from emulator.router import Refused, Request, Response, Routes
from emulator.run_forms import details, view
from emulator.runs_state import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING, Experiment, Plane, Run, now

routes = Routes([experiments.routes])

_H = "history/v1.0"
_BY_NAME, _BY_ID = "/experiments/{experiment}/runs/{run}", "/experimentids/{experiment}/runs/{run}"
_EVENTS = {"Start": RUNNING, "Queued": QUEUED, "Completed": COMPLETED, "Failed": FAILED, "Canceled": CANCELED}
_WRITABLE = {
    "name": "name",
    "displayName": "shown",
    "description": "description",
    "target": "target",
    "scriptName": "script",
    "runType": "kind",
}


@on(routes, "GET", _H, _BY_NAME)
def get(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return view(plane, find(plane, named(plane, experiment), run))


@on(routes, "GET", _H, _BY_ID)
def get_by_id(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return view(plane, find(plane, with_id(plane, experiment), run))


@on(routes, "GET", _H, "/runs/{run}")
def get_anywhere(plane: Plane, request: Request, run: str) -> dict[str, Any]:
    return view(plane, find(plane, None, run))


@on(routes, "GET", _H, _BY_NAME + "/details")
def get_details(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return details(plane, find(plane, named(plane, experiment), run))


@on(routes, "GET", _H, _BY_ID + "/details")
def get_details_by_id(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return details(plane, find(plane, with_id(plane, experiment), run))


@on(routes, "PATCH", _H, _BY_NAME)
def patch(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return view(plane, _write(plane, named(plane, experiment), run, request.json, request))


@on(routes, "PATCH", _H, _BY_ID)
def patch_by_id(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return view(plane, _write(plane, with_id(plane, experiment), run, request.json, request))


@on(routes, "PATCH", _H, "/experiments/{experiment}/batch/runs")
def patch_many(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    where = named(plane, experiment)
    written = [_write(plane, where, body["runId"], body, request) for body in request.json.get("runs") or []]
    return {"runs": {run.id: view(plane, run) for run in written}, "errors": {}}


@on(routes, "DELETE", _H, _BY_NAME + "/tags")
def delete_tags(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    found = find(plane, named(plane, experiment), run)
    for tag in request.json:
        found.tags.pop(tag, None)
    return view(plane, found)


@on(routes, "POST", _H, "/experiments/{experiment}/runs:query")
def query(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    where, body = named(plane, experiment), request.json
    runs = [run for run in list(plane.runs.values()) if run.experiment is where and not run.hidden]
    order = body.get("orderby") or "StartTimeUtc desc"
    return _listing(plane, runs, body.get("filter"), order, body.get("continuationToken"), body.get("top"))


@on(routes, "GET", _H, _BY_NAME + "/children")
def children(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    parent = find(plane, named(plane, experiment), run)
    runs = [child for child in list(plane.runs.values()) if child.parent == parent.id]
    asked = request.query
    return _listing(plane, runs, asked.get("$filter"), "", asked.get("$continuationToken"), asked.get("$top"))


@on(routes, "GET", _H, "/computes/{compute}/runs")
def by_compute(plane: Plane, request: Request, compute: str) -> dict[str, Any]:
    require(plane.cloud.cluster(plane, compute), f"Compute {compute} was not found.", status=404)
    there = [run for run in list(plane.runs.values()) if (run.target or "").lower() == compute.lower()]
    runs = [run for run in there if not run.over]  # the SDK calls this list the compute's active runs
    asked = request.query
    return _listing(
        plane, runs, asked.get("$filter"), "CreatedUtc desc", asked.get("$continuationToken"), asked.get("$top")
    )


@on(routes, "GET", _H, "/experiments/{experiment}/runcounts")
def counts(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    where = named(plane, experiment)
    statuses = [run.status for run in list(plane.runs.values()) if run.experiment is where]
    return {status[0].lower() + status[1:]: statuses.count(status) for status in set(statuses)}


@on(routes, "GET", _H, _BY_NAME + "/metricsingest/wait")
def metrics_ingested(plane: Plane, request: Request, experiment: str, run: str) -> Response:
    find(plane, named(plane, experiment), run)
    return Response(200, {})


@on(routes, "GET", _H, _BY_NAME + "/token")
def token(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return _token(plane, find(plane, named(plane, experiment), run))


@on(routes, "GET", _H, _BY_ID + "/token")
def token_by_id(plane: Plane, request: Request, experiment: str, run: str) -> dict[str, Any]:
    return _token(plane, find(plane, with_id(plane, experiment), run))


def _token(plane: Plane, run: Run) -> dict[str, Any]:
    """A fresh token for the run's own processes."""
    value, expiry = plane.cloud.run_token(plane, run)
    return {"token": value, "expiryTimeUtc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expiry))}


@on(routes, "POST", _H, _BY_NAME + "/events")
def event(plane: Plane, request: Request, experiment: str, run: str) -> Response:
    _happen(find(plane, named(plane, experiment), run), request.json)
    return Response(200)


@on(routes, "POST", _H, "/experiments/{experiment}/batch/events")
def events(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    where = named(plane, experiment)
    for body in request.json.get("events") or []:
        data = body.get("data") or {}
        _happen(find(plane, where, data.get("RunId") or data.get("runId") or ""), body)
    return {"errors": []}


def find(plane: Plane, experiment: Experiment | None, run: str) -> Run:
    """A run of an experiment, or (None) of any. Raises Refused 404."""
    found = plane.runs.get(run)
    if found is None or (experiment is not None and found.experiment is not experiment):
        told = {"pattern": "Run {runId} was not found", "parameters": {"runId": f"runId={run}"}}
        raise Refused(404, "UserError", f"Run runId={run} was not found", **told)
    return found


def user_of(request: Request) -> str:
    """Who asks, as runs name their creator."""
    return getattr(request.principal, "name", "") or "somebody"


def _write(plane: Plane, experiment: Experiment, run_id: str, body: Mapping[str, Any], request: Request) -> Run:
    """Change what is said of a run; one that is not there is begun, as an interactive one."""
    for field in ("tags", "properties"):
        require(isinstance(body.get(field), dict | None), f"The field {field} must be a mapping.")
        wrong = [key for key, value in (body.get(field) or {}).items() if not isinstance(value, str | None)]
        require(not wrong, f"The field {field} may have strings only, but {wrong} are none.")
    with plane.lock:
        run = plane.runs.get(run_id)
        if run is None:
            run = plane.add_run(experiment, run_id, user_of(request), parent=body.get("parentRunId"))
        require(run.experiment is experiment, f"Run {run_id} belongs to another experiment.", status=409)
        for key, attribute in _WRITABLE.items():
            if body.get(key) is not None:
                setattr(run, attribute, body[key])
        if body.get("hidden") is not None:
            run.hidden = bool(body["hidden"])
        run.tags |= body.get("tags") or {}
        changed = [
            key for key, value in (body.get("properties") or {}).items() if run.properties.get(key, value) != value
        ]
        require(not changed, f"Properties are immutable: {', '.join(changed)} cannot be changed.")
        run.properties |= body.get("properties") or {}
        if body.get("status"):
            _change(run, body["status"])
    return run


def _happen(run: Run, body: Mapping[str, Any]) -> None:
    name = str(body.get("name", "")).rpartition(".")[2]
    data = body.get("data") or {}
    if name == "Error":
        run.error = (data.get("ErrorResponse") or {}).get("error") or run.error
    elif name == "Warning":
        run.warnings.append({"source": str(data.get("Source")), "message": str(data.get("Message"))})
    elif name in _EVENTS and run.definition is None:  # the status of a submitted run is the service's own
        _change(run, _EVENTS[name])


def _change(run: Run, status: str) -> None:
    """An interactive run says itself where it is."""
    if status == RUNNING and run.started is None:
        run.started = now()
    run.become(status)


def _listing(
    plane: Plane, runs: list[Run], text: str | None, order: str, token: str | None, top: object
) -> dict[str, Any]:
    shown = filtered(runs, text, _fields)
    if order:
        shown = odata.order(shown, order, _fields)
    part, following = page(shown, token, min(int(str(top or plane.page_size)), plane.page_size))
    return {"value": [view(plane, run) for run in part], "continuationToken": following, "nextLink": None}


def _fields(run: Run) -> dict[str, Any]:
    return {
        "RunId": run.id,
        "Status": run.status,
        "RunType": run.kind,
        "Target": run.target,
        "ParentRunId": run.parent,
        "CreatedUtc": run.created,
        "StartTimeUtc": run.started,
        "EndTimeUtc": run.ended,
        "Tags": run.tags,
        "Properties": run.properties,
        "Name": run.name,
        "RunNumber": run.number,
        "RunTypeV2": {"Orchestrator": "Execution" if run.definition else None},
    }
