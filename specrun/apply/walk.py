"""A plan carried out: in dependency order, independent resources side by side, dependents of what failed skipped."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from graphlib import TopologicalSorter
from pathlib import Path

from specrun.apply.events import (
    Event,
    Finished,
    ModelRegistered,
    OperationProgressed,
    OperationSettled,
    OperationStarted,
)
from specrun.apply.locks import Halted, Locking, LockRequired, LocksOfApply, LockTimeout, Stopped
from specrun.apply.operations import Operation, cancel_previous
from specrun.apply.stage import Stale
from specrun.apply.watch import Told, code_of, ended, follow
from specrun.engines.base import Conflict, EngineError, Progress
from specrun.engines.locks import LockLost
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Change, Plan, ResourceChange
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.model import Register
from specrun.plan.kinds.run import Adopt, Follow, Held, Submit
from specrun.plan.observed import Run, RunStatus
from specrun.plan.resources import Key, Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.errors import FAILED, INTERRUPTED, REFUSED, STALE, SecretUnset, worst
from specrun.spec.frozen import dataclass
from specrun.spec.model import Origin

GRACE = 10.0
"""Seconds that calls in flight get after an interrupt."""

TICK = 0.25

AT_ONCE = 8
"""Operations at the same time, each of which waits for a call in a thread of its own. Runs are followed besides."""


@dataclass(slots=True)
class Outcome:
    """How an apply went: what failed, what was stale or locked, what the rules refused, the runs that have ended, and
    those that go on; and what is left to be done once these have succeeded, by its address.
    """

    failed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ended: list[Run] = field(default_factory=list)
    going_on: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def code(self) -> int:
        """The exit status of the command."""
        applies = {
            INTERRUPTED: self.interrupted,
            REFUSED: bool(self.refused),
            STALE: bool(self.stale),
            FAILED: bool(self.failed),
        }
        return worst({code for code, whether in applies.items() if whether} | {code_of(run) for run in self.ended})


@dataclass(frozen=True, slots=True)
class _Done:
    """An operation is over; or, with no key, one is no more than a run that is followed."""

    key: Key | None = None
    bug: BaseException | None = None


@dataclass(slots=True)
class Walk:
    """One apply. Only the thread that calls `go` emits events; the threads of the operations put them in a queue."""

    plan: Plan
    engines: Mapping[Place, Reliable]
    home: Path
    emit: Callable[[Event], None]
    stop: threading.Event
    detach: bool
    fail_fast: bool = False
    locking: Locking = field(default_factory=Locking)
    # Bounded: a job that writes faster than a terminal shows must wait in its log, not in memory.
    _queue: queue.Queue[Event | _Done] = field(default_factory=lambda: queue.Queue(maxsize=32))
    _outcome: Outcome = field(default_factory=Outcome)
    _undone: dict[Key, str] = field(default_factory=dict)
    """What was not done, or needs what was not, and why what needs it is skipped: something to do to it was not done,
    or a run has not succeeded.
    """
    _runs: dict[Key, str] = field(default_factory=dict)
    """The runs that there are by now, by what asked for them."""
    _begun: set[Key] = field(default_factory=set)
    _going_on: set[Key] = field(default_factory=set)
    _failed_run: str = ""
    """The first run that failed during this apply: with `fail_fast` nothing is begun after it."""
    _lost_lock: str = ""
    """Why a lock was lost in the middle: nothing is begun after that."""
    _slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    _locks: LocksOfApply = field(init=False)

    def __post_init__(self) -> None:
        self._locks = LocksOfApply(self.locking, self._queue.put, self.stop, self._halted)

    def go(self) -> Outcome:
        """Carry out the plan and follow its runs."""
        changes = {change.key: change for change in self.plan.changes}
        order = TopologicalSorter({k: [n for n in c.resource.needs if n in changes] for k, c in changes.items()})
        order.prepare()
        ready: deque[Key] = deque()
        under_way = 0
        give_up: float | None = None
        while order.is_active():
            if self.stop.is_set():
                give_up = give_up or time.monotonic() + GRACE
                if not under_way or time.monotonic() > give_up:
                    break
            else:
                ready.extend(sorted(order.get_ready(), key=_in_order))
                while ready and self._slots.acquire(blocking=False):
                    under_way += 1
                    threading.Thread(target=self._work, args=(changes[ready.popleft()],), daemon=True).start()
            self._lost_lock = self._lost_lock or self._locks.lost()
            for key in self._wait():
                under_way -= 1
                order.done(key)
        self._outcome.interrupted = self.stop.is_set()
        self._outcome.left = [key.address for key in self._left()]
        return self._outcome

    def _left(self) -> Iterator[Key]:
        """What was not begun and waits for runs that go on: it stands after these in the plan."""
        waiting = set(self._going_on)
        for change in self.plan.changes:
            is_new = isinstance(change, (Submit, Register)) and change.key not in self._begun
            if is_new and _is_pending(change) and not waiting.isdisjoint(change.resource.needs):
                waiting.add(change.key)
                yield change.key

    def _wait(self) -> Iterator[Key]:
        """Emit what the operations have to say, and give the keys of those that are over."""
        with contextlib.suppress(queue.Empty):
            # Not until the queue is empty: one job that writes without pause must not keep the next from starting.
            for taken in range(self._queue.maxsize):
                item = self._queue.get(timeout=0 if taken else TICK)
                if not isinstance(item, _Done):
                    self.emit(item)
                elif item.bug is not None:
                    raise item.bug
                elif item.key is not None:
                    yield item.key

    def _work(self, change: Change) -> None:
        bug: BaseException | None = None
        try:
            try:
                follow = self._operate(change)
            finally:
                self._slots.release()
            if follow:
                self._queue.put(_Done())
                self._follow(self.engines[change.key.place], follow, change.key)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            bug = error
        self._queue.put(_Done(change.key, bug))

    def _operate(self, change: Change) -> str:
        """Carry out one change; the name of the run that is to be followed now, "" when there is none."""
        key, action, emit = change.key, change.action, self._queue.put
        cause = next((self._undone[need] for need in change.resource.needs if need in self._undone), None)
        if isinstance(change, Held):
            cause = cause or change.standing.held
        if cause is not None and not isinstance(change, Follow):
            self._undone[key] = cause
            if _is_pending(change):
                emit(OperationSettled(key, action, 0.0, skipped=cause))
            return ""  # else it stays as it is, whatever happened to what it needs
        begun = time.monotonic()
        name, error = "", ""
        diagnostic: Diagnostic | None = None
        try:
            if _is_pending(change) and (why := self._halted()):
                raise Halted(why)  # noqa: TRY301 - as where that is known while a lock is waited for
            self._begun.add(key)
            name = self._carry_out(change)
        except Halted as halted:
            self._undone[key] = f"{key} was not done"
            emit(OperationSettled(key, action, 0.0, skipped=str(halted)))
            return ""
        except LockRequired as refusal:
            error = str(refusal).removeprefix(f"{key}: ")
            self._outcome.refused.append(str(key))
        except LockLost as lost:
            self._lost_lock = self._lost_lock or str(lost)
            error = f"{lost}: somebody else may have changed it, plan again"
            self._outcome.stale.append(str(key))
        except (Stale, Conflict, LockTimeout) as stale:
            error = str(stale).removeprefix(f"{key}: ")
            self._outcome.stale.append(str(key))
        except (EngineError, SecretUnset, Stopped, OSError) as failure:
            error = str(failure).removeprefix(f"{key.title}: ") + _place_of(failure, change)
            diagnostic = failure.diagnostic if isinstance(failure, EngineError) else None
            self._outcome.failed.append(str(key))
        if error:
            self._undone[key] = f"{key} was not done"
        if action is not Action.NO_OP or error:
            emit(OperationSettled(key, action, time.monotonic() - begun, error, diagnostic=diagnostic))
        return name

    def _carry_out(self, change: Change) -> str:
        engine = self.engines[change.key.place]
        if isinstance(change, Follow):
            if isinstance(change, Adopt):
                self._queue.put(OperationStarted(change.key, change.action))
                engine.adopt(change.run.name, change.resource.name)
            elif change.run.parent:
                engine.adopt(change.run.name, change.resource.name)  # what is in no list, as a trial, is in this one's
            cancel_previous(engine, change)
            self._runs[change.key] = change.run.name
            if not change.run.status.ended:
                return change.run.name
            # It was over before this apply: its result counts. Its lines were shown by the apply that ran it, and of
            # those by which it failed the last are shown again.
            self._outcome.ended.append(change.run)
            self._note_end(change.key, change.run)
            self._queue.put(replace(ended(engine, change.run), key=change.key))
            return ""
        if change.action is not Action.NO_OP:
            self._queue.put(OperationStarted(change.key, change.action))

        def report(progress: Progress) -> None:
            self._queue.put(OperationProgressed(change.key, progress))

        if isinstance(change, Register):
            if change.action is not Action.NO_OP:
                source = self._runs[Key(change.key.place, f"run/{change.resource.spec}")]
                found = Operation(engine, self.home, report, self.stop).register(change, source)
                output = change.resource.output
                self._queue.put(ModelRegistered(change.key, found.name, found.version, source, output))
            return ""
        if isinstance(change, Submit):
            upstream = {need.address: self._runs[need] for need in change.resource.needs if need in self._runs}
            name = self._runs[change.key] = Operation(engine, self.home, report, self.stop).submit(change, upstream)
            return name
        assert isinstance(change, (ResourceChange, Upload))
        with self._locks.over(change, engine) as check:
            Operation(engine, self.home, report, self.stop, check).carry_out(change)
        return ""

    def _halted(self) -> str:
        """Why nothing is begun any more; "": it is."""
        if self._lost_lock:
            return self._lost_lock
        return f"--fail-fast: {self._failed_run} failed" if self.fail_fast and self._failed_run else ""

    def _follow(self, engine: Reliable, name: str, key: Key) -> None:
        def told(event: Told) -> None:
            if isinstance(event, Finished) and event.run.status in (RunStatus.FAILED, RunStatus.LOST):
                self._failed_run = self._failed_run or name
            self._queue.put(replace(event, key=key))

        try:
            run = engine.run(name) if self.detach else follow(engine, name, told, self.stop)
        except EngineError as error:
            self._outcome.failed.append(name)
            self._undone[key] = f"sight of {name} was lost"
            lost = f"lost sight of {name}: {error}"
            self._queue.put(OperationSettled(Key(key.place, f"run/{name}"), Action.NO_OP, 0.0, lost))
            return
        if run is not None and run.status.ended:
            self._outcome.ended.append(run)
            self._note_end(key, run)
        else:
            self._outcome.going_on.append(name)
            self._going_on.add(key)
            self._undone[key] = f"{name} goes on"

    def _note_end(self, key: Key, run: Run) -> None:
        """Have what reads from a run be skipped where that has not succeeded."""
        if run.status is not RunStatus.SUCCEEDED:
            self._undone[key] = f"{run.name} {_HOW[run.status]}"


_HOW = {
    RunStatus.FAILED: "has failed",
    RunStatus.CANCELLED: "was cancelled",
    RunStatus.LOST: "was ended by the platform",
}


def _in_order(key: Key) -> tuple[str, str, str]:
    return key.place.engine, key.place.workspace, key.address


def _is_pending(change: Change) -> bool:
    """Whether there was something to do, or to wait for: a run that is there is followed whatever else fails."""
    if change.action is not Action.NO_OP or isinstance(change, Held):
        return True
    return isinstance(change, (ResourceChange, Upload)) and not change.before.status.settled


def _place_of(failure: BaseException, change: Change) -> str:
    """Where in the spec the field stands that a failure is about."""
    if not isinstance(failure, EngineError) or not failure.about:
        return ""
    location = Origin(change.resource.origin.document, failure.about).location
    return f" ({location.file}:{location.line}:{location.column})"
