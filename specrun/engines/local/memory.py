"""Memory that was short, told from whatever else ends a process by SIGKILL."""

from __future__ import annotations

import contextlib
from pathlib import Path

COUNTS = Path("/proc/vmstat")
IS_SHORT = "the kernel has ended a process for want of memory"
KILLED = (-9, 137)
"""How a process ends that got SIGKILL, and a shell around one."""


def kills() -> int | None:
    """How many processes the kernel has ended for want of memory since it began; None where it does not say (macOS)."""
    with contextlib.suppress(OSError, ValueError):
        for line in COUNTS.read_text().splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
    return None


def was_short(code: int, before: int | None) -> bool:
    """Whether a process that ended with an exit code (negative: a signal) did for that, with so many kills before it
    began.
    """
    now = kills() if code in KILLED and before is not None else None
    return now is not None and before is not None and now > before
