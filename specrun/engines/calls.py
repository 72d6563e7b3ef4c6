"""Calls that have a deadline, are one of a few at a time, and are tried again when that may help.

A call runs in a thread of its own and not in a pool: one that hangs must keep neither the program nor its exit waiting.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from functools import partial
from typing import Generic, TypeVar

from specrun.engines.background import in_background
from specrun.engines.base import EngineError, Transient
from specrun.plan.resources import Place
from specrun.plan.under_way import begin, end
from specrun.spec.frozen import dataclass

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

AT_ONCE = 16
"""Calls at the same time, however much there is to ask."""

ATTEMPTS = 5
"""How often something is tried that may go right the next time."""

FIRST_PAUSE = 0.2
"""Seconds before something is tried again; twice as many each time, unless the service says how many."""


class Abandoned(EngineError):
    """A call gave no sign of life for too long. A write may have been accepted: observe before trying again."""


def pause_after(error: EngineError, attempt: int) -> float:
    """Seconds to wait before the next attempt; `attempt` counts from 0."""
    after = error.after if isinstance(error, Transient) else None
    return after or FIRST_PAUSE * 2**attempt


Touch = Callable[[float], None]
"""A sign of life, with the seconds for which there will be no other."""


class Call(Generic[T]):
    """One call in its own thread, and when it last gave a sign of life. `over` is done when it is."""

    def __init__(self, work: Callable[[Touch], T], over: Callable[[], None] = lambda: None) -> None:
        self._alive = time.monotonic()
        self._future = in_background(lambda: work(self._touch))
        self._future.add_done_callback(lambda _: over())

    def _touch(self, ahead: float = 0.0) -> None:
        self._alive = time.monotonic() + ahead

    @property
    def is_done(self) -> bool:
        return self._future.done()

    def left(self, patience: float) -> float:
        """Seconds until it counts as hanging."""
        return max(0.0, self._alive + patience - time.monotonic())

    def wait(self, patience: float, what: str) -> T:
        while not wait([self._future], left := self.left(patience)).done:
            if not left:
                raise Abandoned(f"{what}: no answer for {patience:g} s")
        return self._future.result()

    def with_result(self, use: Callable[[T], object]) -> None:
        """Do something with the result if there ever is one, now or when it comes."""
        self._future.add_done_callback(lambda future: None if future.exception() else use(future.result()))


@dataclass(frozen=True, slots=True)
class Read(Generic[T_co]):
    """Something that only reads: where, what in words, and how many seconds each attempt may be silent."""

    place: Place
    what: str
    patience: float
    work: Callable[[], T_co]


def read_all(reads: Iterable[Read[T]]) -> list[T | EngineError]:
    """Do several reads, `AT_ONCE` at a time; each result or its error, in their order.

    Each place has its share of them: one that hangs does not keep the others waiting.
    """
    waiting: dict[Place, deque[tuple[int, Read[T]]]] = {}
    for number, one in enumerate(reads):
        waiting.setdefault(one.place, deque()).append((number, one))
    share = max(1, AT_ONCE // max(1, len(waiting)))
    results: dict[int, T | EngineError] = {}
    running: dict[int, tuple[Read[T], Call[T], int]] = {}
    over = threading.Event()
    while running or any(waiting.values()):
        for place, left in waiting.items():
            while left and sum(one.place == place for one, *_ in running.values()) < share:
                number, one = left.popleft()
                told = begin(f"looking at {one.place.title}: {one.what}")
                running[number] = one, Call(partial(retried, one.work), over.set), told
        over.wait(min(call.left(one.patience) for one, call, _ in running.values()))
        over.clear()
        for number, (one, call, told) in list(running.items()):
            if call.is_done or not call.left(one.patience):
                del running[number]
                end(told)
                try:
                    results[number] = call.wait(one.patience, one.what)
                except EngineError as error:
                    results[number] = error
    return [results[number] for number in range(len(results))]


def retried(work: Callable[[], T], touch: Touch) -> T:
    """Do what may be done twice, until it goes right. Raises the last error."""
    for attempt in range(ATTEMPTS):
        touch(0.0)
        try:
            return work()
        except Transient as error:
            if attempt == ATTEMPTS - 1:
                raise
            wait = pause_after(error, attempt)
            touch(wait)
            time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")
