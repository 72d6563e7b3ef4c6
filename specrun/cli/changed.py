"""`--changed-since`: of the specs that a command means those that changed, and why."""

# ruff: noqa: PTH109, PTH120
# There are thousands of specs, and os.path looks at their paths ten times as fast.

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, cast

import click

from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.options import F
from specrun.cli.reading import Reading
from specrun.cli.telling import tell
from specrun.spec.boundary import is_below
from specrun.spec.diagnostics import Severity
from specrun.spec.named import Found
from specrun.spec.patterns import is_glob, parse
from specrun.spec.repository import repository_of
from specrun.spec.source import STDIN
from specrun.spec.visible import visible


def changed_options(*, goes_on: bool = False) -> Callable[[F], F]:
    """--changed-since and --undecided, for verbs that have a `reading` and neither end nor delete anything.

    Where nothing changed the command ends, unless it `goes_on` without specs: to tell programs that there are none.
    """

    def decorate(command: F) -> F:
        @wraps(command)
        def narrowed(reading: Reading, changed_since: str | None, undecided: bool, **others: Any) -> object:
            if changed_since is not None:
                every_target = click.get_current_context().info_name == "validate"
                reading = only_changed(reading, changed_since, undecided=undecided, every_target=every_target)
            elif undecided:
                raise click.UsageError("--undecided goes with --changed-since REF.")
            return command(reading=reading, **others) if goes_on or not reading.unchanged else None

        return cast(F, _since(_undecided(narrowed)))

    return decorate


_since: Callable[[Any], Any] = click.option(
    "--changed-since",
    metavar="REF",
    help="Only specs that are different from where this branch and a git ref went apart.",
)
_undecided: Callable[[Any], Any] = click.option(
    "--undecided", is_flag=True, help="With it: those, too, of which git does not track something."
)


def only_changed(reading: Reading, ref: str, *, undecided: bool, every_target: bool) -> Reading:
    """The same for the specs that changed, which are told. Ends the command where that cannot be found out.

    `every_target`: where none is said, each that a spec has is meant, and not the usual one.
    """
    # Late: few commands have such an option.
    from specrun.cli.saved import find_saved
    from specrun.cli.session import show
    from specrun.plan.git import GitError
    from specrun.plan.since.base import UnknownRef, all_since
    from specrun.plan.since.paths import PathChanges
    from specrun.plan.since.reasons import Since
    from specrun.plan.since.specs import changed_specs, usual_targets
    from specrun.spec.unchecked import values_of
    from specrun.views.changed import changed_data, changed_lines

    if len(reading.files) == 1 and (saved := find_saved(reading.files)) is not None:
        raise Exit(WRONG_USAGE, f"{saved.file} is a saved plan: it has the specs that it was made of")
    if STDIN in reading.files:
        raise Exit(WRONG_USAGE, "--changed-since compares files with a commit, and `-` is none")
    if any(mistake.severity is Severity.ERROR for mistake in reading.found.mistakes):
        return reading  # the verb tells them
    try:
        repositories = all_since(_repositories(reading.files), ref, repository_of(os.getcwd()))
        found = changed_specs(
            reading.files,
            Since(
                PathChanges(repositories),
                values_of(**reading.options(), every_target=every_target),
                reading.var_files,
                replaced=bool(reading.inputs) or reading.environment not in (None, "current"),
                usual_targets=() if reading.target else tuple(usual_targets(repositories)),
            ),
            repositories,
            lambda path: any(_means(name, path) for name in reading.named),
            undecided=undecided,
            passed_over=reading.found.scanned,
        )
    except UnknownRef as error:
        raise Exit(WRONG_USAGE, visible(f"--changed-since: {error}")) from error
    except GitError as error:
        raise Exit(FAILED, visible(f"--changed-since {ref}: {error}")) from error
    for line in changed_lines(found, ref):
        tell(line)
    files = tuple(found.specs)
    if not files:
        show(reading.found.mistakes)  # errors would have ended it
    return replace(
        reading,
        files=files,
        named=files,
        found=Found(files, reading.found.scanned, reading.found.mistakes if files else ()),
        changed=changed_data(found, ref),
    )


def _repositories(files: Sequence[str]) -> set[str]:
    """The repositories that files are in, by their real roots."""
    folders = {os.path.realpath(os.path.dirname(file)) for file in files}
    found = {folder: repository_of(folder) for folder in folders}
    lost = next((folder for folder, repository in found.items() if repository is None), None)
    if lost is not None:
        raise Exit(WRONG_USAGE, visible(f"--changed-since compares with a commit, and {lost} is in no git repository"))
    return set(filter(None, found.values()))


def _means(name: str, path: str) -> bool:
    """Whether a FILE would mean a path that is not there any more."""
    if not is_glob(name) or os.path.lexists(name):
        return is_below(path, os.path.realpath(name))
    pattern = parse(name)
    base = os.path.realpath(pattern.base or os.curdir)
    if not is_below(path, base):
        return False
    at = pattern.start
    for step in path[len(base) :].strip("/").split("/"):
        at = pattern.step(at, step)
    return pattern.matches(at)
