"""`…/jobs` of Azure Resource Manager: the runs, as SDK v2 submits, finds and cancels them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from emulator.arm import ARM
from emulator.arm_planes import listed, on
from emulator.contract_jobs import check
from emulator.history import user_of
from emulator.jobs_checks import refuse
from emulator.jobs_form import DEFAULT_EXPERIMENT, definition_of, settings_of, view
from emulator.planes import require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import CANCEL_REQUESTED, Doubled, Plane, Run

routes = Routes()

_VERSION = "2024-01-01-preview"
_OPERATIONS = "/mfeOperationResults/{operation}"
_TAKEN = (
    "A job with this name already exists. If you are trying to create a new job, use a different name. If you are "
    "trying to update an existing job, the existing job's {} cannot be changed. Only description, tags, displayName, "
    "properties, and isArchived can be updated."
)


@on(routes, "PUT", "/jobs/{job}")
def put(plane: Plane, request: Request, job: str) -> Response:
    """Start a job. Under a used name, what may be changed is, if all else is as it was."""
    asked = check(job, request.json)
    with plane.lock:
        known = plane.runs.get(job)
        if known is not None:
            plane.doubled.append(Doubled(job, request.json))
            return _put_again(plane, known, asked)
        definition = definition_of(asked)
        refuse(plane, asked, definition)
        experiment = plane.ensure_experiment(asked.get("experimentName") or DEFAULT_EXPERIMENT)
        run = plane.add_run(experiment, job, user_of(request), job=asked, definition=definition)
        run.target, run.kind = definition["target"], "azureml.commandjob"
        _describe(run, asked)
        run.properties |= {"_azureml.ComputeTargetType": "amlctrain"}
    plane.cloud.start(plane, run)
    return Response(201, view(plane, run))


def _put_again(plane: Plane, run: Run, asked: Mapping[str, Any]) -> Response:
    before = settings_of(run.job if run.job is not None else view(plane, run)["properties"])
    if before != settings_of(asked):
        raise _Immutable(_TAKEN.format("Settings"))
    changed = {key for key, value in (asked.get("properties") or {}).items() if run.properties.get(key, value) != value}
    if changed:
        raise _Immutable(f"Properties are immutable: {', '.join(sorted(changed))} cannot be changed.")
    _describe(run, asked)
    return Response(200, view(plane, run))


class _Immutable(Refused):
    """Says besides that it is about what cannot change."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "UserError", message)

    def response(self) -> Response:
        inner = {"code": "Immutable", "innererror": {"code": "JobPropertyImmutable"}}
        error = {"code": self.code, "message": self.message, "details": [], "innererror": inner}
        return Response(self.status, {"error": error})


def _describe(run: Run, asked: Mapping[str, Any]) -> None:
    run.tags = {key: value or "" for key, value in (asked.get("tags") or {}).items()}
    run.properties |= {key: value or "" for key, value in (asked.get("properties") or {}).items()}
    run.shown, run.description = asked.get("displayName"), asked.get("description")
    run.hidden = bool(asked.get("isArchived"))


@on(routes, "GET", "/jobs/{job}")
def get(plane: Plane, request: Request, job: str) -> dict[str, Any]:
    return view(plane, _find(plane, job))


@on(routes, "GET", "/jobs")
def jobs(plane: Plane, request: Request) -> dict[str, Any]:
    """Those that were submitted, by either SDK, and are nobody's children: the newest first."""
    asked = request.query
    found = [run for run in list(plane.runs.values()) if run.definition is not None and run.parent is None]
    wanted = asked.get("listViewType", "ActiveOnly").lower()
    found = [run for run in found if wanted == "all" or run.hidden == (wanted == "archivedonly")]
    if plane.filters:
        found = [run for run in found if asked.get("jobType", "Command").lower() == "command" and _matches(run, asked)]
    return listed(request, found[::-1], plane.page_size, partial(view, plane))


def _matches(run: Run, asked: Mapping[str, str]) -> bool:
    for word in filter(None, asked.get("properties", "").split(",")):
        key, _, value = word.partition("=")
        if key not in run.properties or (value and run.properties[key] != value):
            return False
    return not asked.get("tag") or asked["tag"] in run.tags


@on(routes, "POST", "/jobs/{job}/cancel")
def cancel(plane: Plane, request: Request, job: str) -> Response:
    """Ask for a job's end; one that is over stays as it is."""
    run = _find(plane, job)
    if run.over:
        return Response(200)
    run.canceled_by = run.canceled_by or user_of(request)
    run.become(CANCEL_REQUESTED)
    return _accepted(plane, "jc", job)


@on(routes, "DELETE", "/jobs/{job}")
def delete(plane: Plane, request: Request, job: str) -> Response:
    """Forget a job that is over."""
    if job not in plane.runs:
        return Response(204)
    run = _find(plane, job)
    require(run.over, f"The job {job} is {run.status} and cannot be deleted: cancel it first.")
    del plane.runs[job]
    if run.folder is not None:
        shutil.rmtree(run.folder)
    return _accepted(plane, "jd", job)


def _accepted(plane: Plane, operation: str, job: str) -> Response:
    """What was asked for is done; where a client looks whether it is."""
    path = plane.place.path + _OPERATIONS.format(operation=f"{operation}:{uuid.uuid4()}:{job}")
    location = f"https://{ARM}{path}?api-version={_VERSION}"
    return Response(202, headers={"Location": location, "Retry-After": "0"})


@on(routes, "GET", _OPERATIONS)
def operation_result(plane: Plane, request: Request, operation: str) -> Response:
    return Response(200)


def _find(plane: Plane, job: str) -> Run:
    found = plane.runs.get(job)
    if found is None or found.definition is None:
        raise Refused(404, "UserError", f"Job {job} was not found.")
    return found
