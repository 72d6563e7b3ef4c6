"""Runs by the thousand in a state folder of this machine, as if they had been: copies of one that was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from specrun.engines.local import request as requests
from specrun.engines.local import state
from specrun.engines.local.marks import RECORD, Marks
from specrun.plan.attempts import run_name
from specrun.plan.private import write_private

IDENTITY = "identity.json"
APART = 60.0
"""Seconds between the starts of two runs of the past, the first of which is the newest."""

LEFT_BEHIND = ("lock", "code", "inputs", "supervisor.log", requests.FILE)
"""What a copy does without: nobody lists it."""


@dataclass(frozen=True, slots=True)
class Past:
    """What one run is made to be. `spec` None: of the same spec; `command` is that of its identity.

    `files` are put into its folder; `change` does whatever else there, before the record is written.
    """

    spec: str | None = None
    status: str = state.SUCCEEDED
    reason: str = ""
    command: str | None = None
    files: Mapping[str, bytes] | None = None
    change: Callable[[Path], None] = lambda folder: None


def add_past_runs(run: Path, count: int, past: Callable[[int], Past] = lambda number: Past()) -> list[str]:
    """So many runs beside one that has ended, older the higher their number; their names.

    Each is read as if the engine had run it: its state carries the user's mark.
    """
    home = run.parents[1]
    marks, like = Marks(home), _Like(run)
    return [_add(like, marks, home, number, past(number)) for number in range(count)]


class _Like:
    """The run that others are copies of, read once."""

    def __init__(self, run: Path) -> None:
        self.folder = run
        self.state = state.read(run)
        self.record = json.loads((run / RECORD).read_text())
        self.identity = json.loads((run / IDENTITY).read_text())
        written = (RECORD, IDENTITY, state.FILE, *LEFT_BEHIND)
        self.files = [one for one in sorted(run.iterdir()) if one.name not in written]


def _add(like: _Like, marks: Marks, home: Path, number: int, past: Past) -> str:
    spec = past.spec or str(like.record["spec"])
    digest = hashlib.sha256(f"{spec} {number}".encode()).hexdigest()
    folder = home / "runs" / run_name(spec, digest, 1)
    folder.mkdir(mode=0o700)
    for one in like.files:
        to = folder / one.name
        shutil.copytree(one, to, symlinks=True) if one.is_dir() else shutil.copy(one, to)
    for path, data in (past.files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    past.change(folder)
    _write_records(like, marks, folder, number, replace(past, spec=spec), digest)
    return folder.name


def _write_records(like: _Like, marks: Marks, folder: Path, number: int, past: Past, digest: str) -> None:
    back = APART * (number + 1)
    seen = like.state
    begun = (seen.submitted or 0.0) - back
    record = {**like.record, "spec": past.spec, "fingerprint": digest, "attempt": 1, "submitted": begun}
    identity = {**like.identity, **({"command": past.command} if past.command is not None else {})}
    write_private(folder / RECORD, json.dumps(record, indent=1))
    os.utime(folder / RECORD, (begun, begun))
    write_private(folder / IDENTITY, json.dumps(identity))
    failed = next(iter(seen.roles), None) if past.status == state.FAILED else None
    roles = {name: _moved(role, back, has_failed=name == failed) for name, role in seen.roles.items()}
    ended = replace(
        seen,
        submitted=_before(seen.submitted, back),
        started=_before(seen.started, back),
        ended=_before(seen.ended, back),
        status=past.status,
        reason=past.reason,
        roles=roles,
        failed_role=failed,
        mark="",
    )
    mark = marks.of_run(folder, state.encode(ended))
    write_private(folder / state.FILE, state.encode(replace(ended, mark=mark)))


def _moved(role: state.RoleState, back: float, *, has_failed: bool) -> state.RoleState:
    moved = replace(role, started=_before(role.started, back), ended=_before(role.ended, back))
    return replace(moved, status="failed", exit=1) if has_failed else moved


def _before(moment: float | None, seconds: float) -> float | None:
    return None if moment is None else moment - seconds
