"""`specrun diff`."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import click

from specrun.apply.submitted import Submitted, compare_runs
from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.opened import RunsOfSpec, open_runs, tell_passed_over
from specrun.cli.options import color_option, output_option
from specrun.cli.priced import Pricing
from specrun.cli.reading import Reading, runs_options
from specrun.plan.observed import Run
from specrun.plan.run_diff import RunDiff, Side
from specrun.spec.visible import json_text
from specrun.views.run_diff import run_diff_data, run_diff_text
from specrun.views.text import paint_for, terminal_width


@click.command()
@runs_options
@output_option("text", "json")
@color_option
def diff(reading: Reading, output: str) -> None:
    """What differs between two runs, and what became of them: code line by line, parameters, environment, data.

    With one RUN, or FILE whose newest run is meant, it is compared with the run of the same spec before it.
    """
    opened = open_runs(reading)
    if len(opened.runs) > 2:
        raise Exit(WRONG_USAGE, f"{len(opened.runs)} runs are named, and two can be compared: say which")
    if opened.failed:
        opened.finish()
    after = opened.runs[-1]
    newer = after.newest()
    if len(opened.runs) == 2:
        before, older = opened.runs[0], opened.runs[0].newest()
    else:
        before, older = after, _previous(after, newer, reading)
    found = compare_runs(Submitted(before.engine, older), Submitted(after.engine, newer))
    found = _priced(found, before, after)
    if output == "json":
        print(json_text(run_diff_data(found), 2))
    else:
        print(run_diff_text(found, paint_for(sys.stdout), terminal_width()))


def _previous(runs: RunsOfSpec, run: Run, reading: Reading) -> Run:
    """The run before one, of the same spec. Ends the command where there is none."""
    if run.parent:
        trials = runs.about("runs", replace(run, name=run.parent), reading, "--tree")
        raise Exit(WRONG_USAGE, f"{run.name} is a trial: name another one to compare it with, of those of `{trials}`")
    if (found := runs.before(run, tell_passed_over)) is None:
        raise Exit(FAILED, f"{run.name} is the first run of {run.spec}: name another one to compare it with")
    return found


def _priced(found: RunDiff, before: RunsOfSpec, after: RunsOfSpec) -> RunDiff:
    pricing = Pricing(time.time())

    def priced(side: Side, runs: RunsOfSpec) -> Side:
        spent = pricing.spent(runs, side.run)
        if spent.cost is None or spent.cost.amount is None or not spent.charged:
            return side
        return replace(side, cost=float(spent.cost.amount), currency=spent.cost.currency)

    return replace(found, before=priced(found.before, before), after=priced(found.after, after))
