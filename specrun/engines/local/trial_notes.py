"""Which runs of a state folder are trials of sweeps, and so in no list: a note of each.

A note only spares a look at the run. What has none and is a trial, by its own record, gets one when it is met in a
list; a run of somebody's own takes it away when it gets the name.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Set
from pathlib import Path

from specrun.plan.private import make_folder, touch_private

FOLDER = "trials"


def note(rundir: Path) -> None:
    """Note that a run is a trial, once it is there. One that cannot be noted is one all the same."""
    home = rundir.parents[1]
    with contextlib.suppress(OSError):
        make_folder(home / FOLDER, home)
        touch_private(home / FOLDER / rundir.name)


def forget(rundir: Path) -> None:
    """Note that there is no such trial, or that it is more than one."""
    with contextlib.suppress(OSError):
        (rundir.parents[1] / FOLDER / rundir.name).unlink(missing_ok=True)


def noted(home: Path) -> Set[str]:
    """The names of the runs that are trials."""
    with contextlib.suppress(OSError):
        return frozenset(os.listdir(home / FOLDER))  # noqa: PTH208 - names are wanted
    return frozenset()
