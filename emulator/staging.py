"""A run's folder made ready: code and data as they lie on a node, and the request that the local supervisor obeys."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.assets import code_blobs
from emulator.job_data import Brought, bring, filled
from emulator.node_variables import variables_of
from emulator.planes import Cluster as Compute
from emulator.references import Reference, Unusable, contents, open_store
from emulator.runs_state import Plane, Run
from emulator.snapshots import unpack
from emulator.submissions import Shape, shape_of
from specrun.engines.local import state
from specrun.engines.local.request import Cluster, Request, Team

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_MAX_SECONDS = 30 * 24 * 3600

RUN_SCRIPT = Path(__file__).with_name("run_script.py")
"""What starts a script, as Azure ML's own wrapper does; a command is bash's alone."""

_AS_MPI = (
    'export OMPI_COMM_WORLD_RANK="$RANK" OMPI_COMM_WORLD_SIZE="$WORLD_SIZE" OMPI_COMM_WORLD_LOCAL_RANK="$LOCAL_RANK"; '
    'export OMPI_COMM_WORLD_LOCAL_SIZE="%d"; unset RANK WORLD_SIZE LOCAL_RANK NODE_RANK MASTER_ADDR MASTER_PORT; '
)
"""There is no MPI here: every rank is started by itself, with the variables that Open MPI gives it."""


@dataclass(frozen=True)
class Staged:
    """A folder in which everything lies."""

    folder: Path
    references: Mapping[str, Reference]
    shape: Shape


def stage(plane: Plane, run: Run, compute: Compute) -> Staged:
    """Make a run's folder ready for the supervisor. Raises Unusable."""
    assert run.definition is not None
    folder = plane.cloud.folder / "runs" / plane.place.id / run.id
    code = folder / "code"
    _bring_code(plane, run, code)
    for name in ("outputs", "logs"):
        (code / name).mkdir(parents=True, exist_ok=True)
    (folder / "home").mkdir()
    brought = bring(plane, run, folder) if run.job is not None else _bring_references(plane, run, folder)
    shape = shape_of(run.definition)
    state.write_prepared(folder, _request(plane, run, compute, folder, brought, shape))
    run.folder = folder
    return Staged(folder, brought.references, shape)


def _bring_code(plane: Plane, run: Run, code: Path) -> None:
    if run.job is None:
        unpack(plane, plane.snapshots[str(run.snapshot)], code)
    elif run.job.get("codeId"):
        for path, container, blob in code_blobs(plane, run.job["codeId"]):
            plane.blobs.fetch(container, blob, code / path)


def _bring_references(plane: Plane, run: Run, folder: Path) -> Brought:
    definition = run.definition or {}
    given: Mapping[str, Any] = definition.get("dataReferences") or {}
    said = " ".join([str(definition.get("command")), *map(str, definition.get("arguments") or [])])
    return Brought({name: _place(plane, folder, name, reference, said) for name, reference in given.items()}, {})


def _place(plane: Plane, folder: Path, name: str, given: Mapping[str, Any], said: str) -> Reference:
    """Put what a data reference means where the run finds it. What is not in storage is not on the node either."""
    store = plane.datastores[given["dataStoreName"].lower()]
    mode, there = (given.get("mode") or "mount").lower(), (given.get("pathOnDataStore") or "").strip("/")
    where = given.get("pathOnCompute")
    root = folder / "code" / where if where else folder / "data" / name
    root.parent.mkdir(parents=True, exist_ok=True)
    blobs = open_store(plane, f"DataReference {name}", store)
    if mode == "upload":
        return Reference(mode, store, there and there + "/", root, root)
    root.mkdir(exist_ok=True)
    # The estimator mounts the whole default datastore, which no script asked for: that alone is not downloaded.
    if there or f"AZUREML_DATAREFERENCE_{name}" in said:
        for blob in blobs.paths(store.container, there):
            if not there or blob == there or blob.startswith(there + "/"):
                blobs.fetch(store.container, blob, root / blob)
    path = root / there
    if mode == "download" and not path.exists():
        raise Unusable(f"DataReference {name}: there is nothing at {there} in the datastore {store.name}.")
    return Reference(mode, store, "", root, path, contents(root))


def _request(plane: Plane, run: Run, compute: Compute, folder: Path, brought: Brought, shape: Shape) -> Request:
    assert run.definition is not None
    limit = run.definition.get("maxRunDurationSeconds")
    kind = "pytorch" if shape.kind == "mpi" else shape.kind
    variables = variables_of(plane, run, folder, brought.references)
    return Request(
        name=run.id,
        command=_command(run.definition, variables, brought.values, shape),
        slots=str(plane.cloud.folder / "slots"),
        marker=f"emulated-{plane.place.id}-{run.id}",
        cluster=Cluster("emulated"),
        distribution=Team(kind, shape.servers, shape.workers, shape.per_node),
        instance_count=shape.nodes,
        environment_variables=variables,
        path=(str(Path(sys.executable).parent),),
        gpu=None if compute.size.upper().startswith("STANDARD_N") else False,
        timeout=float(limit) if limit and limit < _MAX_SECONDS else None,
    )


def _command(
    definition: Mapping[str, Any], variables: Mapping[str, str], values: Mapping[str, str], shape: Shape
) -> str:
    """The bash command line of each process. Variables in a script's arguments are expanded before, without quotes."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[2], match[0])

    command = filled(definition.get("command") or "", values)
    if not command:
        words = [_VARIABLE.sub(value, str(word)) for word in definition.get("arguments") or []]
        command = shlex.join(["python", str(RUN_SCRIPT), definition["script"], *words])
    return (_AS_MPI % shape.per_node if shape.kind == "mpi" else "") + command
