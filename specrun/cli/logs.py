"""`specrun logs`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import click

from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import color_option
from specrun.cli.reading import Reading, runs_options
from specrun.engines.base import Cursor, LogLine, OpenLine
from specrun.engines.reliable import Reliable
from specrun.views.following import Following, following
from specrun.views.role_lines import Row

COLOUR = "cyan"


@click.command()
@runs_options
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only this role, such as worker/0 or worker.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each role.")
@color_option
def logs(reading: Reading, follow: bool, roles: tuple[str, ...], tail: int | None) -> None:
    """What the roles of a run wrote, each line with its role in front."""
    opened = open_runs(reading)
    opened.ask(lambda runs: _show(runs, roles, tail, follow))
    opened.finish()


def _show(runs: RunsOfSpec, roles: Sequence[str], tail: int | None, follow: bool) -> None:
    run = runs.newest()
    own = runs.own_paths(run)
    with following() as followed:
        for lines in _lines(runs.engine, run.name, tail, followed if follow else None):
            chosen = [line for line in lines if not roles or _chosen(line.role, roles)]
            rows = [Row(line.role, own(line.text), COLOUR) for line in chosen]
            followed.write(rows, is_open=bool(rows) and isinstance(lines[0], OpenLine))


def _chosen(role: str, roles: Sequence[str]) -> bool:
    return any(chosen in (role, role.partition("/")[0]) for chosen in roles)


def _lines(engine: Reliable, name: str, tail: int | None, watched: Following | None) -> Iterator[Sequence[LogLine]]:
    """Lines that belong together: whole ones, or all that are open."""
    cursor: Cursor = {}
    kept: dict[str, deque[LogLine]] = {}
    while True:
        run, before = engine.run(name), cursor
        lines, cursor = engine.logs(name, before)
        whole = [line for line in lines if not isinstance(line, OpenLine)]
        if tail is None:
            yield whole
        for line in whole if tail is not None else ():
            kept.setdefault(line.role, deque(maxlen=tail)).append(line)
        if cursor != before:
            continue
        # Everything that there was has been read: now the tail is known, and how far bars are.
        yield from kept.values()
        if tail is not None:
            tail, kept = None, {}
        opened = [line for line in lines if isinstance(line, OpenLine)]
        if run.status.ended or watched is None:
            yield [LogLine(line.role, line.text) for line in opened]
            return
        yield opened
        watched.wait(run, engine.poll)
