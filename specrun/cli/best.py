"""The best trial of a sweep, as verbs about one run take it in the sweep's place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import click

from specrun.cli.exit_codes import RUN_FAILED, WRONG_USAGE, Exit
from specrun.cli.opened import RunsOfSpec
from specrun.cli.options import F
from specrun.plan.observed import Run
from specrun.plan.trials import best
from specrun.views.trials import counts_text


def best_option(help: str) -> Callable[[F], F]:
    """--best, as `best_trial`."""
    return click.option("--best", "best_trial", is_flag=True, help=help)


def best_of(runs: RunsOfSpec, run: Run) -> RunsOfSpec:
    """The run of the best trial until now. Ends the command where there is none, or `run` is no sweep."""
    if run.objective is None:
        of = f"; it is a trial of {run.parent}, which is one" if run.parent else ""
        raise Exit(WRONG_USAGE, f"{run.name} is no sweep, which --best is about{of}")
    trials = runs.engine.trials(run.name)
    if (found := best(trials, run.objective)) is None:
        yet = "" if run.status.ended else ", yet"
        why = f": {run.why}" if run.status.ended and run.why else ""
        raise Exit(RUN_FAILED, f"{run.name} has no best trial{yet} ({counts_text(run, trials)}){why}")
    return replace(runs, run=runs.engine.run(found.run))
