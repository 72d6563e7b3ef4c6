"""Calls to an engine: each with a deadline, in a daemon thread, tried again when that may help.

A daemon thread and no pool: a call that hangs must keep neither the program nor its exit waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from specrun.engines.base import EngineError, Progress, Report, Transient

T = TypeVar("T")

ATTEMPTS = 5


class Abandoned(EngineError):
    """A call gave no sign of life for too long. A write may have been accepted: observe before trying again."""


class _Call(Generic[T]):
    """One call in its own thread, and when it last gave a sign of life."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._alive = time.monotonic()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self._error = error
        self._done.set()

    def touch(self) -> None:
        self._alive = time.monotonic()

    def wait(self, patience: float, what: str) -> T:
        while not self._done.wait(max(0.0, self._alive + patience - time.monotonic())):
            if time.monotonic() - self._alive >= patience:
                raise Abandoned(f"{what}: no answer for {patience:g} s")
        if self._error is not None:
            raise self._error
        return self._result[0]


def call(work: Callable[[], T], patience: float, what: str) -> T:
    """Do one thing that only reads: within `patience` seconds, again when the engine says that it may help.

    Raises EngineError.
    """
    return _retried(lambda: _Call(work).wait(patience, what))


def call_reporting(work: Callable[[Report], T], report: Report, patience: float, what: str) -> T:
    """Do one thing that changes something; each report is a sign of life.

    Not tried again: it may have been accepted, so `operations` looks first. Raises EngineError.
    """
    started: list[_Call[T]] = []

    def alive(progress: Progress) -> None:
        if started:
            started[0].touch()
        report(progress)

    started.append(_Call(lambda: work(alive)))
    return started[0].wait(patience, what)


def call_all(works: Iterable[tuple[str, Callable[[], T]]], patience: float) -> list[T | EngineError]:
    """Do several reads at once; each result or its error, in their order."""

    def guarded(work: Callable[[], T], what: str) -> T | EngineError:
        try:
            return call(work, patience, what)
        except EngineError as error:
            return error

    pairs = list(works)
    if len(pairs) == 1:
        return [guarded(pairs[0][1], pairs[0][0])]
    calls = [_Call(partial(guarded, work, what)) for what, work in pairs]
    return [one.wait(patience * (ATTEMPTS + 1), what) for one, (what, _) in zip(calls, pairs, strict=True)]


def _retried(attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except Transient as error:
        wait = error.after or 0.0
    import stamina  # late: most applies never need it, and it costs as much as the rest of specrun to import
    from stamina.instrumentation import set_on_retry_hooks

    set_on_retry_hooks([])  # a retry that succeeds is nothing that a user has to read
    time.sleep(wait)

    def again(error: Exception) -> bool | float:
        return isinstance(error, Transient) and (error.after or True)

    for trial in stamina.retry_context(on=again, attempts=ATTEMPTS - 1, timeout=None):
        with trial:
            return attempt()
    raise AssertionError("the last trial returns or raises")
