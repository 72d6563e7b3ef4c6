"""A job's inputs and outputs as SDK v1 has them: references to datastores, and what stands for each in a command.

The service puts the place of a reference into `$AZUREML_DATAREFERENCE_<name>` before the job begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from specrun.plan.remote import file_name
from specrun.spec.datastore_paths import DatastorePath, parse
from specrun.spec.frozen import dataclass
from specrun.spec.model import Download, Input, Job, Output

VARIABLE = "AZUREML_DATAREFERENCE_"
KEPT = "SPECRUN_OUTPUTS"
"""The shell variable for the folder whose files the service keeps with the run."""

MODES = {"ro_mount": "mount", "mount": "mount", "rw_mount": "mount", "download": "download", "upload": "upload"}


@dataclass(frozen=True, slots=True)
class JobPath:
    """A path that only the job knows: the value of a variable, and what follows it."""

    variable: str
    below: str = ""


Value: TypeAlias = str | JobPath
"""What stands for an input or an output: a scalar's text, or a path."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A path on a datastore; `datastore` None is the workspace's default one. `mode`: mount, download, upload."""

    name: str
    datastore: str | None
    path: str
    mode: str


def references(job: Job) -> tuple[Reference, ...]:
    """What the job's inputs and outputs need of datastores."""
    inputs = (_input_reference(entry) for entry in job.inputs.values())
    outputs = (_reference(_output_name(job, entry), entry.path, entry.mode) for entry in job.outputs.values())
    return tuple(reference for reference in (*inputs, *outputs) if reference is not None)


def values(job: Job) -> Mapping[tuple[str, str], Value]:
    """What `${{ inputs.X }}` and `${{ outputs.X }}` stand for, by ("inputs", X) and ("outputs", X)."""
    found: dict[tuple[str, str], Value] = {}
    for entry in job.inputs.values():
        reference = _input_reference(entry)
        found["inputs", entry.name] = JobPath(VARIABLE + reference.name) if reference else entry.text
    for output in job.outputs.values():
        kept = JobPath(KEPT, f"/{output.name}")
        found["outputs", output.name] = JobPath(VARIABLE + _output_name(job, output)) if output.path else kept
    return found


def _input_reference(entry: Input) -> Reference | None:
    data = entry.data
    if data is None:
        return _reference(entry.name, entry.uri, entry.mode)
    path = data.target
    if entry.type == "uri_file":
        # A file keeps its name on the datastore; its input is the file when it says so, else the folder around it.
        source = data.source
        path += f"/{file_name(source.url) if isinstance(source, Download) else source.absolute.name}"
    return Reference(entry.name, data.datastore, path, MODES[entry.mode])


def _reference(name: str, path: str | None, mode: str) -> Reference | None:
    found = on_datastore(path or "")
    return Reference(name, found.datastore, found.path, MODES[mode]) if found is not None else None


def on_datastore(path: str) -> DatastorePath | None:
    """A path as SDK v1 can refer to it: on a datastore of its own workspace, which it is not told."""
    found = parse(path)
    return found if found is not None and not found.workspace else None


def _output_name(job: Job, entry: Output) -> str:
    """Inputs and outputs share one space of names in SDK v1, and not in a spec."""
    name = entry.name
    while name in job.inputs or (name != entry.name and name in job.outputs):
        name += "_out"
    return name
