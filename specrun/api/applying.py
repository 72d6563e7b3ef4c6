"""A plan carried out for a program: beside its thread, so that an interrupt finds it waiting and not in the middle."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable
from typing import TextIO, TypeVar, cast

from specrun.api.shown import WIDTH
from specrun.apply.events import Event, OperationSettled, PlanReady
from specrun.apply.journal import Journal
from specrun.apply.project import Project
from specrun.apply.walk import Outcome
from specrun.plan.changes import Plan
from specrun.spec.secrets import hide
from specrun.views.data import event_data
from specrun.views.narration import Narration

T = TypeVar("T")


def carry_out(
    project: Project,
    made: Plan,
    show: Callable[[str], object] | None,
    *,
    detach: bool,
    fail_fast: bool,
    lock_timeout: float,
) -> tuple[Outcome, list[str]]:
    """Carry out a plan and follow its runs; how that went, and what could not be done, each with why.

    An interrupt ends what is under way, and is raised then; a second one is raised at once.
    """
    stop = threading.Event()
    lines = _Lines()
    stream = cast("TextIO", lines)
    narration = Narration(stream, stream, WIDTH, colours=False, fail_fast=fail_fast, home=str(project.home))
    journal, errors = Journal(project.home), list[str]()

    def emit(event: Event) -> None:
        if journal.keeps(event):
            journal.write(event_data(event))
        if isinstance(event, OperationSettled) and event.error:
            errors.append(f"{event.key}: {event.error}")
        if show is not None:
            narration(event)

    def work() -> Outcome:
        if made.places:
            emit(PlanReady(made))
        try:
            return project.carry_out(made, emit, stop, detach=detach, fail_fast=fail_fast, lock_timeout=lock_timeout)
        finally:
            if made.places:
                journal.end()

    return _beside(work, lines, show or (lambda _: None), stop), errors


def _beside(work: Callable[[], T], lines: _Lines, show: Callable[[str], object], stop: threading.Event) -> T:
    """What comes of some work in another thread; its lines are shown in this one meanwhile."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failed.append(error)
        lines.close()

    threading.Thread(target=run, name="specrun apply", daemon=True).start()
    broken: BaseException | None = None
    while True:
        try:
            if (line := lines.get()) is None:
                break
            if broken is None:
                show(line)
        except BaseException as error:  # an interrupt, or what `show` raises
            if stop.is_set():
                raise
            stop.set()
            broken = error
    for raised in (*failed, broken):
        if raised is not None:
            raise raised
    return done[0]


class _Lines(io.TextIOBase):
    """A stream that is read line by line in another thread: who writes faster than is read waits."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(1000)
        self._begun = ""

    def write(self, text: str) -> int:
        *whole, self._begun = f"{self._begun}{text}".split("\n")
        for line in whole:
            self._lines.put(hide(line))
        return len(text)

    def close(self) -> None:
        self._lines.put(None)

    def get(self) -> str | None:
        """The next line; None once there are no more."""
        return self._lines.get()
