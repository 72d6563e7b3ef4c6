"""A plan carried out: in dependency order, independent resources side by side, dependents of what failed skipped."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

from specrun.apply.calls import call
from specrun.apply.events import Event, Finished, OperationProgressed, OperationSettled, OperationStarted
from specrun.apply.operations import Stopped, carry_out, submit
from specrun.apply.stage import Stale
from specrun.apply.watch import follow
from specrun.engines.base import Conflict, Engine, EngineError, Progress
from specrun.plan.changes import Action, Change, Plan
from specrun.plan.observed import Run
from specrun.spec.model import SecretUnset

GRACE = 10.0
"""Seconds that calls in flight get after an interrupt."""

TICK = 0.25


@dataclass(slots=True)
class Outcome:
    """How an apply went: what failed, what was stale, the runs that have ended, and those that go on."""

    failed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    ended: list[Run] = field(default_factory=list)
    going_on: list[str] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Done:
    key: str
    bug: BaseException | None = None


@dataclass(slots=True)
class Walk:
    """One apply. Only the thread that calls `go` emits events; the threads of the operations put them in a queue."""

    plan: Plan
    engine: Engine
    home: Path
    emit: Callable[[Event], None]
    stop: threading.Event
    detach: bool = False
    # Bounded: a job that writes faster than a terminal shows must wait in its log, not in memory.
    _queue: queue.Queue[Event | _Done] = field(default_factory=lambda: queue.Queue(maxsize=32))
    _outcome: Outcome = field(default_factory=Outcome)
    _undone: dict[str, str] = field(default_factory=dict)
    """Keys of what was not done, with why: their dependents are skipped."""

    def go(self) -> Outcome:
        """Carry out the plan and follow its runs."""
        changes = {change.resource.key: change for change in self.plan.changes}
        order = TopologicalSorter({k: [n for n in c.resource.needs if n in changes] for k, c in changes.items()})
        order.prepare()
        under_way = 0
        give_up: float | None = None
        while order.is_active():
            if self.stop.is_set():
                give_up = give_up or time.monotonic() + GRACE
                if not under_way or time.monotonic() > give_up:
                    break
            else:
                ready = order.get_ready()
                under_way += len(ready)
                for key in ready:
                    threading.Thread(target=self._work, args=(changes[key],), daemon=True).start()
            for key in self._wait():
                under_way -= 1
                order.done(key)
        self._outcome.interrupted = self.stop.is_set()
        return self._outcome

    def _wait(self) -> Iterator[str]:
        """Emit what the operations have to say, and give the keys of those that are over."""
        with contextlib.suppress(queue.Empty):
            # Not until the queue is empty: one job that writes without pause must not keep the next from starting.
            for taken in range(self._queue.maxsize):
                item = self._queue.get(timeout=0 if taken else TICK)
                if isinstance(item, _Done):
                    if item.bug is not None:
                        raise item.bug
                    yield item.key
                else:
                    self.emit(item)

    def _work(self, change: Change) -> None:
        bug: BaseException | None = None
        try:
            self._operate(change, self._queue.put)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            bug = error
        self._queue.put(_Done(change.resource.key, bug))

    def _operate(self, change: Change, emit: Callable[[Event], None]) -> None:
        key, action = change.resource.key, change.action
        cause = next((need for need in change.resource.needs if need in self._undone), None)
        if cause is not None:
            self._undone[key] = cause
            emit(OperationSettled(key, action, 0.0, skipped=f"{cause} was not done"))
            return
        begun = time.monotonic()
        error = ""
        try:
            name = self._carry_out(change, emit)
        except (Stale, Conflict) as stale:
            error = str(stale).removeprefix(f"{key}: ")
            self._outcome.stale.append(key)
        except (EngineError, SecretUnset, Stopped, OSError) as failure:
            error = str(failure).removeprefix(f"{key}: ")
            self._outcome.failed.append(key)
        if error:
            self._undone[key] = error
        if action is not Action.NO_OP or error:
            emit(OperationSettled(key, action, time.monotonic() - begun, error))
        if error:
            return
        if change.follow is not None and change.follow.status.ended:
            # It was over before this apply: its result counts, its lines were shown by the apply that ran it.
            self._outcome.ended.append(change.follow)
            emit(Finished(change.follow, self.engine.place(name)))
        elif name:
            self._follow(name, emit)

    def _carry_out(self, change: Change, emit: Callable[[Event], None]) -> str:
        key, action = change.resource.key, change.action
        if change.kind == "run" and action is Action.NO_OP:
            return change.follow.name if change.follow is not None else ""
        if action is not Action.NO_OP:
            emit(OperationStarted(key, action))

        def report(progress: Progress) -> None:
            emit(OperationProgressed(key, progress))

        if action is Action.SUBMIT:
            return submit(change, self.engine, self.home, report)
        carry_out(change, self.engine, self.home, report, self.stop)
        return ""

    def _follow(self, name: str, emit: Callable[[Event], None]) -> None:
        try:
            if self.detach:
                run: Run | None = call(lambda: self.engine.run(name), self.engine.patience, name)
            else:
                run = follow(self.engine, name, emit, self.stop)
        except EngineError as error:
            self._outcome.failed.append(name)
            emit(OperationSettled(f"run/{name}", Action.NO_OP, 0.0, f"lost sight of {name}: {error}"))
            return
        if run is not None and run.status.ended:
            self._outcome.ended.append(run)
        else:
            self._outcome.going_on.append(name)
