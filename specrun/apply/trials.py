"""The trials of a sweep as runs, for whoever shows them, and as specs of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.convert.document import Document
from specrun.plan.attempts import OF_TRIALS
from specrun.plan.observed import Run
from specrun.plan.trials import Trial, filled
from specrun.spec.model import Scalar
from specrun.spec.source import parse


def run_of(trial: Trial, sweep: Run) -> Run:
    """A trial as the run that it is, as far as its sweep knows it."""
    named = OF_TRIALS.fullmatch(trial.run)
    return Run(
        trial.run or f"trial {trial.number}",
        sweep.spec,
        named["fingerprint"] if named is not None and named["trial"] is None else "",
        int(named["attempt"] or 1) if named is not None and named["trial"] is None else 1,
        trial.status,
        trial.reason,
        trial.started,
        trial.started,
        trial.ended,
        compute=sweep.compute,
        repository=sweep.repository,
        target=sweep.target,
        variables=sweep.variables,
        parent=sweep.name,
        parameters=trial.parameters,
    )


def spec_of(run: Run, text: str) -> str:
    """The spec of a sweep as the one of a trial, which is that of a plain run: without `sweep`, and with the values of
    the trial's parameters in place. Of any other run it is as it is, and of what cannot be read, too.
    """
    document, _ = parse(f"{run.name}.yaml", text.encode())
    values: Any = document.values if document is not None else None
    if not run.parent or not isinstance(values, dict) or "sweep" not in values:
        return text
    draft = Document()
    draft.comment((), f"The spec of {run.name} as it ran, a trial of {run.parent}: its parameters are in place.")
    for name, value in values.items():
        if name != "sweep":
            draft.set((name,), _filled(value, run.parameters))
    return draft.text()


def _filled(value: Any, parameters: Mapping[str, Scalar]) -> Any:
    """A part of a spec with the values of parameters in all of its texts."""
    if isinstance(value, dict):
        return {name: _filled(inside, parameters) for name, inside in value.items()}
    if isinstance(value, list):
        return [_filled(inside, parameters) for inside in value]
    return filled(value, parameters) if isinstance(value, str) else value
