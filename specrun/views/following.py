"""A run followed by a verb that waits for it: its lines, and below them the line that says that it goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from specrun.apply.events import BestChanged, TrialEnded, TrialsSeen
from specrun.apply.watch import Trials
from specrun.engines.reliable import Reliable
from specrun.plan.observed import Run
from specrun.spec.visible import visible
from specrun.views.live import can_draw
from specrun.views.moving import Moving
from specrun.views.role_lines import RoleLines, Row
from specrun.views.text import paint_for
from specrun.views.trials import progress_text


class Following:
    """What is seen of the run that a verb waits for."""

    def __init__(self, *, quiet: bool) -> None:
        self._roles = RoleLines(sys.stdout, paint_for(sys.stdout), draws=can_draw(sys.stdout))
        self._moving = Moving(sys.stdout, sys.stderr, paint_for(sys.stderr), self._roles, quiet=quiet)
        self._quiet = quiet
        self._name = ""
        self._trials: Trials | None = None

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

    def wait(self, run: Run, engine: Reliable) -> None:
        """Wait until the run is to be looked at again."""
        self._name = run.name
        with self._moving.changing():
            told = self._moving.see((None, run.name), run)
        if told and not self._quiet:
            print(f"{visible(run.name)} {told}", file=sys.stderr, flush=True)
        if run.is_sweep and not self._quiet:
            self._trials = self._trials or Trials(engine, self._see)
            self._trials.look(run)
        time.sleep(engine.poll)

    def _see(self, event: TrialsSeen | TrialEnded | BestChanged) -> None:
        """Show how far a sweep is."""
        if isinstance(event, TrialsSeen):
            run, told = event.run, progress_text(event.run, event.trials)
            with self._moving.changing():
                is_due = self._moving.say_how_far((None, run.name), told)
            if is_due:
                print(f"{visible(run.name)}: {visible(told)}", file=sys.stderr, flush=True)

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
