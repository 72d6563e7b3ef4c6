"""What is noted of runs of a state folder, a file for each: which go on, and which are trials of sweeps.

So nobody has to look at all that there ever were. Nothing is decided by a note: of what a killed supervisor leaves the
run's lock tells, of what is a trial its own record, and whoever meets what a note does not say mends it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Set
from pathlib import Path

from specrun.plan.private import make_folder, touch_private
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes of one kind, in a `folder` of that name below the state folder."""

    folder: str

    def note(self, rundir: Path) -> None:
        """Note it of a run. What cannot be noted is so all the same."""
        home = rundir.parents[1]
        with contextlib.suppress(OSError):
            make_folder(home / self.folder, home)
            touch_private(home / self.folder / rundir.name)

    def forget(self, rundir: Path) -> None:
        """Note that it is not so, or not any more."""
        note = rundir.parents[1] / self.folder / rundir.name
        with contextlib.suppress(OSError):
            if os.path.lexists(note):  # who only looks writes nothing
                note.unlink(missing_ok=True)

    def noted(self, home: Path) -> Set[str]:
        """The names of the runs of which it is noted."""
        with contextlib.suppress(OSError):
            return frozenset(os.listdir(home / self.folder))  # noqa: PTH208 - names are wanted
        return frozenset()


GOING = Notes("going")
"""Runs that go on: noted before they are started, and taken away by their supervisor at their end."""

TRIALS = Notes("trials")
"""Runs that are trials, and so in no list. A run of somebody's own that gets the name takes the note away."""
