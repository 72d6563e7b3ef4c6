"""The trials of a sweep as runs, for whoever shows them, and why none of them succeeded."""

from __future__ import annotations

from specrun.plan.attempts import OF_TRIALS
from specrun.plan.observed import Run
from specrun.plan.trials import Trial


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
