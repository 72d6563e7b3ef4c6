"""The runs of one place, read once and kept: what has ended is never asked about again.

While somebody looks, one thread reads: the list first, page by page, then what is new in it and what goes on. Nobody
looks, nobody asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from specrun.apply.runs_of import RunsOf
from specrun.engines.base import EngineError, Missing
from specrun.engines.calls import read_all
from specrun.engines.history import History
from specrun.plan.observed import Run
from specrun.plan.ownership import StateRefused

HERE_EVERY = 1.0
"""Seconds between two looks at this machine's runs."""

QUIET_EVERY = 30.0
"""Seconds between two looks at a list of a service in which nothing goes on."""

OLD = 2000
"""Runs of a spec that are read of a service's list."""


class PlaceRuns:
    """All runs of a place, by name. `changed` is called when something of them has; `version` counts that."""

    def __init__(self, sources: Sequence[RunsOf], changed: Callable[[], None]) -> None:
        self.sources = sources
        self.engine = sources[0].engine
        self.is_here = not self.engine.facts.in_workspace
        self.loading = True
        self.problem = ""
        self._changed = changed
        self._runs: dict[str, Run] = {}
        self._trials: dict[str, Run] = {}
        """Those that somebody has asked for by name: they are in no list."""
        self._lock = threading.Lock()
        self._read_at = -1e9
        self._thread: threading.Thread | None = None

    @property
    def every(self) -> float:
        """Seconds between two looks at what goes on."""
        return HERE_EVERY if self.is_here else self.engine.poll

    def look(self, *, again: bool = True) -> list[Run]:
        """What is known, in no order; and have it be read on, in another thread: not `again`, a service's list that
        has been read.
        """
        with self._lock:
            is_wanted = again or self.is_here or self.loading or self.problem
            if is_wanted and self._thread is None and self._is_due(time.monotonic()):
                self._thread = threading.Thread(
                    target=self._read, name=f"runs of {self.engine.place.title}", daemon=True
                )
                self._thread.start()
            return list(self._runs.values())

    def known(self, name: str) -> Run | None:
        """A run, as it was when it was read last."""
        with self._lock:
            return self._runs.get(name) or self._trials.get(name)

    def note(self, run: Run) -> None:
        """Take in a run as it is now. Another thread may have read it before: an end is the last word."""
        with self._lock:
            runs = self._trials if run.parent and run.name not in self._runs else self._runs
            before = runs.get(run.name)
            if before == run or (before is not None and _is_last(before, run) and not run.status.ended):
                return
            runs[run.name] = run
        self._changed()

    def forget(self, name: str) -> None:
        """Take out a run that is no more."""
        with self._lock:
            gone = self._runs.pop(name, None) or self._trials.pop(name, None)
        if gone is not None:
            self._changed()

    def source_of(self, run: Run) -> RunsOf:
        """The spec that a run is of; another of the place where none of them made it."""
        own = (one for one in self.sources if one.maker and run.is_for(one.maker))
        return next(own, next((one for one in self.sources if not one.maker), self.sources[0]))

    def _is_due(self, now: float) -> bool:
        going = any(not run.status.ended for run in self._runs.values())
        return now - self._read_at >= (self.every if going or self.is_here else max(self.every, QUIET_EVERY))

    def _read(self) -> None:
        try:
            problem = ""
            try:
                self.engine.sign_in()
                problem = self._read_all() if self.loading else self._read_new()
            except (EngineError, StateRefused) as error:
                problem = str(error)
            if problem != self.problem or self.loading:
                self.problem, self.loading = problem, False
                self._changed()
        finally:
            with self._lock:
                self._read_at = time.monotonic()
                self._thread = None

    def _read_all(self) -> str:
        """Read the whole list; what could not be read, in words."""
        if not all(one.maker for one in self.sources):
            for page in self._pages():
                self._take(page)
            return ""
        for one in self.sources:
            history = History(self.engine)
            runs = history.every(one.maker)
            while few := list(islice(runs, 50)):
                self._take(few)
                if len(self._runs) >= OLD:
                    return f"only the newest {OLD} runs of {one.maker.spec} are listed"
            if history.error is not None:
                return str(history.error)
        return ""

    def _pages(self) -> Iterator[Sequence[Run]]:
        following = ""
        while True:
            (page,) = read_all([self.engine.listing(None, following)])
            if isinstance(page, EngineError):
                raise page
            yield page.runs
            following = page.following
            if not following:
                return

    def _read_new(self) -> str:
        """Read the newest of the list, and what goes on and is not among them."""
        met: set[str] = set()
        problem = ""
        is_all = not all(one.maker for one in self.sources)
        names: list[str | None] = [None] if is_all else [*dict.fromkeys(one.maker.spec for one in self.sources)]
        for page in read_all([self.engine.listing(name) for name in names]):
            if isinstance(page, EngineError):
                problem = problem or str(page)
                continue
            own = [run for run in page.runs if any(not one.maker or run.is_for(one.maker) for one in self.sources)]
            self._take(own)
            met.update(run.name for run in own)
            if is_all and not page.following:
                with self._lock:
                    gone = [name for name in self._runs if name not in met]
                for name in gone:
                    self.forget(name)
        with self._lock:
            going = [run.name for run in self._runs.values() if not run.status.ended and run.name not in met]
        for name in going:
            try:
                self.note(self.engine.run(name))
            except Missing:
                self.forget(name)
            except EngineError as error:
                problem = problem or str(error)
        return problem

    def _take(self, runs: Sequence[Run]) -> None:
        with self._lock:
            fresh = [run for run in runs if not self._is_known(run)]
            self._runs.update((run.name, run) for run in fresh)
        if fresh:
            self._changed()

    def _is_known(self, run: Run) -> bool:
        before = self._runs.get(run.name)
        return before == run or (before is not None and _is_last(before, run))


def _is_last(before: Run, run: Run) -> bool:
    """Whether nothing becomes of a run any more; one that was deleted may be made again under its name."""
    return before.status.ended and before.submitted == run.submitted
