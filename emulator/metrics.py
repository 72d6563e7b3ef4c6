"""`/metric`: the numbers that runs log. A metric is a table; a scalar is a table of one column with its own name."""

from __future__ import annotations

from typing import Any

from emulator.planes import on, page, require
from emulator.router import Refused, Request, Routes
from emulator.runs_state import Metric, Plane, Run

routes = Routes()

_TYPES = frozenset({"bool", "int", "double", "float", "string", "artifact", "none", "null"})
_BATCH_LIMIT = 50
_NAMES_LIMIT = 1000
# The SDK never gets to the second page of names: it sends the token of the first nowhere.


@on(routes, "POST", "metric/v2.0", "/runs/{run}/batch")
def post(plane: Plane, request: Request, run: str) -> dict[str, Any]:
    found = _run(plane, run)
    values = request.json.get("values")
    require(isinstance(values, list), "The field values must be a list.")
    require(len(values) <= _BATCH_LIMIT, f"At most {_BATCH_LIMIT} metrics may be posted at once.")
    errors = []
    for value in values:
        problem = _problem(value, found)
        if problem:
            errors.append({"metric": value, "errorResponse": {"error": {"code": "UserError", "message": problem}}})
        else:
            kind = str((value.get("properties") or {}).get("uxMetricType") or "")
            keep(plane, found, value["name"], value["columns"], kind, value["value"])
    return {"errors": errors}


@on(routes, "POST", "metric/v2.0", "/runs/{run}/list")
def names(plane: Plane, request: Request, run: str) -> dict[str, Any]:
    found = _run(plane, run)
    part, token = page(list(found.metrics.values()), request.json.get("continuationToken"), _NAMES_LIMIT)
    return {"value": [_definition(found, metric) for metric in part], "continuationToken": token}


@on(routes, "POST", "metric/v2.0", "/runs/{run}/full")
def full(plane: Plane, request: Request, run: str) -> dict[str, Any]:
    found = _run(plane, run)
    name = request.json.get("metricName")
    require(isinstance(name, str), "The field metricName is required.")
    metric = found.metrics.get(name)
    if metric is None:
        raise Refused(404, "UserError", f"Metric {name} was not found in run {run}.")
    part, token = page(list(metric.rows), request.json.get("continuationToken"), plane.page_size)
    return {**_definition(found, metric), "value": list(part), "continuationToken": token}


def _problem(value: Any, run: Run) -> str:
    """Why a metric is not accepted; empty when it is."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        return "A metric needs a name."
    name, columns, rows = value["name"], value.get("columns"), value.get("value")
    if not isinstance(columns, dict) or not isinstance(rows, list):
        return f"The metric {name} needs columns and a value."
    unknown = [kind for kind in columns.values() if str(kind).lower() not in _TYPES]
    if unknown:
        return f"The metric {name} has a column of the unknown type {unknown[0]}."
    if any(not isinstance(row, dict) or not set(row.get("data") or {}) <= set(columns) for row in rows):
        return f"The metric {name} has a row with other columns than it declares."
    known = run.metrics.get(name)
    if known is not None and set(known.columns) != set(columns):
        return f"The metric {name} exists with other columns."
    return ""


def keep(plane: Plane, run: Run, name: str, columns: dict[str, str], kind: str, rows: list[dict[str, Any]]) -> None:
    """Add rows to a metric, which begins with them if need be. A batch that is sent twice counts once."""
    with plane.lock:
        metric = run.metrics.setdefault(name, Metric(name, dict(columns), kind))
        known = {row.get("metricId") for row in metric.rows}
        metric.rows += [row for row in rows if row.get("metricId") not in known]
        for column, type_ in columns.items():
            if {metric.columns[column].lower(), str(type_).lower()} == {"int", "double"}:
                metric.columns[column] = "double"


def _definition(run: Run, metric: Metric) -> dict[str, Any]:
    return {
        "metricKey": {"dataContainerId": run.container, "name": metric.name, "namespace": None},
        "name": metric.name,
        "columns": metric.columns,
        "properties": {"uxMetricType": metric.kind, "dataLocation": None},
        "dataContainerId": run.container,
        "namespace": None,
        "standardSchemaId": None,
        "value": None,
    }


def _run(plane: Plane, run: str) -> Run:
    found = plane.runs.get(run)
    if found is None:
        raise Refused(404, "UserError", f"Run {run} was not found.")
    return found
