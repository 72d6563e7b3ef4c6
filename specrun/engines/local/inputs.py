"""What a run finds on disk: its inputs, and folders for its outputs.

A mounted input is a tree of links to read-only files, made anew for each run: the run sees the data as it was, and
what it adds or removes there is its own affair. A downloaded one is copies. Of data a run sees the planned files, and
not what else lies on the target; of a path in the cloud, all that lies in the folder that stands for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from specrun.engines.base import Conflict
from specrun.engines.local.stores import files_in, target_folder
from specrun.plan.private import check_folder, make_folder
from specrun.plan.resources import DEFAULT_DATASTORE
from specrun.plan.submission import Submission
from specrun.spec.datastore_paths import DEFAULT_NAME, parse
from specrun.spec.model import Input


def prepare_inputs(home: Path, submission: Submission, folder: Path) -> None:
    """Lay out the job's inputs below `folder`. Raises OSError, and Conflict when a planned file is not there."""
    for entry in submission.job.inputs.values():
        if entry.is_scalar:
            continue
        into = folder / entry.name
        make_folder(into, folder.parent)  # also when there is nothing in it
        source = _folder(home, submission, entry) if entry.name not in submission.files else None
        if source is not None:  # as it is, with folders that hold nothing
            for parent, *_ in os.walk(source):
                make_folder(into / Path(parent).relative_to(source), into)
        place = _copy if entry.mode == "download" else os.symlink
        for path, file in _files(home, submission, entry).items():
            make_folder((into / path).parent, into)
            place(file, into / path)


def prepare_outputs(home: Path, submission: Submission, folder: Path) -> None:
    """Make a folder for each output below `folder`; one with a datastore path is a link to there. Raises OSError."""
    make_folder(folder / "default", folder.parent)
    for entry in submission.job.outputs.values():
        target = cloud_folder(home, entry.path)
        if target is None:
            make_folder(folder / entry.name, folder)
        else:
            make_folder(target, home)
            (folder / entry.name).symlink_to(target)


def _folder(home: Path, submission: Submission, entry: Input) -> Path | None:
    """The folder that an input reads and this spec has not filled; None where it reads none."""
    if (upstream := submission.upstream.get(entry.name)) is not None:
        return cloud_folder(home, upstream.path) or home / "runs" / upstream.run / "outputs" / upstream.output
    if (model := submission.models.get(entry.name)) is not None:
        return Path(model.path)
    return cloud_folder(home, entry.uri)


def input_value(home: Path, submission: Submission, entry: Input, folder: Path) -> str:
    """What `${{ inputs.X }}` stands for: a scalar as text, else a path below `folder`, the run's inputs."""
    if entry.is_scalar:
        return entry.text
    files = list(_files(home, submission, entry)) if entry.type == "uri_file" else []
    return str(folder / entry.name / files[0]) if len(files) == 1 else str(folder / entry.name)


def cloud_folder(home: Path, uri: str | None) -> Path | None:
    """The folder on a datastore of this machine that stands for a path in the cloud; None where none can."""
    path = parse(uri or "")
    if path is None:
        return None
    return target_folder(home, DEFAULT_DATASTORE if path.datastore == DEFAULT_NAME else path.datastore, path.path)


def _files(home: Path, submission: Submission, entry: Input) -> Mapping[str, Path]:
    """The files that a run sees of an input, by their paths below it."""
    data = entry.data
    folder = (
        _folder(home, submission, entry)
        if data is None
        else target_folder(home, data.datastore or DEFAULT_DATASTORE, data.target)
    )
    if folder is not None:
        check_folder(folder, home)
    there = files_in(folder) if folder is not None else {}
    planned = submission.files.get(entry.name)
    if planned is None:
        return there
    gone = [path for path in planned if path not in there]
    if gone:
        where = data.target if data is not None else entry.uri
        raise Conflict(f"the input {entry.name} changed since the plan: {gone[0]} is no longer in {where}")
    return {path: there[path] for path in planned}


def _copy(source: Path, target: Path) -> None:
    from shutil import copyfile  # late: mounting is the rule

    copyfile(source, target)
    target.chmod(0o600)
