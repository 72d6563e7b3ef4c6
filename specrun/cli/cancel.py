"""`specrun cancel`."""

from __future__ import annotations

import click

from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import every_option
from specrun.cli.reading import Reading, runs_options
from specrun.cli.status import wait_for
from specrun.cli.telling import quiet
from specrun.engines.base import EngineError
from specrun.plan.observed import Run, RunStatus
from specrun.spec.visible import visible
from specrun.views.trials import progress_text


@click.command()
@runs_options
@every_option
def cancel(reading: Reading) -> None:
    """End the unfinished runs of specs, or runs by their names; returns when they have ended."""
    opened = open_runs(reading, ending=True)
    # All are asked to end before one is waited for.
    asked = {id(one): runs for one, runs in opened.ask(_cancel)}
    opened.ask(lambda one: _wait(one, asked.get(id(one))))
    opened.finish()


def _cancel(runs: RunsOfSpec) -> list[Run]:
    """Ask for the end of what is unfinished; these."""
    unfinished = [one for run in runs.every() for one in _unfinished(runs, run)]
    for run in unfinished:
        runs.check_own(run)
        runs.engine.cancel(run.name)
    return unfinished


def _unfinished(runs: RunsOfSpec, run: Run) -> list[Run]:
    """The run, if it goes on; of a sweep that was lost those of its trials that do, which nobody else would end."""
    if not run.status.ended:
        return [run]
    if not run.is_sweep or run.status is not RunStatus.LOST:
        return []
    going = [trial.run for trial in runs.engine.trials(run.name) if trial.run and not trial.status.ended]
    found = [runs.engine.run(name) for name in going]
    return [one for one in found if one.parent == run.name and not one.status.ended]


def _wait(runs: RunsOfSpec, unfinished: list[Run] | None) -> None:
    ended = [wait_for(runs, run, quiet=quiet()) for run in unfinished or ()]
    if quiet():
        return
    for run in ended:
        print(visible(f"{run.name} is {run.status.value}{_of_trials(runs, run)}"))
    if unfinished == [] and runs.run is not None:
        print(visible(f"{runs.run.name} has ended already: {runs.run.status.value}"))
    elif unfinished == []:
        print(visible(f"{runs.spec} has no unfinished run on {runs.engine.place.title}"))


def _of_trials(runs: RunsOfSpec, run: Run) -> str:
    """What became of a sweep's trials, or that the sweep of a trial goes on without it."""
    if run.is_sweep:
        try:
            return f": {progress_text(run, runs.engine.trials(run.name))}"
        except EngineError as error:
            return f"; what became of its trials cannot be read: {error}"
    if not run.parent:
        return ""
    try:
        goes_on = not runs.engine.run(run.parent).status.ended
    except EngineError:
        return ""  # that the trial has ended is what was asked for
    return f"; its sweep {run.parent} goes on" if goes_on else ""
