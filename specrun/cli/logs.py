"""`specrun logs`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import click

from specrun.cli.best import best_of, best_option
from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import color_option, since_option
from specrun.cli.reading import Reading, runs_options
from specrun.cli.telling import quiet, tell
from specrun.engines.base import Cursor, LogLine, OpenLine
from specrun.engines.facts import ENGINES
from specrun.plan.observed import Run
from specrun.spec.moments import here
from specrun.views.following import Following, following
from specrun.views.role_lines import Row
from specrun.views.run_table import names_of

COLOUR = "cyan"

_OF_TRIALS = (("runs", "--tree"), ("logs", "--best"))
"""What tells of the trials of a sweep, whose own lines say how it goes."""


@click.command()
@runs_options
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only this role, such as worker/0 or worker.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each role.")
@click.option("-t", "--timestamps", is_flag=True, help="Say of each line when it was written, where that is known.")
@since_option("Only what was written since then")
@best_option("Of a sweep, what its best trial wrote.")
@color_option
def logs(
    reading: Reading,
    follow: bool,
    roles: tuple[str, ...],
    tail: int | None,
    timestamps: bool,
    since: float | None,
    best_trial: bool,
) -> None:
    """What the roles of a run wrote, each line with its role in front."""
    opened = open_runs(reading)
    several = len(opened.runs) > 1

    def show(runs: RunsOfSpec) -> None:
        run = runs.engine.run(runs.newest().name) if runs.run is None else runs.run
        if best_trial:
            runs = best_of(runs, run)
            run = runs.newest()
        _show(runs, run, _Wanted(roles, timestamps, since, several, runs.own_paths(run)), tail, follow)

        if run.is_sweep:
            trials, best = (runs.about(verb, run, reading, option) for verb, option in _OF_TRIALS)
            tell(f"These are the lines of the sweep: `{trials}` lists its trials, `{best}` shows what the best wrote")

    opened.ask(show)
    opened.finish()


@dataclass(slots=True)
class _Wanted:
    """Which lines of a run are shown, and how: of some roles, since a moment (Unix seconds), with their time, with the
    name of the run. What is not known of them is said once. `own_paths` names files as they are in the code folder.
    """

    roles: Sequence[str]
    timestamps: bool
    since: float | None
    named: bool
    own_paths: Callable[[str], str]
    met: set[str] = field(default_factory=set)
    _said: bool = False

    @property
    def timed(self) -> bool:
        """Whether it has to be known when lines were written."""
        return self.timestamps or self.since is not None

    def rows(self, run: Run, lines: Sequence[LogLine]) -> list[Row]:
        """Those that are shown, as they are."""
        self.met.update(line.role for line in lines)
        if self.roles:
            lines = [line for line in lines if _is_chosen(line.role, self.roles)]
        if self.timed and lines and lines[0].when is None:
            lines = self._not_known(run, lines)
        elif self.since is not None:
            lines = [line for line in lines if line.when is None or line.when >= self.since]
        before = f"{run.name} " if self.named else ""
        return [Row(f"{before}{line.role}", self._text(line), COLOUR) for line in lines]

    def check(self, run: Run, *, so_far: bool) -> None:
        """End the command where a role is chosen that the run does not have, as far as its roles are known."""
        known = sorted({*(role.name for role in run.roles), *self.met})
        for role in self.roles if known else ():
            if not any(_is_chosen(one, [role]) for one in known):
                has = "so far its roles are" if so_far else "its roles are"
                raise Exit(WRONG_USAGE, f"{run.name} has no role {role}: {has} {', '.join(names_of(known))}")

    def _text(self, line: LogLine) -> str:
        text = self.own_paths(line.text)
        return f"{_told(line.when)} {text}" if self.timestamps and line.when is not None else text

    def _not_known(self, run: Run, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        """Of lines of which nobody knows when they were written those that may be wanted: the run's time decides."""
        is_open = self.since is not None and not (run.started is not None and run.started >= self.since)
        if is_open and self.since is not None and run.ended is not None and run.ended < self.since:
            return ()
        if not self._said and (self.timestamps or is_open):
            self._said = True
            without = ["they stand without a time"] * self.timestamps + ["--since leaves none out"] * is_open
            tell(f"note: when the lines of {run.name} were written is not kept: {', and '.join(without)}")
        return lines


def _is_chosen(role: str, roles: Sequence[str]) -> bool:
    return any(chosen in (role, role.partition("/")[0]) for chosen in roles)


_told = lru_cache(64)(here)


def _show(runs: RunsOfSpec, run: Run, wanted: _Wanted, tail: int | None, follow: bool) -> None:
    # A service makes them known one after the other.
    may_grow = ENGINES[runs.engine.place.engine].in_workspace
    if run.roles and (run.status.ended or not may_grow):
        wanted.check(run, so_far=False)
    with following(quiet=quiet()) as followed:
        for now, lines, is_open in _lines(runs, run, wanted, tail, followed if follow else None):
            followed.write(wanted.rows(now, lines), is_open=is_open)
            run = now
    wanted.check(run, so_far=may_grow and not run.status.ended)


def _lines(
    runs: RunsOfSpec, run: Run, wanted: _Wanted, tail: int | None, watched: Following | None
) -> Iterator[tuple[Run, Sequence[LogLine], bool]]:
    """Lines that belong together, with how the run was then: whole ones, or all that are open."""
    engine = runs.engine
    cursor: Cursor = {}
    kept: dict[str, deque[LogLine]] = {}
    while True:
        before = cursor
        lines, cursor = engine.logs(run.name, before, wanted.timed)
        whole = [line for line in lines if not isinstance(line, OpenLine)]
        if tail is None:
            yield run, whole, False
        for line in whole if tail is not None else ():
            kept.setdefault(line.role, deque(maxlen=tail)).append(line)
        if cursor == before:
            # Everything that there was has been read: now the tail is known, and how far bars are.
            for last in kept.values():
                yield run, [*last], False
            if tail is not None:
                tail, kept = None, {}
            opened = [line for line in lines if isinstance(line, OpenLine)]
            if run.status.ended or watched is None:
                yield run, [LogLine(line.role, line.text, line.when) for line in opened], False
                return
            yield run, opened, True
            watched.wait(run, engine)
        run = engine.run(run.name)
