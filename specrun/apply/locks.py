"""The locks of one apply: each is taken just before the look at what it is for, and given back when that has settled.

An operation has one at most, and waits for it with none: whoever else takes whichever in whatever order, somebody goes
on. One that cannot be had for want of rights is done without, and said once, unless the rules want it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import field, replace

from specrun.apply.events import Event, LockAwaited, LocksDenied
from specrun.engines.base import Denied, EngineError
from specrun.engines.locks import Held, Holder, Lock, LockLost
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Change, Plan, ResourceChange
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.run import RunDeletion
from specrun.plan.provenance import who_asks
from specrun.plan.resources import Key, Place
from specrun.spec.errors import REFUSED, STALE, Error
from specrun.spec.frozen import dataclass

TIMEOUT = 600.0
"""Seconds that somebody else's lock is waited for, unless the command line says otherwise."""

FIRST_PAUSE = 0.2
"""Seconds between the first tries to get a lock; later ones are as far apart as the engine says."""

KINDS = frozenset({"compute", "datastore", "data"})
"""What has locks: a run is submitted once by its name, and the making of a workspace is the service's own conflict."""


class LockTimeout(Error):
    """Somebody had the lock for as long as one would wait: nothing was changed."""

    code = STALE


class LockRequired(Error):
    """The lock may not be taken, and the rules want it."""

    code = REFUSED


class Stopped(Exception):
    """The user asked to stop while this was under way."""


class Halted(Exception):
    """Nothing is begun any more: the message says why."""


@dataclass(frozen=True, slots=True)
class Locking:
    """How locks are taken: waited for so many seconds; `required` are the places where nothing is changed without."""

    timeout: float = TIMEOUT
    required: Set[Place] = frozenset()


def needs_lock(change: Change) -> bool:
    """Whether something is changed that others may change, too."""
    return (
        isinstance(change, (ResourceChange, Upload))
        and change.action is not Action.NO_OP
        and change.resource.kind in KINDS
        and not isinstance(change, RunDeletion)
    )


def check_required(plan: Plan, engines: Mapping[Place, Reliable], required: Set[Place]) -> None:
    """Find out whether locks may be taken where the rules want them, by taking one in each place that is to be changed.

    Raises LockRequired and EngineError.
    """
    first: dict[Place, Change] = {}
    for change in filter(needs_lock, plan.changes):
        if change.key.place in required:
            first.setdefault(change.key.place, change)
    for place, change in first.items():
        try:
            lock = engines[place].locks.acquire(change.resource, holder_of(change))
        except Held:
            continue  # who may ask may take
        except Denied as error:
            raise LockRequired(_refused(change.key, error)) from error
        if lock is not None:
            lock.release()


def holder_of(change: Change) -> Holder:
    """What those who wait for this process are told of it."""
    user, ci = who_asks()
    maker = change.resource.maker
    doing = f"{change.action.value} {change.key.address}" + (f" ({maker})" if maker else "")
    from socket import gethostname  # late: what is not locked needs no name

    return Holder(user, ci or gethostname(), doing, time.time(), os.getpid())


def told(holder: Holder) -> str:
    """A holder in words, as in `ada at desk-3 (process 71), update compute/gpu (mnist), since 2026-11-30 12:00:04`."""
    at = f" at {holder.where}" if holder.where else ""
    process = f" (process {holder.process})" if holder.process else ""
    since = time.strftime("since %Y-%m-%d %H:%M:%S", time.localtime(holder.since)) if holder.since else ""
    return ", ".join(filter(None, (f"{holder.who or 'somebody'}{at}{process}", holder.doing, since)))


@dataclass(slots=True)
class LocksOfApply:
    """The locks that one apply has and waits for. `halted` says why nothing is begun any more ("": go on)."""

    locking: Locking
    emit: Callable[[Event], None]
    stop: threading.Event
    halted: Callable[[], str]
    _held: dict[Key, Lock] = field(default_factory=dict)
    _denied: set[Place] = field(default_factory=set)
    _one: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def over(self, change: Change, engine: Reliable) -> Iterator[Callable[[], None]]:
        """Have the lock of what is changed, where it has one; gives what raises LockLost once it is lost.

        Raises LockTimeout, LockRequired, Stopped, Halted and EngineError; LockLost instead of whatever failed when it
        was lost, for a network that goes silent takes both.
        """
        lock = self._wait(change, engine) if needs_lock(change) and change.key.place not in self._denied else None
        if lock is None:
            yield lambda: None
            return
        with self._one:
            self._held[change.key] = lock
        try:
            yield lock.check
        except EngineError:
            lock.check()
            raise
        finally:
            with self._one:
                del self._held[change.key]
            lock.release()

    def lost(self) -> str:
        """Why one that is held is so no more; "": none was lost. It asks nobody."""
        with self._one:  # what is being given back is not lost
            for lock in self._held.values():
                try:
                    lock.check()
                except LockLost as error:
                    return str(error)
        return ""

    def _wait(self, change: Change, engine: Reliable) -> Lock | None:
        begun, shown = time.monotonic(), None
        holder = holder_of(change)
        while True:
            try:
                return engine.locks.acquire(change.resource, replace(holder, since=time.time()))
            except Denied as error:
                self._go_without(change, error)
                return None
            except Held as held:
                waited = time.monotonic() - begun
                if waited >= self.locking.timeout:
                    raise LockTimeout(_timed_out(change, held.holder, self.locking.timeout)) from held
                if held.holder != shown:
                    shown = held.holder
                    self.emit(LockAwaited(change.key, shown))
            pause = max(FIRST_PAUSE, min(engine.poll, waited / 10))
            if self.stop.wait(min(pause, self.locking.timeout - waited)):
                raise Stopped(f"{change.key}: it was waiting for its lock, nothing was changed")
            if why := self.halted():
                raise Halted(why)

    def _go_without(self, change: Change, error: Denied) -> None:
        place = change.key.place
        if place in self.locking.required:
            raise LockRequired(_refused(change.key, error)) from error
        with self._one:
            if place not in self._denied:
                self._denied.add(place)
                self.emit(LocksDenied(place, str(error)))


def _refused(key: Key, error: Denied) -> str:
    return f"{key}: `rules: {{lock: required}}` in .specrun.yaml wants a lock, and none may be taken: {error}"


def _timed_out(change: Change, holder: Holder, timeout: float) -> str:
    waited = f"waited {timeout:g} s" if timeout else "not waited"
    return (
        f"{change.key}: locked by {told(holder)}; {waited}. A longer --lock-timeout waits longer; "
        "`specrun unlock` frees what nobody is at work on"
    )
