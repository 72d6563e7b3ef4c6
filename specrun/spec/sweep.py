"""`sweep`: a job that is run for several sets of values, and what is best among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, prod
from typing import TYPE_CHECKING, Any, TypeAlias

from specrun.spec.expressions import scalar_text
from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from specrun.spec.model import Scalar

Parameter: TypeAlias = Mapping[str, Any]
"""What values a parameter may have, in the spec's own words: `{type: uniform, min_value: 0, max_value: 1}`."""

GRID, RANDOM, BAYESIAN = "grid", "random", "bayesian"
SOBOL = "sobol"

MOST_TRIALS = 1_000
"""Where `max_total_trials` is left out, as on Azure ML; of a grid all."""

MOST_SOBOL = 64
"""How many parameters a search space may have here where the rule is sobol."""

MOST_VALUES = 10_000
"""Of a parameter in steps: where it has more values than that, nobody counts them."""

LIMITS = ("max_total_trials", "max_concurrent_trials", "timeout", "trial_timeout", "max_failed_trials")
"""What stands below `sweep.limits`."""

DISCRETE = frozenset({"choice", "randint"})
"""The types of parameters that have a finite number of values."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What makes a trial better than another: `goal` is minimize or maximize, `primary_metric` what the job logs."""

    goal: str
    primary_metric: str

    def is_better(self, value: float, than: float) -> bool:
        """Whether one value of the primary metric is better than another."""
        return value > than if self.goal == "maximize" else value < than


@dataclass(frozen=True, slots=True)
class Sweep:
    """`sweep`. Times are in seconds; None is what the spec leaves out.

    `search_space` and `early_termination` are as the spec has them: Azure ML has the same words.
    """

    sampling_algorithm: str
    search_space: Mapping[str, Parameter]
    objective: Objective
    seed: int | None = None
    rule: str = RANDOM
    logbase: float | str | None = None
    max_total_trials: int | None = None
    max_concurrent_trials: int | None = None
    timeout: int | None = None
    trial_timeout: int | None = None
    max_failed_trials: int | None = None
    early_termination: Parameter | None = None

    @property
    def combinations(self) -> int | None:
        """How many different sets of values there are; None for more than anybody counts."""
        return combinations_of(self.search_space)

    @property
    def most_trials(self) -> int:
        """How many trials there are at most: as `max_total_trials` says, and no more than there are combinations."""
        count = self.combinations
        if self.max_total_trials is not None:
            return self.max_total_trials if count is None else min(count, self.max_total_trials)
        if count is not None:
            return count if self.sampling_algorithm == GRID else min(count, MOST_TRIALS)
        return MOST_TRIALS

    def at_once(self, trials: int, room: int | None) -> int:
        """How many of so many trials run at the same time at most. `room`: for how many a cluster has instances (None:
        nobody knows).
        """
        return max(1, min(one for one in (trials, self.max_concurrent_trials, room) if one is not None))


def combinations_of(space: Mapping[str, Parameter]) -> int | None:
    """How many different sets of values a search space has; None for more than anybody counts."""
    values = [values_of(parameter) for parameter in space.values()]
    return prod(len(one) for one in values if one is not None) if None not in values else None


def values_of(parameter: Parameter) -> Sequence[Scalar] | None:
    """All values that a parameter may have, in their order; None for more than anybody counts.

    What a command would spell alike is one value.
    """
    if parameter["type"] == "choice":
        found: dict[str, Scalar] = {}
        for value in parameter["values"]:
            found.setdefault(scalar_text(value), value)
        return tuple(found.values())
    if parameter["type"] == "randint":
        return range(int(parameter["upper"]))
    if parameter["type"] == "quniform":
        step = parameter["q"]
        low, high = parameter["min_value"] / step, parameter["max_value"] / step
        if not abs(high - low) <= MOST_VALUES:
            return None
        first, last = floor(low + 0.5), ceil(high - 0.5)  # an end that lies half way between two is next to never drawn
        if last - first < MOST_VALUES:
            return [multiple(step, number) for number in range(first, last + 1)] or [multiple(step, round(low))]
    return None


def multiple(step: float, number: int) -> float:
    """`step * number` as one would write it: 0.3 for three steps of 0.1, and a whole number of whole steps."""
    if isinstance(step, int):
        return step * number
    from decimal import Decimal  # late: few sweeps have such a step

    return float(Decimal(repr(step)) * number)


def sweep_of(values: Mapping[str, Any]) -> Sweep:
    """The sweep of a valid spec; `values` is what it has at `sweep`, substituted."""
    said = values["sampling_algorithm"]
    sampling = {"type": said} if isinstance(said, str) else said
    beside: dict[str, Any] = {name: sampling.get(name, values.get(name)) for name in ("seed", "rule", "logbase")}
    limits = values.get("limits") or {}
    return Sweep(
        sampling_algorithm=sampling["type"],
        search_space=values["search_space"],
        objective=Objective(values["objective"]["goal"], values["objective"]["primary_metric"]),
        seed=beside["seed"],
        rule=beside["rule"] or RANDOM,
        logbase=beside["logbase"],
        early_termination=values.get("early_termination"),
        **{name: limits.get(name) for name in LIMITS},
    )
