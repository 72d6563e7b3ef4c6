"""`specrun logs`."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator

import click

from specrun.cli.masking import mask_secrets
from specrun.cli.options import Reading, color_option, files_options, run_option
from specrun.cli.session import RunsOfSpec, open_runs
from specrun.engines.base import Cursor, LogLine
from specrun.views.text import paint_for


@click.command()
@files_options
@run_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only this role, such as worker/0 or worker.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each role.")
@color_option
def logs(reading: Reading, run_name: str | None, follow: bool, roles: tuple[str, ...], tail: int | None) -> None:
    """What the roles of a run wrote, each line with its role in front."""
    paint = paint_for(sys.stdout)
    for runs in open_runs(reading):
        lines: Iterator[LogLine] = (
            line for line in _lines(runs, run_name, tail, follow) if not roles or _chosen(line.role, roles)
        )
        for line in lines:
            print(f"{paint(f'{line.role} |', 'cyan')} {mask_secrets(line.text)}", flush=follow)


def _chosen(role: str, roles: tuple[str, ...]) -> bool:
    return any(chosen in (role, role.partition("/")[0]) for chosen in roles)


def _lines(runs: RunsOfSpec, run_name: str | None, tail: int | None, follow: bool) -> Iterator[LogLine]:
    engine = runs.engine
    name = runs.newest(run_name).name
    cursor: Cursor = {}
    kept: dict[str, deque[LogLine]] = {}
    while True:
        ended = engine.run(name).status.ended
        lines, cursor = engine.logs(name, cursor)
        if tail is None:
            yield from lines
        for line in lines if tail is not None else ():
            kept.setdefault(line.role, deque(maxlen=tail)).append(line)
        if lines:
            continue
        # Everything that there was has been read: now the tail is known.
        for last in kept.values():
            yield from last
        if tail is not None:
            tail, kept = None, {}
        if ended or not follow:
            return
        time.sleep(engine.poll)
