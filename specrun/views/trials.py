"""The trials of a sweep as JSON values, and in words: how far it is, and what is best."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from specrun.plan.metrics import number_data
from specrun.plan.observed import Run, RunStatus
from specrun.plan.sweeping import TrialCounts
from specrun.plan.trials import Trial, best, is_stopped_early
from specrun.spec.expressions import scalar_text
from specrun.spec.model import Scalar
from specrun.spec.moments import rfc3339
from specrun.spec.visible import visible
from specrun.views.text import count, shorten

PARAMETERS, VALUE = 6, 24
"""How many are told of a trial in a sentence, and columns of each value."""

NO_VALUE = "-"


def trial_data(trial: Trial) -> dict[str, object]:
    """A trial; `value` is a number, "NaN" or another text for what is no finite one, or null where there is none."""
    return {
        "number": trial.number,
        "run": trial.run or None,
        "parameters": {name: _scalar(value) for name, value in trial.parameters.items()},
        "status": trial.status.value,
        "stopped_early": is_stopped_early(trial),
        "value": None if trial.value is None else number_data(trial.value),
        "reason": trial.reason,
        "started": rfc3339(trial.started),
        "ended": rfc3339(trial.ended),
    }


def sweep_data(run: Run, trials: Sequence[Trial]) -> dict[str, object]:
    """A sweep: what is wanted, how many trials there are at most, how many have which status, and the best so far."""
    objective = run.objective
    found = best(trials, objective) if objective is not None else None
    return {
        "objective": objective and {"goal": objective.goal, "primary_metric": objective.primary_metric},
        "trials": run.most_trials,
        "counts": dict(Counter(trial.status.value for trial in trials)),
        "best": None if found is None else trial_data(found),
    }


def progress_text(run: Run, trials: Sequence[Trial], room: int | None = None) -> str:
    """`12 of 20 trials, 2 running, 1 failed; best accuracy 0.94 by digits-28f2d2e8a6 (lr=0.01)`; with fewer
    values of the best, or none, where there is no `room` for them.
    """
    told = counts_text(run, trials)
    found = best(trials, run.objective) if run.objective is not None else None
    if found is None:
        return told
    texts = (f"{told}; best {best_text(run, found, most)}" for most in range(PARAMETERS, 0, -1))
    fitting = (text for text in texts if room is None or len(text) <= room)
    return next(fitting, f"{told}; best {_named_text(run, found)}")


def counts_text(run: Run, trials: Sequence[Trial]) -> str:
    """`12 of 20 trials, 2 running, 1 failed`: how many have ended, and what is to be said of the others."""
    ended = [trial for trial in trials if trial.status.ended]
    early = sum(map(is_stopped_early, ended))
    counts = Counter(trial.status for trial in trials)
    counts[RunStatus.CANCELLED] -= early
    told = [f"{len(ended)} of {most_text(run, trials)}"]
    order = (RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.FAILED, RunStatus.LOST, RunStatus.CANCELLED)
    told += [f"{counts[status]} {status.value}" for status in order if counts[status] > 0]
    return ", ".join([*told, *([f"{early} stopped early"] if early else [])])


def planned_text(counts: TrialCounts) -> str:
    """`20 trials, 12 are there already (1 of them runs now), 2 failed before: --rerun runs them again, 6 to run`."""
    told = [count(counts.trials, "trial")]
    if counts.there:
        now = f" ({counts.running} of them {'runs' if counts.running == 1 else 'run'} now)" if counts.running else ""
        all_there = "all" if counts.there == counts.trials > 1 else str(counts.there)
        told.append(f"{all_there} {'is' if all_there == '1' else 'are'} there already{now}")
    if stay := counts.failed_stay:
        told.append(f"{stay} failed before and {'is' if stay == 1 else 'are'} not run again without --rerun")
    if counts.there or counts.failed:
        again = f" ({counts.failed} of them failed before)" if counts.failed and not stay else ""
        told.append(f"{counts.to_run or 'none'} to run{again}")
    if counts.again:
        told.append(
            f"of which {counts.again} {'has' if counts.again == 1 else 'have'} succeeded before and will be run again "
            "by the service"
        )
    unread = f"; whether any has been run before could not be read: {visible(counts.unread)}" if counts.unread else ""
    return f"{', '.join(told)}{unread}"


def planned_data(counts: TrialCounts) -> dict[str, object]:
    """The same for programs."""
    return asdict(counts)


def most_text(run: Run, trials: Sequence[Trial]) -> str:
    """How many trials there are at most: `20 trials`."""
    most = max(run.most_trials, len(trials))
    return "1 trial" if most == 1 else f"{most} trials"


def best_text(run: Run, trial: Trial, most: int | None = None) -> str:
    """`accuracy 0.94 by digits-28f2d2e8a6 (lr=0.01)`: of the best trial, or of another one."""
    return f"{_named_text(run, trial)} ({parameters_text(trial.parameters, most)})"


def _named_text(run: Run, trial: Trial) -> str:
    metric = f"{run.objective.primary_metric} " if run.objective is not None else ""
    return f"{metric}{value_text(trial.value)} by {trial.run or trial.number}"


def value_text(value: float | None) -> str:
    """The value of a primary metric, for people."""
    if value is None:
        return NO_VALUE
    return f"{value:.6g}" if math.isfinite(value) else str(number_data(value))


def parameters_text(parameters: Mapping[str, Scalar], most: int | None = None) -> str:
    """`lr=0.01, layers=2`: all of them, or the first, and then values in few columns, too."""
    texts = {name: parameter_text(value) for name, value in parameters.items()}
    told = [f"{name}={shorten(text, VALUE) if most is not None else text}" for name, text in texts.items()]
    more = [] if most is None or len(told) <= most else [f"and {len(told) - most} more"]
    return ", ".join([*told[:most], *more])


def parameter_text(value: Scalar) -> str:
    """The value of a parameter: of a number that was drawn not all of its digits."""
    is_float = isinstance(value, float) and math.isfinite(value)
    return f"{value:.6g}" if is_float else scalar_text(value)


def _scalar(value: Scalar) -> object:
    return number_data(value) if isinstance(value, float) else value
