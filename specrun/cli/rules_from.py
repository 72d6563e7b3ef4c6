"""`--rules-from`: under whose rules specs are judged, where it is not those of the working tree."""

# ruff: noqa: PTH120

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, cast

import click

from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.options import F
from specrun.cli.reading import Reading
from specrun.spec.repository import repository_of
from specrun.spec.visible import visible

_option: Callable[[Any], Any] = click.option(
    "--rules-from",
    "rules_from",
    metavar="REF",
    help="Take `rules`, `prices` and `env` of .specrun.yaml from this git ref, as origin/main.",
)


def rules_from_option(command: F) -> F:
    """--rules-from, for verbs with a `reading` whose specs are judged."""

    @wraps(command)
    def ruled(reading: Reading, rules_from: str | None, **others: Any) -> object:
        if rules_from is not None:
            reading = replace(reading, rules_from=_at(rules_from, reading))
        return command(reading=reading, **others)

    return cast(F, _option(ruled))


def _at(ref: str, reading: Reading) -> Any:
    """The ref, which each repository has that a spec is in. Ends the command where one has not."""
    # Late: few commands have such an option.
    from specrun.plan.at_ref import AtRef
    from specrun.plan.git import GitError
    from specrun.plan.since.base import UnknownRef, commit_of

    folders = {os.path.abspath(os.path.dirname(file)) for file in reading.files} or {os.getcwd()}  # noqa: PTH100, PTH109
    for folder in sorted(folders):
        root = repository_of(folder)
        if root is None:
            raise Exit(
                WRONG_USAGE, visible(f"--rules-from takes rules from a commit, and {folder} is in no repository")
            )
        try:
            commit_of(root, ref)
        except UnknownRef as error:
            raise Exit(WRONG_USAGE, visible(f"--rules-from: {error}")) from error
        except GitError as error:
            raise Exit(FAILED, visible(f"--rules-from {ref}: {error}")) from error
    return AtRef(ref)
