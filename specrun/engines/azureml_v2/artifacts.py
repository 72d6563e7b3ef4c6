"""What a run writes: the logs of its roles while it goes, and the files of its outputs, as blobs of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.engines.azure.blobs import fetch_blob, list_files, read_piece
from specrun.engines.azure.containers import Container
from specrun.engines.azure.log_lines import CHUNK, whole_lines
from specrun.engines.azure.log_names import order_of, role_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.runs import SeenRun, find_run
from specrun.engines.base import Cursor, LogLine, Missing, OutputFile
from specrun.plan.observed import RunStatus, StoredFile

STORE = "workspaceartifactstore"
"""The datastore in which every workspace keeps what its runs leave behind."""

DEFAULT = "default"
"""The output that a file in ./outputs belongs to when it is in no folder there."""

_LOGS = ("user_logs", "azureml-logs")
"""Where logs lie of what SDK v2 and SDK v1 have submitted."""


def read_logs(connection: Connection, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
    """Whole lines since the cursor; of a run that has ended, its unfinished last lines too. Raises Missing.

    One request for the list of logs, and one for each that has grown.
    """
    known = find_run(connection, name)
    if known.status is RunStatus.QUEUED:
        return [], cursor
    container, position, lines = connection.open_datastore(STORE), dict(cursor), []
    for role, (path, size) in _logs(container, known).items():
        start = position.get(role, 0)
        if start >= size:
            continue
        # The size was told a moment ago: what has come since is for the next time.
        chunk = read_piece(container, path, start, min(CHUNK, size - start))
        text, used = whole_lines(chunk, last=known.status.ended)
        position[role] = start + used
        lines += [LogLine(role, line) for line in text]
    return lines, position


def list_outputs(connection: Connection, name: str) -> list[OutputFile]:
    """The files of the outputs that are kept with a run, and those in its folder ./outputs."""
    known = find_run(connection, name)
    named = _named_files(connection, known)
    kept = list_files(connection.open_datastore(STORE), f"{_folder(known)}/outputs")
    files = [(path, file) for path, file in named.items()] + [(_shown(path), file) for path, file in kept.items()]
    return sorted((OutputFile(path, file.size) for path, file in files), key=lambda file: file.path)


def fetch_output(connection: Connection, name: str, path: str, to: Path) -> None:
    """Copy one of a run's files to `to`. Raises Missing."""
    known = find_run(connection, name)
    output, _, rest = path.partition("/")
    if output in _kept_outputs(known):
        fetch_blob(connection.open_datastore(None), f"azureml/{name}/{path}", to)
        return
    below = rest if output == DEFAULT and "/" not in rest else path
    fetch_blob(connection.open_datastore(STORE), f"{_folder(known)}/outputs/{below}", to)


def _logs(container: Container, known: SeenRun) -> Mapping[str, tuple[str, int]]:
    """Path and size in bytes of each role's log, by role in order."""
    kind = _LOGS[0] if known.own_record else _LOGS[1]
    folder = f"{_folder(known)}/{kind}"
    found = {
        role: (f"{folder}/{path}", file.size)
        for path, file in list_files(container, folder).items()
        if (role := role_of(f"{kind}/{path}", known.is_single)) is not None
    }
    return {role: found[role] for role in sorted(found, key=order_of)}


def _named_files(connection: Connection, known: SeenRun) -> Mapping[str, StoredFile]:
    """The files of named outputs, by output and path: where the service keeps those that were given no place."""
    kept = _kept_outputs(known)
    if not kept:
        return {}
    try:
        files = list_files(connection.open_datastore(None), f"azureml/{known.name}")
    except Missing:
        return {}
    return {path: file for path, file in files.items() if path.partition("/")[0] in kept}


def _kept_outputs(known: SeenRun) -> Sequence[str]:
    return [str(name) for name in known.record.get("keeps") or ()]


def _folder(known: SeenRun) -> str:
    return f"ExperimentRun/dcid.{known.name}"


def _shown(path: str) -> str:
    return path if "/" in path else f"{DEFAULT}/{path}"
