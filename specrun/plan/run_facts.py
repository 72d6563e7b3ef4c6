"""What is known of a run under a name: fields of its own, its last metrics, its parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import field

from specrun.plan.observed import Run
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar

METRICS, PARAMS = "metrics", "params"
_SPACES = {
    **dict.fromkeys(("metrics", "metric"), METRICS),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), PARAMS),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What columns are taken of: a run, its place's title and engine, what it has cost, its parameters, and the last
    value of each metric. `now` in Unix seconds.
    """

    run: Run
    place: str = ""
    engine: str = ""
    cost: float | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    now: float = 0.0

    def named(self, space: str) -> Mapping[str, Scalar]:
        """Its METRICS or its PARAMS."""
        return self.metrics if space == METRICS else self.params


FIELDS: Mapping[str, Callable[[Facts], Scalar]] = {
    "name": lambda one: one.run.name,
    "spec": lambda one: one.run.spec,
    "status": lambda one: one.run.status.value,
    "place": lambda one: one.place,
    "engine": lambda one: one.engine,
    "target": lambda one: one.run.target,
    "elapsed": lambda one: one.run.elapsed(one.now),
    "submitted": lambda one: one.run.submitted,
    "started": lambda one: one.run.started,
    "ended": lambda one: one.run.ended,
    "age": lambda one: None if one.run.submitted is None else one.now - one.run.submitted,
    "cost": lambda one: one.cost,
    "parent": lambda one: one.run.parent,
    "attempt": lambda one: one.run.attempt,
    "fingerprint": lambda one: one.run.fingerprint,
    "reason": lambda one: one.run.why,
    "user": lambda one: one.run.provenance.user,
    "commit": lambda one: one.run.provenance.commit,
    "branch": lambda one: one.run.provenance.branch,
}
"""The fields of a run by which it is found; "" and None are of one that has none."""

MOMENTS, DURATIONS, NUMBERS = ("submitted", "started", "ended"), ("elapsed", "age"), ("cost", "attempt")


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column. `space` says what it is of: METRICS, PARAMS, or "" for whatever has the name."""

    name: str
    space: str = ""

    @classmethod
    def of(cls, text: str) -> Column:
        """A column as it is written, quotes and all."""
        space, dot, name = text.partition(".")
        if dot and space in _SPACES and name:
            return cls(bare(name), _SPACES[space])
        return cls(bare(text))

    @property
    def field(self) -> str:
        """The field of a run that it is; "" for none."""
        return self.name if not self.space and self.name in FIELDS else ""

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for all names that are like it."""
        return not self.field and any(sign in self.name for sign in "*?")

    def value(self, facts: Facts) -> Scalar:
        """What a run has there; None for nothing."""
        if self.field:
            found = FIELDS[self.field](facts)
            return None if found == "" else found
        spaces = [space for space in (METRICS, PARAMS) if self.space in ("", space) and self.name in facts.named(space)]
        return facts.named(spaces[0])[self.name] if spaces else None

    def __str__(self) -> str:
        return f"{self.space}.{self.name}" if self.space else self.name


def bare(text: str) -> str:
    """A text without the quotes that it stands in."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`" else text


def is_nothing(value: Scalar) -> bool:
    """Whether there is nothing that could be compared."""
    return value is None or (isinstance(value, float) and math.isnan(value))
