"""Refuses jobs that the official definition refuses.

Condensed from CommandJob in mfe.json of Microsoft.MachineLearningServices 2024-04-01
(github.com/Azure/azure-rest-api-specs). The SDK v2 sends api-version 2025-01-01-preview: what only that one has
(pathOnCompute, the asset that an output becomes, a list of arguments for docker) is let through as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from emulator.router import Refused

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
"""The name of a job."""

_Schema = dict[str, Any]
_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_MAYBE_NUMBER = _NUMBER | {"type": ["integer", "null"]}
_TEXTS = {"type": ["object", "null"], "additionalProperties": _MAYBE_TEXT}
_WORD = {"type": "string", "minLength": 1, "pattern": "[a-zA-Z0-9_]"}
_DURATION = {
    "type": ["string", "null"],
    "pattern": r"^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$",
}


def _closed(*required: str, nullable: bool = False, **properties: _Schema) -> _Schema:
    kind: Any = ["object", "null"] if nullable else "object"
    return {"type": kind, "required": list(required), "additionalProperties": False, "properties": properties}


def _one_of(discriminator: str, kinds: Mapping[str, _Schema], *, nullable: bool = False) -> _Schema:
    """An object whose schema depends on one of its fields, which `kinds` leave out."""
    cases = []
    for kind, schema in kinds.items():
        own = {**schema, "properties": {discriminator: _TEXT, **schema["properties"]}}
        case = {"type": "object", "required": [discriminator], "properties": {discriminator: {"const": kind}}}
        cases.append({"if": case, "then": own})
    return {
        "type": ["object", "null"] if nullable else "object",
        "required": [discriminator],
        "properties": {discriminator: {"enum": list(kinds)}},
        "allOf": cases,
    }


_ASSETS = ("uri_file", "uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model")
_ASSET_INPUT = _closed(
    "uri",
    description=_MAYBE_TEXT,
    mode={"enum": ["ReadOnlyMount", "ReadWriteMount", "Download", "Direct", "EvalMount", "EvalDownload", None]},
    uri=_WORD,
    pathOnCompute=_MAYBE_TEXT,
)
_INPUT = _one_of(
    "jobInputType",
    {"literal": _closed("value", description=_MAYBE_TEXT, value=_WORD), **dict.fromkeys(_ASSETS, _ASSET_INPUT)},
    nullable=True,
)
_ASSET_OUTPUT = _closed(
    description=_MAYBE_TEXT,
    mode={"enum": ["ReadWriteMount", "Upload", "Direct", None]},
    uri=_MAYBE_TEXT,
    pathOnCompute=_MAYBE_TEXT,
    autoDeleteSetting={"type": ["object", "null"]},
    assetName=_MAYBE_TEXT,
    assetVersion=_MAYBE_TEXT,
)
_OUTPUT = _one_of("jobOutputType", dict.fromkeys(_ASSETS, _ASSET_OUTPUT), nullable=True)
_DISTRIBUTION = _one_of(
    "distributionType",
    {
        "TensorFlow": _closed(parameterServerCount=_NUMBER, workerCount=_MAYBE_NUMBER),
        "PyTorch": _closed(processCountPerInstance=_MAYBE_NUMBER),
        "Mpi": _closed(processCountPerInstance=_MAYBE_NUMBER),
    },
    nullable=True,
)
_ID = {"type": ["string", "null"], "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
_IDENTITY = _one_of(
    "identityType",
    {
        "AMLToken": _closed(),
        "UserIdentity": _closed(),
        "Managed": _closed(clientId=_ID, objectId=_ID, resourceId=_MAYBE_TEXT),
    },
    nullable=True,
)
_RESOURCES = _closed(
    nullable=True,
    instanceCount=_NUMBER,
    instanceType=_MAYBE_TEXT,
    properties={"type": ["object", "null"], "additionalProperties": {"type": ["object", "null"]}},
    dockerArgs=_MAYBE_TEXT,
    dockerArgsList={"type": ["array", "null"], "items": _TEXT},
    shmSize={"type": "string", "pattern": r"\d+[bBkKmMgG]"},
    # In no published definition: the SDK sends them all the same.
    locations={"type": ["array", "null"], "items": _TEXT},
    maxInstanceCount=_MAYBE_NUMBER,
)
_SERVICE = _closed(
    endpoint=_MAYBE_TEXT,
    errorMessage=_MAYBE_TEXT,
    jobServiceType=_MAYBE_TEXT,
    nodes=_one_of("nodesValueType", {"All": _closed()}, nullable=True),
    port=_MAYBE_NUMBER,
    properties=_TEXTS,
    status=_MAYBE_TEXT,
)
_LIMITS = _one_of("jobLimitsType", {"Command": _closed(timeout=_DURATION)}, nullable=True)
_TIERS = {"enum": ["Null", "Spot", "Basic", "Standard", "Premium", None]}
_WITHOUT_ASSET_VERSION = "2025-01-01-preview"
_COMMAND_JOB = _closed(
    "command",
    "environmentId",
    "jobType",
    description=_MAYBE_TEXT,
    properties=_TEXTS,
    tags=_TEXTS,
    componentId=_MAYBE_TEXT,
    computeId=_MAYBE_TEXT,
    displayName=_MAYBE_TEXT,
    experimentName=_TEXT,
    identity=_IDENTITY,
    isArchived={"type": "boolean"},
    jobType={"const": "Command"},
    notificationSetting={"type": ["object", "null"]},
    # of other versions: shown, and let through
    **{key: {"type": ["object", "null"]} for key in ("autologgerSettings", "secretsConfiguration")},
    parentJobName=_MAYBE_TEXT,
    services={"type": ["object", "null"], "additionalProperties": _SERVICE},
    status=_MAYBE_TEXT,
    codeId=_MAYBE_TEXT,
    command=_WORD,
    distribution=_DISTRIBUTION,
    environmentId=_WORD,
    environmentVariables=_TEXTS,
    inputs={"type": ["object", "null"], "additionalProperties": _INPUT},
    limits=_LIMITS,
    outputs={"type": ["object", "null"], "additionalProperties": _OUTPUT},
    parameters={"type": ["object", "null"]},
    queueSettings=_closed(nullable=True, jobTier=_TIERS, priority={"enum": [1, 2, 3, None]}),
    resources=_RESOURCES,
)
_JOB = Draft202012Validator(
    {
        "type": "object",
        "required": ["properties"],
        "additionalProperties": False,
        "properties": {
            **dict.fromkeys(("id", "name", "type"), _MAYBE_TEXT),
            "systemData": {"type": ["object", "null"]},
            "properties": _COMMAND_JOB,
        },
    }
)


def check(name: str, body: Any, version: str) -> dict[str, Any]:
    """A job's properties. Raises Refused 400 with the path and the reason when name or body are not as defined."""
    if not NAME.fullmatch(name):
        raise Refused(400, "UserError", f"The job name '{name}' is not valid: it must match ^{NAME.pattern}$.")
    kind = (body.get("properties") or {}).get("jobType") if isinstance(body, dict) else None
    if kind in ("AutoML", "Sweep", "Pipeline", "Spark"):
        raise Refused(400, "UserError", f"The emulator has no jobs of the type {kind}.")
    wrong = best_match(_JOB.iter_errors(body))
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
