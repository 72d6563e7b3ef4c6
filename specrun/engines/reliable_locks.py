"""The locks of a place, each call with a deadline: a hung service must not keep a lock, nor who waits for one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from specrun.engines.base import EngineError, Missing
from specrun.engines.calls import Abandoned, Call, retried
from specrun.engines.locks import Holder, Lock, Locks
from specrun.plan.resources import Resource


class ReliableLocks:
    """The locks of one place (None: it has none). `read` does a read that is tried again, `slots` bounds all calls."""

    def __init__(
        self,
        locks: Locks | None,
        patience: float,
        slots: threading.BoundedSemaphore,
        read: Callable[[str, Callable[[], Any]], Any],
    ) -> None:
        self._locks = locks
        self._patience = patience
        self._slots = slots
        self._read = read

    @property
    def lapse(self) -> float:
        """For how many seconds a lock may outlive a holder that was killed."""
        return self._locks.lapses if self._locks is not None else 0.0

    def name(self, resource: Resource) -> str:
        """What a resource's lock is called; "" where the place has none, or what it is called after is not there."""
        with contextlib.suppress(Missing):
            if self._locks is not None:
                return str(self._read(f"the lock of {resource.address}", partial(self._locks.name, resource)))
        return ""

    def acquire(self, resource: Resource, holder: Holder) -> Lock | None:
        """Try once to get a resource's lock; None where there is nothing to keep it in, yet. Raises Held and Denied."""
        if self._locks is None:
            return None
        with self._slots:
            call = Call(partial(retried, partial(self._locks.acquire, resource, holder)))
            try:
                return ReliableLock(call.wait(self._patience, f"locking {resource.address}"), self._patience)
            except Missing:
                return None
            except Abandoned:
                call.with_result(lambda late: late.release())  # nobody waits for it any more
                raise

    def holders(self) -> Mapping[str, Holder]:
        """Who holds which lock of the place."""
        with contextlib.suppress(Missing):  # there is nothing to keep them in, yet
            if self._locks is not None:
                found: Mapping[str, Holder] = self._read("the locks", self._locks.holders)
                return found
        return {}

    def free(self, name: str) -> None:
        """Take a lock from whoever holds it."""
        if self._locks is not None:
            self._read(f"freeing {name}", partial(self._locks.free, name))


class ReliableLock:
    """A lock whose release has a deadline, too."""

    def __init__(self, lock: Lock, patience: float) -> None:
        self._lock = lock
        self._patience = patience

    def check(self) -> None:
        """Raises what the lock's own does."""
        self._lock.check()

    def release(self) -> None:
        """Give it back, as far as that can be done in time."""
        with contextlib.suppress(EngineError):  # it runs out
            Call(lambda _: self._lock.release()).wait(self._patience, "giving back a lock")
