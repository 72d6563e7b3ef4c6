"""What a run finds on disk: its inputs, and folders for its outputs.

A mounted input is a tree of links to read-only files, made anew for each run: the run sees the data as it was, and
what it adds or removes there is its own affair. A downloaded one is copies.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from specrun.engines.local.stores import target_folder
from specrun.plan.resources import DEFAULT_DATASTORE, input_data
from specrun.spec.model import Input, Output, Spec

DATASTORE_PATH = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)")


def prepare_inputs(home: Path, spec: Spec, folder: Path) -> None:
    """Lay out the job's inputs below `folder`. Raises OSError."""
    assert spec.job is not None
    for entry in spec.job.inputs.values():
        source = source_folder(home, spec, entry)
        if source is None:
            continue
        (folder / entry.name).mkdir(parents=True)  # also when there is nothing in it
        place = _copy if entry.mode == "download" else os.symlink
        for parent, _, names in os.walk(source):
            into = folder / entry.name / Path(parent).relative_to(source)
            into.mkdir(parents=True, exist_ok=True)
            for name in names:
                place(Path(parent) / name, into / name)


def prepare_outputs(home: Path, spec: Spec, folder: Path) -> None:
    """Make a folder for each output below `folder`; one with a datastore path is a link to there. Raises OSError."""
    assert spec.job is not None
    (folder / "default").mkdir(parents=True)
    for entry in spec.job.outputs.values():
        target = _output_target(home, entry)
        if target is None:
            (folder / entry.name).mkdir(exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            (folder / entry.name).symlink_to(target)


def input_value(home: Path, spec: Spec, entry: Input, folder: Path) -> str:
    """What `${{ inputs.X }}` stands for: a scalar as text, else a path below `folder`, the run's inputs."""
    source = source_folder(home, spec, entry)
    if source is None:
        return _scalar(entry)
    path = folder / entry.name
    if entry.type != "uri_file":
        return str(path)
    files = [Path(parent) / name for parent, _, names in os.walk(source) for name in names]
    return str(path / files[0].relative_to(source)) if len(files) == 1 else str(path)


def source_folder(home: Path, spec: Spec, entry: Input) -> Path | None:
    """Where an input's files lie on a datastore of this machine; None for a scalar."""
    data = input_data(spec, entry)
    if data is not None:
        return target_folder(home, data.datastore or DEFAULT_DATASTORE, data.target)
    match = DATASTORE_PATH.fullmatch(entry.path or "")
    return target_folder(home, match["datastore"], match["path"]) if match else None


def _output_target(home: Path, entry: Output) -> Path | None:
    match = DATASTORE_PATH.fullmatch(entry.path or "")
    return target_folder(home, match["datastore"], match["path"]) if match else None


def _scalar(entry: Input) -> str:
    if isinstance(entry.value, bool):
        return str(entry.value).lower()
    return "" if entry.value is None else str(entry.value)


def _copy(source: Path, target: Path) -> None:
    from shutil import copyfile  # late: mounting is the rule

    copyfile(source, target)
