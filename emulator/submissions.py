"""What the execution service refuses in a run definition, and what it makes of one that it accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema

from emulator.planes import Cluster
from emulator.runs_state import Plane
from emulator.snapshots import files_of

RUN_ID = re.compile(r"[a-zA-Z0-9][\w-]{0,254}")
FRAMEWORKS = ("Python", "PySpark", "CNTK", "TensorFlow", "PyTorch", "R")
COMMUNICATORS = ("None", "ParameterServer", "Gloo", "Mpi", "Nccl", "OpenMpi", "IntelMpi", "ParallelTask")
MODES = ("mount", "download", "upload")
MPI = frozenset({"mpi", "openmpi", "intelmpi"})

# Written from the service's RunConfiguration, as azureml-core's generated client has it
# (azureml/_restclient/models/run_configuration.py and the models that it names).
_TEXT, _NUMBER, _FLAG = {"type": ["string", "null"]}, {"type": ["integer", "null"]}, {"type": ["boolean", "null"]}
_TEXTS = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}


def _mapping(**properties: Any) -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": properties}


_DATA_REFERENCE = _mapping(
    dataStoreName={"type": "string"}, mode=_TEXT, pathOnDataStore=_TEXT, pathOnCompute=_TEXT, overwrite=_FLAG
)
_ENVIRONMENT = _mapping(
    name=_TEXT,
    version=_TEXT,
    environmentVariables=_TEXTS,
    python=_mapping(
        interpreterPath=_TEXT,
        userManagedDependencies=_FLAG,
        condaDependencies={"type": ["object", "null"]},
        baseCondaEnvironment=_TEXT,
    ),
    docker=_mapping(
        baseImage=_TEXT,
        baseDockerfile=_TEXT,
        shmSize=_TEXT,
        arguments={"type": ["array", "null"], "items": {"type": "string"}},
    ),
)
CONFIGURATION = {
    "type": "object",
    "required": ["target"],
    "properties": {
        "script": _TEXT,
        "command": _TEXT,
        "arguments": {"type": ["array", "null"], "items": {"type": ["string", "number", "boolean"]}},
        "framework": _TEXT,
        "communicator": _TEXT,
        "target": {"type": "string"},
        "jobName": _TEXT,
        "maxRunDurationSeconds": _NUMBER,
        "nodeCount": _NUMBER,
        "priority": _NUMBER,
        "credentialPassthrough": _FLAG,
        "environmentVariables": _TEXTS,
        "dataReferences": {"type": ["object", "null"], "additionalProperties": _DATA_REFERENCE},
        "applicationEndpoints": {
            "type": ["object", "null"],
            "additionalProperties": _mapping(
                type={"enum": ["Jupyter", "JupyterLab", "SSH", "TensorBoard", "VSCode", "Grafana", "Custom"]},
                port=_NUMBER,
                properties=_TEXTS,
            ),
        },
        "data": {"type": ["object", "null"]},
        "outputData": {"type": ["object", "null"]},
        "environment": _ENVIRONMENT,
        "history": _mapping(
            outputCollection=_FLAG, directoriesToWatch={"type": ["array", "null"], "items": {"type": "string"}}
        ),
        "tensorflow": _mapping(workerCount=_NUMBER, parameterServerCount=_NUMBER),
        "mpi": _mapping(processCountPerNode=_NUMBER, nodeCount=_NUMBER),
        "pytorch": _mapping(communicationBackend=_TEXT, processCount=_NUMBER, nodeCount=_NUMBER),
        "docker": _mapping(
            useDocker=_FLAG, arguments={"type": ["array", "null"], "items": {"type": "string"}}, shmSize=_TEXT
        ),
    },
}
_CHECK = jsonschema.Draft202012Validator(CONFIGURATION)


@dataclass(frozen=True)
class Shape:
    """The processes of a run: `kind` is none, tensorflow, pytorch or mpi."""

    kind: str
    nodes: int
    workers: int = 1
    servers: int = 0
    per_node: int = 1


def shape_of(definition: Mapping[str, Any]) -> Shape:
    """How many processes a definition asks for, and of what kind."""
    communicator, framework = _word(definition, "communicator"), _word(definition, "framework")
    nodes = int(definition.get("nodeCount") or 1)
    if communicator == "parameterserver":
        asked = definition.get("tensorflow") or {}
        return Shape(
            "tensorflow", nodes, int(asked.get("workerCount") or 1), int(asked.get("parameterServerCount") or 0)
        )
    if communicator in MPI:
        per_node = int((definition.get("mpi") or {}).get("processCountPerNode") or 1)
        return Shape("mpi", nodes, nodes * per_node, per_node=per_node)
    if framework == "pytorch" and communicator in ("nccl", "gloo"):
        workers = int((definition.get("pytorch") or {}).get("processCount") or nodes)
        return Shape("pytorch", nodes, workers, per_node=max(1, workers // nodes))
    return Shape("none", nodes)


def problem(plane: Plane, run_id: str, body: Mapping[str, Any]) -> str:
    """Why a submission is refused, in words; empty when it is not."""
    return next(_problems(plane, run_id, body), "")


def _problems(plane: Plane, run_id: str, body: Mapping[str, Any]) -> Iterator[str]:
    if not RUN_ID.fullmatch(run_id):
        yield f"The run id '{run_id}' is not valid: letters, digits, '-' and '_', at most 255, the first no sign."
    definition = body.get("Configuration") or body.get("configuration")
    if not isinstance(definition, dict):
        yield "The run definition has no Configuration."
        return
    for error in _CHECK.iter_errors(definition):
        yield f"The run configuration is invalid: {'.'.join(map(str, error.absolute_path)) or 'it'}: {error.message}"
    yield from _of_code(plane, definition, body.get("SnapshotId") or body.get("snapshotId"))
    yield from _of_data(plane, definition)
    cluster = plane.cloud.cluster(plane, str(definition["target"]))
    if cluster is None:
        yield f"Compute target {definition['target']} was not found in workspace {plane.place.name}."
    else:
        yield from _of_processes(definition, cluster)


def _of_code(plane: Plane, definition: Mapping[str, Any], snapshot_id: str | None) -> Iterator[str]:
    script, command = definition.get("script"), definition.get("command")
    if bool(script) == bool(command):
        yield "Exactly one of script and command must be specified."
    snapshot = plane.snapshots.get(snapshot_id or "")
    if snapshot is None:
        yield f"Snapshot {snapshot_id} was not found."
    elif script and script not in {path for path, _ in files_of(snapshot.tree)}:
        yield f"The script {script} was not found in snapshot {snapshot_id}."


def _of_data(plane: Plane, definition: Mapping[str, Any]) -> Iterator[str]:
    for name, reference in (definition.get("dataReferences") or {}).items():
        store = str(reference["dataStoreName"])
        if store.lower() not in plane.datastores:
            yield f"Data reference {name}: datastore {store} was not found."
        if (reference.get("mode") or "mount").lower() not in MODES:
            yield f"Data reference {name}: the mode {reference['mode']} is none of {', '.join(MODES)}."
    if definition.get("data"):
        yield f"The datasets {', '.join(definition['data'])} were not found: the emulator has no datasets."
    if definition.get("outputData"):
        yield f"The emulator has no datasets, so nothing can be written to {', '.join(definition['outputData'])}."


def _of_processes(definition: Mapping[str, Any], cluster: Cluster) -> Iterator[str]:
    communicator, framework = _word(definition, "communicator"), _word(definition, "framework")
    if framework not in map(str.lower, FRAMEWORKS):
        yield f"The framework {definition.get('framework')} is none of {', '.join(FRAMEWORKS)}."
    if communicator not in map(str.lower, COMMUNICATORS):
        yield f"The communicator {definition.get('communicator')} is none of {', '.join(COMMUNICATORS)}."
    if communicator == "parameterserver" and framework != "tensorflow":
        yield "The communicator ParameterServer needs the framework TensorFlow."
    if communicator in ("nccl", "gloo") and framework != "pytorch":
        yield f"The communicator {definition['communicator']} needs the framework PyTorch."
    shape, limit = shape_of(definition), definition.get("maxRunDurationSeconds")
    if shape.nodes < 1 or shape.workers < 1 or shape.servers < 0 or shape.per_node < 1:
        yield "Node count and process counts must be positive."
    if shape.kind == "none" and shape.nodes > 1:
        yield f"A run on {shape.nodes} nodes needs a communicator."
    if shape.kind == "pytorch" and shape.workers % shape.nodes:
        yield f"The process count {shape.workers} is no multiple of the node count {shape.nodes}."
    if shape.nodes > cluster.max_nodes:
        most = f"the maximum node count {cluster.max_nodes} of compute target {cluster.name}"
        yield f"The specified node count {shape.nodes} exceeds {most}."
    if limit is not None and limit < 1:
        yield f"maxRunDurationSeconds must be positive, not {limit}."
    if cluster.state() == "Failed":
        yield f"Compute target {cluster.name} is in the state Failed."


def _word(definition: Mapping[str, Any], name: str) -> str:
    return str(definition.get(name) or {"framework": "Python"}.get(name, "None")).lower()
