"""`…/jobs` of Azure Resource Manager: the runs, as SDK v2 submits, finds and cancels them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from typing import Any

from emulator import sweep_form
from emulator.arm import ARM
from emulator.arm_planes import listed, on
from emulator.contract_jobs import SWEEP, check
from emulator.dataplane import data_of
from emulator.history import user_of
from emulator.job_view import view
from emulator.jobs_checks import refuse, refuse_sweep
from emulator.jobs_form import DEFAULT_EXPERIMENT, definition_of, place_on_compute, settings_of
from emulator.planes import require
from emulator.router import Refused, Request, Response, Routes
from emulator.runs_state import (
    CANCEL_REQUESTED,
    RUNNING,
    STARTING,
    SYSTEM,
    Doubled,
    Experiment,
    Plane,
    Run,
    now,
)
from emulator.state import Service

routes = Routes()

_OPERATIONS = "/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/locations/{place}/mfeOperationResults/"
_TAKEN = (
    "A job with this name already exists. If you are trying to create a new job, use a different name. If you are "
    "trying to update an existing job, the existing job's {} cannot be changed. Only description, tags, displayName, "
    "properties, and isArchived can be updated."
)


@on(routes, "PUT", "/jobs/{job}")
def put(plane: Plane, request: Request, job: str) -> Response:
    """Start a job. Under a used name, what may be changed is, if all else is as it was."""
    asked = check(job, request.json, request.version)
    with plane.lock:
        known = plane.runs.get(job)
        whole = sweep_form.completed(plane, job, asked) if asked["jobType"] == SWEEP else asked
        if known is not None:
            plane.doubled.append(Doubled(job, request.json))
            return _put_again(plane, known, whole, request.version)
        add = _add_sweep if asked["jobType"] == SWEEP else _add_command
        run = add(plane, job, whole, asked, user_of(request))
        shown = view(plane, run, request.version)
    if not sweep_form.is_sweep(run):
        shown["properties"]["status"] = STARTING
    plane.cloud.start(plane, run)
    return Response(201, shown, headers={"Location": request.address})


def _add_command(plane: Plane, name: str, job: dict[str, Any], asked: Mapping[str, Any], user: str) -> Run:
    definition = definition_of(job)
    refuse(plane, job, definition)
    run = plane.add_run(_experiment(plane, job), name, user, job=job, definition=definition)
    run.kind = "azureml.commandjob"
    _describe(run, asked)
    place_on_compute(run, job)
    return run


def _add_sweep(plane: Plane, name: str, job: dict[str, Any], asked: Mapping[str, Any], user: str) -> Run:
    """It runs from the first moment."""
    trial = sweep_form.trial_of(job, {})
    refuse_sweep(plane, name, job, {**trial, "inputs": asked.get("inputs")})
    sweep_form.keep_inputs(plane, name, asked)
    definition = sweep_form.definition_of_sweep(job)
    run = plane.add_run(_experiment(plane, job), name, user, job=job, definition=definition)
    run.kind, run.target = "hyperdrive", definition["target"]
    run.tags |= sweep_form.tags_of(job)
    _describe(run, asked)
    run.properties |= sweep_form.properties_of(job)
    run.started = now()
    run.become(RUNNING)
    return run


def _experiment(plane: Plane, job: Mapping[str, Any]) -> Experiment:
    return plane.ensure_experiment(job.get("experimentName") or DEFAULT_EXPERIMENT)


def _put_again(plane: Plane, run: Run, asked: Mapping[str, Any], version: str) -> Response:
    """The job that is there, as it stands: nothing starts again."""
    before = settings_of(run.job if run.job is not None else view(plane, run, "")["properties"])
    if before != settings_of(asked):
        raise _immutable(_TAKEN.format("Settings"))
    changed = {key for key, value in (asked.get("properties") or {}).items() if run.properties.get(key, value) != value}
    if changed:
        raise _immutable(f"Properties are immutable: {', '.join(sorted(changed))} cannot be changed.")
    _describe(run, asked)
    return Response(200, view(plane, run, version))


def _immutable(message: str) -> Refused:
    return Refused(400, "UserError", message, inner=("Immutable", "JobPropertyImmutable"))


def _describe(run: Run, asked: Mapping[str, Any]) -> None:
    own = {key: value for key, value in run.tags.items() if key.startswith(SYSTEM)}
    run.tags = {key: value or "" for key, value in (asked.get("tags") or {}).items()} | own
    run.properties |= {key: value or "" for key, value in (asked.get("properties") or {}).items()}
    run.shown, run.description = asked.get("displayName"), asked.get("description")
    run.hidden = bool(asked.get("isArchived"))


@on(routes, "GET", "/jobs/{job}")
def get(plane: Plane, request: Request, job: str) -> dict[str, Any]:
    return view(plane, _find(plane, job), request.version)


@on(routes, "GET", "/jobs")
def jobs(plane: Plane, request: Request) -> dict[str, Any]:
    """Those that were submitted, by either SDK, and are nobody's children: the newest first."""
    asked = request.query
    found = [run for run in list(plane.runs.values()) if run.definition is not None and run.parent is None]
    wanted = asked.get("listViewType", "ActiveOnly").lower()
    found = [run for run in found if wanted == "all" or run.hidden == (wanted == "archivedonly")]
    if plane.filters:
        found = [run for run in found if _matches(run, asked)]
    return listed(request, found[::-1], plane.page_size, partial(view, plane, version=request.version))


def _matches(run: Run, asked: Mapping[str, str]) -> bool:
    kind = "sweep" if sweep_form.is_sweep(run) else "command"
    if asked.get("jobType", kind).lower() != kind:
        return False
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
    return _accepted(plane, request, "jc", job)


@on(routes, "DELETE", "/jobs/{job}")
def delete(plane: Plane, request: Request, job: str) -> Response:
    """Forget a job that is over, and its children."""
    if job not in plane.runs:
        return Response(204)
    run = _find(plane, job)
    require(run.over, f"The job {job} is {run.status} and cannot be deleted: cancel it first.")
    for one in [run, *(child for child in list(plane.runs.values()) if child.parent == job)]:
        del plane.runs[one.id]
        if one.folder is not None:
            shutil.rmtree(one.folder)
    return _accepted(plane, request, "jd", job)


def _accepted(plane: Plane, request: Request, operation: str, job: str) -> Response:
    """It is under way; where a client looks for its end, for an hour at most."""
    place = _OPERATIONS.format(sub=plane.place.subscription, place=plane.place.region)
    location = f"https://{ARM}{place}{operation}:{plane.place.id}:{job}?api-version={request.version}"
    headers = {"Location": location, "x-ms-async-operation-timeout": "PT1H"}
    return Response(202, body=b"null", headers={"Content-Type": "application/json; charset=utf-8", **headers})


@routes.on("GET", ARM, _OPERATIONS + "{operation}")
def operation_result(service: Service, request: Request, sub: str, place: str, operation: str) -> Response:
    """Nothing but that it has ended, once the job that it is about is over or gone."""
    _, space, job = operation.split(":", 2)
    run = data_of(service).runs_of(space).get(job)
    if run is None or run.over:
        return Response(200)
    return Response(202, {}, headers={"Location": request.address})


def _find(plane: Plane, job: str) -> Run:
    found = plane.runs.get(job)
    if found is None or found.definition is None:
        raise Refused(404, "UserError", f"Job {job} was not found.")
    return found
