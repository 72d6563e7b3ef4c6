"""What a run writes: the logs of its roles while it goes, and the files of its outputs, as blobs of the workspace."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from specrun.engines.azure.blobs import fetch_blob, list_files, read_piece
from specrun.engines.azure.containers import Container
from specrun.engines.azure.logs import CHUNK, order_of, role_of
from specrun.engines.azure.runs import kept_path, output_path
from specrun.engines.azure.seen import SeenRun
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.base import Cursor, LogLine, Missing, OutputFile
from specrun.engines.lines import read_lines
from specrun.plan.observed import StoredFile

STORE = "workspaceartifactstore"
"""The datastore in which every workspace keeps what its runs leave behind."""

OWN_LOGS, OLD_LOGS = "user_logs", "azureml-logs"
"""Where logs lie of what SDK v2 and SDK v1 have submitted."""


def read_logs(connection: Connection, run: SeenRun, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
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


def list_outputs(connection: Connection, name: str, outputs: Collection[str]) -> Sequence[OutputFile]:
    """The files of those `outputs` that are kept with a run, and those in its folder ./outputs."""
    kept = list_files(connection.open_datastore(STORE), f"{_folder(name)}/outputs")
    files = {**_named_files(connection, name, outputs), **{output_path(path): file for path, file in kept.items()}}
    return [OutputFile(path, file.size) for path, file in files.items()]


def fetch_output(connection: Connection, name: str, outputs: Collection[str], path: str, to: Path) -> None:
    """Copy one of a run's files to `to`. Raises Missing."""
    if path.partition("/")[0] in outputs:
        fetch_blob(connection.open_datastore(None), f"azureml/{name}/{path}", to)
    else:
        fetch_blob(connection.open_datastore(STORE), f"{_folder(name)}/outputs/{kept_path(path)}", to)


def _logs(container: Container, run: SeenRun) -> Mapping[str, tuple[str, int]]:
    """Path and size in bytes of each role's log, by role in order."""
    kind = OLD_LOGS if run.by_v1 else OWN_LOGS
    folder = f"{_folder(run.name)}/{kind}"
    found = {
        role: (f"{folder}/{path}", file.size)
        for path, file in list_files(container, folder).items()
        if (role := role_of(f"{kind}/{path}", run.single)) is not None
    }
    return {role: found[role] for role in sorted(found, key=order_of)}


def _named_files(connection: Connection, name: str, outputs: Collection[str]) -> Mapping[str, StoredFile]:
    """By output and path: where the service keeps those outputs that were given no place."""
    if not outputs:
        return {}
    try:
        files = list_files(connection.open_datastore(None), f"azureml/{name}")
    except Missing:
        return {}
    return {path: file for path, file in files.items() if path.partition("/")[0] in outputs}


def _folder(name: str) -> str:
    return f"ExperimentRun/dcid.{name}"
