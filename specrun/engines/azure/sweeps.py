"""Sweeps of a workspace, which the service carries out: their trials, and what has become of them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.runs import RunCalls
from specrun.engines.azure.seen import SeenRun, SeenSweep
from specrun.engines.azure.trials import Child, experiment_of, parameters_in, search, told_of
from specrun.engines.base import EngineError, Transient
from specrun.plan.metrics import Logged, number_data, why_missing
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial, best
from specrun.spec.model import Scalar

SETTLED = 60.0
"""Seconds after which a metric is not there that a trial has logged: what came last is told some time after the end."""

POLICY = "stopped by early_termination, or cancelled by somebody: Azure ML does not say which"


class AzureSweeps:
    """The sweeps of one workspace. What was read of one that had ended by then is not asked for again."""

    def __init__(self, connection: Connection[Any], calls: RunCalls) -> None:
        self.connection = connection
        self._calls = calls
        self._experiments: dict[str, str] = {}
        self._reasons: dict[str, tuple[RunStatus, str]] = {}
        self._over: dict[str, Sequence[Trial]] = {}

    @asked
    def trials(self, name: str) -> Sequence[Trial]:
        """All that a sweep has begun so far: one request for each thousand of them, and one where it has begun others
        since; one more of the first look. Where trials did not succeed since, a request for each page of them.
        """
        return self._read(self._calls.find(name))

    def there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        """None: the service runs all trials of a sweep itself."""
        return {}

    def judged(self, seen: SeenRun, run: Run) -> Run:
        """A run as `Runs` has it; of a sweep that has ended what has come of it, which its trials say."""
        if seen.sweep is None or not run.status.ended:
            return run
        trials = self._read(seen)
        found = best(trials, seen.sweep.objective)
        if run.status is RunStatus.SUCCEEDED and found is None and not seen.sweep.best:
            if any(not trial.status.ended for trial in trials):
                return replace(run, status=RunStatus.RUNNING, ended=None)  # what they have logged is not there yet
            return replace(run, status=RunStatus.FAILED, reason=_why_none(trials))
        if run.status is RunStatus.SUCCEEDED:
            return replace(run, reason=_disagreement(seen.sweep, found, trials))
        if run.status is not RunStatus.FAILED or found is None:
            return run
        told = f"{sum(trial.status.ended for trial in trials)} of {max(seen.sweep.most_trials, len(trials))} trials ran"
        why = f": {run.reason}" if run.reason else ""
        return replace(run, status=RunStatus.SUCCEEDED, reason=f"{told}, then it ended{why}")

    def _read(self, sweep: SeenRun) -> Sequence[Trial]:
        if sweep.sweep is None:
            return ()
        if sweep.name in self._over:
            return self._over[sweep.name]
        ended = sweep.status.ended  # whatever its trials do meanwhile
        children, unread = self._children(sweep)
        if not ended and children.keys() - parameters_in(sweep).keys():
            sweep = self._calls.look(sweep.name)
        parameters = parameters_in(sweep)
        children = self._explained(sweep, children)
        trials = [
            _trial(sweep, number, parameters.get(number, {}), children.get(number), unread)
            for number in sorted(children.keys() | parameters.keys())
        ]
        if ended and not unread and all(trial.status.ended for trial in trials):
            self._over[sweep.name] = trials
        return trials

    def _children(self, sweep: SeenRun) -> tuple[Mapping[int, Child], str]:
        """What MLflow tells; where it tells nothing, what run history does, and why there are no metrics."""
        found: Mapping[int, Child] = {}
        unread = "MLflow does not tell of it yet" if parameters_in(sweep) else ""
        try:
            if sweep.name not in self._experiments:
                self._experiments[sweep.name] = experiment_of(self.connection, sweep.name)
            found = search(self.connection, sweep.name, self._experiments[sweep.name])
        except Transient:
            raise
        except EngineError as error:
            unread = str(error)
        return (found, "") if found or not unread else (told_of(self.connection, sweep.name), unread)

    def _explained(self, sweep: SeenRun, children: Mapping[int, Child]) -> Mapping[int, Child]:
        """The trials, with why those did not succeed that have ended so: asked for when there are others."""
        bad = [number for number, one in children.items() if one.status.ended and one.status is not RunStatus.SUCCEEDED]
        if any(f"{sweep.name}_{number}" not in self._reasons for number in bad):
            for number, one in told_of(self.connection, sweep.name).items():
                if one.status.ended:
                    self._reasons[f"{sweep.name}_{number}"] = one.status, one.reason
        explained = dict(children)
        for number in bad:
            status, reason = self._reasons.get(f"{sweep.name}_{number}", (children[number].status, ""))
            explained[number] = replace(children[number], status=status, reason=reason)
        return explained


def _trial(sweep: SeenRun, number: int, parameters: Mapping[str, Scalar], child: Child | None, unread: str) -> Trial:
    run = f"{sweep.name}_{number}"
    if child is None or sweep.sweep is None:
        return Trial(number, parameters, run)  # it was begun, and nobody else has heard of it yet
    metric = sweep.sweep.objective.primary_metric
    last = child.metrics.get(metric)
    value = None if last is None else last.value
    trial = Trial(number, parameters, run, child.status, value, child.reason, child.started, child.ended)
    if child.status is RunStatus.CANCELLED and sweep.sweep.policy and not child.reason:
        return replace(trial, reason=POLICY)
    if child.status is not RunStatus.SUCCEEDED:
        return trial
    if value is not None:
        told = f"its last {metric} is {number_data(value)}, which is never the best"
        return trial if isinstance(number_data(value), float) else replace(trial, reason=told)
    if unread:
        return replace(trial, reason=f"its {metric} is not known: {unread}")
    if child.ended is not None and time.time() < child.ended + SETTLED:
        told = f"it has ended, and no {metric} is there so far: what a trial logs last is told some time later"
        return replace(trial, status=RunStatus.RUNNING, ended=None, reason=told)
    how = f'Log it with MLflow, `mlflow.log_metric("{metric}", value)`: Azure ML counts nothing else.'
    missing = why_missing(metric, Logged(dict(sorted(child.metrics.items())), notes=(how,)))
    return replace(trial, status=RunStatus.FAILED, reason=missing)


def _why_none(trials: Sequence[Trial]) -> str:
    """Why none of the trials is the best: as far as it is the same with all, in the words of the first."""
    if not trials:
        return "it ran no trial, as far as Azure ML tells"
    reasons = {trial.reason for trial in trials if trial.reason}
    first = next((trial for trial in trials if trial.reason), trials[0])
    told = f"none of its {len(trials)} trials counts" if len(trials) > 1 else "its one trial does not count"
    others = " (others for other reasons)" if len(reasons) > 1 else ""
    return f"{told}: {first.run}: {first.reason or first.status.value}{others}"


def _disagreement(sweep: SeenSweep, found: Trial | None, trials: Sequence[Trial]) -> str:
    """That the service calls another trial the best than counts here; "" where it does not."""
    if not sweep.best or (found is not None and found.run == sweep.best):
        return ""
    named = next((trial for trial in trials if trial.run == sweep.best), None)
    goal = sweep.objective
    if found is not None and named is not None and named.value == found.value:
        return ""  # they are equally good
    told = f"Azure ML calls {sweep.best} the best ({goal.primary_metric} {sweep.score or 'unknown'})"
    if found is None:
        return f"{told}; by what its trials have logged last there is none"
    return f"{told}; by the last value that each trial has logged it is {found.run} ({found.value:g})"
