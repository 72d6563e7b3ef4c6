"""`/history …` as SDK v2 reads it, a run by its name alone; and `/data`: where a run's outputs lie."""

from __future__ import annotations

from typing import Any

from emulator.history import find
from emulator.job_data import long_output_uri, outputs_of
from emulator.job_view import view as job_view
from emulator.planes import on, page, require
from emulator.router import Request, Routes
from emulator.run_forms import details, view
from emulator.runs_state import Plane, Run

routes = Routes()

_H = "history/v1.0"


@on(routes, "GET", _H, "/runs/{run}/details")
def get_details(plane: Plane, request: Request, run: str) -> dict[str, Any]:
    return details(plane, find(plane, None, run))


@on(routes, "GET", _H, "/runs/{run}/children")
def children(plane: Plane, request: Request, run: str) -> dict[str, Any]:
    parent = find(plane, None, run)
    found = [one for one in list(plane.runs.values()) if one.parent == parent.id]
    size = min(int(request.query.get("$top") or plane.page_size), plane.page_size)
    part, token = page(found, request.query.get("$continuationtoken"), size)
    more = {"continuationToken": token, "nextLink": None} if token else {}
    return {"value": [view(plane, one) for one in part], **more}


@on(routes, "GET", _H, "/runs/{run}/serviceinstances/{node}")
def service_instances(plane: Plane, request: Request, run: str, node: str) -> dict[str, Any]:
    find(plane, None, run)
    return {"instances": {}}


@on(routes, "POST", _H, "/rundata")
def run_data(plane: Plane, request: Request) -> dict[str, Any]:
    body = request.json
    require(isinstance(body.get("runId"), str), "The field runId is required.")
    run = find(plane, None, body["runId"])
    outputs = {
        name: {"assetId": _asset_id(plane, run, name), "type": given["jobOutputType"]}
        for name, given in outputs_of(run).items()
        if run.over and run.started
    }
    wanted = run.definition is not None and body.get("selectJobSpecification")
    return {
        "runMetadata": {**view(plane, run), "outputs": outputs},
        "runDefinition": run.definition if body.get("selectRunDefinition") else None,
        "jobSpecification": job_view(plane, run, "")["properties"] if wanted else None,
        "systemSettings": None,
    }


@on(routes, "POST", "data/v1.0", "/dataversion/batchGetResolvedUris")
def resolved_uris(plane: Plane, request: Request) -> dict[str, Any]:
    """Where assets lie that a run's metadata name; those that nobody made are left out."""
    wanted = request.json.get("values")
    require(isinstance(wanted, list), "The field values must be a list.")
    known = {
        _asset_id(plane, run, name): {"uri": long_output_uri(plane, run, name, given), "type": given["jobOutputType"]}
        for run in list(plane.runs.values())
        for name, given in outputs_of(run).items()
    }
    return {"values": {one: known[one] for one in wanted if one in known}}


def _asset_id(plane: Plane, run: Run, output: str) -> str:
    """The id of the data asset that an output becomes."""
    space = f"azureml://locations/{plane.place.region}/workspaces/{plane.place.id}"
    return f"{space}/data/azureml_{run.id}_output_data_{output}/versions/1"
