"""An apply told to people: what happens on standard error, the job's own lines and the last line on standard output."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TextIO

from specrun.apply.events import (
    Event,
    Finished,
    LockAwaited,
    LocksDenied,
    LogLines,
    Looked,
    ModelRegistered,
    OpenLines,
    OperationProgressed,
    OperationSettled,
    OperationStarted,
    PlanReady,
    StatusChanged,
    TrialsSeen,
)
from specrun.apply.locks import told
from specrun.engines.base import LogLine, Progress
from specrun.plan.attempts import spec_of
from specrun.plan.changes import Action, Plan
from specrun.plan.kinds.run import Follow, RunChange
from specrun.plan.observed import Run, RunStatus
from specrun.plan.resources import Key, Place
from specrun.spec.visible import visible
from specrun.spec.wording import size
from specrun.views.endings import hint_text, last_lines_text, registered_text, result_text
from specrun.views.live import can_draw
from specrun.views.moving import Moving
from specrun.views.own_paths import OwnPaths, own_paths_of
from specrun.views.plan_text import plan_text, summary
from specrun.views.role_lines import RoleLines, Row
from specrun.views.sweep_text import sweep_end_text
from specrun.views.text import duration, in_room, indented, is_link, paint_for, room_in
from specrun.views.trials import progress_text

COLOURS = ("cyan", "green", "magenta", "yellow", "blue")
VERBS = {
    Action.NO_OP: "waiting for",
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.REPLACE: "replacing",
    Action.DELETE: "deleting",
    Action.SUBMIT: "submitting",
}

DONE = {
    Action.NO_OP: "waited for",
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.SUBMIT: "submitted",
}

SKIPPED = "○"
"""What was not done: a minus sign would say that it was deleted."""

EVERY = 30.0
"""Seconds between two lines about an operation under way, where there is no terminal to draw a bar on."""


class Narration:
    """Turns events into text as they come. With a terminal, operations under way have a bar with rate and time left,
    and of several runs each has a row; then only the lines of those are shown whose names `logs` has.

    `logs` are names of specs or runs, `*` in them anything; without any, lines of all runs are shown elsewhere.
    `about` makes a command about a run: of its name, its engine, a verb and options. `home` is the state folder here.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        width: int,
        *,
        colours: bool = True,
        quiet: bool = False,
        logs: Sequence[str] = (),
        fail_fast: bool = False,
        home: str = "",
        about: Callable[..., str] = lambda run, _, verb, *options: f"specrun {verb} {visible(run)} {' '.join(options)}",
    ) -> None:
        self._out = out
        self._err = err
        self._paint_out = paint_for(out, colours)
        self._paint = paint_for(err, colours)
        self._lines = RoleLines(out, self._paint_out, draws=can_draw(out))
        self._moving = Moving(out, err, self._paint, self._lines, quiet=quiet)
        self._width = width
        self._quiet = quiet
        self._roles: dict[str, str] = {}
        self._logs = logs
        self._fail_fast = fail_fast
        self._home = home
        self._about = about
        self._paths: dict[tuple[str, Key | None], OwnPaths] = {}
        self._runs: set[str] = set()
        self._told: dict[Key, float] = {}
        self._several = False
        self._namesakes: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._moving.changing():
            self._show(event)

    def _show(self, event: Event) -> None:
        match event:
            case PlanReady(plan):
                self._expect(plan)
                self._say(plan_text(plan, self._paint, self._width) if plan.pending else self._nothing(plan))
            case OperationStarted(key, action):
                self._start(key, action)
            case OperationProgressed(key, progress):
                self._progress(key, progress)
            case LockAwaited(key, holder):
                self._say(f"  {self._name(key)}: waiting for {visible(told(holder))}")
                self._progress(key, Progress(text=f"waiting for {holder.who or 'somebody'}"))
            case LocksDenied(place, reason):
                self._say(f"{self._paint('!', 'yellow')} {_without_locks(place, reason)}", wrong=True)
            case OperationSettled():
                self._settle(event)
            case StatusChanged(run, key):
                self._status(run, key)
            case Looked(run, key):
                self._look(run, key)
            case TrialsSeen(run, trials, key):
                if self._moving.say_how_far((key, run.name), far := progress_text(run, trials)):
                    self._say(f"{self._paint('▶', 'cyan')} {self._run_name(run.name, key)}: {visible(far)}")
            case LogLines(run, lines, key):
                self._write(run, lines, key)
            case OpenLines(run, lines, key):
                self._runs.add(run)
                self._rewrite(run, lines, key)
            case ModelRegistered(key):
                self._tell(registered_text(event, self._run_name(event.run, key), self._paint_out))
            case Finished():
                self._finish(event)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._moving.close()

    def _expect(self, plan: Plan) -> None:
        """What is to be told apart from here on."""
        self._several = len(plan.places) > 1
        changes = [change for change in plan.changes if isinstance(change, RunChange)]
        names = Counter(change.submission.name for change in changes)
        self._namesakes = {name for name, number in names.items() if number > 1}
        self._paths = {(one.submission.name, one.key): own_paths_of(one, self._home) for one in changes}
        going_on = [one.submission.name for one in changes if not isinstance(one, Follow) or not one.run.status.ended]
        if len(going_on) > 1:
            self._runs.update(going_on)
            self._moving.in_rows = self._moving.draws

    def _nothing(self, plan: Plan) -> str:
        """That there is nothing to do."""
        room = room_in(self._err, self._width)
        return "\n".join(in_room(line, room) for line in summary(plan).split("\n"))

    def _say(self, text: str, *, wrong: bool = False) -> None:
        """Tell something: with --quiet only what is `wrong`."""
        if self._quiet and not wrong:
            return
        with self._moving.above():
            print(text, file=self._err, flush=True)

    def _name(self, key: Key) -> str:
        return visible(f"{key.title} on {key.place.title}" if self._several else key.title)

    def _start(self, key: Key, action: Action) -> None:
        doing = "registering" if key.is_model else VERBS[action]
        if self._moving.draws:
            self._moving.begin(key, self._name(key), doing)
        else:
            self._say(f"{action.sign} {self._name(key)}: {doing}")

    def _progress(self, key: Key, progress: Progress) -> None:
        """Without a terminal, a line from time to time: an upload that takes an hour must not look like a hang."""
        if self._moving.advance(key, progress):
            return
        now = time.monotonic()
        if now - self._told.setdefault(key, now) < EVERY:
            return
        self._told[key] = now
        done = f"{size(progress.done)} of {size(progress.total)}" if progress.total else ""
        self._say(f"  {self._name(key)}: {', '.join(filter(None, (done, visible(progress.text))))}")

    def _settle(self, event: OperationSettled) -> None:
        self._moving.end(event.key)
        if event.skipped:
            why = visible(event.skipped)
            what = f"not {DONE[event.action]}: {why}" if why.startswith("--") else f"skipped, since {why}"
            self._say(f"{self._paint(SKIPPED, 'yellow')} {self._name(event.key)}: {what}", wrong=True)
        elif event.diagnostic is not None:
            from specrun.views.diagnostics import diagnostic_text  # late: most applies have nothing wrong

            head = f"{self._paint('✗', 'red')} {self._name(event.key)}: not {DONE[event.action]}"
            self._say(f"{head}\n{diagnostic_text(event.diagnostic, self._paint, self._width)}", wrong=True)
        elif event.error:
            self._say(f"{self._paint('✗', 'red')} {self._name(event.key)}: {indented(event.error)}", wrong=True)
        elif not event.key.is_model:  # of which version it is has been told
            sign = self._paint(event.action.sign, "green")
            self._say(f"{sign} {self._name(event.key)}: done in {duration(event.seconds)}")

    def _status(self, run: Run, key: Key | None) -> None:
        self._look(run, key)
        if self._moving.in_rows:
            return
        self._moving.wrote((key, run.name))
        if run.status is RunStatus.QUEUED and not run.why:
            return  # it starts at once: only a wait needs a word
        detail = f": {visible(run.why)}" if run.why else ""
        self._say(f"{self._paint('▶', 'cyan')} {self._run_name(run.name, key)} is {run.status.value}{detail}")

    def _look(self, run: Run, key: Key | None) -> None:
        """A run goes on: what moves shows it, or a line a minute."""
        place = key.place.title if self._several and key is not None else ""
        if told := self._moving.see((key, run.name), run, place):
            self._say(f"{self._paint('▶', 'cyan')} {self._run_name(run.name, key)} {told}")

    def _write(self, run: str, lines: Sequence[LogLine], key: Key | None) -> None:
        """A job's own lines: where it has a row, only the last of them, unless they were asked for."""
        self._runs.add(run)
        if self._is_heard(run, lines, key):
            with self._moving.above():
                self._lines.put(self._rows(run, lines, key))
                self._out.flush()

    def _rewrite(self, run: str, lines: Sequence[LogLine], key: Key | None) -> None:
        """Bars as they stand."""
        if self._is_heard(run, lines, key):
            self._lines.rewrite(self._rows(run, lines, key))
            self._out.flush()

    def _is_heard(self, run: str, lines: Sequence[LogLine], key: Key | None) -> bool:
        """Note what a run says; whether it is shown."""
        self._moving.say((key, run), f"{lines[-1].role} | {lines[-1].text}")
        if self._is_left_out(run):
            return False
        self._moving.wrote((key, run))
        return True

    def _rows(self, run: str, lines: Sequence[LogLine], key: Key | None) -> list[Row]:
        roles = {role: self._role(run, role, key) for role in {line.role for line in lines}}
        own = self._own(run, key)
        mark = own.mark
        return [
            Row(roles[line.role], own(line.text) if mark in line.text else line.text, self._colour(roles[line.role]))
            for line in lines
        ]

    def _is_left_out(self, run: str) -> bool:
        """Whether the lines of a run are not shown: they were not asked for, and others were, or it has a row."""
        if any(fnmatchcase(name, pattern) for pattern in self._logs for name in (run, spec_of(run))):
            return False
        return (bool(self._logs) and len(self._runs) > 1) or (self._moving.in_rows and self._out.isatty())

    def _own(self, run: str, key: Key | None) -> OwnPaths:
        """What names the user's own files in a run's lines."""
        return self._paths.get((run, key)) or OwnPaths(run, "")

    def _run_name(self, run: str, key: Key | None) -> str:
        """A run's name, with its place where another has one of this name."""
        return visible(f"{run} on {key.place.title}" if run in self._namesakes and key is not None else run)

    def _role(self, run: str, role: str, key: Key | None) -> str:
        return f"{self._run_name(run, key)} {role}" if len(self._runs) > 1 else role

    def _colour(self, role: str) -> str:
        return self._roles.setdefault(role, COLOURS[len(self._roles) % len(COLOURS)])

    def _finish(self, event: Finished) -> None:
        run = event.run
        name = self._run_name(run.name, event.key)
        self._moving.settle((event.key, run.name))
        room = room_in(self._err, self._width)
        # Of the only role, or of nobody knows which, they stand right above, where this apply has shown them.
        above = self._roles and (not event.role or set(self._roles) == {self._role(run.name, event.role, event.key)})
        above = above and not event.trial  # whose lines nobody has seen
        if self._is_left_out(run.name) or not above:
            of = " ".join(filter(None, (event.trial or (name if len(self._runs) > 1 else ""), event.role)))
            own = self._own(run.name, event.key)
            own = own.of(event.trial) if event.trial else own
            for text in last_lines_text(event, of, self._about, self._paint, room, own):
                self._say(text, wrong=True)
        room_out = room_in(self._out, self._width)
        outputs = "" if run.is_sweep and not is_link(event.outputs) else event.outputs  # its trials have them
        self._tell(result_text(run, name, outputs, self._paint_out, room_out))
        if trials := sweep_end_text(event, self._about, self._paint_out, room_out):
            self._tell(trials)
        for text in hint_text(event.hint, self._paint, room):
            self._say(text, wrong=True)
        if self._fail_fast and run.status in (RunStatus.FAILED, RunStatus.LOST):
            self._fail_fast = False
            self._say("--fail-fast: nothing more is begun. What was submitted goes on; `specrun cancel` ends it.")

    def _tell(self, text: str) -> None:
        """A line of the result."""
        with self._moving.above():
            self._out.write(f"{text}\n")
            self._out.flush()


def _without_locks(place: Place, reason: str) -> str:
    return indented(
        f"warning: what is changed on {place.title} is changed without locks: {reason}\n"
        "Nobody is kept from changing the same at the same time."
    )
