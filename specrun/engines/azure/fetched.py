"""Something that several threads want, and that one of them fetches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Fetched(Generic[T]):
    """A value that is fetched when it is first wanted. Who comes while it is fetched waits, and shares the failure.

    After a failure the next one tries again; so it does when a fetch has not ended after `patience` seconds, and when
    the value is older than it `lasts`, in seconds.
    """

    def __init__(self, fetch: Callable[[], T], patience: float = 120.0, lasts: float = float("inf")) -> None:
        self._fetch = fetch
        self._patience = patience
        self._lasts = lasts
        self._lock = threading.Lock()
        self._future: Future[T] | None = None
        self._begun = 0.0
        self._seen = False

    def get(self) -> T:
        """The value, as old as it may be. Raises what fetching raised."""
        with self._lock:
            mine, future = self._take()
        return self._result(mine, future)

    def look(self) -> T:
        """The value as it is now: fetched anew, unless nobody has looked since it was fetched."""
        with self._lock:
            if self._future is not None and self._future.done() and self._seen:
                self._future = None
            mine, future = self._take()
            self._seen = True
        return self._result(mine, future)

    @property
    def is_fetched(self) -> bool:
        """Whether the value is there by now, of whatever age."""
        future = self._future
        return future is not None and future.done() and future.exception() is None

    def forget(self) -> None:
        """Whatever was fetched is not so any more."""
        with self._lock:
            self._future = None

    def _take(self) -> tuple[bool, Future[T]]:
        future = self._future
        if future is not None and not self._stale(future):
            return False, future
        self._future, self._begun, self._seen = Future(), time.monotonic(), False
        return True, self._future

    def _stale(self, future: Future[T]) -> bool:
        age = time.monotonic() - self._begun
        if future.done():
            return future.exception() is not None or age > self._lasts
        return age > self._patience

    def _result(self, mine: bool, future: Future[T]) -> T:
        if mine:
            try:
                future.set_result(self._fetch())
            except BaseException as error:  # noqa: BLE001 - it is raised again by everyone who wanted the value
                future.set_exception(error)
        return future.result()
