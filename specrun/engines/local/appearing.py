"""A run's folder is prepared aside and appears under its name at once.

So a name is taken exactly once, by a run that is complete.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from specrun.engines.local import state

PATIENCE = 5.0
"""Seconds for which a lock may be held by those that only look."""


class Taken(Exception):
    """The name is another run's. The message says so."""


def appear(prepared: Path, folder: Path, aside: Path) -> None:
    """Have a run appear under its name; what has that and was never started goes `aside`. Raises Taken, and OSError."""
    while not _appear(prepared, folder):
        _take_away(folder, prepared, aside)


def _appear(prepared: Path, folder: Path) -> bool:
    try:
        prepared.rename(folder)
    except OSError:
        if not os.path.lexists(folder):
            raise
        return False
    return True


def _take_away(folder: Path, prepared: Path, aside: Path) -> None:
    """Take away what has the name and was never started: whoever made it, what was planned now is what is run.

    Under its lock: what is being started stays. Raises Taken.
    """
    give_up = time.monotonic() + PATIENCE
    while not folder.is_symlink() and state.read(folder).status == state.PREPARED and time.monotonic() < give_up:
        lock = state.acquire(folder)
        if lock is None:
            time.sleep(0.005)  # somebody who only looks has it for a moment, too
            continue
        try:
            if state.read(folder).status == state.PREPARED:
                gone = folder.rename(aside / f"unstarted-{time.monotonic_ns()}")
                if (gone / state.CANCEL).exists():
                    state.cancel(prepared)
                return
        finally:
            os.close(lock)
    if os.path.lexists(folder):
        raise Taken(f"{folder.name} exists already")
