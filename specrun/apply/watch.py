"""Following a run to its end: its states and its roles' lines, until it has ended and all lines were read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from specrun.apply.events import (
    BestChanged,
    Finished,
    LogLines,
    Looked,
    OpenLines,
    StatusChanged,
    TrialEnded,
    TrialsSeen,
)
from specrun.apply.failures import failure_of
from specrun.engines.base import Cursor, EngineError, OpenLine
from specrun.engines.reliable import Reliable
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial, best
from specrun.spec.errors import DONE, RUN_CANCELLED, RUN_FAILED

Told: TypeAlias = StatusChanged | Looked | LogLines | OpenLines | TrialsSeen | TrialEnded | BestChanged | Finished
"""What is told of a run that is followed."""

FIRST_POLL = 0.02
"""Seconds between the first looks at a run whose end nobody tells of; all others are `poll` apart."""

OF_TRIALS = 1.0
"""Seconds between two looks at the trials of a sweep: each lists all of them."""


class Trials:
    """The trials of a sweep that is followed, as they were seen last."""

    def __init__(self, engine: Reliable, emit: Callable[[TrialsSeen | TrialEnded | BestChanged], None]) -> None:
        self._engine = engine
        self._emit = emit
        self._next = 0.0
        self._ended: set[tuple[int, str]] = set()
        self._best = ""

    def look(self, run: Run) -> None:
        """Emit what happened to them, unless that was looked at a moment ago."""
        if time.monotonic() < self._next:
            return
        with suppress(EngineError):  # they are no more than shown: the end of the sweep is looked for all the same
            self.tell(run, self._engine.trials(run.name))
        self._next = time.monotonic() + max(OF_TRIALS, self._engine.poll)

    def tell(self, run: Run, trials: Sequence[Trial]) -> None:
        """Emit what is new of these trials."""
        for trial in trials:
            known = (trial.number, trial.run)
            if trial.status.ended and known not in self._ended:
                self._ended.add(known)
                self._emit(TrialEnded(run.name, trial))
        found = best(trials, run.objective) if run.objective is not None else None
        if found is not None and found.run != self._best:
            self._best = found.run
            self._emit(BestChanged(run.name, found))
        self._emit(TrialsSeen(run, tuple(trials)))


def follow(engine: Reliable, name: str, emit: Callable[[Told], None], stop: threading.Event) -> Run | None:
    """Emit what happens to a run until it has ended; the run, or None when `stop` was set before.

    Raises EngineError when sight of the run is lost.
    """
    begun = time.monotonic()
    wake: threading.Event | None = None
    cursor: Cursor = {}
    shown: tuple[RunStatus, str] | None = None
    trials = Trials(engine, emit)
    while True:
        # The status is read before the lines: once it is an end, these lines are the last.
        run = engine.run(name)
        if (run.status, run.reason) != shown and not run.status.ended:
            emit(StatusChanged(run))
            shown = (run.status, run.reason)
        cursor, is_all = _tell(engine, name, cursor, emit)
        if run.status.ended:
            while not is_all:
                cursor, is_all = _tell(engine, name, cursor, emit)
            end = ended(engine, run)
            if run.is_sweep:
                trials.tell(run, end.trials)
            emit(end)
            return run
        if run.is_sweep:
            trials.look(run)
        emit(Looked(run))
        wake = wake or engine.ended(name) or stop
        pause = engine.poll
        if wake is stop:
            # Nobody tells of the end. A short run is looked at more often: it must not take longer to see its end than
            # to reach it.
            pause = min(pause, max(FIRST_POLL, (time.monotonic() - begun) / 50))
        wake.wait(pause)
        if stop.is_set():
            return None
        if wake.is_set():
            wake = stop  # that was its end: what is told once is looked for from here on


def code_of(run: Run) -> int:
    """The exit status of a command that has followed a run to its end."""
    if run.status is RunStatus.SUCCEEDED:
        return DONE
    return RUN_CANCELLED if run.status is RunStatus.CANCELLED else RUN_FAILED


def ended(engine: Reliable, run: Run) -> Finished:
    """What is told of a run that has ended, and of one that failed why. Raises EngineError."""
    outputs, trials = engine.address(run.name), tuple(engine.trials(run.name)) if run.is_sweep else ()
    failure = failure_of(engine, run, trials)
    return Finished(
        run, outputs, failure.lines, role=failure.role, hint=failure.hint, trial=failure.trial, trials=trials
    )


def _tell(engine: Reliable, name: str, cursor: Cursor, emit: Callable[[Told], None]) -> tuple[Cursor, bool]:
    """Emit what there is since the cursor; where to go on, and whether that was all there is."""
    lines, after = engine.logs(name, cursor)
    whole = tuple(line for line in lines if not isinstance(line, OpenLine))
    if whole:
        emit(LogLines(name, whole))
    if len(whole) < len(lines):
        emit(OpenLines(name, tuple(line for line in lines if isinstance(line, OpenLine))))
    return after, after == cursor
