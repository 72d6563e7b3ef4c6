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
from specrun.cli.tree import Branch, grown, of_runs, trials_of
from specrun.plan.observed import RunStatus
from specrun.plan.run_facts import Column, Facts
from specrun.spec.visible import json_text, visible
from specrun.views.data import named_data, place_data, run_data
from specrun.views.run_table import Row, runs_text, trial_lines
from specrun.views.runs import changed_since
from specrun.views.text import Paint, paint_for, terminal_width
from specrun.views.trials import progress_text, sweep_data, trial_data

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
@click.option("--tree", is_flag=True, help="Of each sweep its trials, best first; columns and filters are about these.")
def runs(
    reading: Reading,
    columns: tuple[str, ...],
    sort: str | None,
    filters: tuple[str, ...],
    output: str,
    limit: int,
    since: float | None,
    tree: bool,
) -> None:
    """Past runs of specs, newest first, and what changed between them."""
    wanted = asked(filters, sort, columns, limit=limit, since=since, all_known=output != "text" and not tree)
    opened = open_runs(reading)
    now = time.time()
    found = find(opened, of_runs(wanted) if tree else wanted, now)
    named = [] if tree else columns_of(wanted, found)
    alone = quiet() and output == "text"
    if not (alone or output == "csv"):
        found = replace(found, listed=_explained(found.listed, reading))
    branches = grown(found.listed, wanted, now) if tree else []
    if alone:
        names = _names(branches) if tree else [one.run.name for one in found.listed]
        print("".join(f"{visible(name)}\n" for name in names), end="")
    elif output == "csv":
        facts = [leaf.facts for one in branches for leaf in one.leaves] if tree else [one.facts for one in found.listed]
        columns_there = dict.fromkeys(column for one in branches for column in one.columns) if tree else named
        _csv(facts, [*columns_there] if wanted.columns else None, opened)
    else:
        _told(branches if tree else trials_of(found.listed), named, wanted, opened, output, tree=tree)
    for one in branches if alone or output != "text" else ():
        if one.more:
            tell(one.told_more(wanted))
    _tell_more(found, wanted if not tree else of_runs(wanted), opened)
    opened.finish()


def _names(branches: Sequence[Branch]) -> list[str]:
    """Those of trials, and of what is no sweep."""
    leaves = [
        [leaf.facts.run for leaf in one.leaves] if one.listed.run.is_sweep else [one.listed.run] for one in branches
    ]
    return [run.name for runs in leaves for run in runs]


def _told(
    branches: Sequence[Branch], named: Sequence[Column], wanted: Asked, opened: Opened, output: str, *, tree: bool
) -> None:
    shown = [branch.listed for branch in branches]
    changes = [changed_since(one.run, [one.before] if one.before else [], one.identity) for one in shown]
    if not shown and opened.failed:
        return
    if output == "json":
        told = [_data(one, changed, tree=tree) for one, changed in zip(branches, changes, strict=True)]
        print(json_text(told, 2))
        return
    paint, width = paint_for(sys.stdout), terminal_width()
    rows = [_row(one, changed, wanted, paint, width) for one, changed in zip(branches, changes, strict=True)]
    if not rows and wanted.filter.terms:
        tell(f"no {'trial' if tree else 'run'} that was looked at is so")
        return
    only = bool(wanted.columns) and not tree
    print(runs_text(rows, time.time(), paint, width, named, only=only))
    if not only:
        tell_prices(one.spent for one in shown)


def _data(branch: Branch, changed: Sequence[str], *, tree: bool) -> dict[str, object]:
    one = branch.listed
    trials = [{**trial_data(leaf.trial), "metrics": named_data(leaf.facts.metrics)} for leaf in branch.leaves]
    return {
        **run_data(one.run),
        "place": place_data(one.runs.engine.place),
        "cost": one.spent.data,
        "params": named_data(one.facts.params),
        "metrics": named_data(one.facts.metrics),
        "changes": list(changed),
        "failure": one.failed.data() if one.failed is not None else None,
        **({"sweep": sweep_data(one.run, branch.trials)} if one.run.is_sweep else {}),
        **({"trials": trials} if tree and one.run.is_sweep else {}),
    }


def _row(branch: Branch, changed: Sequence[str], wanted: Asked, paint: Paint, width: int) -> Row:
    one = branch.listed
    raised = one.failed.raised if one.failed is not None else ""
    return Row(
        one.run,
        one.runs.spec,
        one.facts.place,
        changed,
        raised=raised,
        cost=one.spent.cell,
        facts=one.facts,
        sweep=progress_text(one.run, branch.trials, width - 2) if one.run.is_sweep else "",
        trials=_trials(branch, wanted, paint, width),
    )


def _trials(branch: Branch, wanted: Asked, paint: Paint, width: int) -> Sequence[str]:
    """The lines of a table of a sweep's trials."""
    if not branch.leaves:
        return ()
    rows = [Row(leaf.facts.run, facts=leaf.facts) for leaf in branch.leaves]
    more = [f"  {visible(branch.told_more(wanted))}"] if branch.more else []
    return [*trial_lines(rows, branch.columns, paint, width), *more]


def _csv(facts: Sequence[Facts], columns: Sequence[Column] | None, opened: Opened) -> None:
    from specrun.views.run_csv import csv_text
    from specrun.views.text import canvas

    if facts or not opened.failed:
        # With ends of lines as RFC 4180 has them; each text in it is visible.
        canvas(sys.stdout).write(csv_text(facts, columns))


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
