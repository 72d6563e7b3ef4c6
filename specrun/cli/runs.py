"""`specrun runs`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import click

from specrun.cli.failed import look
from specrun.cli.listed import Asked, Found, Listed, asked, columns_of, find
from specrun.cli.opened import Opened, open_runs
from specrun.cli.options import color_option, output_option, since_option
from specrun.cli.priced import tell_prices
from specrun.cli.reading import Reading, runs_options
from specrun.cli.telling import quiet, tell
from specrun.plan.observed import RunStatus
from specrun.plan.run_facts import Column
from specrun.spec.visible import json_text, visible
from specrun.views.data import named_data, place_data, run_data
from specrun.views.run_table import Row, runs_text
from specrun.views.runs import changed_since
from specrun.views.text import paint_for, terminal_width

EXPLAINED = 2
"""Of how many runs that did not succeed the reason is asked for: that is a request for each."""


@click.command()
@runs_options
@click.option("--columns", multiple=True, metavar="NAMES", help="Show these, such as lr,accuracy or 'val_*'.")
@click.option("--sort", metavar="NAME", help="In this order; -NAME: the greatest first.")
@click.option("--filter", "filters", multiple=True, metavar="TERMS", help="Only those, such as 'accuracy>0.9 age<2d'.")
@output_option("text", "json", "csv")
@color_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The newest N.")
@since_option("Only runs submitted since then")
def runs(
    reading: Reading,
    columns: tuple[str, ...],
    sort: str | None,
    filters: tuple[str, ...],
    output: str,
    limit: int,
    since: float | None,
) -> None:
    """Past runs of specs, newest first, and what changed between them."""
    wanted = asked(filters, sort, columns, limit=limit, since=since, all_known=output != "text")
    opened = open_runs(reading)
    now = time.time()
    found = find(opened, wanted, now)
    named = columns_of(wanted, found)
    if quiet() and output == "text":
        print("".join(f"{visible(one.run.name)}\n" for one in found.listed), end="")
    elif output == "csv":
        _csv(found, named if wanted.columns else None, opened)
    else:
        _told(_explained(found.listed, reading), named, wanted, opened, output, now)
    _tell_more(found, wanted, opened)
    opened.finish()


def _told(
    shown: Sequence[Listed], named: Sequence[Column], wanted: Asked, opened: Opened, output: str, now: float
) -> None:
    changes = [changed_since(one.run, [one.before] if one.before else [], one.identity) for one in shown]
    if not shown and opened.failed:
        return
    if output == "json":
        told = [_data(one, changed) for one, changed in zip(shown, changes, strict=True)]
        print(json_text(told, 2))
        return
    rows = [_row(one, changed) for one, changed in zip(shown, changes, strict=True)]
    if not rows and wanted.filter.terms:
        tell("no run that was looked at is so")
        return
    print(runs_text(rows, now, paint_for(sys.stdout), terminal_width(), named, only=bool(wanted.columns)))
    if not wanted.columns:
        tell_prices(one.spent for one in shown)


def _data(one: Listed, changed: Sequence[str]) -> dict[str, object]:
    return {
        **run_data(one.run),
        "place": place_data(one.runs.engine.place),
        "cost": one.spent.data,
        "params": named_data(one.facts.params),
        "metrics": named_data(one.facts.metrics),
        "changes": list(changed),
        "failure": one.failed.data() if one.failed is not None else None,
    }


def _row(one: Listed, changed: Sequence[str]) -> Row:
    raised = one.failed.raised if one.failed is not None else ""
    return Row(one.run, one.runs.spec, one.facts.place, changed, raised=raised, cost=one.spent.cell, facts=one.facts)


def _csv(found: Found, columns: Sequence[Column] | None, opened: Opened) -> None:
    from specrun.views.run_csv import csv_text
    from specrun.views.text import canvas

    if found.listed or not opened.failed:
        # With ends of lines as RFC 4180 has them; each text in it is visible.
        canvas(sys.stdout).write(csv_text([one.facts for one in found.listed], columns))


def _tell_more(found: Found, wanted: Asked, opened: Opened) -> None:
    """Say what is not listed, and what was not looked at."""
    if wanted.filter.terms or wanted.sort.keys:
        if found.more:
            tell(f"there are more: --limit {wanted.limit * 5} shows them")
        if found.older:
            each = "" if opened.alone else " of each spec"
            tell(f"only the newest {wanted.looks} runs{each} were looked at: --limit {wanted.looks * 5} looks at more")
    elif found.more or found.older:
        of = f"{opened.runs[0].spec} has" if opened.alone else "there are"
        tell(f"{of} older runs: --limit {wanted.limit * 5} shows more")


def _explained(listed: Sequence[Listed], reading: Reading) -> list[Listed]:
    """The same, with why the newest of those that did not succeed did not: a list does not say that."""
    failed = [one for one in listed if one.run.status in (RunStatus.FAILED, RunStatus.CANCELLED)][:EXPLAINED]
    return [_looked(one, reading) if one in failed else one for one in listed]


def _looked(one: Listed, reading: Reading) -> Listed:
    run = one.run if one.run.reason else one.runs.engine.run(one.run.name)
    return replace(one, run=run, failed=look(one.runs, run, reading))
