"""When a role wrote what: how long each log was at which moment, noted beside the logs while a run goes on.

A role writes into its log itself, and nobody reads along. So a log is looked at once it has grown: what is new was
written since the look before, and by when its file last changed. `EVERY` seconds lie between two looks, more in a run
that goes on for hours.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from specrun.plan.private import open_private

FILE = "log-times"
EVERY = 1.0
"""Seconds from the start to the first look at all logs; to a later one, from the first sign of something written."""

SHARE = 10_000
"""No look is nearer to the one before than this part of the time for which the run has gone on: notes are bounded."""

_IN_MODIFY, _IN_ONESHOT = 0x2, 0x80000000


class LogTimes:
    """What a supervisor notes of the logs below `rundir`, which are named by role.

    On Linux `descriptors` has, from the first look on, what can be read when something is written after a silence: as
    long as nothing is, nobody wakes. Elsewhere it is empty, and the logs are looked at all the time. A run that has
    ended before needs none: the kernel takes longer to close one than most else that a short run takes.
    """

    def __init__(self, rundir: Path, logs: Mapping[str, str]) -> None:
        self._rundir = rundir
        self._logs = logs
        self._sizes: dict[str, int] = {}
        self._began = time.monotonic()
        self._due: float | None = self._began + EVERY
        self._is_asked = False
        self.descriptor: int | None = None
        self._append("")  # that there are no notes yet is known, too

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What is to be waited for."""
        return () if self.descriptor is None else (self.descriptor,)

    def pause(self) -> float:
        """Seconds until `take` has something to do by itself."""
        return math.inf if self._due is None else max(0.0, self._due - time.monotonic())

    def take(self) -> None:
        """Look at the logs, if that is due."""
        now = time.monotonic()
        if self._heard() and self._due is None:
            self._due = now + max(EVERY, (now - self._began) / SHARE)
        if self._due is not None and now >= self._due:
            self._due = None
            self._listen()
            self.note()

    def note(self) -> None:
        """Note how long the logs are now. Where that cannot be written nobody knows it later."""
        noted = []
        for role, log in self._logs.items():
            with contextlib.suppress(OSError):
                seen = (self._rundir / log).lstat()
                if seen.st_size != self._sizes.get(role, 0):
                    self._sizes[role] = seen.st_size
                    noted.append(f"{role} {seen.st_size} {seen.st_mtime:.3f}\n")
        if noted:
            self._append("".join(noted))

    def close(self) -> None:
        """Note what was written last, and listen no more."""
        self.note()
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _append(self, text: str) -> None:
        with contextlib.suppress(OSError):
            file = open_private(self._rundir / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(file, text.encode())
            finally:
                os.close(file)

    def _listen(self) -> None:
        """Have the next write be heard, and only that one: a job may write a million lines."""
        if not self._is_asked:
            self._is_asked, self.descriptor = True, _inotify()
        if self.descriptor is not None:
            import ctypes  # late, as in `_inotify`

            folder = os.fsencode(self._rundir / "logs")
            if ctypes.CDLL(None).inotify_add_watch(self.descriptor, folder, _IN_MODIFY | _IN_ONESHOT) >= 0:
                return
            os.close(self.descriptor)
            self.descriptor = None
        self._due = time.monotonic() + EVERY

    def _heard(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            return self.descriptor is not None and bool(os.read(self.descriptor, 4096))
        return False


def _inotify() -> int | None:
    """A descriptor on which the kernel tells of writes; None where it does not, or tells others already."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # late: whoever only reads what was noted needs none of it

    made: int = ctypes.CDLL(None).inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    return made if made >= 0 else None
