"""`specrun apply`."""

from __future__ import annotations

import fnmatch
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import click

from specrun.apply.events import Event, LogLines, Looked, OpenLines, PlanReady, TrialsSeen
from specrun.apply.journal import Journal
from specrun.apply.locks import TIMEOUT, LockRequired
from specrun.apply.opening import untried
from specrun.apply.project import Project
from specrun.cli import exit_codes
from specrun.cli.changed import changed_options
from specrun.cli.exit_codes import Exit
from specrun.cli.options import color_option, lock_timeout_option, output_option
from specrun.cli.plan import check_allowed, planning_options
from specrun.cli.reading import Reading, reading_options
from specrun.cli.rules_from import rules_from_option
from specrun.cli.saved import find_saved
from specrun.cli.saving import planned_anew
from specrun.cli.session import about_run, apply_again, open_specs
from specrun.cli.telling import quiet
from specrun.plan.attempts import spec_of
from specrun.plan.changes import Change, Plan
from specrun.plan.kinds.run import RunChange, Submit
from specrun.plan.planning import PlanOptions
from specrun.spec.secrets import hide
from specrun.spec.source import STDIN
from specrun.spec.visible import json_text, visible
from specrun.views.accounts import question
from specrun.views.data import event_data
from specrun.views.narration import Narration
from specrun.views.plan_text import plan_text
from specrun.views.text import canvas, paint_for, room_in, terminal_width, tied

MANY = 3
"""Things of one kind that are told one by one."""


@click.command()
@reading_options
@rules_from_option
@changed_options()
@planning_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--detach", is_flag=True, help="Return once the run is submitted.")
@click.option("--fail-fast", is_flag=True, help="Begin nothing more once a run has failed.")
@click.option("--logs", multiple=True, metavar="NAME", help="Of several, the lines of this run (`*`: anything).")
@lock_timeout_option
@output_option("text", "json")
@color_option
def apply(
    reading: Reading,
    rerun: bool,
    cancel_previous: bool,
    allow_replace: bool,
    max_runs: int,
    adopt: tuple[str, ...],
    yes: bool,
    detach: bool,
    fail_fast: bool,
    logs: tuple[str, ...],
    lock_timeout: int,
    output: str,
) -> None:
    """Make it so, and follow the run to its end. FILE may also be a saved plan."""
    refuse_on_windows("apply")
    options = PlanOptions(rerun, cancel_previous, allow_replace, max_runs, adopt)
    project: Project | None
    if (saved := find_saved(reading.named)) is not None:
        reading, project, made = planned_anew(saved, reading, options, to_apply=True)
        if project is None:
            print(f"{saved.file} is of no specs: nothing is to be done", file=sys.stderr)
            return
    else:
        project = open_specs(reading, secrets_required=True, under_rules=True)
        made = project.plan(options)
    _check_named(made, logs)
    narration = Narration(
        sys.stdout,
        sys.stderr,
        terminal_width(),
        quiet=quiet(),
        logs=logs,
        fail_fast=fail_fast,
        home=str(project.home),
        about=partial(_about, project, reading),
    )
    show_event: Callable[[Event], None] = as_json if output == "json" else narration
    try:
        asks = any(engine.facts.asks for engine in project.engines.values())
        ask = confirm if asks and not yes else None
        close = narration.close
        raise Exit(
            carry_out(
                project,
                made,
                reading,
                show_event,
                ask=ask,
                detach=detach,
                fail_fast=fail_fast,
                lock_timeout=lock_timeout,
                close=close,
            )
        )
    finally:
        narration.close()


def refuse_on_windows(verb: str) -> None:
    """End the command on a system where nobody has seen it change anything yet."""
    if why := untried(f"`specrun {verb}`"):
        raise Exit(exit_codes.FAILED, why)


def carry_out(
    project: Project,
    made: Plan,
    reading: Reading,
    show_event: Callable[[Event], None],
    *,
    ask: Callable[[Plan], None] | None,
    detach: bool,
    fail_fast: bool = False,
    lock_timeout: float = TIMEOUT,
    close: Callable[[], None] = lambda: None,
) -> int:
    """Show a plan, `ask` whether it is meant, carry it out and follow its runs; the exit status.

    `close` ends what shows events, before anything is said of how it went.
    """
    journal = Journal(project.home)

    def emit(event: Event) -> None:
        if journal.keeps(event):
            journal.write(event_data(event))
        show_event(event)

    if made.places:
        emit(PlanReady(made))
    check_allowed(made, "nothing was changed, in the other places either")
    _check_locks(project, made)
    if made.pending and ask is not None:
        ask(made)
    stop = threading.Event()
    with _signals(stop):
        outcome = project.carry_out(made, emit, stop, detach=detach, fail_fast=fail_fast, lock_timeout=lock_timeout)
    close()
    if outcome.interrupted:
        print(file=sys.stderr)  # the terminal has just shown ^C
    runs = {one.submission.name: one.key.place.engine for one in made.changes if isinstance(one, RunChange)}
    _tell_going_on(outcome.going_on, runs, project, reading)
    _tell_left([one for one in made.changes if one.key.address in outcome.left], reading)
    if outcome.interrupted and not outcome.going_on:
        print("interrupted: the next apply goes on from here", file=sys.stderr)
    return outcome.code


def _check_locks(project: Project, made: Plan) -> None:
    """End the command where the rules want locks, and none may be taken."""
    try:
        project.check_locks(made)
    except LockRequired as refusal:
        raise Exit(exit_codes.REFUSED, f"error: {refusal}", "nothing was changed") from refusal


def _about(project: Project, reading: Reading, run: str, engine: str, verb: str, *options: str) -> str:
    """A command about a run of these specs."""
    file = next((str(one.file) for one in project.specs if one.job and one.name == spec_of(run)), "")
    return about_run(verb, run, engine, project.home, file, reading, *options)


def _tell_going_on(names: Sequence[str], engines: Mapping[str, str], project: Project, reading: Reading) -> None:
    """How to follow and to end what goes on, with the engines of runs."""
    for name in names[:MANY]:
        room = room_in(sys.stderr, terminal_width())
        about = partial(_about, project, reading, name, engines.get(name, ""))
        print(f"{visible(name)} goes on:", file=sys.stderr)
        for what, words in (("to follow it", about("logs", "-f")), ("to end it", about("cancel"))):
            print(tied(f"  {what + ':':<13}", words, room), file=sys.stderr)
    if more := names[MANY:]:
        print(f"… and {len(more)} more go on: the same `specrun apply` follows them all", file=sys.stderr)


def _tell_left(left: Sequence[Change], reading: Reading) -> None:
    """What is still to be done once the runs that go on have succeeded, and by which command."""
    if not left:
        return
    for kind, word in _LEFT.items():
        names = [one.key.title.split("/")[1] for one in left if one.resource.kind == kind]
        if names:
            more = f", … and {len(names) - MANY} more" if len(names) > MANY else ""
            print(f"still {word}: {', '.join(map(visible, names[:MANY]))}{more}", file=sys.stderr)
    runs = [one for one in left if isinstance(one, Submit)]
    options = ["--cancel-previous"] if any(one.cancel for one in runs) else []
    options += ["--max-runs", str(len(runs))] if len(runs) > PlanOptions().max_runs else []
    room = room_in(sys.stderr, terminal_width())
    print(tied("  to go on:   ", apply_again(reading, *options), room), file=sys.stderr)
    # What has succeeded before is not run again without being asked for; what it reads from is by then.
    again = [one.resource.origin.document.file for one in runs if one.submission.rerun and one.submission.attempt > 1]
    if again and STDIN not in reading.named:
        named = replace(reading, named=list(dict.fromkeys(map(os.path.relpath, again))))
        print(tied("  and then:   ", apply_again(named, *options, "--rerun"), room), file=sys.stderr)


_LEFT = {"run": "to be submitted", "model": "to be registered"}


def _check_named(made: Plan, names: Sequence[str]) -> None:
    """End the command when --logs names no run of the plan."""
    runs = [change.submission.name for change in made.changes if isinstance(change, RunChange)]
    for name in names:
        if not fnmatch.filter([*runs, *map(spec_of, runs)], name):
            told = ", ".join(sorted({*map(spec_of, runs)})[:MANY]) or "none"
            raise Exit(exit_codes.WRONG_USAGE, f"--logs {name} names no run of this plan (it has: {told})")


def confirm(made: Plan) -> None:
    """Ask a person. Ends the command without one, or when the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Exit(exit_codes.FAILED, "nobody is here to ask: say --yes to carry out this plan")
    if quiet():
        print(plan_text(made, paint_for(sys.stderr), terminal_width()), file=sys.stderr)  # what is asked about
    if not click.confirm(question(made, terminal_width()), err=True):
        raise Exit(exit_codes.FAILED, "nothing was changed")


def as_json(event: Event) -> None:
    """Print an event for programs, on a line of its own."""
    if isinstance(event, (OpenLines, Looked, TrialsSeen)):
        return  # a program is told of each line once, when it has ended
    text = json_text(event_data(event))
    if isinstance(event, LogLines):
        print(hide(text), file=canvas(sys.stdout), flush=True)
    else:
        print(text, flush=True)


class _signals:
    """While this lasts, SIGINT and SIGTERM ask to stop; a second one ends the program at once."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, *_: object) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()
