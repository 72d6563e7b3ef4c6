"""What the roles of a run on this machine wrote, read from their logs piece by piece."""

from __future__ import annotations

import bisect
import contextlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specrun.engines.base import TAIL, Cursor, LogLine, OpenLine
from specrun.engines.lines import last_lines, read_lines
from specrun.engines.local.log_times import FILE
from specrun.plan.private import open_private, read_private

CHUNK = 1 << 20
"""Bytes read from one role's log at a time."""

Times = Sequence[tuple[int, float]]
"""How many bytes a log had at which moments (Unix seconds), both rising."""


def read_logs(rundir: Path, cursor: Cursor, *, last: bool, timed: bool) -> tuple[Sequence[LogLine], Cursor]:
    """Lines since the cursor, and where to go on. `last`: nothing will follow; `timed`: with when they were written."""
    times = read_times(rundir) if timed else None
    lines: list[LogLine] = []
    position = dict(cursor)
    for role, file in files_of(rundir / "logs"):
        start = position.get(role, 0)
        chunk, changed = _read_chunk(file, start)
        if times is not None:
            found, used = timed_lines(role, chunk, CHUNK, start, times.get(role, ()), changed, last=last)
        else:
            found, used = read_lines(role, chunk, CHUNK, last=last)
        position[role] = start + used
        lines += found
    return lines, position


def read_ends(logs: Path, only: str | None) -> Sequence[LogLine]:
    """The lines at the end of a role's log, or of each."""
    lines: list[LogLine] = []
    for role, file in files_of(logs):
        if only in (None, role):
            start = max(0, file.stat().st_size - TAIL)
            lines += last_lines(role, _read_chunk(file, start)[0], cut=start > 0)
    return lines


def files_of(logs: Path) -> Iterator[tuple[str, Path]]:
    """The log of each role in a folder."""
    for file in sorted(filter(Path.is_file, logs.glob("*.txt"))):
        yield "/".join(file.stem.rsplit("-", 1)), file


def read_times(rundir: Path) -> Mapping[str, Times] | None:
    """What was noted of each role's log; None of a run of which nobody takes notes."""
    try:
        text = read_private(rundir / FILE).decode(errors="replace")
    except OSError:
        return None
    found: dict[str, list[tuple[int, float]]] = {}
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            role, size, moment = line.split(" ")
            noted = found.setdefault(role, [])
            while noted and noted[-1][0] >= int(size):  # a script has emptied its log
                noted.pop()
            if math.isfinite(float(moment)):
                noted.append((int(size), float(moment)))
    return found


def timed_lines(
    role: str, chunk: bytes, room: int, start: int, times: Times, now: float | None, *, last: bool
) -> tuple[list[LogLine], int]:
    """As `read_lines`, each line with the moment by which its end was written; `now` is that of what was not noted.

    `chunk` begins at `start` in the log.
    """
    lines: list[LogLine] = []
    used = 0
    first = bisect.bisect_right(times, start, key=lambda noted: noted[0])
    full = len(chunk) == room
    for size, moment in times[first:]:
        end = size - start
        if end > len(chunk):
            now = moment
            break
        found, more = read_lines(role, chunk[used:end], room, last=False)
        lines += _at((line for line in found if not isinstance(line, OpenLine)), moment)
        used += more
    if full and used:
        return lines, used  # what is left of it is read again, with what follows it
    found, more = read_lines(role, chunk[used:], room, last=last)
    return [*lines, *_at(found, now)], used + more


def _at(lines: Iterable[LogLine], moment: float | None) -> list[LogLine]:
    return [replace(line, when=moment) for line in lines]


def _read_chunk(file: Path, start: int) -> tuple[bytes, float]:
    """What of a log stands from `start` on, as far as a chunk goes, and when the log last changed."""
    with open(open_private(file, os.O_RDONLY), "rb") as log:  # noqa: PTH123 - a descriptor
        log.seek(start)
        return log.read(CHUNK), os.fstat(log.fileno()).st_mtime
