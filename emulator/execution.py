"""`/execution`: runs are submitted and cancelled."""

from __future__ import annotations

from typing import Any

from emulator.experiments import named
from emulator.history import find, user_of
from emulator.planes import on, require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import CANCEL_REQUESTED, Doubled, Plane
from emulator.submissions import problem

routes = Routes()


@on(routes, "POST", "execution/v1.0", "/experiments/{experiment}/snapshotrun")
def submit(plane: Plane, request: Request, experiment: str) -> dict[str, Any]:
    """Accept a run under the id that the client chose. A second one under that id is refused, and remembered."""
    run_id, body = request.query.get("runId", ""), request.json
    with plane.lock:
        if run_id in plane.runs:
            plane.doubled.append(Doubled(run_id, body))
            raise Refused(409, "UserError", f"A run with the id {run_id} exists already.")
        wrong = problem(plane, run_id, body)
        if wrong:
            raise Refused(400, "UserError", wrong)
        definition = body.get("Configuration") or body["configuration"]
        run = plane.add_run(plane.ensure_experiment(experiment), run_id, user_of(request))
        run.definition = definition
        run.snapshot = body.get("SnapshotId") or body.get("snapshotId")
        run.target, run.script, run.kind = definition["target"], definition.get("script"), "azureml.scriptrun"
        run.parent = body.get("ParentRunId")
        run.properties |= {"_azureml.ComputeTargetType": "amlcompute", "ContentSnapshotId": str(run.snapshot)}
        run.telemetry = body.get("TelemetryValues") or {}
    plane.cloud.start(plane, run)
    return {"runId": run.id, "details": None}


@on(routes, "POST", "execution/v1.0", "/experiments/{experiment}/runId/{run}/cancel")
def cancel(plane: Plane, request: Request, experiment: str, run: str) -> Response:
    """Ask for a run's end; one that is over stays as it is."""
    found = find(plane, named(plane, experiment), run)
    require(found.definition is not None, f"Run {run} was not submitted and cannot be cancelled here.")
    found.canceled_by = found.canceled_by or user_of(request)
    found.become(CANCEL_REQUESTED)
    return Response(200, {})
