"""Of what jobs are made, whatever their type: pieces of the schemas by which their bodies are checked.

Condensed from mfe.json of Microsoft.MachineLearningServices 2024-04-01 (github.com/Azure/azure-rest-api-specs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
TEXT = {"type": "string"}
MAYBE_TEXT = {"type": ["string", "null"]}
NUMBER = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
MAYBE_NUMBER = NUMBER | {"type": ["integer", "null"]}
TEXTS = {"type": ["object", "null"], "additionalProperties": MAYBE_TEXT}
WORD = {"type": "string", "minLength": 1, "pattern": "[a-zA-Z0-9_]"}
DURATION = {
    "type": ["string", "null"],
    "pattern": r"^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$",
}


def closed(*required: str, nullable: bool = False, **properties: Schema) -> Schema:
    """An object with these fields and no others."""
    kind: Any = ["object", "null"] if nullable else "object"
    return {"type": kind, "required": list(required), "additionalProperties": False, "properties": properties}


def one_of(discriminator: str, kinds: Mapping[str, Schema], *, nullable: bool = False) -> Schema:
    """An object whose schema depends on one of its fields, which `kinds` leave out."""
    cases = []
    for kind, schema in kinds.items():
        own = {**schema, "properties": {discriminator: TEXT, **schema["properties"]}}
        case = {"type": "object", "required": [discriminator], "properties": {discriminator: {"const": kind}}}
        cases.append({"if": case, "then": own})
    return {
        "type": ["object", "null"] if nullable else "object",
        "required": [discriminator],
        "properties": {discriminator: {"enum": list(kinds)}},
        "allOf": cases,
    }


ASSETS = ("uri_file", "uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model")
ASSET_INPUT = closed(
    "uri",
    description=MAYBE_TEXT,
    mode={"enum": ["ReadOnlyMount", "ReadWriteMount", "Download", "Direct", "EvalMount", "EvalDownload", None]},
    uri=WORD,
    pathOnCompute=MAYBE_TEXT,
)
INPUT = one_of(
    "jobInputType",
    {"literal": closed("value", description=MAYBE_TEXT, value=WORD), **dict.fromkeys(ASSETS, ASSET_INPUT)},
    nullable=True,
)
ASSET_OUTPUT = closed(
    description=MAYBE_TEXT,
    mode={"enum": ["ReadWriteMount", "Upload", "Direct", None]},
    uri=MAYBE_TEXT,
    pathOnCompute=MAYBE_TEXT,
    autoDeleteSetting={"type": ["object", "null"]},
    assetName=MAYBE_TEXT,
    assetVersion=MAYBE_TEXT,
)
OUTPUT = one_of("jobOutputType", dict.fromkeys(ASSETS, ASSET_OUTPUT), nullable=True)
DISTRIBUTION = one_of(
    "distributionType",
    {
        "TensorFlow": closed(parameterServerCount=NUMBER, workerCount=MAYBE_NUMBER),
        "PyTorch": closed(processCountPerInstance=MAYBE_NUMBER),
        "Mpi": closed(processCountPerInstance=MAYBE_NUMBER),
    },
    nullable=True,
)
ID = {"type": ["string", "null"], "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
IDENTITY = one_of(
    "identityType",
    {
        "AMLToken": closed(),
        "UserIdentity": closed(),
        "Managed": closed(clientId=ID, objectId=ID, resourceId=MAYBE_TEXT),
    },
    nullable=True,
)
RESOURCES = closed(
    nullable=True,
    instanceCount=NUMBER,
    instanceType=MAYBE_TEXT,
    properties={"type": ["object", "null"], "additionalProperties": {"type": ["object", "null"]}},
    dockerArgs=MAYBE_TEXT,
    dockerArgsList={"type": ["array", "null"], "items": TEXT},
    shmSize={"type": "string", "pattern": r"\d+[bBkKmMgG]"},
    # In no published definition: the SDK sends them all the same.
    locations={"type": ["array", "null"], "items": TEXT},
    maxInstanceCount=MAYBE_NUMBER,
)
SERVICE = closed(
    endpoint=MAYBE_TEXT,
    errorMessage=MAYBE_TEXT,
    jobServiceType=MAYBE_TEXT,
    nodes=one_of("nodesValueType", {"All": closed()}, nullable=True),
    port=MAYBE_NUMBER,
    properties=TEXTS,
    status=MAYBE_TEXT,
)
TIERS = {"enum": ["Null", "Spot", "Basic", "Standard", "Premium", None]}
MAYBE_MAPPING = {"type": ["object", "null"]}
"""One into which nobody looks."""

COMMON: Mapping[str, Schema] = {
    **dict.fromkeys(("description", "componentId", "computeId", "displayName", "parentJobName", "status"), MAYBE_TEXT),
    **dict.fromkeys(("properties", "tags"), TEXTS),
    "experimentName": TEXT,
    "identity": IDENTITY,
    "isArchived": {"type": "boolean"},
    # Of other versions: shown, and let through.
    **dict.fromkeys(("autologgerSettings", "notificationSetting", "secretsConfiguration"), MAYBE_MAPPING),
    "services": {"type": ["object", "null"], "additionalProperties": SERVICE},
    "inputs": {"type": ["object", "null"], "additionalProperties": INPUT},
    "outputs": {"type": ["object", "null"], "additionalProperties": OUTPUT},
    "queueSettings": closed(nullable=True, jobTier=TIERS, priority={"enum": [1, 2, 3, None]}),
    "resources": RESOURCES,
}
"""What jobs of every type have."""

PROGRAM: Mapping[str, Schema] = {
    "codeId": MAYBE_TEXT,
    "command": WORD,
    "distribution": DISTRIBUTION,
    "environmentId": WORD,
    "environmentVariables": TEXTS,
    "resources": RESOURCES,
}
"""What is run: of a command job itself, of a sweep each of its trials."""
