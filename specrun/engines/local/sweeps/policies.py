"""Which trials `early_termination` ends: Azure ML's policies, as its documents describe them.

The rules are those of "Hyperparameter tuning a model" (early termination) and of the remarks at BanditPolicy,
MedianStoppingPolicy and TruncationSelectionPolicy in SDK v1. What these say of all three:

- each value of the primary metric that a trial logs is one interval;
- a policy is applied at every multiple of `evaluation_interval` that is at least `delay_evaluation`;
- at interval N a trial is compared with the other trials' values up to interval N, so none is ended for being younger.

They leave open, and here it is so: a trial is judged at the last such interval that it has reached, among all
trials that have reached it, ended ones too; how it does there is the best of its values so far; NaN and infinities
are no values, and a trial without any other is worse than all that have one; and none is ended for being as good as
another that goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from statistics import median
from typing import NamedTuple, TypeAlias

from specrun.plan.trials import STOPPED_EARLY
from specrun.spec.sweep import Objective, Parameter


class _Seen(NamedTuple):
    """How a trial did up to an interval, so that more is better: the best of its values, and their average."""

    best: float
    average: float


_NOTHING = _Seen(-math.inf, -math.inf)

_Judge: TypeAlias = Callable[[Parameter, _Seen, Collection[_Seen], float], str]
"""Why a trial ends, in words; "": it goes on. It is among all that have reached the interval. The last is what a
number has to be multiplied with to be one of the metric again.
"""


def stops(
    policy: Parameter | None,
    objective: Objective,
    histories: Mapping[int, Sequence[float]],
    running: Collection[int],
) -> Mapping[int, str]:
    """The running trials that a policy ends now, by their numbers, each with the reason.

    `histories` are the values of the primary metric that all trials have logged, in order, by the trial's number.
    """
    if policy is None:
        return {}
    sign = 1.0 if objective.goal == "maximize" else -1.0
    judge, found = _JUDGES[policy["type"]], dict[int, str]()
    reached: dict[int, dict[int, _Seen]] = {}
    for number in sorted(running):
        interval = _interval(policy, len(histories.get(number, ())))
        if not interval:
            continue
        if interval not in reached:
            long = {other: values for other, values in histories.items() if len(values) >= interval}
            reached[interval] = {other: _seen(islice(values, interval), sign) for other, values in long.items()}
        seen = reached[interval]
        why = judge(policy, seen[number], seen.values(), sign)
        if why:
            own = "no number" if seen[number] == _NOTHING else f"{sign * seen[number].best:g} at best"
            found[number] = (
                f"{STOPPED_EARLY} ({policy['type']}): after {interval} value{'s' if interval > 1 else ''} its "
                f"{objective.primary_metric} was {own}, {why}"
            )
    return found


def _interval(policy: Parameter, logged: int) -> int:
    """The last interval at which the policy is applied to a trial that has logged so many values; 0: none yet."""
    last = logged - logged % int(policy.get("evaluation_interval") or 1)
    return last if last >= (policy.get("delay_evaluation") or 0) else 0


def _seen(values: Iterable[float], sign: float) -> _Seen:
    finite = [sign * value for value in values if math.isfinite(value)]
    return _Seen(max(finite), math.fsum(finite) / len(finite)) if finite else _NOTHING


def _bandit(policy: Parameter, own: _Seen, all_seen: Collection[_Seen], sign: float) -> str:
    """With slack_factor 0.2 and a best trial of 0.8, one of less than 0.8 / (1 + 0.2) ends; with slack_amount 0.2, one
    of less than 0.8 - 0.2.

    The documents say it of positive values that are to be maximized. What is to be minimized, and what is negative, is
    the mirror image of that: the slack is always on the worse side of the best.
    """
    best = max(seen.best for seen in all_seen)
    factor = policy.get("slack_factor")
    if factor is not None:
        least, slack = best / (1 + factor) if best > 0 else best * (1 + factor), f"slack_factor {factor:g}"
    else:
        amount = policy.get("slack_amount") or 0.0
        least, slack = best - amount, f"slack_amount {amount:g}"
    if not own.best < least:
        return ""
    return f"and with {slack} of the best trial's {sign * best:g} it may be no worse than {sign * least:g}"


def _median_stopping(policy: Parameter, own: _Seen, all_seen: Collection[_Seen], sign: float) -> str:
    """A trial ends whose best value up to interval N is worse than the median of the averages that all trials have
    over the intervals 1 to N. It is one of them.
    """
    averages = [seen.average for seen in all_seen if seen != _NOTHING]
    middle = median(averages) if averages else -math.inf
    if not own.best < middle:
        return ""
    return f"worse than {sign * middle:g}, the median of the averages of {len(all_seen)} trials"


def _truncation_selection(policy: Parameter, own: _Seen, all_seen: Collection[_Seen], sign: float) -> str:
    """A trial ends that is among the worst truncation_percentage of all trials at an interval; of five, with 20, one.

    Ended trials count among all: the service has exclude_finished_jobs false, unless it is told otherwise.
    """
    share, count = policy["truncation_percentage"], len(all_seen)
    no_better = sum(seen.best <= own.best for seen in all_seen)
    if no_better * 100 > share * count:
        return ""
    return f"among the worst {share:g} % of {count} trials"


_JUDGES: Mapping[str, _Judge] = {
    "bandit": _bandit,
    "median_stopping": _median_stopping,
    "truncation_selection": _truncation_selection,
}
