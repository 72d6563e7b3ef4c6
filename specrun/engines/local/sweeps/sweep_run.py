"""A sweep's own run: its state, as that of any run, and in place of roles a log of what has become of its trials."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path

from specrun.engines.local import state
from specrun.engines.local.kept_code import share_code
from specrun.engines.local.log_times import LogTimes
from specrun.engines.local.marks import marked
from specrun.plan.private import open_private

ROLE = "sweep"
LOG = f"logs/{ROLE}.txt"


class SweepRun:
    """The one writer of a sweep's state and log."""

    def __init__(self, rundir: Path) -> None:
        self._rundir = rundir
        self._state = state.read(rundir)
        self.submitted = self._state.submitted or time.time()
        now = time.time()
        role = state.RoleState("running", started=now)
        self._write(replace(self._state, status=state.RUNNING, reason="", started=now, roles={ROLE: role}))
        self.times = LogTimes(rundir, {ROLE: LOG})

    def say(self, text: str) -> None:
        """A line for the log. Where it cannot be written, the record of the trials still has it."""
        with contextlib.suppress(OSError):
            log = open_private(self._rundir / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(log, text.encode() + b"\n")
            finally:
                os.close(log)

    def leave(self, reason: str) -> None:
        """Write why it is left unfinished, that is lost."""
        self.say(reason)
        self.times.close()
        self._write(replace(self._state, reason=reason))

    def end(self, status: str, reason: str) -> None:
        """Write what it has come to."""
        self.say(f"{status}: {reason}" if reason else status)
        self.times.close()
        share_code(self._rundir)
        now = time.time()
        role = replace(self._state.roles[ROLE], status="stopped" if status == state.CANCELLED else status, ended=now)
        self._write(replace(self._state, status=status, reason=reason, ended=now, roles={ROLE: role}))
        with contextlib.suppress(OSError):
            (self._rundir / state.RESERVE).unlink(missing_ok=True)

    def _write(self, new: state.State) -> None:
        essential = new.status != self._state.status
        self._state = marked(self._rundir, new) if new.status in state.ENDED else new
        state.write(self._rundir, self._state, essential=essential)
