"""A run followed by a verb that waits for it: its lines, and below them the line that says that it goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from specrun.plan.observed import Run
from specrun.spec.visible import visible
from specrun.views.live import can_draw
from specrun.views.moving import Moving
from specrun.views.role_lines import RoleLines, Row
from specrun.views.text import paint_for


class Following:
    """What is seen of the run that a verb waits for."""

    def __init__(self, *, quiet: bool) -> None:
        self._roles = RoleLines(sys.stdout, paint_for(sys.stdout), draws=can_draw(sys.stdout))
        self._moving = Moving(sys.stdout, sys.stderr, paint_for(sys.stderr), self._roles, quiet=quiet)
        self._quiet = quiet
        self._name = ""

    def write(self, rows: Sequence[Row], *, is_open: bool) -> None:
        """Write lines of the run, or show those that it has open."""
        if not rows:
            return
        self._moving.wrote((None, self._name))
        if is_open:
            with self._moving.changing():
                self._roles.rewrite(rows)
        else:
            with self._moving.above():
                self._roles.put(rows)
        sys.stdout.flush()

    def wait(self, run: Run, seconds: float) -> None:
        """Wait until the run is looked at again."""
        self._name = run.name
        with self._moving.changing():
            told = self._moving.see((None, run.name), run)
        if told and not self._quiet:
            print(f"{visible(run.name)} {told}", file=sys.stderr, flush=True)
        time.sleep(seconds)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._moving.close()


@contextmanager
def following(*, quiet: bool = False) -> Iterator[Following]:
    """While this lasts a run is followed; `quiet`: nothing is said or shown but its lines."""
    shown = Following(quiet=quiet)
    try:
        yield shown
    finally:
        shown.close()
