"""`specrun logs`."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator

import click

from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import color_option
from specrun.cli.reading import Reading, runs_options
from specrun.engines.base import Cursor, LogLine, OpenLine
from specrun.views.role_lines import RoleLines
from specrun.views.text import paint_for, terminal_width

COLOUR = "cyan"


@click.command()
@runs_options
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only this role, such as worker/0 or worker.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each role.")
@color_option
def logs(reading: Reading, follow: bool, roles: tuple[str, ...], tail: int | None) -> None:
    """What the roles of a run wrote, each line with its role in front."""
    shown = RoleLines(sys.stdout, paint_for(sys.stdout), terminal_width())
    opened = open_runs(reading)

    def show(runs: RunsOfSpec) -> None:
        for line in _lines(runs, tail, follow):
            if roles and not _chosen(line.role, roles):
                continue
            tell = shown.rewrite if isinstance(line, OpenLine) else shown.put
            tell(line.role, line.text, COLOUR)
            if follow:
                sys.stdout.flush()
        shown.clear()

    opened.ask(show)
    opened.finish()


def _chosen(role: str, roles: tuple[str, ...]) -> bool:
    return any(chosen in (role, role.partition("/")[0]) for chosen in roles)


def _lines(runs: RunsOfSpec, tail: int | None, follow: bool) -> Iterator[LogLine]:
    engine = runs.engine
    name = runs.newest().name
    cursor: Cursor = {}
    kept: dict[str, deque[LogLine]] = {}
    while True:
        ended = engine.run(name).status.ended
        before = cursor
        lines, cursor = engine.logs(name, before)
        whole = [line for line in lines if not isinstance(line, OpenLine)]
        if tail is None:
            yield from whole
        for line in whole if tail is not None else ():
            kept.setdefault(line.role, deque(maxlen=tail)).append(line)
        if cursor != before:
            continue
        # Everything that there was has been read: now the tail is known, and how far bars are.
        for last in kept.values():
            yield from last
        if tail is not None:
            tail, kept = None, {}
        opened = [line for line in lines if isinstance(line, OpenLine)]
        if ended or not follow:
            yield from (LogLine(line.role, line.text) for line in opened)
            return
        yield from opened
        time.sleep(engine.poll)
