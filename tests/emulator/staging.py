"""A run's folder made ready: code and data as they lie on a node, and the request that the local supervisor obeys."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specrun.engines.local import state
from specrun.engines.local.request import Cluster, Distribution, Request
from tests.emulator.blobs import Blobs
from tests.emulator.planes import Cluster as Compute
from tests.emulator.runs_state import Datastore, Plane, Run
from tests.emulator.snapshots import unpack
from tests.emulator.submissions import Shape, shape_of

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_MAX_SECONDS = 30 * 24 * 3600

RUN_SCRIPT = Path(__file__).with_name("run_script.py")
"""What starts a script, as Azure ML's own wrapper does; a command is bash's alone."""

_AS_MPI = (
    'export OMPI_COMM_WORLD_RANK="$RANK" OMPI_COMM_WORLD_SIZE="$WORLD_SIZE" OMPI_COMM_WORLD_LOCAL_RANK="$LOCAL_RANK"; '
    'export OMPI_COMM_WORLD_LOCAL_SIZE="%d"; unset RANK WORLD_SIZE LOCAL_RANK NODE_RANK MASTER_ADDR MASTER_PORT; '
)
"""There is no MPI here: every rank is started by itself, with the variables that Open MPI gives it."""


class Unusable(Exception):
    """What a run asks for cannot be brought to a node; the message says what and why."""


@dataclass(frozen=True)
class Reference:
    """Data on a node. `path` is what the script is told; `root` is the folder that stands for `base` in the datastore,
    a prefix that is empty or ends with /; `before` is what was in it, with size and time."""

    mode: str
    store: Datastore
    base: str
    root: Path
    path: Path
    before: Mapping[Path, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Staged:
    """A folder in which everything lies."""

    folder: Path
    references: Mapping[str, Reference]
    shape: Shape


def stage(plane: Plane, run: Run, compute: Compute) -> Staged:
    """Make a run's folder ready for the supervisor. Raises Unusable."""
    assert run.definition is not None
    folder = plane.cloud.folder / "runs" / run.id
    code = folder / "code"
    unpack(plane, plane.snapshots[str(run.snapshot)], code)
    for name in ("outputs", "logs"):
        (code / name).mkdir(parents=True, exist_ok=True)
    (folder / "home").mkdir()
    given: Mapping[str, Any] = run.definition.get("dataReferences") or {}
    said = " ".join([str(run.definition.get("command")), *map(str, run.definition.get("arguments") or [])])
    references = {name: _place(plane, folder, name, reference, said) for name, reference in given.items()}
    shape = shape_of(run.definition)
    state.write_prepared(folder, _request(plane, run, compute, folder, references, shape))
    run.folder = folder
    return Staged(folder, references, shape)


def contents(root: Path) -> dict[Path, tuple[int, int]]:
    """The files below a folder with size and time of change."""
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in root.rglob("*") if file.is_file()}


def _place(plane: Plane, folder: Path, name: str, given: Mapping[str, Any], said: str) -> Reference:
    """Put what a data reference means where the run finds it. What is not in storage is not on the node either."""
    store = plane.datastores[given["dataStoreName"].lower()]
    mode, there = (given.get("mode") or "mount").lower(), (given.get("pathOnDataStore") or "").strip("/")
    where = given.get("pathOnCompute")
    root = folder / "code" / where if where else folder / "data" / name
    root.parent.mkdir(parents=True, exist_ok=True)
    blobs = _open(plane, name, store)
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


def _open(plane: Plane, name: str, store: Datastore) -> Blobs:
    """The blobs of a datastore, which its own credential must open. Raises Unusable."""
    account = plane.cloud.account(store.account)
    if account is None:
        raise Unusable(f"DataReference {name}: the storage account {store.account} cannot be reached.")
    credential = store.section.get("credential")
    if store.section.get("credentialType") in ("Sas", "AccountKey") and store.kind == "AzureBlob":
        problem = account.blobs.refusal(store.container, str(credential))
        if problem:
            raise Unusable(f"DataReference {name}: the datastore {store.name} cannot be opened: {problem}.")
    return account.blobs


def _request(
    plane: Plane, run: Run, compute: Compute, folder: Path, references: Mapping[str, Reference], shape: Shape
) -> Request:
    assert run.definition is not None
    limit = run.definition.get("maxRunDurationSeconds")
    kind = "pytorch" if shape.kind == "mpi" else shape.kind
    variables = _variables(plane, run, folder, references)
    return Request(
        name=run.id,
        command=_command(run.definition, variables, shape),
        slots=str(plane.cloud.folder / "slots"),
        marker=f"emulated-{plane.place.id}-{run.id}",
        cluster=Cluster("emulated"),
        distribution=Distribution(kind, shape.servers, shape.workers, shape.per_node),
        instance_count=shape.nodes,
        environment_variables=variables,
        path=(str(Path(sys.executable).parent),),
        gpu=None if compute.size.upper().startswith("STANDARD_N") else False,
        timeout=float(limit) if limit and limit < _MAX_SECONDS else None,
    )


def _command(definition: Mapping[str, Any], variables: Mapping[str, str], shape: Shape) -> str:
    """The bash command line of each process. Variables in a script's arguments are expanded before, without quotes."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[2], match[0])

    command = definition.get("command")
    if not command:
        words = [_VARIABLE.sub(value, str(word)) for word in definition.get("arguments") or []]
        command = shlex.join(["python", str(RUN_SCRIPT), definition["script"], *words])
    return (_AS_MPI % shape.per_node if shape.kind == "mpi" else "") + command


def _variables(plane: Plane, run: Run, folder: Path, references: Mapping[str, Reference]) -> dict[str, str]:
    """What a process finds in its environment on Azure ML, and how it reaches the emulator."""
    assert run.definition is not None
    place = plane.place
    token, expiry = plane.cloud.run_token(plane, run)
    asked = {**((run.definition.get("environment") or {}).get("environmentVariables") or {})}
    asked |= run.definition.get("environmentVariables") or {}
    return {
        **asked,
        **plane.cloud.variables(),
        "HOME": str(folder / "home"),
        "AZUREML_RUN_ID": run.id,
        "AZUREML_ROOT_RUN_ID": run.parent or run.id,
        "AZUREML_ARM_SUBSCRIPTION": place.subscription,
        "AZUREML_ARM_RESOURCEGROUP": place.group,
        "AZUREML_ARM_WORKSPACE_NAME": place.name,
        "AZUREML_ARM_PROJECT_NAME": run.experiment.name,
        "AZUREML_EXPERIMENT_ID": run.experiment.id,
        "AZUREML_EXPERIMENT_SCOPE": f"{place.path}/experiments/{run.experiment.name}",
        "AZUREML_WORKSPACE_ID": place.id,
        "AZUREML_WORKSPACE_SCOPE": place.path,
        "AZUREML_SERVICE_ENDPOINT": place.api,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{place.api}/discovery",
        "AZUREML_RUN_TOKEN": token,
        "AZUREML_RUN_TOKEN_EXPIRY": str(int(expiry)),
        "AZUREML_NODE_COUNT": str(run.definition.get("nodeCount") or 1),
        **{f"AZUREML_DATAREFERENCE_{name}": str(reference.path) for name, reference in references.items()},
    }
