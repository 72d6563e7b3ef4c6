"""Points of a search space: drawn for trials to be run with, and in no way as the service draws them. No HTTP."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Space = Mapping[str, Sequence[Any]]
"""Parameters as the SDK sends them: `{"lr": ["uniform", [0.001, 0.1]]}`."""

_Draw = Callable[..., Any]


def _rounded(draw: Callable[..., float]) -> _Draw:
    return lambda source, *given: round(draw(source, *given[:-1]) / given[-1]) * given[-1]


def _uniform(source: random.Random, low: float, high: float) -> float:
    return source.uniform(low, high)


def _loguniform(source: random.Random, low: float, high: float) -> float:
    return math.exp(source.uniform(low, high))


def _normal(source: random.Random, mu: float, sigma: float) -> float:
    return source.gauss(mu, sigma)


def _lognormal(source: random.Random, mu: float, sigma: float) -> float:
    return math.exp(source.gauss(mu, sigma))


_DRAWS: Mapping[str, tuple[int, _Draw]] = {
    "choice": (1, lambda source, values: source.choice(values)),
    "randint": (1, lambda source, upper: source.randrange(upper)),
    "uniform": (2, _uniform),
    "loguniform": (2, _loguniform),
    "normal": (2, _normal),
    "lognormal": (2, _lognormal),
    "quniform": (3, _rounded(_uniform)),
    "qloguniform": (3, _rounded(_loguniform)),
    "qnormal": (3, _rounded(_normal)),
    "qlognormal": (3, _rounded(_lognormal)),
}
"""For each distribution how many numbers it has, and how a value is drawn."""

_TAKES = {"Grid": ("choice",), "Bayesian": ("choice", "uniform", "quniform"), "Random": tuple(_DRAWS)}
_ATTEMPTS = 1_000
"""Draws one after the other that were there before, after which a space is taken for empty."""


def problem(space: Space, algorithm: str) -> str:
    """Why a search space is refused, in words; empty when it is not."""
    if not space:
        return "The search space is empty."
    for name, given in space.items():
        if not isinstance(given, list) or len(given) != 2 or given[0] not in _DRAWS or not isinstance(given[1], list):
            return f"The search space's {name} is no distribution that is known: {given}."
        kind, numbers = given
        if kind not in _TAKES[algorithm]:
            return f"{algorithm} sampling does not support the distribution {kind} of {name}."
        if len(numbers) != _DRAWS[kind][0] or not _is_sound(kind, numbers):
            return f"The distribution {kind} of {name} is not valid: {numbers}."
    return ""


def _is_sound(kind: str, numbers: Sequence[Any]) -> bool:
    if kind == "choice":
        return isinstance(numbers[0], list) and bool(numbers[0])
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        return False
    if kind == "randint":
        return isinstance(numbers[0], int) and numbers[0] > 0
    low, high, step = (*numbers, 1)[:3]
    return step > 0 and (high >= 0 if "normal" in kind else low <= high)


def size_of(space: Space) -> int | None:
    """How many points a space has; None when they cannot be counted."""
    counts = [
        len(numbers[0]) if kind == "choice" else numbers[0] if kind == "randint" else None
        for kind, numbers in space.values()
    ]
    return None if None in counts else math.prod(map(int, counts))


def points(space: Space, algorithm: str, seed: object) -> Iterator[dict[str, Any]]:
    """One point after the other, none twice; of a grid all in order."""
    if algorithm == "Grid":
        for values in itertools.product(*(numbers[0] for _, numbers in space.values())):
            yield dict(zip(space, values, strict=True))
        return
    source, seen, failed = random.Random(f"{seed}"), set[str](), 0
    while failed < _ATTEMPTS and len(seen) != size_of(space):
        point = {name: _DRAWS[kind][1](source, *numbers) for name, (kind, numbers) in space.items()}
        failed = 0 if repr(point) not in seen else failed + 1
        if not failed:
            seen.add(repr(point))
            yield point
