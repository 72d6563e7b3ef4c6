"""`specrun outputs`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import click

from specrun.apply.fetching import fetch
from specrun.cli.best import best_of, best_option
from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import output_option
from specrun.cli.reading import Reading, run_outputs_options
from specrun.cli.telling import quiet
from specrun.spec.visible import json_text, visible
from specrun.spec.wording import size
from specrun.views.text import count, nearby, room_in, terminal_width, tied

LISTED = 20
"""Files of which it is said why they were not fetched."""


@click.command()
@run_outputs_options
@click.option("--fetch", "folder", metavar="DIR", help="Copy the files into this folder.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Only paths like this, such as 'model/*'.")
@best_option("Of a sweep, the files of its best trial.")
@output_option("text", "json")
def outputs(reading: Reading, folder: str | None, only: tuple[str, ...], best_trial: bool, output: str) -> None:
    """List a run's files, or fetch them."""
    opened = open_runs(reading)

    def told_of(runs: RunsOfSpec) -> tuple[object, list[str]]:
        run = runs.newest()
        if best_trial:
            # A list of runs may leave out what costs a service more to say about each of them.
            runs = best_of(runs, run if runs.run is not None else runs.engine.run(run.name))
        elif run.is_sweep:
            raise Exit(
                WRONG_USAGE,
                f"{run.name} is a sweep, and its trials have the files:",
                f"  of the best:  {runs.about('outputs', run, reading, '--best')}",
                f"  of another:   specrun outputs TRIAL, as `{runs.about('runs', run, reading, '--tree')}` lists them",
            )
        return _outputs(runs, None if folder is None else Path(folder), only, output)

    found = opened.ask(told_of)
    told = [data for _, (data, _) in found]
    refused = [line for _, (_, lines) in found for line in lines]
    if output == "json" and told:
        print(json_text(told[0] if opened.alone else told, 2))
    if refused:
        shown = refused[:LISTED] + [f"… and {len(refused) - LISTED} more"] * (len(refused) > LISTED)
        raise Exit(FAILED, f"error: {count(len(refused), 'file')} not fetched:", *(f"  {line}" for line in shown))
    opened.finish()


def _outputs(runs: RunsOfSpec, folder: Path | None, only: Sequence[str], output: str) -> tuple[object, list[str]]:
    """What a run wrote, told or as data, and which files could not be fetched."""
    run = runs.newest()
    files = [
        file
        for file in runs.engine.outputs(run.name)
        if not only or any(fnmatch(file.path, pattern) for pattern in only)
    ]
    if only and not files:
        raise Exit(FAILED, f"{run.name} has no output like {', '.join(only)}")
    lost = fetch(runs.engine, run.name, files, folder) if folder is not None else []
    if output == "json":
        listed = [{"path": file.path, "size": file.size} for file in files]
        return {"run": run.name, "place": runs.engine.address(run.name), "files": listed}, lost
    if quiet():
        print("".join(f"{visible(file.path)}\n" for file in files), end="")
        return None, lost
    for file in files:
        print(f"{'' if file.size is None else size(file.size):>8}  {visible(file.path)}")
    said = f"{visible(run.name)}: {count(len(files) - len(lost), 'file')}"
    place = nearby(str(folder) if folder is not None else runs.engine.address(run.name))
    print(tied(f"{said} in", place, room_in(sys.stderr, terminal_width())) if place else said, file=sys.stderr)
    return None, lost
