"""Runs as run history writes them."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from emulator.runs_state import Plane, Run
from emulator.sweep_form import is_sweep

_LOGS = ("azureml-logs/", "user_logs/", "system_logs/")
_NEVER = "0001-01-01T00:00:00+00:00"
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("token", "tokenExpiryTimeUtc", "lastStartTimeUtc", "currentComputeTime", "effectiveStartTimeUtc")),
    **dict.fromkeys(("cancelationReason", "scheduleId", "runDefinition", "jobSpecification", "primaryMetricName")),
    **dict.fromkeys(
        ("createdFrom", "completeUri", "retainForLifetimeOfWorkspace", "queueingInfo", "inputs", "outputs")
    ),
    "parameters": {},
    "uniqueChildRunComputeTargets": [],
    "settings": {},
    "services": {},
    "inputDatasets": [],
    "outputDatasets": [],
}


def view(plane: Plane, run: Run) -> dict[str, Any]:
    """A run as lists and reads show it: without its definition."""
    submitted, on_nodes = run.definition is not None, run.definition is not None and not is_sweep(run)
    execution = f"{plane.place.api}/execution/v1.0{plane.place.path}/experiments/{run.experiment.name}/runId/{run.id}"
    lasted = _lasted(run)
    return {
        **_EMPTY,
        "runNumber": run.number,
        "rootRunId": run.parent or run.id,
        "createdUtc": run.created,
        "createdBy": _user(plane, run.user),
        "userId": _guid(run.user),
        "error": error(run),
        "warnings": list(run.warnings) or None,
        "revision": len(run.statuses) + len(run.tags),
        "statusRevision": len(run.statuses),
        "runUuid": _guid(run.id),
        "parentRunUuid": _guid(run.parent) if run.parent else None,
        "rootRunUuid": _guid(run.parent or run.id),
        "computeDuration": lasted,
        "lastModifiedBy": _user(plane, run.user),
        "lastModifiedUtc": run.ended or run.started or run.created,
        "duration": lasted,
        "currentAttemptId": 1 if submitted else None,
        "runId": run.id,
        "parentRunId": run.parent,
        "experimentId": run.experiment.id,
        "status": run.status,
        "startTimeUtc": run.started,
        "endTimeUtc": run.ended,
        "displayName": run.shown or run.id,
        "name": run.name,
        "dataContainerId": run.container,
        "description": run.description,
        "hidden": run.hidden,
        "runType": run.kind,
        "runTypeV2": _kind(run, submitted=submitted),
        "properties": run.properties,
        "actionUris": {"Cancel": f"{execution}/cancel", "Diagnose": ""} if submitted else {},
        "scriptName": run.script,
        "target": run.target,
        "tags": run.tags,
        "cancelUri": f"{execution}/cancel" if submitted else None,
        "diagnosticsUri": f"{execution}/diagnostics" if submitted else None,
        "computeRequest": {"nodeCount": _nodes(run), "gpuCount": 0} if on_nodes else None,
        "compute": _compute(run) if on_nodes else None,
    }


def details(plane: Plane, run: Run) -> dict[str, Any]:
    """A run with its definition and signed links to its logs."""
    logs = {path: one for path, one in list(run.artifacts.items()) if path.startswith(_LOGS)}
    return {
        "runId": run.id,
        "target": run.target,
        "status": run.status,
        "startTimeUtc": run.started,
        "endTimeUtc": run.ended,
        "services": {},
        "error": error(run),
        "warnings": run.warnings,
        "properties": run.properties,
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": run.definition,
        "logFiles": {path: plane.blobs.link(one.container, one.blob) for path, one in sorted(logs.items())},
    }


def error(run: Run) -> dict[str, Any] | None:
    """Why a run failed, in the form of whoever carried it out."""
    if run.error is None:
        return None
    told = {
        **dict.fromkeys(("severity", "messageFormat", "referenceCode", "detailsUri", "target", "innerError")),
        **dict.fromkeys(("debugInfo", "additionalInfo")),
        "messageParameters": {},
        "details": [],
        **run.error,
    }
    place = dict.fromkeys(("correlation", "environment", "location"))
    return {"error": told, **place, "time": _NEVER, "componentName": "CommonRuntime"}


def _kind(run: Run, *, submitted: bool) -> dict[str, Any]:
    if not submitted:
        return {"orchestrator": None, "traits": [], "attribution": None, "computeType": None}
    if is_sweep(run):
        return {"orchestrator": "HyperDrive", "traits": [], "attribution": None, "computeType": None}
    traits = ["scriptRun", "remote", "OsType:Linux", "CommonRuntime"]
    return {"orchestrator": "Execution", "traits": traits, "attribution": None, "computeType": "AmlcTrain"}


def _compute(run: Run) -> dict[str, Any]:
    unknown = dict.fromkeys(("vmSize", "instanceType", "priority", "region", "armId", "properties"))
    counts = {"instanceCount": _nodes(run), "gpuCount": 0}
    return {"target": run.target, "targetType": "amlcompute", **counts, **unknown}


def _nodes(run: Run) -> int:
    return int((run.definition or {}).get("nodeCount") or 1)


def _user(plane: Plane, name: str) -> dict[str, Any]:
    tenant = plane.place.tenant
    return {
        "userObjectId": _guid(name),
        "userPuId": None,
        "userIdp": None,
        "userAltSecId": None,
        "userIss": f"https://sts.windows.net/{tenant}/",
        "userTenantId": tenant,
        "userName": name,
        "upn": None,
        "clientApplicationId": None,
        "applicationACR": None,
    }


def _guid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _lasted(run: Run) -> str | None:
    """How long it ran, as "00:00:13.4055230"; None until it has ended."""
    if not run.started or not run.ended:
        return None
    begun, ended = (datetime.datetime.fromisoformat(f"{time[:26]}+00:00") for time in (run.started, run.ended))
    seconds = max((ended - begun).total_seconds(), 0.0)
    return f"{int(seconds // 3600):02}:{int(seconds // 60) % 60:02}:{seconds % 60:010.7f}"
