"""What a run writes: the logs of its roles while it goes, and the files of its outputs, as blobs of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from posixpath import basename
from typing import Any

from specrun.engines.azure.blobs import fetch_blob, list_files, read_piece
from specrun.engines.azure.connection import Connection
from specrun.engines.azure.containers import Container
from specrun.engines.azure.logs import CHUNK, TOLD, order_of, role_of
from specrun.engines.azure.runs import kept_path, output_path
from specrun.engines.azure.seen import SeenRun
from specrun.engines.base import TAIL, Cursor, LogLine, Missing, OutputFile
from specrun.engines.lines import last_lines, read_lines
from specrun.engines.scalars import MARK
from specrun.plan.observed import StoredFile

STORE = "workspaceartifactstore"
"""The datastore in which every workspace keeps what its runs leave behind."""

OWN_LOGS, OLD_LOGS = "user_logs", "azureml-logs"
"""Where logs lie of what SDK v2 and SDK v1 have submitted."""


def read_logs(connection: Connection[Any], run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
    """Lines since the cursor; of a run that has ended, its unfinished last lines too.

    One request for the list of logs, and one for each that has grown.
    """
    container, position, lines = connection.open_datastore(STORE), dict(cursor), []
    for role, (path, size) in _logs(container, run).items():
        start = position.get(role, 0)
        if start >= size:
            continue
        # The size was told a moment ago: what has come since is for the next time.
        chunk = read_piece(container, path, start, min(CHUNK, size - start))
        found, used = read_lines(role, chunk, CHUNK, last=run.status.ended)
        position[role] = start + used
        lines += found
    return lines, position


def read_tails(connection: Connection[Any], run: SeenRun, role: str | None) -> Sequence[LogLine]:
    """What a role wrote last, or the first `TOLD` roles: a request for the list of logs, and one for each of them."""
    container, lines = connection.open_datastore(STORE), list[LogLine]()
    for name, (path, size) in list(_logs(container, run, role).items())[:TOLD]:
        start = max(0, size - TAIL)
        lines += last_lines(name, read_piece(container, path, start, TAIL) if size else b"", cut=start > 0)
    return lines


def list_outputs(connection: Connection[Any], run: SeenRun) -> Sequence[OutputFile]:
    """The files of a run's named outputs without a place, and those in its folder ./outputs: two requests at most."""
    kept = list_files(connection.open_datastore(STORE), f"{_folder(run.name)}/outputs")
    files = {**named_files(connection, run), **{output_path(path): file for path, file in kept.items()}}
    return [OutputFile(path, file.size) for path, file in files.items()]


def event_files(connection: Connection[Any], run: SeenRun) -> Mapping[str, tuple[Container, str, int]]:
    """Where TensorBoard's event files in a run's outputs are and their sizes in bytes, by output and path: two requests
    at most. Those of an output that has a place are not looked for: other runs may write there.
    """
    store, folder = connection.open_datastore(STORE), f"{_folder(run.name)}/outputs"
    found = {
        output_path(path): (store, f"{folder}/{path}", file.size)
        for path, file in list_files(store, folder).items()
        if MARK in basename(path)
    }
    for path, file in named_files(connection, run).items():
        if MARK in basename(path):
            found[path] = (connection.open_datastore(None), f"azureml/{run.name}/{path}", file.size)
    return found


def fetch_output(connection: Connection[Any], run: SeenRun, path: str, to: Path) -> None:
    """Copy one of a run's files to `to`. Raises Missing."""
    if path.partition("/")[0] in named_outputs(run):
        fetch_blob(connection.open_datastore(None), f"azureml/{run.name}/{path}", to)
    else:
        fetch_blob(connection.open_datastore(STORE), f"{_folder(run.name)}/outputs/{kept_path(path)}", to)


def _logs(container: Container, run: SeenRun, only: str | None = None) -> Mapping[str, tuple[str, int]]:
    """Path and size in bytes of each role's log, or of one, by role in order."""
    kind = OLD_LOGS if run.by_v1 else OWN_LOGS
    folder = f"{_folder(run.name)}/{kind}"
    found = {
        role: (f"{folder}/{path}", file.size)
        for path, file in list_files(container, folder).items()
        if (role := role_of(f"{kind}/{path}", run.single)) is not None and only in (None, role)
    }
    return {role: found[role] for role in sorted(found, key=order_of)}


def named_outputs(run: SeenRun) -> Sequence[str]:
    """The outputs that were given no place, which the service keeps apart. SDK v1 has none: it has ./outputs alone."""
    return [str(name) for name in (run.record or {}).get("keeps") or ()]


def named_files(connection: Connection[Any], run: SeenRun) -> Mapping[str, StoredFile]:
    """By output and path."""
    outputs = named_outputs(run)
    if not outputs:
        return {}
    try:
        files = list_files(connection.open_datastore(None), f"azureml/{run.name}")
    except Missing:
        return {}
    return {path: file for path, file in files.items() if path.partition("/")[0] in outputs}


def _folder(name: str) -> str:
    return f"ExperimentRun/dcid.{name}"
