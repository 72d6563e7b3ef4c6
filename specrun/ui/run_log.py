"""The logs of a run's roles, each by itself and all together, in the order of writing where that is known."""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from specrun.engines.base import Cursor
from specrun.engines.reliable import Reliable
from specrun.ui.role_log import Line, RoleLog, Spool, size_of
from specrun.ui.wire import Refused

AT_ONCE = 0.15
"""Seconds between two looks at files, however many look."""

STEP = 1 << 26
"""Bytes that are counted before the first answer: the rest of a large log follows in further steps."""

GAP = 2.0
"""Seconds after which, when nobody has looked, it is read from the notes of times what was written when."""

LINES = 2000
ANSWER = 1 << 21
"""Lines and bytes of one answer at most."""


class RunLog:
    """What the roles of one run wrote. Lines are numbered from 0, in each role and in all ("")."""

    def __init__(self, engine: Reliable, name: str, make_spool: Callable[[], Spool]) -> None:
        self._engine = engine
        self._name = name
        self._make_spool = make_spool
        self._lock = threading.Lock()
        self._looked = -1e9
        self._buffer = bytearray()
        self._cursor: Cursor = {}
        self._queue: deque[tuple[str, int]] = deque()
        self.roles: dict[str, RoleLog] = {}
        self.merged = Merged()
        self._faults: dict[str, int | None] = {}
        self.complete = False
        self.begun = 0
        """How often it was begun anew: a script may empty its log."""

    def look(self, *, ended: bool) -> None:
        """Take in what is new; `ended`: the run had ended before. Raises EngineError."""
        with self._lock:
            now = time.monotonic()
            if self.complete or (now - self._looked < AT_ONCE and not ended):
                return
            here = self._engine.here
            if here is None:
                self._read(ended=ended)
            else:
                sizes = {role: (path, size_of(path)[0]) for role, path in here.log_files(self._name).items()}
                self._count(sizes, late=now - self._looked > GAP, ended=ended)
            self._looked = time.monotonic()

    def lines(self, role: str, first: int, count: int) -> list[dict[str, object]]:
        """Some lines as JSON values: at most `LINES`, and fewer where they are long. Raises Refused."""
        found: list[dict[str, object]] = []
        room = ANSWER
        for number, name, line in islice(self._walk(role, first), min(count, LINES)):
            room -= len(line.text)
            found.append({"n": number, "role": name, "text": line.text, "when": line.when})
            if line.size:
                found[-1]["cut"] = line.size
            if room <= 0:
                break
        return found

    def texts(self, role: str) -> Iterator[str]:
        """All lines as text, in pieces; of all roles with their names in front. Raises Refused."""
        lines = (f"{name} | {line.text}\n" if not role else f"{line.text}\n" for _, name, line in self._walk(role, 0))
        while piece := "".join(islice(lines, LINES)):
            yield piece

    def total(self, role: str) -> int:
        """How many lines a role has written, or all ("") have. Raises Refused."""
        return self.role(role).total if role else self.merged.total

    def role(self, name: str) -> RoleLog:
        """The log of a role. Raises Refused."""
        try:
            return self.roles[name]
        except KeyError:
            raise Refused(404, f"{self._name} has no log of {name} (so far)") from None

    def fault(self, role: str, failed: str | None) -> int | None:
        """The number of the line that tells of an error: in a role, or among all in the one that failed."""
        if role in self._faults:
            return self._faults[role]
        for name in [role] if role else dict.fromkeys([*([failed] if failed in self.roles else []), *self.roles]):
            log = self.role(name)
            found = log.fault
            if found is None and failed is not None and self.complete:
                found = log.last_fault()
            if found is not None:
                self._faults[role] = found if role else self.merged.number(list(self.roles).index(name), found)
                return self._faults[role]
        if self.complete:
            self._faults[role] = None
        return None

    def spans(self, role: str, first: int, count: int) -> Iterator[tuple[int, str, int, int]]:
        """Lines as those of roles: the number of the first, its role, its number there, and how many follow."""
        if role:
            yield first, role, first, min(count, max(0, self.role(role).total - first))
            return
        names = list(self.roles)
        for number, which, start, many in self.merged.pieces(first):
            if number >= first + count:
                return
            yield number, names[which], start, min(many, first + count - number)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for log in self.roles.values():
                log.close()

    def _walk(self, role: str, first: int) -> Iterator[tuple[int, str, Line]]:
        times = self._times()
        for number, name, start, count in self.spans(role, first, 1 << 60):
            for at, line in enumerate(islice(self._lines_of(name, start, times), count), number):
                yield at, name, line

    def _lines_of(self, role: str, first: int, times: Mapping[str, Sequence[tuple[int, float]]]) -> Iterator[Line]:
        log = self.role(role)
        now = size_of(log.path)[1] if log.path is not None and times else None
        return log.lines(first, times.get(role, ()), now)

    def _times(self) -> Mapping[str, Sequence[tuple[int, float]]]:
        here = self._engine.here
        return (here.log_times(self._name) if here is not None else None) or {}

    def _read(self, *, ended: bool) -> None:
        """Read on what a service has."""
        while True:
            lines, after = self._engine.logs(self._name, self._cursor, True)
            for role in dict.fromkeys(line.role for line in lines):
                self._log(role).append([line for line in lines if line.role == role])
                self._merge(role)
            if after == self._cursor:
                self.complete = ended
                return
            self._cursor = after

    def _count(self, sizes: Mapping[str, tuple[Path, int]], *, late: bool, ended: bool) -> None:
        """Count what files have more than before."""
        if any(_size(sizes, role) < log.size for role, log in self.roles.items()):
            self._begin_anew()
            late = True
        for role, (path, _) in sizes.items():
            if role not in self.roles:
                self.roles[role] = RoleLog(self._make_spool, path)
        if not self._queue:
            if late and (times := self._times()):
                noted = [(moment, role, size) for role, several in times.items() for size, moment in several]
                self._queue.extend((role, size) for _, role, size in sorted(noted) if role in sizes)
            self._queue.extend((role, size) for role, (_, size) in sizes.items())
        left = STEP
        self._buffer = self._buffer or bytearray(1 << 20)
        while self._queue and left > 0:
            role, upto = self._queue.popleft()
            log = self.roles[role]
            upto = min(upto, _size(sizes, role))
            if upto <= log.size:
                continue
            step = min(upto, log.size + left)
            left -= step - log.size
            log.advance(step, self._buffer)
            self._merge(role)
            if step < upto:
                self._queue.appendleft((role, upto))
        if self._queue:
            return
        for role, log in self.roles.items():
            if ended:
                log.advance(sizes[role][1], self._buffer, last=True)
                self._merge(role)
            else:
                log.look_at_open()
        self.complete = ended
        if ended:
            self._buffer = bytearray()

    def _log(self, role: str) -> RoleLog:
        if role not in self.roles:
            self.roles[role] = RoleLog(self._make_spool)
        return self.roles[role]

    def _merge(self, role: str) -> None:
        self.merged.note(list(self.roles).index(role), self.roles[role].total)

    def _begin_anew(self) -> None:
        for log in self.roles.values():
            log.close()
        self.roles, self.merged, self._queue, self._faults = {}, Merged(), deque(), {}
        self.begun += 1


def _size(sizes: Mapping[str, tuple[Path, int]], role: str) -> int:
    return sizes[role][1] if role in sizes else 0


class Merged:
    """Which lines of which role follow each other: pieces, of which only the ends are kept."""

    def __init__(self) -> None:
        self.total = 0
        self._ends = array("Q")
        self._roles = array("H")
        self._firsts = array("Q")
        self._seen: dict[int, int] = {}

    def note(self, role: int, total: int) -> None:
        """A role has so many lines now."""
        more = total - self._seen.get(role, 0)
        if more <= 0:
            return
        if self._roles and self._roles[-1] == role:
            self._ends[-1] += more
        else:
            self._roles.append(role)
            self._firsts.append(self._seen.get(role, 0))
            self._ends.append(self.total + more)
        self.total += more
        self._seen[role] = total

    def pieces(self, first: int) -> Iterator[tuple[int, int, int, int]]:
        """From a line on: its number, its role, its number there, and how many of this role follow."""
        at = bisect_right(self._ends, first)
        while at < len(self._ends):
            begun = self._ends[at - 1] if at else 0
            start = max(first, begun)
            yield start, self._roles[at], self._firsts[at] + start - begun, self._ends[at] - start
            at += 1

    def number(self, role: int, line: int) -> int | None:
        """Which line of all a line of a role is."""
        for at, (which, first) in enumerate(zip(self._roles, self._firsts, strict=True)):
            begun = self._ends[at - 1] if at else 0
            if which == role and first <= line < first + self._ends[at] - begun:
                return int(begun + line - first)
        return None
