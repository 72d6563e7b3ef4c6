"""The trials of a sweep: what each of them is, and which is the best.

A trial is a run like any other: its identity is that of the sweep's job with the values of its parameters in place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from specrun.plan.hashes import canonical, text_digest
from specrun.plan.observed import RunStatus
from specrun.spec.expressions import scalar_text
from specrun.spec.frozen import dataclass
from specrun.spec.shell import REFERENCE
from specrun.spec.shell_values import put_in

if TYPE_CHECKING:
    from specrun.spec.model import Scalar
    from specrun.spec.sweep import Objective, Sweep

FILLED = ("command", "arguments", "environment_variables")
"""What of a job, and of its identity, may name a parameter."""

STOPPED_EARLY = "stopped early"
"""How the reason of a trial begins that an early termination policy has stopped."""

_RANKS = (
    RunStatus.SUCCEEDED,
    RunStatus.RUNNING,
    RunStatus.QUEUED,
    RunStatus.FAILED,
    RunStatus.CANCELLED,
    RunStatus.LOST,
)
"""In which order trials are listed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it is now. `number` counts from 0 in the order in which they are begun; `run` is its run's name ("":
    it has none yet). Times are Unix seconds.

    `value` is the last one of the primary metric: None where there is none (yet), and it may be NaN. A trial that has
    succeeded without a number counts as failed; `reason` says that, and why any other ended as it did.
    """

    number: int
    parameters: Mapping[str, Scalar]
    run: str = ""
    status: RunStatus = RunStatus.QUEUED
    value: float | None = None
    reason: str = ""
    started: float | None = None
    ended: float | None = None
    notes: tuple[str, ...] = field(default=())


def best(trials: Iterable[Trial], objective: Objective) -> Trial | None:
    """The best of those that have succeeded; of equal ones the first. None where there is none."""
    found: Trial | None = None
    known: float | None = None
    for trial in trials:
        if trial.status is not RunStatus.SUCCEEDED or trial.value is None or not math.isfinite(trial.value):
            continue
        if known is None or objective.is_better(trial.value, known):
            found, known = trial, trial.value
    return found


def ranked(trials: Iterable[Trial], objective: Objective) -> list[Trial]:
    """The trials, best first: those that have succeeded by their values, then without one, and those that run, wait,
    failed, were stopped or were lost; of equal ones the first that was begun.
    """

    def place(trial: Trial) -> tuple[int, bool, float, int]:
        value = None if trial.value is None or not math.isfinite(trial.value) else trial.value
        order = 0.0 if value is None else -value if objective.goal == "maximize" else value
        return _RANKS.index(trial.status), value is None, order, trial.number

    return sorted(trials, key=place)


def is_stopped_early(trial: Trial) -> bool:
    """Whether an early termination policy has stopped it: that is no failure, and it is not run again."""
    return trial.status is RunStatus.CANCELLED and trial.reason.startswith(STOPPED_EARLY)


def identity_of_sweep(sweep: Sweep) -> dict[str, object]:
    """What of a sweep can change its result: how many trials run at once, how long, and how many may fail cannot."""
    fields: dict[str, object] = {
        "sampling_algorithm": sweep.sampling_algorithm,
        "seed": sweep.seed,
        "rule": sweep.rule if sweep.rule != "random" else None,
        "logbase": sweep.logbase,
        "search_space": {name: _with_whole_ends(parameter) for name, parameter in sweep.search_space.items()},
        "goal": sweep.objective.goal,
        "primary_metric": sweep.objective.primary_metric,
        "early_termination": _without_defaults(sweep.early_termination),
        "max_total_trials": sweep.most_trials,
    }
    return {name: value for name, value in fields.items() if value is not None}


def identity_of_trial(identity: Mapping[str, object], parameters: Mapping[str, Scalar]) -> dict[str, object]:
    """What the fingerprint of a trial is taken of, from what its sweep's is taken of."""
    named = {name: value for name, value in identity.items() if name != "sweep"}
    found = {name: filled(value, parameters) if name in FILLED else value for name, value in named.items()}
    if isinstance(command := identity.get("command"), str):
        found["command"] = filled_command(command, parameters)
    return found


class Fingerprints:
    """The fingerprints of a sweep's trials; `content` is what that of the sweep was taken of.

    What trials have in common, which may be thousands of files, is spelled once.
    """

    def __init__(self, content: Mapping[str, object]) -> None:
        self._own = {name: content[name] for name in FILLED if name in content}
        common = identity_of_trial(content, {}).items()
        self._common = {name: canonical(value) for name, value in common if name not in self._own}

    def of(self, parameters: Mapping[str, Scalar]) -> str:
        """That of the trial with these values."""
        own = identity_of_trial(self._own, parameters)
        parts = self._common | {name: canonical(value) for name, value in own.items()}
        return text_digest(f"{{{','.join(f'{canonical(name)}:{parts[name]}' for name in sorted(parts))}}}")


def filled_command(command: str, parameters: Mapping[str, Scalar]) -> str:
    """A command with the values of parameters in place, each as one word: a value with blanks in it is quoted."""
    texts = {name: scalar_text(value) for name, value in parameters.items()}
    return put_in(command, lambda namespace, name: texts.get(name) if namespace == "search_space" else None)


def filled(value: Any, parameters: Mapping[str, Scalar]) -> Any:
    """A text, or all texts in a list or mapping, with the values of parameters in place, as a spec would spell them."""
    if isinstance(value, str):
        return REFERENCE.sub(
            lambda m: scalar_text(parameters[m[2]]) if m[1] == "search_space" and m[2] in parameters else m[0], value
        )
    if isinstance(value, Mapping):
        return {name: filled(inside, parameters) for name, inside in value.items()}
    return [filled(inside, parameters) for inside in value] if isinstance(value, list | tuple) else value


def _with_whole_ends(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter, where its distribution is the same whether a number is written `1` or `1.0`, in one of these ways.

    Of values and steps it is not: those of `q: 1.0` have a point.
    """
    return {
        name: int(value)
        if name in ("min_value", "max_value", "mu", "sigma") and isinstance(value, float) and value.is_integer()
        else value
        for name, value in parameter.items()
    }


def _without_defaults(policy: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    defaults = {"evaluation_interval": 1, "delay_evaluation": 0}
    return {name: value for name, value in policy.items() if value != defaults.get(name)}
