"""A job's inputs and outputs as SDK v1 has them: references to datastores, and what stands for each in a command.

The service puts the place of a reference into `$AZUREML_DATAREFERENCE_<name>` before the job begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from specrun.engines.azure.datastore_paths import DATASTORE_PATH
from specrun.plan.resources import input_data
from specrun.spec.model import Input, Output, Spec

VARIABLE = "AZUREML_DATAREFERENCE_"
KEPT = "SPECRUN_OUTPUTS"
"""The shell variable for the folder whose files the service keeps with the run."""

MODES = {"ro_mount": "mount", "mount": "mount", "rw_mount": "mount", "download": "download", "upload": "upload"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A scalar input: its text stands in the command."""

    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """A path that only the job knows: the value of a variable, and what follows it."""

    variable: str
    below: str = ""


Value = Literal | Place


@dataclass(frozen=True, slots=True)
class Reference:
    """A path on a datastore; `datastore` None is the workspace's default one. `mode`: mount, download, upload."""

    name: str
    datastore: str | None
    path: str
    mode: str


def references(spec: Spec) -> tuple[Reference, ...]:
    """What the job's inputs and outputs need of datastores."""
    job = spec.job
    assert job is not None
    inputs = (_input_reference(spec, entry) for entry in job.inputs.values())
    outputs = (_output_reference(spec, entry) for entry in job.outputs.values())
    return tuple(reference for reference in (*inputs, *outputs) if reference is not None)


def values(spec: Spec) -> Mapping[tuple[str, str], Value]:
    """What `${{ inputs.X }}` and `${{ outputs.X }}` stand for, by ("inputs", X) and ("outputs", X)."""
    job = spec.job
    assert job is not None
    found: dict[tuple[str, str], Value] = {}
    for entry in job.inputs.values():
        reference = _input_reference(spec, entry)
        found["inputs", entry.name] = Place(VARIABLE + reference.name) if reference else Literal(_text(entry))
    for output in job.outputs.values():
        kept = output.path is None
        place = Place(KEPT, f"/{output.name}") if kept else Place(VARIABLE + _output_name(spec, output))
        found["outputs", output.name] = place
    return found


def _input_reference(spec: Spec, entry: Input) -> Reference | None:
    data = input_data(spec, entry)
    if data is not None:
        # A file keeps its name on the datastore; its input is the file when it says so, else the folder around it.
        path = f"{data.target}/{PurePosixPath(data.path).name}" if entry.type == "uri_file" else data.target
        return Reference(entry.name, data.datastore, path, MODES[entry.mode])
    match = DATASTORE_PATH.fullmatch(entry.path or "")
    return Reference(entry.name, match["datastore"], match["path"], MODES[entry.mode]) if match else None


def _output_reference(spec: Spec, entry: Output) -> Reference | None:
    match = DATASTORE_PATH.fullmatch(entry.path or "")
    return Reference(_output_name(spec, entry), match["datastore"], match["path"], MODES[entry.mode]) if match else None


def _output_name(spec: Spec, entry: Output) -> str:
    """Inputs and outputs share one space of names in SDK v1, and not in a spec."""
    assert spec.job is not None
    name = entry.name
    while name in spec.job.inputs or (name != entry.name and name in spec.job.outputs):
        name += "_out"
    return name


def _text(entry: Input) -> str:
    if isinstance(entry.value, bool):
        return str(entry.value).lower()
    return "" if entry.value is None else str(entry.value)
