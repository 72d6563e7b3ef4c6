"""`specrun ps`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from specrun.cli.opened import Opened, RunsOfSpec, open_runs
from specrun.cli.options import color_option, output_option
from specrun.cli.priced import Pricing, tell_prices
from specrun.cli.reading import LOCAL, Reading, going_options
from specrun.cli.telling import quiet, tell
from specrun.engines.base import EngineError, Scope
from specrun.engines.calls import read_all
from specrun.plan.makers import NOBODY
from specrun.plan.observed import Run
from specrun.plan.trials import Trial
from specrun.spec.visible import json_text, visible
from specrun.views.data import place_data, run_data
from specrun.views.run_table import Row, going_text
from specrun.views.text import paint_for, terminal_width
from specrun.views.trials import progress_text, sweep_data

ENDED = 100
"""Runs of a spec that have ended, one after the other, after which it is taken that older ones have ended, too."""


@click.command()
@going_options
@output_option("text", "json")
@color_option
def ps(reading: Reading, output: str) -> None:
    """The runs that go on: of this repository on this machine; with FILEs, or --engine, where these specs go."""
    bare = not reading.files and not reading.found.mistakes
    opened = _this_machine() if bare else open_runs(reading)
    found = {(one.where, run.name): (one, run) for one, runs in opened.ask(_going) for run in runs}
    listed = sorted(found.values(), key=lambda entry: entry[1].submitted or 0.0, reverse=True)
    now = time.time()
    pricing = Pricing(now)
    trials = _trials(listed) if output == "json" or not quiet() else {}
    if output == "json":
        told = [
            {
                **run_data(run),
                "place": place_data(one.engine.place),
                "cost": pricing.spent(one, run).data,
                **({"sweep": sweep_data(run, trials.get(at, ()))} if run.is_sweep else {}),
            }
            for at, (one, run) in enumerate(listed)
        ]
        if told or not opened.failed:
            print(json_text(told, 2))
    elif quiet():
        for _, run in listed:
            print(visible(run.name))
    elif listed:
        spent = [pricing.spent(one, run) for one, run in listed]
        rows = [
            _row(one, run, cost.cell, trials.get(at))
            for at, ((one, run), cost) in enumerate(zip(listed, spent, strict=True))
        ]
        print(going_text(rows, now, paint_for(sys.stdout), terminal_width()))
        tell_prices(spent)
    elif not opened.failed:
        places = " and ".join(dict.fromkeys(one.engine.place.title for one in opened.runs))
        more = "here: `specrun ps FILE` looks where the runs of a spec are" if bare else f"of these on {places}"
        tell(f"nothing goes on {more}")
    opened.finish()


def _this_machine() -> Opened:
    """All that the state folder has which belongs here, whichever specs made it."""
    return Opened([RunsOfSpec.open(NOBODY, LOCAL, Scope(), Path.cwd(), {})])


def _going(runs: RunsOfSpec) -> Sequence[Run]:
    """The unfinished runs of a spec, or of all. It is not read on to the first run that there ever was."""
    going = runs.engine.going()
    if going is not None:
        return [run for run in going if not runs.maker or run.is_for(runs.maker)]
    found: list[Run] = []
    ended = 0
    for run in runs.every():
        ended = ended + 1 if run.status.ended else 0
        found += [] if ended else [run]
        if ended == ENDED:
            break
    return found


def _trials(listed: Sequence[tuple[RunsOfSpec, Run]]) -> dict[int, Sequence[Trial]]:
    """The trials of those that are sweeps, by where these stand in the list; what cannot be read is told."""
    sweeps = {at: (one, run) for at, (one, run) in enumerate(listed) if run.is_sweep}
    read = read_all(one.engine.sweeping(run.name) for one, run in sweeps.values())
    found: dict[int, Sequence[Trial]] = {}
    for (at, (_, run)), trials in zip(sweeps.items(), read, strict=True):
        if isinstance(trials, EngineError):
            tell(f"note: the trials of {run.name} cannot be read: {trials}")
        else:
            found[at] = trials
    return found


def _row(runs: RunsOfSpec, run: Run, cost: str, trials: Sequence[Trial] | None) -> Row:
    place = runs.engine.place
    sweep = "" if trials is None else progress_text(run, trials, terminal_width() - 2)
    return Row(run, _file(runs, run), place.title, engine=place.engine, cost=cost, sweep=sweep)


def _file(runs: RunsOfSpec, run: Run) -> str:
    """The spec's file as somebody would type it here, if it is still there."""
    file = runs.file or run.file
    return min(file, os.path.relpath(file), key=len) if os.path.isfile(file) else ""  # noqa: PTH113
