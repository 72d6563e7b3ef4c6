"""A value that is asked of an engine in another thread, at most so often, however many look at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from specrun.engines.base import EngineError, Missing
from specrun.plan.ownership import StateRefused
from specrun.ui.wire import Refused

if TYPE_CHECKING:
    from specrun.ui.runs import Catalog, Entry

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds for which the first value is waited for."""


class Fresh(Generic[T]):
    """What `read` gives, at most `every` seconds old while somebody looks, and never read again once it is `last`."""

    def __init__(self, read: Callable[[], T], every: float, last: Callable[[T], bool] = lambda _: False) -> None:
        self._read = read
        self._every = every
        self._last = last
        self._changed = threading.Condition()
        self._values: list[T] = []
        self._error: Exception | None = None
        self._at = -1e9
        self._is_reading = False

    def value(self) -> T:
        """The value, which the first to look waits for. Raises Refused and EngineError where there is none."""
        with self._changed:
            over = bool(self._values) and self._last(self._values[0])
            if not (over or self._is_reading) and time.monotonic() - self._at >= self._every:
                self._is_reading = True
                threading.Thread(target=self._look, name="reading for a page", daemon=True).start()
            if not self._values:
                self._changed.wait_for(lambda: not self._is_reading, PATIENCE)
            if self._values:
                return self._values[0]
            if self._error is not None:
                raise self._error
        raise Refused(504, "there is no answer so far: it is waited for")

    def _look(self) -> None:
        found: list[T] = []
        error: Exception | None = None
        try:
            found = [self._read()]
        except (EngineError, StateRefused, Refused, OSError) as failed:
            error = failed
        finally:
            with self._changed:
                if found or isinstance(error, Missing):
                    self._values = found
                self._error = error
                self._at = time.monotonic()
                self._is_reading = False
                self._changed.notify_all()


class FreshOfRuns(Generic[T]):
    """What is read of runs again and again until they have ended: of each run and each `what`, `kept` of them."""

    def __init__(self, catalog: Catalog, kept: int) -> None:
        self._catalog = catalog
        self._kept = kept
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Fresh[T]] = {}

    def of(self, name: str, what: str, read: Callable[[Entry], T]) -> Fresh[T]:
        """The value that `read` gives of a run, for all who look. Raises Refused and EngineError."""
        entry = self._catalog.find(name)
        with self._lock:
            found = self._known.get((name, what))
            if found is None:
                over = [False]

                def look() -> T:
                    # Where the run is is read first: what it has logged once it has ended is all.
                    now = self._catalog.now(name)
                    value = read(now)
                    over[0] = now.run.status.ended
                    return value

                found = Fresh(look, 1.0 if entry.place.is_here else entry.place.every, lambda _: over[0])
                self._known[name, what] = found
                while len(self._known) > self._kept:
                    self._known.pop(next(iter(self._known)))
        return found
