"""The trials of a sweep as a table: for a notebook, and for pandas."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from specrun.api.run import Run
from specrun.api.shown import WIDTH, moment
from specrun.apply.runs_of import RunsOf
from specrun.apply.trials import run_of
from specrun.plan.observed import Run as ObservedRun
from specrun.plan.run_facts import Facts
from specrun.plan.trials import Trial as ObservedTrial
from specrun.plan.trials import best, ranked
from specrun.spec.model import Scalar
from specrun.views.html import runs_html
from specrun.views.markdown_text import fenced
from specrun.views.run_table import Row, trial_columns, trial_lines
from specrun.views.text import Paint
from specrun.views.trials import counts_text

FIELDS = ("name", "number", "status", "value", "elapsed", "reason", "started", "ended")
"""The columns that every trial has."""


class Trial(Mapping[str, object]):
    """A trial as its sweep knew it when it was looked at. As a mapping it is a row of a table: name, number, status,
    the `value` of the primary metric, elapsed seconds, why it failed, moments, and under their names its parameters.
    """

    def __init__(self, runs: RunsOf, sweep: ObservedRun, trial: ObservedTrial) -> None:
        self._runs = runs
        self._sweep = sweep
        self._trial = trial

    @property
    def observed(self) -> ObservedTrial:
        """All that its sweep says of it."""
        return self._trial

    @property
    def name(self) -> str:
        """The name of its run; "" before there is one."""
        return self._trial.run

    @property
    def params(self) -> Mapping[str, Scalar]:
        """The values of the sweep's parameters that it has."""
        return self._trial.parameters

    @property
    def value(self) -> float | None:
        """The last value of the primary metric, which may be NaN; None: it has logged none."""
        return self._trial.value

    @property
    def status(self) -> str:
        """queued, running, succeeded, failed, cancelled or lost; failed, too, without a value."""
        return self._trial.status.value

    @property
    def reason(self) -> str:
        """Why it ended as it did; "" where there is nothing to say."""
        return self._trial.reason

    @property
    def run(self) -> Run:
        """Its run, with all that it wrote and logged. Raises Missing before there is one."""
        return Run(self._runs, self._runs.engine.run(self.name or f"{self._sweep.name}, trial {self._trial.number}"))

    def row(self) -> dict[str, object]:
        """The row of a table that it is; a field counts before a parameter of its name."""
        trial = self._trial
        return {
            **trial.parameters,
            "name": trial.run,
            "number": trial.number,
            "status": self.status,
            "value": trial.value,
            "elapsed": run_of(trial, self._sweep).elapsed(time.time()),
            "reason": trial.reason,
            "started": moment(trial.started),
            "ended": moment(trial.ended),
        }

    def __getitem__(self, key: str) -> object:
        return self.row()[key]

    def __iter__(self) -> Iterator[str]:
        return iter([*FIELDS, *(name for name in self._trial.parameters if name not in FIELDS)])

    def __len__(self) -> int:
        return len(self.row())

    def __repr__(self) -> str:
        return repr(Trials(self._runs, self._sweep, [self._trial]))


class Trials(Sequence[Trial]):
    """The trials of a sweep, best first, as they were when they were looked at. `pandas.DataFrame` takes them."""

    def __init__(self, runs: RunsOf, sweep: ObservedRun, trials: Sequence[ObservedTrial]) -> None:
        objective = sweep.objective
        self._sweep = sweep
        found = best(trials, objective) if objective is not None else None
        self._trials = [Trial(runs, sweep, one) for one in (ranked(trials, objective) if objective else trials)]
        self._best = next((one for one in self._trials if one.observed is found), None)

    @property
    def best(self) -> Trial | None:
        """The best of those that have succeeded; None where there is none."""
        return self._best

    def rows(self) -> list[dict[str, object]]:
        """The trials as rows."""
        return [dict(one) for one in self._trials]

    @overload
    def __getitem__(self, index: int) -> Trial: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Trial]: ...

    def __getitem__(self, index: int | slice) -> Trial | Sequence[Trial]:
        return self._trials[index]

    def __len__(self) -> int:
        return len(self._trials)

    def __repr__(self) -> str:
        if not self._trials:
            return f"{self._sweep.name} has no trials"
        metric = self._sweep.objective.primary_metric if self._sweep.objective is not None else "value"
        rows, now = [], time.time()
        for one in self._trials:
            trial = one.observed
            run = run_of(trial, self._sweep)
            metrics = {} if trial.value is None else {metric: trial.value}
            rows.append(Row(run, facts=Facts(run, params=trial.parameters, metrics=metrics, now=now)))
        columns = trial_columns(metric, (name for one in self._trials for name in one.params))
        return "\n".join(trial_lines(rows, columns, Paint(False), WIDTH))

    def _repr_html_(self) -> str:
        rows = [{**one, "value": _shown(one.value)} for one in self._trials]
        hidden = {"started", "ended", *(() if any(row["reason"] for row in rows) else ("reason",))}
        names = dict.fromkeys(name for one in self._trials for name in one if name not in hidden)
        note = counts_text(self._sweep, [one.observed for one in self._trials])
        return runs_html([*names], rows, [note])

    def _repr_markdown_(self) -> str:
        return fenced(repr(self), "text")


def _shown(value: float | None) -> object:
    return "NaN" if value is not None and math.isnan(value) else value
