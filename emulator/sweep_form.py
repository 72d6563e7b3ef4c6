"""What a sweep is, as SDK v2 puts it: filled in as the service does it, its tags, and the jobs that its trials are."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from emulator import assets
from emulator.addresses import is_storage
from emulator.asset_forms import data
from emulator.contract_jobs import SWEEP
from emulator.jobs_form import definition_of, last, seconds
from emulator.runs_state import SYSTEM, Plane, Run
from emulator.serverless import NAME as SERVERLESS

PARAMETER = re.compile(r"\$\{\{\s*search_space\.([^}\s]+?)\s*\}\}")
"""What is replaced in a trial's command, and nowhere else: by a variable of bash's, which then has the value."""

_VARIABLE = "AZUREML_SWEEP_"

MOST_TRIALS = 1_000
MOST_MINUTES = 10_080
"""How long a sweep lasts at most that says nothing: a week."""

_GENERATORS = {"Random": "RANDOM", "Grid": "GRID", "Bayesian": "BayesianOptimization"}
_PASSED_ON = ("computeId", "experimentName", "identity", "inputs", "outputs", "queueSettings", "resources")
_POLICY = {
    "evaluationInterval": "evaluation_interval",
    "delayEvaluation": "delay_evaluation",
    "slackFactor": "slack_factor",
    "slackAmount": "slack_amount",
    "truncationPercentage": "truncation_percentage",
}
_USER_AGENT = "managementfrontend/emulated+emulated"


def is_sweep(run: Run) -> bool:
    """Whether a run is a sweep, and has trials for its children."""
    return run.job is not None and run.job.get("jobType") == SWEEP


def completed(plane: Plane, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A sweep that was asked for, as the service keeps it. Raises Refused."""
    trial, limits, sampling = asked["trial"], asked.get("limits") or {}, dict(asked["samplingAlgorithm"])
    if sampling["samplingAlgorithmType"] == "Random":
        rule = (sampling.get("rule") or "Random").capitalize()
        sampling = {**dict.fromkeys(("seed", "logbase")), **sampling, "rule": rule}
    resources = asked.get("resources") or trial.get("resources") or {}
    inputs = {
        key: {**given, "uri": _asset_id(plane, name, key)} if _becomes_asset(given) else given
        for key, given in (asked.get("inputs") or {}).items()
    }
    return {
        **asked,
        "trial": {**trial, "environmentId": _whole_id(plane, trial["environmentId"]), "resources": resources},
        "resources": resources,
        "samplingAlgorithm": sampling,
        "limits": {
            "jobLimitsType": SWEEP,
            **dict.fromkeys(("timeout", "maxTotalTrials", "maxConcurrentTrials", "trialTimeout")),
            **limits,
        },
        "objective": {**asked["objective"], "goal": asked["objective"]["goal"].capitalize()},
        "inputs": inputs,
    }


def keep_inputs(plane: Plane, name: str, asked: Mapping[str, Any]) -> None:
    """What a sweep reads from a storage account itself becomes a data asset."""
    for key, given in (asked.get("inputs") or {}).items():
        if _becomes_asset(given):
            made = {"dataType": given["jobInputType"], "dataUri": given["uri"], "isAnonymous": True}
            plane.assets.add(assets.Version(assets.DATA, _asset_name(name, key), "1", data(plane, made)))


def trial_of(job: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, Any]:
    """The command job that a trial is: a point of the search space is in its environment."""
    trial, limit = job["trial"], job["limits"]["trialTimeout"]
    values = {
        f"{_VARIABLE}{name}": value if isinstance(value, str) else json.dumps(value) for name, value in point.items()
    }
    return {
        "jobType": "Command",
        **{name: job.get(name) for name in _PASSED_ON},
        **trial,
        "command": PARAMETER.sub(rf"${_VARIABLE}\1", trial["command"]),
        "environmentVariables": {**(trial.get("environmentVariables") or {}), **values},
        "limits": {"jobLimitsType": "Command", "timeout": limit} if limit else None,
    }


def most_trials(job: Mapping[str, Any], size: int | None) -> int:
    """How many trials a sweep has at most; `size`: so many points its space has."""
    asked = job["limits"]["maxTotalTrials"]
    if asked is None:
        asked = (
            size if size is not None and job["samplingAlgorithm"]["samplingAlgorithmType"] == "Grid" else MOST_TRIALS
        )
    return int(asked if size is None else min(asked, size))


def timeout_of(job: Mapping[str, Any]) -> int:
    """Seconds that a sweep lasts at most."""
    return seconds(job["limits"]["timeout"]) or MOST_MINUTES * 60


def definition_of_sweep(job: Mapping[str, Any]) -> dict[str, Any]:
    """What run history has for a run definition."""
    policy = job.get("earlyTermination") or {}
    telemetry = {
        "samplingMethod": _GENERATORS[job["samplingAlgorithm"]["samplingAlgorithmType"]],
        "terminationPolicy": policy.get("policyType") or "Default",
        "primaryMetricGoal": job["objective"]["goal"].lower(),
        "maxTotalRuns": job["limits"]["maxTotalTrials"],
        "maxConcurrentRuns": job["limits"]["maxConcurrentTrials"],
        "maxDurationMinutes": timeout_of(job) // 60,
    }
    target = last(job.get("computeId")) or SERVERLESS
    return {"configuration": None, "attribution": None, "target": target, "telemetryValues": telemetry}


def properties_of(job: Mapping[str, Any]) -> dict[str, str]:
    """What the service notes of a sweep, and does not change."""
    return {
        "primary_metric_config": _metric(job),
        "resume_from": "null",
        "runTemplate": "HyperDrive",
        "azureml.runsource": "hyperdrive",
        "platform": "AML",
        "ContentSnapshotId": str(uuid.uuid5(uuid.NAMESPACE_URL, job["trial"].get("codeId") or "")),
        "user_agent": _USER_AGENT,
    }


def tags_of(job: Mapping[str, Any]) -> dict[str, str]:
    """The service's state of a sweep, as it is at its beginning."""
    limits, sampling = job["limits"], dict(job["samplingAlgorithm"])
    policy = job.get("earlyTermination") or {}
    generator = {
        "name": _GENERATORS[sampling.pop("samplingAlgorithmType")],
        "parameter_space": job["searchSpace"],
        "properties": {name: sampling[name] for name in ("rule", "logbase", "seed") if name in sampling},
    }
    numbers = {_POLICY[name]: value for name, value in policy.items() if name in _POLICY}
    if policy.get("policyType") == "TruncationSelection":
        numbers["exclude_finished_jobs"] = bool(policy.get("excludeFinishedJobs"))
    most = limits["maxTotalTrials"] or MOST_TRIALS
    state = {
        "max_concurrent_jobs": f"{limits['maxConcurrentTrials'] or most}",
        "max_total_jobs": f"{most}",
        "max_duration_minutes": f"{timeout_of(job) // 60}",
        "policy_config": _json({"name": policy.get("policyType") or "Default", "properties": numbers}),
        "generator_config": _json(generator),
        "primary_metric_config": _metric(job),
        "platform_config": _json({"Definition": definition_of(trial_of(job, {}))}),
        "resume_child_runs": "null",
        "all_jobs_generated": "false",
        "cancellation_requested": "false",
        "samples_generated_count": "0",
    }
    return {f"{SYSTEM}{name}": value for name, value in state.items()}


def _metric(job: Mapping[str, Any]) -> str:
    objective = job["objective"]
    return _json({"name": objective["primaryMetric"], "goal": objective["goal"].lower()})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _whole_id(plane: Plane, reference: str) -> str:
    """An environment's resource id: of a command job's the service keeps what was sent."""
    found = assets.find(plane, reference, assets.ENVIRONMENTS)
    if reference.startswith("azureml://registries/"):
        return reference
    return f"{plane.place.path}/environments/{found.name}/versions/{found.version}"


def _becomes_asset(given: Mapping[str, Any] | None) -> bool:
    return given is not None and "uri" in given and is_storage(given["uri"])


def _asset_name(job: str, name: str) -> str:
    return f"azureml_{job}_input_data_{name}"


def _asset_id(plane: Plane, job: str, name: str) -> str:
    space = f"azureml://locations/{plane.place.region}/workspaces/{plane.place.id}"
    return f"{space}/data/{_asset_name(job, name)}/versions/1"
