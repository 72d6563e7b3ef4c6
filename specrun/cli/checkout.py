"""`specrun checkout`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from specrun.apply.checked_out import Check, Written, check, lacking, write_out
from specrun.apply.submitted import Submitted
from specrun.cli.answers import note_error
from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import output_option
from specrun.cli.reading import Reading, runs_options
from specrun.cli.telling import tell
from specrun.plan.as_ran import SPEC
from specrun.plan.attempts import OF_TRIALS
from specrun.plan.home import home_of
from specrun.plan.observed import Run
from specrun.spec.visible import json_text, visible
from specrun.spec.wording import command, file_word
from specrun.views.text import count

LISTED = 20
"""Files of which it is said why they are not there."""


@click.command()
@runs_options
@click.argument("folder", metavar="DIR")
@output_option("text", "json")
def checkout(reading: Reading, folder: str, output: str) -> None:
    """Write the spec and the code of a run into DIR, which is new or empty: ready to be applied with the same
    fingerprint. What cannot be the same is said.
    """
    if OF_TRIALS.fullmatch(folder) and not reading.runs.anywhere and not reading.runs.in_files:
        raise Exit(WRONG_USAGE, f"say where to write the run: specrun checkout {folder} DIR")
    into = Path(folder)
    _check_free(into, folder)
    opened = open_runs(reading)
    if len(opened.runs) > 1:
        raise Exit(WRONG_USAGE, f"{len(opened.runs)} runs are meant, and one can be written into a folder: say which")
    if not opened.runs:
        opened.finish()
    runs = opened.runs[0]
    run = runs.newest()
    submitted = Submitted(runs.engine, run)
    written = write_out(submitted, into)
    found = check(submitted, into, runs.home) if submitted.kept is not None else Check()
    same = bool(found.fingerprint) and run.is_of(found.fingerprint)
    if output == "json":
        print(json_text(_data(run, into, written, found, lacking(submitted), same=same), 2))
    else:
        _tell(runs, run, folder, written, found, submitted, same=same)
    if not same or written.refused:
        raise Exit(FAILED)


def _check_free(into: Path, folder: str) -> None:
    """End the command where there is something that would be written over, or mixed up with a run's files."""
    if not os.path.lexists(into):
        return
    if not into.is_dir():
        raise Exit(WRONG_USAGE, f"{folder} is there, and is no folder: name a new one")
    if any(into.iterdir()):
        new = command(f"{folder.rstrip('/')}-2")
        raise Exit(WRONG_USAGE, f"{folder} is not empty, and nothing is written over: name a new folder, such as {new}")


def _data(run: Run, into: Path, written: Written, found: Check, lacks: object, *, same: bool) -> dict[str, object]:
    return {
        "run": run.name,
        "folder": str(into),
        "spec": SPEC if SPEC in written.files else None,
        "files": list(written.files),
        "not_written": dict(written.refused),
        "lacks": lacks,
        "fingerprint": run.fingerprint,
        "found": found.fingerprint or None,
        "same": same,
        "differences": list(found.differences),
        "problems": list(found.problems),
    }


def _tell(
    runs: RunsOfSpec, run: Run, folder: str, written: Written, found: Check, submitted: Submitted, *, same: bool
) -> None:
    for name in written.files:
        print(visible(os.path.join(folder, name)))  # noqa: PTH118 - as it is typed
    said = [f"{name}: {why}" for name, why in written.refused.items()]
    if said:
        _say(f"error: {count(len(said), 'file')} not written:")
        more = [f"… and {len(said) - LISTED} more"] * (len(said) > LISTED)
        _say(*(f"  {line}" for line in [*said[:LISTED], *more]))
    if submitted.kept is None:
        _say(f"error: there is no {SPEC}: {submitted.spec[1]}")
        if commit := run.provenance.commit[:12]:
            tell(f"It was submitted from commit {commit}{' with changes' if run.provenance.dirty else ''}.")
        return
    for lack in submitted.kept.lacks:
        tell(f"note: not kept: {lack}")
    _say(*(f"error: {problem}" for problem in found.problems))
    if same:
        tell(f"{run.name}: {count(len(written.files), 'file')} in {folder}, with the same fingerprint")
    elif found.fingerprint:
        _say(f"error: the fingerprint is {found.fingerprint[:10]}, and that of the run {run.fingerprint[:10]}:")
        _say(*(f"  ~ {line}" for line in found.differences))
    if SPEC in written.files:
        tell(f"  {_next(runs, folder)}")


def _say(*lines: str) -> None:
    for line in lines:
        note_error(line.strip())
        print(visible(line), file=sys.stderr)


def _next(runs: RunsOfSpec, folder: str) -> str:
    """The command with which one goes on, where the run's state is found."""
    here = runs.engine.facts.in_workspace or home_of(Path(folder).absolute()) == runs.home
    told = command("specrun", "plan", file_word(os.path.join(folder, SPEC)))  # noqa: PTH118 - as it is typed
    return told if here else f"SPECRUN_HOME={command(str(runs.home))} {told}"
