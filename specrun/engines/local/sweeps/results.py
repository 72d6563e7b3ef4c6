"""What the trials of a sweep have come to so far, and what the sweep comes to by that."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from specrun.engines.local import state
from specrun.engines.local.sweeps.values import outcome
from specrun.plan.metrics import number_data
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial, best, is_stopped_early
from specrun.spec.expressions import scalar_text
from specrun.spec.sweep import Objective, Sweep

BEFORE = "it was there already"
"""Noted of a trial that was not run for this sweep."""

_FAILED = frozenset({RunStatus.FAILED, RunStatus.LOST})


def ended(trial: Trial, run: Run, folder: Path, objective: Objective) -> Trial:
    """A trial whose run, in a folder, has ended."""
    status, value, reason = run.status, None, run.reason
    if status is RunStatus.SUCCEEDED:
        value, wrong = outcome(folder, objective)
        status = status if value is not None else RunStatus.FAILED
        reason = "; ".join(told for told in (wrong, reason) if told)
    elif status is RunStatus.CANCELLED:
        value = outcome(folder, objective)[0]
    found = replace(trial, run=run.name, status=status, value=value, reason=reason)
    return replace(found, started=run.started, ended=run.ended)


class Results:
    """Counts of what has ended, and the best: however many trials there are, this does not grow."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._ended = 0
        self._through = 0
        self._succeeded = 0
        self._first: Trial | None = None
        self.failed = 0
        self.best: Trial | None = None

    def take(self, trial: Trial) -> str:
        """Count a trial that has ended; what there is to say: `trial 3 succeeded: accuracy 0.9 (lr=0.1; NAME)`."""
        before = self.best
        self.best = best([one for one in (before, trial) if one is not None], self._sweep.objective)
        self._ended += 1
        self._through += trial.status is not RunStatus.CANCELLED or is_stopped_early(trial)
        self.failed += trial.status in _FAILED
        self._succeeded += trial.status is RunStatus.SUCCEEDED
        if trial.status is not RunStatus.CANCELLED:
            self._first = self._first or trial
        return self._told(trial, is_best=self.best is not before)

    def _told(self, trial: Trial, *, is_best: bool) -> str:
        metric = self._sweep.objective.primary_metric
        value = trial.value
        told = [] if value is None else [f"{metric} {f'{value:g}' if math.isfinite(value) else number_data(value)}"]
        told += [*(["the best so far"] if is_best else []), *([trial.reason] if trial.reason else [])]
        values = ", ".join(f"{name}={scalar_text(value)}" for name, value in trial.parameters.items())
        said = f": {', '.join(told)}" if told else ""
        before = " before" if trial.notes else ""
        return " ".join(f"trial {trial.number} {trial.status.value}{before}{said} ({values}; {trial.run})".split())

    def conclude(self, limit: str) -> tuple[str, str]:
        """The status of the sweep, and the reason; `limit` is the limit at which it has ended ("": it is through)."""
        cut = self._cut(f" ({limit})") if limit else ""
        if self.best is not None:
            return state.SUCCEEDED, cut
        return state.FAILED, "; ".join(told for told in (self._why_none(), cut) if told)

    def broken(self, why: str) -> str:
        """The reason of a sweep that could not go on."""
        return f"{why}; {self._cut('')}" if self._through else why

    def _cut(self, by: str) -> str:
        """How far it has come, and what is to be done for the rest."""
        again = ", and again what has failed" if self.failed else ""
        ran = f"{self._through} of {self._sweep.most_trials} trials ran"
        return f"{ran}{by}: --rerun runs what is missing{again}"

    def _why_none(self) -> str:
        """Why there is no best trial."""
        if not self._ended:
            return "no trial has run"
        what = f"has a finite {self._sweep.objective.primary_metric}" if self._succeeded else "has succeeded"
        none = f"none of {self._ended} trials" if self._ended > 1 else "not one trial"
        told, first = f"{none} {what}", self._first
        if first is None:
            return told
        return f"{told}: trial {first.number} ({first.run}): {first.reason or first.status.value}"
