"""The names of the runs on this machine, the newest first: looked up once, until one comes or goes."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from specrun.engines.local.marks import RECORD
from specrun.engines.local.run_notes import TRIALS
from specrun.plan.attempts import NAME

SURE = 2_000_000_000
"""Nanoseconds after which a change is not at the same moment as another, by any file system's clock."""


class _Named(NamedTuple):
    """A run; sorted by this the oldest is first."""

    made: float
    attempt: int
    name: str
    spec: str


class RunNames:
    """The names of the runs below a state folder. Of many of them each costs a look when it is met first.

    Trials are none, as far as they are noted: a look at each would make the runs of all specs wait.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "runs"
        self._lock = threading.Lock()
        self._known: dict[str, _Named] = {}
        self._sorted: list[_Named] = []
        self._looked: tuple[object, int] = (None, 0)
        """When something had come or gone before the last look, and when that was, in nanoseconds."""

    def page(self, spec: str | None, adopted: Collection[str], after: str, count: int) -> tuple[Sequence[str], bool]:
        """The names of some runs of a spec, or of all, that stand `after` another; and whether these are the last.

        The folder is looked through for the first of them: what has come since is newer.
        """
        with self._lock:
            if after not in self._known:
                self._look()
                after = after if after in self._known else ""
            several, start = self._sorted, len(self._sorted)
            start = bisect_left(several, self._known[after]) if after else start
        found: list[str] = []
        for one in reversed(several[:start]):
            if spec in (None, one.spec) or one.name in adopted:
                if len(found) == count:
                    return found, False
                found.append(one.name)
        return found, True

    def every(self, spec: str | None, adopted: Collection[str]) -> Sequence[str]:
        """The names of all runs of a spec, or of all."""
        return self.page(spec, adopted, "", len(self._sorted) + (1 << 30))[0]

    def _look(self) -> None:
        now = time.time_ns()
        changed = [_changed(folder) for folder in (self._folder, self._home / TRIALS.folder)]
        if self._looked[0] == changed and self._looked[1] - max(changed) > SURE:
            return
        self._looked = (changed, now)
        trials = TRIALS.noted(self._home)
        known: dict[str, _Named] = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as folders:
            for folder in folders:
                name = folder.name
                if name in trials:
                    continue
                if (before := self._known.get(name)) is not None:
                    known[name] = before
                elif (match := NAME.fullmatch(name)) is not None:
                    known[name] = _Named(_made(folder.path), int(match["attempt"] or 1), name, match["spec"])
        if known.keys() != self._known.keys():
            self._known, self._sorted = known, sorted(known.values())


def _changed(folder: Path) -> int:
    """When something in a folder came or went, in nanoseconds; 0 where it is not there."""
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime_ns
    return 0


def _made(folder: str) -> float:
    """When a run was made, as its record was never written again since."""
    for path in (f"{folder}/{RECORD}", folder):
        with contextlib.suppress(OSError):
            return os.stat(path).st_mtime  # noqa: PTH116 - of ten thousand runs each
    return 0.0


def written(folder: Path, *names: str) -> object:
    """What tells whether some files in a folder were written since: which they are, and when they were."""
    found: list[object] = []
    for name in names:
        try:
            seen = os.lstat(f"{folder}/{name}")
        except OSError:
            found.append(None)
        else:
            found.append((seen.st_ino, seen.st_mtime_ns, seen.st_size))
    return found
