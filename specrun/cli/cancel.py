"""`specrun cancel`."""

from __future__ import annotations

import click

from specrun.cli.options import every_option, run_option
from specrun.cli.reading import Reading, files_options
from specrun.cli.session import open_runs
from specrun.cli.status import wait_for
from specrun.spec.visible import visible


@click.command()
@files_options
@every_option
@run_option
def cancel(reading: Reading, run_name: str | None) -> None:
    """End the spec's unfinished runs, or the one named; returns when they have ended."""
    for runs in open_runs(reading):
        found = [runs.newest(run_name)] if run_name is not None else runs.every()
        unfinished = [run for run in found if not run.status.ended]
        for run in unfinished:
            runs.check_own(run)
            runs.engine.cancel(run.name)
        for run in unfinished:
            print(f"{visible(run.name)} is {wait_for(runs, run).status.value}")
        if not unfinished:
            print(visible(f"{run_name or runs.spec} has no unfinished run on {runs.engine.place.title}"))
