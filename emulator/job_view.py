"""Runs as jobs, which is how SDK v2 reads them: each version of the service's interface shows fields of its own."""

from __future__ import annotations

import bisect
import shlex
from collections.abc import Mapping
from typing import Any

from emulator.jobs_form import DEFAULT_OUTPUT
from emulator.runs_state import Plane, Run
from emulator.serverless import is_serverless
from emulator.sweep_form import is_sweep

KIND = "Microsoft.MachineLearningServices/workspaces/jobs"
_NULLS = ("identity", "componentId", "notificationSetting", "secretsConfiguration")
_NULLS_OF_COMMAND = ("codeId", "distribution", "autologgerSettings", "environmentVariables")
_RESOURCES = {
    "instanceCount": 1,
    **dict.fromkeys(("maxInstanceCount", "instanceType", "locations", "properties")),
    "shmSize": "2g",
    **dict.fromkeys(("dockerArgs", "dockerArgsList")),
}
_OUTPUT = dict.fromkeys(("description", "uri", "assetName", "assetVersion", "pathOnCompute", "autoDeleteSetting"))

_LATEST = {"parentJobName", "resources.dockerArgsList"}
_COUNTS = {"resources.maxInstanceCount", "resources.locations"}
_PATHS = {"inputs.pathOnCompute", "outputs.pathOnCompute"}
_DELETES, _PRIORITY = {"outputs.autoDeleteSetting"}, {"queueSettings.priority"}
_STABLE = {
    "secretsConfiguration",
    "autologgerSettings",
    "outputs.assetVersion",
    *_COUNTS,
    *_PATHS,
    *_DELETES,
    *_PRIORITY,
}
_BEFORE_2023 = {"notificationSetting", "secretsConfiguration", "queueSettings", *_LATEST, *_COUNTS, *_PATHS, *_DELETES}
_WITHOUT = {
    "2022-05-01": _BEFORE_2023
    | _STABLE
    | {"componentId", "services.nodes", "resources.shmSize", "resources.dockerArgs", "outputs.assetName"},
    "2022-12-01-preview": _BEFORE_2023,
    "2023-04-01-preview": _LATEST | _PATHS | _PRIORITY,
    "2024-01-01-preview": _LATEST,
    "2024-04-01": _LATEST | _STABLE | {"outputs.assetName"},
    "2025-01-01-preview": _STABLE,
}
"""The fields that a version does not have; one that is not among these is like the one before it."""


def view(plane: Plane, run: Run, version: str) -> dict[str, Any]:
    """A run as a job; one of SDK v1 too, as far as it can be said."""
    job = run.job if run.job is not None else _of_definition(plane, run)
    default = f"azureml://datastores/workspaceartifactstore/ExperimentRun/{run.container}"
    serverless = is_serverless(job.get("computeId"))
    common = {
        **dict.fromkeys(_NULLS),
        **job,
        "computeId": None if serverless else job["computeId"],
        "queueSettings": {
            "jobTier": "Standard" if serverless else "Null",
            "priority": None,
            **(job.get("queueSettings") or {}),
        },
        "resources": _resources(job.get("resources") or {}),
        "inputs": {name: _input(given) for name, given in (job.get("inputs") or {}).items()},
        "outputs": {
            **{name: _output(given) for name, given in (job.get("outputs") or {}).items()},
            DEFAULT_OUTPUT: _output({"uri": default, "jobOutputType": "uri_folder"}),
        },
        "description": run.description,
        "displayName": run.shown or run.id,
        "experimentName": run.experiment.name,
        "parentJobName": run.parent,
        "tags": dict(run.tags),
        "properties": dict(run.properties),
        "isArchived": run.hidden,
        "status": run.status,
        "services": {**(job.get("services") or {}), **_services(plane, run)},
    }
    properties = {**common, **(_of_sweep(job) if is_sweep(run) else _of_command(run, job))}
    made = {"createdAt": run.created, "createdBy": run.user, "createdByType": "User"}
    path = f"{plane.place.path}/jobs/{run.id}"
    shown = _as_known(properties, version)
    return {"id": path, "name": run.id, "type": KIND, "properties": shown, "systemData": made}


def _of_command(run: Run, job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: job.get(name) for name in _NULLS_OF_COMMAND},
        "limits": {"timeout": None, **job["limits"]} if job.get("limits") else None,
        "parameters": dict(run.parameters),
    }


def _of_sweep(job: Mapping[str, Any]) -> dict[str, Any]:
    """What it runs lies in `trial`; the resources are there too."""
    trial = {**dict.fromkeys(("codeId", "environmentVariables", "distribution")), **job["trial"]}
    nulls = {name: job.get(name) for name in ("earlyTermination", "componentConfiguration")}
    return {**nulls, "trial": {**trial, "resources": _resources(trial.get("resources") or {})}}


def _as_known(properties: dict[str, Any], version: str) -> dict[str, Any]:
    """The properties that a version of the interface has."""
    known = sorted(_WITHOUT)
    place = bisect.bisect_right(known, version) if version else known.index("2024-01-01-preview") + 1
    without = _WITHOUT[known[max(place - 1, 0)]]
    shown = {name: value for name, value in properties.items() if name not in without}
    for name in ("resources", "queueSettings"):
        if shown.get(name):
            shown[name] = _less(shown[name], name, without)
    if "trial" in shown:
        shown["trial"] = {**shown["trial"], "resources": _less(shown["trial"]["resources"], "resources", without)}
    for name in ("inputs", "outputs", "services"):
        shown[name] = {one: _less(value, name, without) for one, value in shown[name].items()}
    return shown


def _less(value: Mapping[str, Any], place: str, without: set[str]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if f"{place}.{key}" not in without}


def _resources(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**_RESOURCES, **given, "properties": given.get("properties") or None}


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    if "value" in given:
        return {"description": None, **given}
    return {"description": None, "pathOnCompute": None, **given, "mode": given.get("mode") or "ReadOnlyMount"}


def _output(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**_OUTPUT, **given, "mode": given.get("mode") or "ReadWriteMount"}


def _services(plane: Plane, run: Run) -> dict[str, Any]:
    place = plane.place
    space = f"/subscriptions/{place.subscription}/resourcegroups/{place.group}/workspaces/{place.name}"
    studio = f"https://ml.azure.com/runs/{run.id}?wsid={space}"
    empty = dict.fromkeys(("port", "status", "errorMessage", "properties", "nodes"))
    return {
        name: {"jobServiceType": name, "endpoint": endpoint, **empty}
        for name, endpoint in (("Tracking", f"{place.tracking}?"), ("Studio", studio))
        if name != "Tracking" or not is_sweep(run)
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
