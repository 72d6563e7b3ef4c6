"""What a job means, as SDK v2 puts it: the run definition, and what of it can never change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.runs_state import Run
from emulator.serverless import NAME as SERVERLESS
from emulator.serverless import is_serverless

CHANGEABLE = ("tags", "description", "displayName", "properties", "isArchived")
DEFAULT_OUTPUT, DEFAULT_EXPERIMENT = "default", "Default"
_READ_ONLY = ("services", "status", "parameters")
_TIERS = ("Null", "Standard")
"""What the service fills in where nobody asks for a tier."""

_RESOURCES = {"instanceCount": 1, "shmSize": "2g"}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def definition_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The run definition, in SDK v1's words, that a job means."""
    resources = job.get("resources") or {}
    nodes = instances_of(job)
    arguments = resources.get("dockerArgsList") or (resources.get("dockerArgs") or "").split()
    name, version = _environment(str(job["environmentId"]))
    definition = {
        "command": job["command"],
        "framework": "Python",
        "communicator": "None",
        "target": last(job.get("computeId")) or SERVERLESS,
        "nodeCount": nodes,
        "maxRunDurationSeconds": seconds((job.get("limits") or {}).get("timeout")),
        "environmentVariables": {key: value or "" for key, value in (job.get("environmentVariables") or {}).items()},
        "environment": {"name": name, "version": version or None},
        "docker": {"useDocker": True, "shmSize": resources.get("shmSize") or "2g", "arguments": arguments},
        "history": {"outputCollection": True, "directoriesToWatch": ["logs"]},
    }
    return definition | _distribution(job.get("distribution") or {}, nodes)


def place_on_compute(run: Run, job: Mapping[str, Any]) -> None:
    """Where a command job runs: a cluster has a name, serverless compute none."""
    run.target = last(job.get("computeId")) or SERVERLESS
    cluster = None if is_serverless(job.get("computeId")) else run.target
    run.properties |= {"_azureml.ComputeTargetType": "amlctrain", "_azureml.ClusterName": cluster}


def _environment(reference: str) -> tuple[str, str]:
    """Name and version of a reference: a resource id or azureml:NAME:VERSION."""
    if "/environments/" in reference:
        name, _, version = reference.partition("/environments/")[2].partition("/versions/")
    else:
        name, _, version = reference.removeprefix("azureml:").partition(":")
    return name or reference, version


def instances_of(job: Mapping[str, Any]) -> int:
    """How many instances a job asks for."""
    count = (job.get("resources") or {}).get("instanceCount")
    return 1 if count is None else int(count)


def _distribution(asked: Mapping[str, Any], nodes: int) -> dict[str, Any]:
    kind = asked.get("distributionType")
    if kind == "TensorFlow":
        workers, servers = asked.get("workerCount"), asked.get("parameterServerCount") or 0
        counts = {"workerCount": nodes if workers is None else workers, "parameterServerCount": servers}
        return {"framework": "TensorFlow", "communicator": "ParameterServer", "tensorflow": counts}
    per_node = asked.get("processCountPerInstance") or 1
    if kind == "PyTorch":
        counts = {"communicationBackend": "Nccl", "processCount": per_node * nodes, "nodeCount": nodes}
        return {"framework": "PyTorch", "communicator": "Nccl", "pytorch": counts}
    if kind == "Mpi":
        return {"communicator": "Mpi", "mpi": {"processCountPerNode": per_node, "nodeCount": nodes}}
    return {}


def settings_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """What of a job can never change, with defaults and without what says nothing: two jobs are the same if this is."""
    fixed = {key: value for key, value in job.items() if key not in (*CHANGEABLE, *_READ_ONLY)}
    outputs = {key: value for key, value in (fixed.get("outputs") or {}).items() if key != DEFAULT_OUTPUT}
    filled = {
        **fixed,
        "experimentName": fixed.get("experimentName") or DEFAULT_EXPERIMENT,
        "inputs": _delivered(fixed.get("inputs") or {}, "ReadOnlyMount"),
        "outputs": _delivered(outputs, "ReadWriteMount"),
        "resources": _RESOURCES | (_said(fixed.get("resources")) or {}),
    }
    if "trial" in fixed:  # a sweep, which has the same resources twice
        filled["trial"] = {key: value for key, value in fixed["trial"].items() if key != "resources"}
    if (fixed.get("queueSettings") or {}).get("jobTier") in _TIERS:
        del filled["queueSettings"]
    return dict(_said(filled))


def _delivered(data: Mapping[str, Any], mode: str) -> dict[str, Any]:
    return {
        name: value if not value or "value" in value else {**value, "mode": value.get("mode") or mode}
        for name, value in data.items()
    }


def _said(value: Any) -> Any:
    """A value without nulls and empty mappings."""
    if not isinstance(value, Mapping):
        return value
    kept = {key: _said(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item is not None and item != {}}


def last(resource: str | None) -> str:
    """The name at the end of a resource id."""
    return str(resource or "").rpartition("/")[2]


def seconds(duration: str | None) -> int | None:
    """Whole seconds of an ISO 8601 duration."""
    match = _DURATION.fullmatch(duration or "")
    if match is None:
        return None
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return int(((days * 24 + hours) * 60 + minutes) * 60 + rest)
