"""The formats of -o that say each thing at a line of a file: printed as a command ends, whatever way it does."""

from __future__ import annotations

import os
import sys

from specrun.cli.answers import Answer
from specrun.cli.exit_codes import CHANGES_PENDING, DONE, DRIFT, INVALID_SPEC, REFUSED
from specrun.plan.drift.findings import Drift
from specrun.spec.diagnostics import Location
from specrun.views.annotations import (
    Annotation,
    drift_annotations,
    error_annotations,
    finding_annotations,
    plan_annotations,
    tree_of,
)
from specrun.views.text import canvas


def print_annotated(answer: Answer, code: int) -> None:
    """Print what was found, and what went wrong."""
    found = _annotations(answer)
    tree = tree_of(answer.files or [word for word in answer.arguments if os.path.isfile(word)])  # noqa: PTH113
    if answer.format == "github":
        from specrun.views.github import github_text

        out = canvas(sys.stdout)  # what a runner is to act on
        out.write(github_text(found, tree))
        out.flush()
        return
    from specrun.views.sarif import sarif_text

    complete = code in (DONE, CHANGES_PENDING, DRIFT, REFUSED) or (answer.verb == "validate" and code == INVALID_SPEC)
    category = "/".join(filter(None, ["specrun", answer.verb, answer.target]))
    print(sarif_text(found, tree, category, code, complete=complete))


def _annotations(answer: Answer) -> list[Annotation]:
    places: dict[object, Location] = {place: spec.at("workspace").location for place, spec in answer.specs.items()}
    errors = zip(answer.errors, map(places.get, answer.places), strict=True)
    found = finding_annotations(answer.diagnostics)
    if isinstance(answer.result, Drift):
        found += drift_annotations(answer.result)
    elif answer.result is not None:
        found += plan_annotations(answer.result)
    return [*found, *error_annotations(errors)]
