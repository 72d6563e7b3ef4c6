"""`/mlflow`: MLflow's REST interface, on the metrics that SDK v1 logs and reads."""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Mapping
from typing import Any

from emulator import mlflow_filters
from emulator.history import find
from emulator.metrics import keep
from emulator.planes import on, page, require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import CANCELED, COMPLETED, FAILED, RUNNING, Metric, Plane, Run, written

routes = Routes()

_M = "mlflow/v1.0"
_RUNS = "/api/2.0/mlflow/runs"
_STATUSES = {RUNNING: "RUNNING", COMPLETED: "FINISHED", FAILED: "FAILED", CANCELED: "KILLED"}
_LIMITS = {"metrics": 1000, "params": 100, "tags": 100}
_SCALAR = "azureml.v1.scalar"
_NUMBERS = frozenset({"int", "double", "float"})


@on(routes, "GET", _M, _RUNS + "/get")
def get(plane: Plane, request: Request) -> dict[str, Any]:
    return {"run": _shown(plane, _run(plane, request.query))}


@on(routes, "POST", _M, _RUNS + "/search")
def search(plane: Plane, request: Request) -> dict[str, Any]:
    """Runs of the experiments that are named, the newest first unless another order is asked for."""
    body = request.json
    for field, kind in {"experiment_ids": list, "filter": str, "max_results": int, "order_by": list}.items():
        told = f"Invalid value {body.get(field)} for parameter '{field}' supplied."
        require(isinstance(body.get(field), kind | None), told, code="INVALID_PARAMETER_VALUE")
    experiments, wanted = body.get("experiment_ids") or [], body.get("run_view_type") or "ACTIVE_ONLY"
    named = [run for run in list(plane.runs.values()) if run.experiment.id in experiments]
    if wanted != "ALL":
        named = [run for run in named if run.hidden == (wanted == "DELETED_ONLY")]
    found = mlflow_filters.matching([_shown(plane, run) for run in named[::-1]], body.get("filter") or "")
    found = mlflow_filters.ordered(found, body.get("order_by") or [])
    size = min(int(body.get("max_results") or plane.found_size), plane.found_size)
    part, token = page(found, body.get("page_token"), size)
    return {"runs": list(part), **({"next_page_token": token} if token else {})}


def _shown(plane: Plane, run: Run) -> dict[str, Any]:
    tags = dict(run.tags)
    if run.parent is not None:
        tags = {"mlflow.parentRunId": run.parent, "mlflow.rootRunId": run.parent, **tags}
    data = {
        "metrics": [points[-1] for metric in list(run.metrics.values()) if (points := _points(metric))],
        "params": [{"key": key, "value": value} for key, value in dict(run.parameters).items()],
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    return {"info": _information(plane, run), "data": data}


@on(routes, "GET", _M, "/api/2.0/mlflow/metrics/get-history")
def history(plane: Plane, request: Request) -> dict[str, Any]:
    run = _run(plane, request.query)
    metric = run.metrics.get(request.query.get("metric_key", ""))
    size = min(int(request.query.get("max_results") or plane.page_size), plane.page_size)
    part, token = page(_points(metric) if metric else [], request.query.get("page_token"), size)
    return {"metrics": list(part), **({"next_page_token": token} if token else {})}


@on(routes, "POST", _M, _RUNS + "/update")
def update(plane: Plane, request: Request) -> dict[str, Any]:
    """A run's name; the status of one that was submitted is the service's own, whatever its processes say."""
    run, body = _run(plane, request.json), request.json
    run.shown = body.get("run_name") or run.shown
    status = next((ours for ours, theirs in _STATUSES.items() if theirs == body.get("status")), None)
    if run.definition is None and status is not None:
        run.become(status)
    return {"run_info": _information(plane, run)}


@on(routes, "POST", _M, _RUNS + "/log-metric")
def log_metric(plane: Plane, request: Request) -> Response:
    _log(plane, _run(plane, request.json), [request.json])
    return Response(200, {})


@on(routes, "POST", _M, _RUNS + "/log-parameter")
def log_parameter(plane: Plane, request: Request) -> Response:
    _set_parameters(plane, _run(plane, request.json), [request.json])
    return Response(200, {})


@on(routes, "POST", _M, _RUNS + "/set-tag")
def set_tag(plane: Plane, request: Request) -> Response:
    run = _run(plane, request.json)
    run.tags |= _pairs([request.json])
    return Response(200, {})


@on(routes, "POST", _M, _RUNS + "/log-batch")
def log_batch(plane: Plane, request: Request) -> Response:
    run, body = _run(plane, request.json), request.json
    for field, limit in _LIMITS.items():
        given = body.get(field) or []
        told = f"A batch logging request can contain at most {limit} {field}. Got {len(given)} {field}."
        require(len(given) <= limit, told, code="INVALID_PARAMETER_VALUE")
    _log(plane, run, body.get("metrics") or [])
    _set_parameters(plane, run, body.get("params") or [])
    run.tags |= _pairs(body.get("tags") or [])
    return Response(200, {})


def _run(plane: Plane, given: Mapping[str, Any]) -> Run:
    name = given.get("run_id") or given.get("run_uuid")
    require(name, "Missing value for required parameter 'run_id'.", code="INVALID_PARAMETER_VALUE")
    return find(plane, None, str(name))


def _log(plane: Plane, run: Run, points: list[Mapping[str, Any]]) -> None:
    """All the points, or none."""
    rows = [(str(point.get("key") or ""), _row(point)) for point in points]
    for name, _ in rows:
        known = run.metrics.get(name)
        alone = known is None or set(known.columns) == {name}
        require(alone, f"The metric {name} exists with other columns.", code="INVALID_PARAMETER_VALUE")
    for name, row in rows:
        keep(plane, run, name, {name: "double"}, _SCALAR, [row])


def _row(point: Mapping[str, Any]) -> dict[str, Any]:
    """A point as SDK v1 posts it."""
    key, value, step = point.get("key"), point.get("value"), point.get("step") or 0
    require(isinstance(key, str) and key, "Missing value for required parameter 'key'.", code="INVALID_PARAMETER_VALUE")
    try:
        number, when = float(str(value)), float(str(point.get("timestamp"))) / 1000
    except ValueError:
        told = f"Got invalid value {value} for metric '{key}'."
        raise Refused(400, "INVALID_PARAMETER_VALUE", told) from None
    shown: Any = number if math.isfinite(number) else str(number)
    return {"metricId": str(uuid.uuid4()), "createdUtc": written(when), "step": int(step), "data": {str(key): shown}}


def _set_parameters(plane: Plane, run: Run, given: list[Mapping[str, Any]]) -> None:
    with plane.lock:
        for key, value in _pairs(given).items():
            before = run.parameters.setdefault(key, value)
            told = f"Changing param values is not allowed. Param with key='{key}' was already logged with '{before}'."
            require(before == value, told, code="INVALID_PARAMETER_VALUE")


def _pairs(given: list[Mapping[str, Any]]) -> dict[str, str]:
    wrong = [one for one in given if not one.get("key")]
    require(not wrong, "Missing value for required parameter 'key'.", code="INVALID_PARAMETER_VALUE")
    return {str(one["key"]): str(one.get("value", "")) for one in given}


def _points(metric: Metric) -> list[dict[str, Any]]:
    """A metric's numbers, one after the other; none of a metric that has more than one column, or words."""
    if set(metric.columns) != {metric.name} or metric.columns[metric.name].lower() not in _NUMBERS:
        return []
    return [
        {
            "key": metric.name,
            "value": row["data"].get(metric.name),
            "timestamp": _milliseconds(row.get("createdUtc")) or 0,
            "step": row.get("step") or 0,
        }
        for row in metric.rows
    ]


def _information(plane: Plane, run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "run_uuid": run.id,
        "run_name": run.shown or run.id,
        "experiment_id": run.experiment.id,
        "user_id": run.user,
        "status": _STATUSES.get(run.status, "SCHEDULED"),
        "start_time": _milliseconds(run.started or run.created),
        "end_time": _milliseconds(run.ended),
        "artifact_uri": f"{plane.place.tracking}/experiments/{run.experiment.id}/runs/{run.id}/artifacts",
        "lifecycle_stage": "deleted" if run.hidden else "active",
    }


def _milliseconds(when: str | None) -> int | None:
    if not when:
        return None
    return int(datetime.datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp() * 1000)
