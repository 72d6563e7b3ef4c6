"""Which runs of a state folder go on: a note of each, so that nobody has to look at all that there ever were.

A note is written before a run is started, and taken away by its supervisor at its end. Nothing is decided by one: of
what a killed supervisor leaves the run's lock tells, and whoever reads it takes it away.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from specrun.plan.private import make_folder, touch_private

FOLDER = "going"


def note(rundir: Path) -> None:
    """Note that a run goes on from now. One that cannot be noted runs all the same."""
    home = rundir.parents[1]
    with contextlib.suppress(OSError):
        make_folder(home / FOLDER, home)
        touch_private(home / FOLDER / rundir.name)


def forget(rundir: Path) -> None:
    """Note that it does not any more."""
    with contextlib.suppress(OSError):
        (rundir.parents[1] / FOLDER / rundir.name).unlink(missing_ok=True)


def noted(home: Path) -> Sequence[str]:
    """The names of the runs that may go on."""
    with contextlib.suppress(OSError):
        return sorted(os.listdir(home / FOLDER))  # noqa: PTH208 - names are wanted
    return ()
