"""Between jobs, as SDK v2 puts and reads them, and runs: one run is both."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from emulator.runs_state import Plane, Run
from emulator.serverless import NAME as SERVERLESS

KIND = "Microsoft.MachineLearningServices/workspaces/jobs"
CHANGEABLE = ("tags", "description", "displayName", "properties", "isArchived")
DEFAULT_OUTPUT, DEFAULT_EXPERIMENT = "default", "Default"
_READ_ONLY = ("services", "status", "parameters")
_EMPTY = ("computeId", "codeId", "identity", "distribution", "limits", "componentId", "queueSettings")
_RESOURCES = {"instanceCount": 1, "shmSize": "2g"}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def definition_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The run definition, in SDK v1's words, that a job means."""
    resources = job.get("resources") or {}
    nodes = instances_of(job)
    arguments = resources.get("dockerArgsList") or (resources.get("dockerArgs") or "").split()
    name, _, version = str(job["environmentId"]).partition("/environments/")[2].partition("/versions/")
    definition = {
        "command": job["command"],
        "framework": "Python",
        "communicator": "None",
        "target": last(job.get("computeId")) or SERVERLESS,
        "nodeCount": nodes,
        "maxRunDurationSeconds": seconds((job.get("limits") or {}).get("timeout")),
        "environmentVariables": {key: value or "" for key, value in (job.get("environmentVariables") or {}).items()},
        "environment": {"name": name or job["environmentId"], "version": version or None},
        "docker": {"useDocker": True, "shmSize": resources.get("shmSize") or "2g", "arguments": arguments},
        "history": {"outputCollection": True, "directoriesToWatch": ["logs"]},
    }
    return definition | _distribution(job.get("distribution") or {}, nodes)


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


def view(plane: Plane, run: Run) -> dict[str, Any]:
    """A run as a job; one of SDK v1 too, as far as it can be said."""
    job = run.job if run.job is not None else _of_definition(plane, run)
    default = {
        "jobOutputType": "uri_folder",
        "mode": "ReadWriteMount",
        "uri": f"azureml://datastores/workspaceartifactstore/ExperimentRun/{run.container}",
    }
    properties = {
        **dict.fromkeys(_EMPTY),
        "inputs": {},
        "environmentVariables": {},
        **job,
        "resources": {**_RESOURCES, "properties": {}, **(job.get("resources") or {})},
        "outputs": {**(job.get("outputs") or {}), DEFAULT_OUTPUT: default},
        "description": run.description,
        "displayName": run.shown or run.id,
        "experimentName": run.experiment.name,
        "tags": dict(run.tags),
        "properties": dict(run.properties),
        "isArchived": run.hidden,
        "status": run.status,
        "services": {**(job.get("services") or {}), **_services(plane, run)},
        "parameters": {},
    }
    made = {"createdAt": run.created, "createdBy": run.user, "createdByType": "User"}
    path = f"{plane.place.path}/jobs/{run.id}"
    return {"id": path, "name": run.id, "type": KIND, "systemData": made, "properties": properties}


def _services(plane: Plane, run: Run) -> dict[str, Any]:
    place = plane.place
    space = f"/subscriptions/{place.subscription}/resourcegroups/{place.group}/workspaces/{place.name}"
    studio = f"https://ml.azure.com/runs/{run.id}?wsid={space}"
    return {
        name: {"jobServiceType": name, "endpoint": endpoint, "port": None, "status": None, "errorMessage": None}
        for name, endpoint in (("Tracking", f"{place.tracking}?"), ("Studio", studio))
    }


def _of_definition(plane: Plane, run: Run) -> dict[str, Any]:
    given, path = run.definition or {}, plane.place.path
    environment = given.get("environment") or {}
    name, version = environment.get("name") or "unnamed", environment.get("version") or "Autosave"
    limit = given.get("maxRunDurationSeconds")
    words = ["python", given.get("script") or "", *map(str, given.get("arguments") or [])]
    return {
        "jobType": "Command",
        "command": given.get("command") or shlex.join(words),
        "codeId": f"{path}/codes/{run.snapshot}/versions/1",
        "environmentId": f"{path}/environments/{name}/versions/{version}",
        "computeId": f"{path}/computes/{run.target}",
        "environmentVariables": given.get("environmentVariables") or {},
        "resources": {"instanceCount": given.get("nodeCount") or 1},
        "distribution": _shown_distribution(given),
        "limits": {"jobLimitsType": "Command", "timeout": f"PT{limit}S"} if limit else None,
    }


def _shown_distribution(given: Mapping[str, Any]) -> dict[str, Any] | None:
    communicator, nodes = str(given.get("communicator") or "None").lower(), given.get("nodeCount") or 1
    if communicator == "parameterserver":
        counts = given.get("tensorflow") or {}
        shown = {key: counts.get(key) for key in ("workerCount", "parameterServerCount")}
        return {"distributionType": "TensorFlow", **shown}
    if communicator in ("mpi", "openmpi", "intelmpi"):
        return {
            "distributionType": "Mpi",
            "processCountPerInstance": (given.get("mpi") or {}).get("processCountPerNode") or 1,
        }
    if communicator in ("nccl", "gloo"):
        processes = (given.get("pytorch") or {}).get("processCount") or nodes
        return {"distributionType": "PyTorch", "processCountPerInstance": max(1, processes // nodes)}
    return None


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
