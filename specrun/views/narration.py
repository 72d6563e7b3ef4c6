"""An apply told to people: what happens on standard error, the job's own lines and the last line on standard output."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from specrun.apply.events import (
    Event,
    Finished,
    LogLines,
    OpenLines,
    OperationProgressed,
    OperationSettled,
    OperationStarted,
    PlanReady,
    StatusChanged,
)
from specrun.engines.base import LogLine, Progress
from specrun.plan.changes import Action
from specrun.plan.observed import Run, RunStatus
from specrun.plan.resources import Key
from specrun.spec.masking import mask
from specrun.spec.secrets import hide
from specrun.spec.visible import at_start, visible, visible_log
from specrun.spec.wording import size
from specrun.views.plan_text import plan_text, summary
from specrun.views.role_lines import RoleLines
from specrun.views.text import canvas, duration, indented, nearby, paint_for

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

COLOURS = ("cyan", "green", "magenta", "yellow", "blue")
ENDS = {
    RunStatus.SUCCEEDED: ("✓", "green"),
    RunStatus.FAILED: ("✗", "red"),
    RunStatus.CANCELLED: ("■", "yellow"),
    RunStatus.LOST: ("✗", "red"),
}
VERBS = {
    Action.NO_OP: "waiting for",
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.REPLACE: "replacing",
    Action.DELETE: "deleting",
    Action.SUBMIT: "submitting",
}

EVERY = 30.0
"""Seconds between two lines about an operation under way, where there is no terminal to draw a bar on."""


class Narration:
    """Turns events into text as they come. With a terminal, operations under way have a bar with rate and time left."""

    def __init__(self, out: TextIO, err: TextIO, width: int, *, colours: bool = True, quiet: bool = False) -> None:
        self._out = out
        self._err = err
        self._paint_out = paint_for(out, colours)
        self._lines = RoleLines(out, self._paint_out, width)
        self._paint = paint_for(err, colours)
        self._width = width
        self._quiet = quiet
        self._roles: dict[str, str] = {}
        self._bars: Bars | None = None
        self._tasks: dict[Key, TaskID] = {}
        self._runs: set[str] = set()
        self._told: dict[Key, float] = {}
        self._several = False

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case PlanReady(plan):
                self._several = len(plan.places) > 1
                self._say(plan_text(plan, self._paint, self._width) if plan.pending else summary(plan))
            case OperationStarted(key, action):
                self._start(key, action)
            case OperationProgressed(key, progress):
                self._progress(key, progress)
            case OperationSettled():
                self._settle(event)
            case StatusChanged(run):
                self._status(run)
            case LogLines(run, lines):
                self._runs.add(run)
                for line in lines:
                    role = self._role(run, line.role)
                    self._lines.put(role, line.text, self._colour(role))
                self._out.flush()
            case OpenLines(run, lines):
                self._runs.add(run)
                self._rewrite(run, lines)
            case Finished():
                self._finish(event)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._lines.clear()
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _say(self, text: str, *, wrong: bool = False) -> None:
        """Tell something: with --quiet only what is `wrong`."""
        if self._quiet and not wrong:
            return
        self._lines.clear()
        if self._bars is not None:
            self._bars.console.print(mask(text), markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self._err, flush=True)

    def _name(self, key: Key) -> str:
        return visible(f"{key} on {key.place.title}" if self._several else str(key))

    def _start(self, key: Key, action: Action) -> None:
        if not self._err.isatty() or self._quiet:
            self._say(f"{action.sign} {self._name(key)}: {VERBS[action]}")
            return
        bars = self._bars or self._make_bars()
        self._tasks[key] = bars.add_task(self._name(key), total=None, text=VERBS[action])

    def _progress(self, key: Key, progress: Progress) -> None:
        if self._bars is None or key not in self._tasks:
            self._log_progress(key, progress)
            return
        text = f"{size(progress.done)} of {size(progress.total)}" if progress.total else visible(hide(progress.text))
        self._bars.update(self._tasks[key], completed=progress.done, total=progress.total or None, text=text)

    def _log_progress(self, key: Key, progress: Progress) -> None:
        """Without a terminal, a line from time to time: an upload that takes an hour must not look like a hang."""
        now = time.monotonic()
        if now - self._told.setdefault(key, now) < EVERY:
            return
        self._told[key] = now
        done = f"{size(progress.done)} of {size(progress.total)}" if progress.total else ""
        self._say(f"  {self._name(key)}: {', '.join(filter(None, (done, visible(progress.text))))}")

    def _settle(self, event: OperationSettled) -> None:
        task = self._tasks.pop(event.key, None)
        if event.skipped:
            why = visible(event.skipped)
            self._say(f"{self._paint('-', 'yellow')} {self._name(event.key)}: skipped, since {why}", wrong=True)
        elif event.error:
            self._say(f"{self._paint('✗', 'red')} {self._name(event.key)}: {indented(event.error)}", wrong=True)
        else:
            sign = self._paint(event.action.sign, "green")
            self._say(f"{sign} {self._name(event.key)}: done in {duration(event.seconds)}")
        if self._bars is not None and task is not None:
            self._bars.remove_task(task)
            if not self._tasks:
                self.close()

    def _status(self, run: Run) -> None:
        if run.status is RunStatus.QUEUED and not run.reason:
            return  # it starts at once: only a wait needs a word
        detail = f": {visible(run.reason)}" if run.reason else ""
        self._say(f"{self._paint('▶', 'cyan')} {visible(run.name)} is {run.status.value}{detail}")

    def _role(self, run: str, role: str) -> str:
        return f"{run} {role}" if len(self._runs) > 1 else role

    def _colour(self, role: str) -> str:
        return self._roles.setdefault(role, COLOURS[len(self._roles) % len(COLOURS)])

    def _rewrite(self, run: str, lines: Sequence[LogLine]) -> None:
        """Show bars as they stand. On a terminal there is room for one, unless specrun's own are there."""
        one_only = self._out.isatty()
        if one_only and self._bars is not None:
            return
        for line in lines[:1] if one_only else lines:
            role = self._role(run, line.role)
            self._lines.rewrite(role, line.text, self._colour(role))

    def _finish(self, event: Finished) -> None:
        self._lines.clear()
        run = event.run
        sign, colour = ENDS[run.status]
        # Of the only role, or of nobody knows which, they stand right above.
        if event.last_lines and run.failed_role and set(self._roles) != {run.failed_role}:
            self._say(f"{self._paint('Last lines', 'bold')} of {visible(run.failed_role)}:")
            for line in event.last_lines:
                self._say(f"  {at_start(visible_log(line.text))}")
        reason = "" if run.reason in ("", run.status.value) else f" ({visible(run.reason)})"
        lasted = f" after {duration(run.duration)}" if run.duration is not None else ""
        self._out.write(
            f"{self._paint_out(sign, colour)} {self._paint_out(run.name, 'bold')} "
            f"{self._paint_out(run.status.value, colour)}{reason}{lasted}; outputs in {nearby(event.outputs)}\n"
        )
        self._out.flush()

    def _make_bars(self) -> Bars:
        self._lines.clear()
        from rich.console import Console
        from rich.progress import Progress as Bars

        from specrun.views.bars import columns

        console = Console(file=canvas(self._err), no_color=not self._paint.enabled)
        self._bars = Bars(*columns(), console=console, transient=True, get_time=time.monotonic, expand=True)
        self._bars.start()
        return self._bars
