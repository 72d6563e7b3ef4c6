"""What runs log: metrics, which are numbers over steps, and parameters, which are texts. The same on every engine."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import field

from specrun.spec.frozen import dataclass
from specrun.spec.nearest import nearest

_LISTED = 10
_OBJECTIVE = "sweep.objective.primary_metric"


@dataclass(frozen=True, slots=True)
class Last:
    """The last value of a metric, with its step and its time (Unix seconds); NaN and infinities are values.

    `count` is how many points there are, 0 where the place does not say. `role` is the process that logged it, "" where
    that is the one that speaks for the run: main/0, chief/0 or worker/0. Another process's name stands in front of the
    metric's, too: `worker/1/loss`.
    """

    value: float
    step: int = 0
    time: float = 0.0
    count: int = 0
    role: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """What a run has logged so far, by name in order. `notes` say in full sentences why there is none, or what was left
    out.
    """

    metrics: Mapping[str, Last] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def main(self) -> Mapping[str, Last]:
        """The metrics for tables: one of another process where the one that speaks for the run has none of its name."""
        own = {name for name, last in self.metrics.items() if not last.role}
        return {
            name: last
            for name, last in self.metrics.items()
            if not last.role or name.removeprefix(f"{last.role}/") not in own
        }


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one metric in the order in which they were written, so steps may go back; times in Unix seconds."""

    name: str
    steps: tuple[int, ...] = ()
    times: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


def number_data(value: float) -> float | str:
    """A number for JSON, which has neither NaN nor infinities: these are the texts "NaN", "Infinity", "-Infinity"."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def as_number(data: object) -> float:
    """The number that JSON holds, or what stands for one there. Raises ValueError and TypeError."""
    if isinstance(data, bool) or not isinstance(data, (int, float, str)):
        raise TypeError(f"{data!r:.40} is no number")
    return float(data)


def why_missing(metric: str, logged: Logged) -> str:
    """That a run has not logged the primary metric of its sweep, in words, and what it did log."""
    missing = f"it has not logged {metric} ({_OBJECTIVE})"
    if not logged.metrics:
        why = " ".join(logged.notes) or (
            f'Log it with MLflow, `mlflow.log_metric("{metric}", value)`, or as scalars of TensorBoard below ./outputs.'
        )
        return f"{missing}, nor anything else. {why}"
    near = _near(metric, logged.metrics)
    return f"{missing}; logged: {_listed(logged.metrics, near)}" + (f". Did you mean {near}?" if near else "")


def _near(metric: str, names: Collection[str]) -> str | None:
    """The name that is most like it; one in a group is like its own last part: val/accuracy like accuracy."""
    found = nearest(metric, names)
    if found is None:
        last = {name.rpartition("/")[2]: name for name in reversed(list(names))}
        found = last.get(metric.rpartition("/")[2])
    return found


def _listed(names: Collection[str], near: str | None) -> str:
    """The names, as far as there is room: what is meant is always among them."""
    ordered = sorted(names, key=lambda name: name != near)
    more = len(ordered) - _LISTED
    return ", ".join(ordered[:_LISTED]) + (f" and {more} more" if more > 0 else "")
