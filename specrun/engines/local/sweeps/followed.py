"""A trial that has not ended, as its sweep's supervisor follows it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from specrun.engines.local.sweeps.trial_runs import Child
from specrun.plan.observed import Run
from specrun.plan.trials import Trial


@dataclass(slots=True)
class Followed:
    """A trial, its run where there is one, and the process that is the run's supervisor where that is a child here.

    This sweep has `begun` so many attempts at it.
    """

    trial: Trial
    fingerprint: str
    begun: int = 0
    attempt: Run | None = None
    child: Child | None = None
    said: bytes = b""
    is_over: bool = False
    """Whether nothing of it runs any more, though its end is not written yet."""
    stopping: str = ""
    """Why its end was asked for, or is to be once its run is there."""
    told: bool = False
    spare: Child | None = None
    """A process that is ready to begin attempt `ready` at it."""
    ready: int = 0

    def hear(self) -> None:
        """Take in what the child says: what is wrong, and then that nothing runs any more."""
        assert self.child is not None
        said = os.read(self.child.report, 4096)
        self.said += said
        self.is_over = not said

    def exit(self) -> tuple[int | None, str]:
        """How the child has exited, and what it has said; None: it goes on."""
        assert self.child is not None
        pid, status = os.waitpid(self.child.pid, os.WNOHANG)
        if not pid:
            return None, ""
        if not self.is_over:
            self.hear()
        os.close(self.child.report)
        said = self.said.decode(errors="replace")
        self.child, self.said, self.is_over = None, b"", False
        return os.waitstatus_to_exitcode(status), said


def has_ended(child: Child, *, wait: bool = False) -> bool:
    """Whether a process has ended that nobody needs."""
    pid, _ = os.waitpid(child.pid, 0 if wait else os.WNOHANG)
    if pid:
        os.close(child.report)
    return bool(pid)
