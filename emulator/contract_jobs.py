"""Refuses jobs that the official definition refuses.

Condensed from CommandJob and SweepJob in mfe.json of Microsoft.MachineLearningServices 2024-04-01
(github.com/Azure/azure-rest-api-specs). The SDK v2 sends api-version 2025-01-01-preview: what only that one has
(pathOnCompute, the asset that an output becomes, a list of arguments for docker) is let through as well.
"""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from emulator.contract_job_parts import (
    COMMON,
    DURATION,
    MAYBE_MAPPING,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    PROGRAM,
    WORD,
    Schema,
    closed,
    one_of,
)
from emulator.router import Refused

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
"""The name of a job."""

SWEEP = "Sweep"
"""The type of a job that runs others."""

_WITHOUT_ASSET_VERSION = "2025-01-01-preview"
_COMMAND_JOB = closed(
    "command",
    "environmentId",
    "jobType",
    jobType={"const": "Command"},
    limits=one_of("jobLimitsType", {"Command": closed(timeout=DURATION)}, nullable=True),
    parameters=MAYBE_MAPPING,
    **{**COMMON, **PROGRAM},
)
_COUNT = {"type": ["integer", "null"], "minimum": 1}
_INTERVALS = {"evaluationInterval": MAYBE_NUMBER, "delayEvaluation": MAYBE_NUMBER}
_SLACK = {"type": ["number", "null"]}
_POLICIES = {
    "Bandit": closed(slackFactor=_SLACK, slackAmount=_SLACK, **_INTERVALS),
    "MedianStopping": closed(**_INTERVALS),
    "TruncationSelection": closed(truncationPercentage=MAYBE_NUMBER, excludeFinishedJobs={}, **_INTERVALS),
}
_RANDOM = closed(
    seed=MAYBE_NUMBER,
    rule={"type": ["string", "null"], "pattern": "^([Rr]andom|[Ss]obol)$"},
    logbase={"type": ["number", "string", "null"]},  # in no published definition; the SDK sends it
)
_SWEEP_LIMITS = closed(timeout=DURATION, trialTimeout=DURATION, maxTotalTrials=_COUNT, maxConcurrentTrials=_COUNT)
_SWEEP_JOB = closed(
    "jobType",
    "objective",
    "samplingAlgorithm",
    "searchSpace",
    "trial",
    jobType={"const": SWEEP},
    componentConfiguration=MAYBE_MAPPING,
    earlyTermination=one_of("policyType", _POLICIES, nullable=True),
    limits=one_of("jobLimitsType", {SWEEP: _SWEEP_LIMITS}, nullable=True),
    objective=closed(
        "goal", "primaryMetric", goal={"type": "string", "pattern": "^([Mm]in|[Mm]ax)imize$"}, primaryMetric=WORD
    ),
    samplingAlgorithm=one_of("samplingAlgorithmType", {"Grid": closed(), "Random": _RANDOM, "Bayesian": closed()}),
    searchSpace={"type": "object"},
    trial=closed("command", "environmentId", **PROGRAM),
    **COMMON,
)


def _whole(job: Schema) -> Draft202012Validator:
    named = dict.fromkeys(("id", "name", "type"), MAYBE_TEXT)
    return Draft202012Validator(closed("properties", systemData=MAYBE_MAPPING, properties=job, **named))


_JOBS = {"Command": _whole(_COMMAND_JOB), SWEEP: _whole(_SWEEP_JOB)}


def check(name: str, body: Any, version: str) -> dict[str, Any]:
    """A job's properties. Raises Refused 400 with the path and the reason when name or body are not as defined."""
    if not NAME.fullmatch(name):
        raise Refused(400, "UserError", f"The job name '{name}' is not valid: it must match ^{NAME.pattern}$.")
    kind = (body.get("properties") or {}).get("jobType") if isinstance(body, dict) else None
    if kind in ("AutoML", "Pipeline", "Spark"):
        raise Refused(400, "UserError", f"The emulator has no jobs of the type {kind}.")
    wrong = best_match((_JOBS[SWEEP] if kind == SWEEP else _JOBS["Command"]).iter_errors(body))
    if wrong is not None:
        raise _invalid(f"{wrong.json_path}: {wrong.message}")
    for place, output in (body["properties"].get("outputs") or {}).items():
        if version == _WITHOUT_ASSET_VERSION and "assetVersion" in (output or {}):
            kind = "".join(word.capitalize() for word in output["jobOutputType"].split("_"))
            told = f"Could not find member 'assetVersion' on object of type '{kind}JobOutput'."
            raise _invalid(f"{told} Path 'properties.outputs.{place}.assetVersion', line 1, position 1.")
    return dict(body["properties"])


def _invalid(told: str) -> Refused:
    details = [{"code": "RequestInvalid", "message": told}]
    message = "Request is invalid and/or missing fields."
    return Refused(400, "UserError", message, details=details, inner=("RequestInvalid",))
