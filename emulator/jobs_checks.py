"""What the service refuses in a job whose form is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator import assets
from emulator.addresses import is_public, kind_of, output_uri, resolve
from emulator.jobs_form import DEFAULT_EXPERIMENT, DEFAULT_OUTPUT, definition_of, instances_of, last, seconds
from emulator.planes import require
from emulator.router import Refused
from emulator.runs_state import Plane
from emulator.sampling import problem
from emulator.serverless import DEFAULT_SIZE, MOST, has_size, is_serverless
from emulator.serverless import NAME as SERVERLESS
from emulator.submissions import Shape, shape_of
from emulator.sweep_form import PARAMETER

BINDING = re.compile(r"\$\{\{\s*(inputs|outputs)\.([^}\s]+?)\s*\}\}")
"""What the service replaces in a command."""

_PROCESSES = ("workerCount", "processCountPerInstance")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def refuse(plane: Plane, job: Mapping[str, Any], definition: Mapping[str, Any]) -> None:
    """Raises Refused for the first thing that is wrong. `definition` is what the job means, in SDK v1's words."""
    _refuse_program(plane, job)
    _refuse_place(plane, job, definition, _compute(plane, job))


def refuse_sweep(plane: Plane, name: str, job: Mapping[str, Any], trial: Mapping[str, Any]) -> None:
    """The same of a sweep; `trial` is the job that its trials are. A compute that is not there has other words."""
    space, sampling = job["searchSpace"], job["samplingAlgorithm"]["samplingAlgorithmType"]
    wrong = problem(space, sampling)
    require(not wrong, wrong)
    for parameter in PARAMETER.findall(job["trial"]["command"]):
        told = f"The command has ${{{{search_space.{parameter}}}}}, but the search space has no such parameter."
        require(parameter in space, told)
    _refuse_program(plane, trial)
    try:
        most = _compute(plane, trial)
    except Refused as refused:
        if "UnknownTargetType" not in refused.inner:
            raise
        experiment = job.get("experimentName") or DEFAULT_EXPERIMENT
        raise Refused(400, "UserError", f"{experiment}: Compute Not Found for run ID : {name}") from None
    _refuse_place(plane, trial, definition_of(trial), most)
    limit = seconds(job["limits"]["timeout"])
    require(limit is None or limit >= 1, "The timeout of a job must be at least one second.")


def _refuse_program(plane: Plane, job: Mapping[str, Any]) -> None:
    assets.find(plane, job["environmentId"], assets.ENVIRONMENTS)
    if job.get("codeId"):
        assets.find(plane, job["codeId"], assets.CODES)
    _check_data(plane, job)


def _refuse_place(plane: Plane, job: Mapping[str, Any], definition: Mapping[str, Any], most: int) -> None:
    """`most`: how many instances it may have."""
    wrong = next(_of_counts(job, shape_of(definition), most), "")
    require(not wrong, wrong)
    limit = seconds((job.get("limits") or {}).get("timeout"))
    require(limit is None or limit >= 1, "The timeout of a job must be at least one second.")


def _compute(plane: Plane, job: Mapping[str, Any]) -> int:
    """How many instances the job may have."""
    if is_serverless(job.get("computeId")):
        size = (job.get("resources") or {}).get("instanceType") or DEFAULT_SIZE
        require(has_size(plane, size), f"The instance type {size} is not supported in region {plane.place.region}.")
        return MOST
    name = last(job["computeId"]) or job["computeId"]
    inside = "/" not in job["computeId"] or job["computeId"].lower().startswith(plane.place.path.lower() + "/computes/")
    cluster = plane.cloud.cluster(plane, name) if inside else None
    if cluster is None:
        raise Refused(400, "UserError", f"Unknown compute target '{name}'.", inner=("BadArgument", "UnknownTargetType"))
    require(cluster.state() != "Failed", f"Compute target {name} is in the state Failed.")
    return cluster.max_nodes


def _of_counts(job: Mapping[str, Any], shape: Shape, most: int) -> Iterator[str]:
    nodes, asked = instances_of(job), job.get("distribution") or {}
    if nodes < 1:
        yield f"The instance count must be at least 1, not {nodes}."
    if nodes > most:
        name = last(job.get("computeId")) or SERVERLESS
        yield f"The specified instance count {nodes} exceeds the maximum node count {most} of compute {name}."
    if any(asked.get(count, 1) is not None and asked.get(count, 1) < 1 for count in _PROCESSES) or shape.servers < 0:
        yield "The counts of processes must be positive."
    if shape.kind == "tensorflow" and max(shape.workers, shape.servers) > nodes:
        counts = f"{shape.workers} workers and {shape.servers} parameter servers"
        yield f"A job on {nodes} instances cannot have {counts}: an instance runs one process of each kind."


def _check_data(plane: Plane, job: Mapping[str, Any]) -> None:
    data = {kind: job.get(kind) or {} for kind in ("inputs", "outputs")}
    for kind, name in BINDING.findall(job["command"]):
        known = name in data[kind] or (kind == "outputs" and name == DEFAULT_OUTPUT)
        require(known, f"The command has ${{{{{kind}.{name}}}}}, but the job has no such {kind[:-1]}.")
    for kind, named in data.items():
        for name, value in named.items():
            require(_NAME.fullmatch(name), f"The name '{name}' in {kind} is not valid: letters, digits and _ only.")
            require(value is not None, f"The {kind[:-1]} {name} is null.")
    for value in data["inputs"].values():
        if "uri" in value and not is_public(value["uri"]):
            resolve(plane, value["uri"], kind_of(value))
    for name, value in data["outputs"].items():
        if value.get("uri") and name != DEFAULT_OUTPUT:
            resolve(plane, output_uri(plane, "", name, value))
