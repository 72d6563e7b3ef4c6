"""The sets of values that grid and random sampling try: what does not depend on how the trials before went.

They are the same wherever and whenever they are drawn. `Random.random` is promised to give the same numbers, and so is
IEEE's arithmetic; `exp` and `log` of C differ in their last digits between machines, and those of `decimal` do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from functools import reduce
from itertools import product
from math import sqrt
from random import Random
from typing import TYPE_CHECKING

from specrun.plan import sobol
from specrun.spec.expressions import scalar_text
from specrun.spec.sweep import BAYESIAN, GRID, SOBOL, Parameter, Sweep, multiple, values_of

if TYPE_CHECKING:
    from specrun.spec.model import Scalar

REPEATS = 1_000
"""After so many draws in a row that were there before, there is nothing new to be drawn."""

_EXACT = Context(prec=40)
_LEAST = 2.0**-54


def draws(sweep: Sweep) -> Iterator[Mapping[str, Scalar]]:
    """The sets of values that a grid or random sampling tries, in order, at most `sweep.most_trials`, none twice.

    A space that has fewer ends it earlier.
    """
    if sweep.sampling_algorithm == BAYESIAN:
        raise ValueError("what bayesian sampling tries depends on how the trials before went")
    names = sorted(sweep.search_space)
    found = _grid(sweep, names) if sweep.sampling_algorithm == GRID else _distinct(sweep, names)
    for _, values in zip(range(sweep.most_trials), found, strict=False):
        yield dict(zip(names, values, strict=True))


def value_at(parameter: Parameter, u: float, logbase: float | str | None = None) -> Scalar:
    """The value of a parameter at a point between 0 and 1: as much of its distribution lies below it."""
    kind: str = parameter["type"]
    if kind == "choice":
        return _chosen(values_of(parameter) or (), u)
    if kind == "randint":
        upper = int(parameter["upper"])
        return min(int(u * upper), upper - 1)
    if kind.endswith("uniform"):
        low, high = float(parameter["min_value"]), float(parameter["max_value"])
        value = min(max(low + (high - low) * u, low), high)
    else:
        value = parameter["mu"] + parameter["sigma"] * _normal(min(max(u, _LEAST), 1 - _LEAST))
    if "log" in kind:
        value = _power(logbase, value)
    return multiple(parameter["q"], round(value / parameter["q"])) if kind.startswith("q") else value


def is_within(parameter: Parameter, value: object, logbase: float | str | None = None) -> bool:
    """Whether a value, or what a service has of it as text, is one that a parameter may have."""
    kind: str = parameter["type"]
    if kind == "choice":
        return scalar_text(value) in {scalar_text(one) for one in parameter["values"]}  # type: ignore[arg-type]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    if kind == "randint":
        return number.is_integer() and 0 <= number <= int(parameter["upper"]) - 1
    if kind.startswith("q") and abs(multiple(parameter["q"], round(number / parameter["q"])) - number) > 1e-9:
        return False
    if kind.endswith("normal"):
        return "log" not in kind or number > 0 or (number == 0 and kind.startswith("q"))
    about = float(parameter.get("q", 0)) / 2 + abs(number) * 1e-9
    ends = [float(parameter[end]) for end in ("min_value", "max_value")]
    low, high = [_power(logbase, end) for end in ends] if "log" in kind else ends
    return low - about <= number <= high + about


def _grid(sweep: Sweep, names: Sequence[str]) -> Iterator[tuple[Scalar, ...]]:
    """All combinations, the last name's values changing fastest."""
    values = [values_of(sweep.search_space[name]) for name in names]
    return product(*(one for one in values if one is not None))


def _distinct(sweep: Sweep, names: Sequence[str]) -> Iterator[tuple[Scalar, ...]]:
    """Random sets of values. Of a space whose combinations can be counted all come, in the end in a grid's order."""
    seen: set[tuple[str, ...]] = set()
    repeats, all_of_it = 0, sweep.combinations
    space = [sweep.search_space[name] for name in names]
    choices = [values_of(one) if one["type"] == "choice" else None for one in space]  # which may be thousands
    for point in _points(sweep, len(names)):
        values = tuple(
            _chosen(listed, u) if listed is not None else value_at(one, u, sweep.logbase)
            for one, listed, u in zip(space, choices, point, strict=True)
        )
        if _is_new(values, seen):
            yield values
            repeats = 0
        elif (repeats := repeats + 1) == REPEATS or len(seen) == all_of_it:
            break
    if all_of_it is not None and len(seen) < all_of_it:
        yield from (values for values in _grid(sweep, names) if _is_new(values, seen))


def _chosen(values: Sequence[Scalar], u: float) -> Scalar:
    return values[min(int(u * len(values)), len(values) - 1)]


def _is_new(values: tuple[Scalar, ...], seen: set[tuple[str, ...]]) -> bool:
    spelled = tuple(map(scalar_text, values))
    if spelled in seen:
        return False
    seen.add(spelled)
    return True


def _points(sweep: Sweep, dimensions: int) -> Iterator[tuple[float, ...]]:
    generator = Random()
    generator.seed(sweep.seed or 0, version=2)
    random: Callable[[], float] = generator.random
    if sweep.rule != SOBOL:
        while True:
            yield tuple(random() for _ in range(dimensions))
    shifts = [int(random() * 2**sobol.BITS) if sweep.seed else 0 for _ in range(dimensions)]
    found = sobol.points(shifts)
    next(found)  # without a shift it is the corner of the space, where a normal distribution has no value
    yield from found


def _power(base: float | str | None, exponent: float) -> float:
    """`base ** exponent`, of e where there is no base."""
    exact = Decimal(exponent)
    return float(_EXACT.exp(exact) if base in (None, "e") else _EXACT.power(Decimal(str(base)), exact))


_MIDDLE = (
    "2509.0809287301226727 33430.575583588128105 67265.770927008700853 45921.953931549871457 "
    "13731.693765509461125 1971.5909503065514427 133.14166789178437745 3.387132872796366608",
    "5226.495278852854561 28729.085735721942674 39307.89580009271061 21213.794301586595867 "
    "5394.1960214247511077 687.1870074920579083 42.313330701600911252 1",
)
_OUTER = (
    "7.7454501427834140764e-4 0.0227238449892691845833 0.24178072517745061177 1.27045825245236838258 "
    "3.64784832476320460504 5.7694972214606914055 4.6303378461565452959 1.42343711074968357734",
    "1.05075007164441684324e-9 5.475938084995344946e-4 0.0151986665636164571966 0.14810397642748007459 "
    "0.68976733498510000455 1.6763848301838038494 2.05319162663775882187 1",
)
_FAR = (
    "2.01033439929228813265e-7 2.71155556874348757815e-5 0.0012426609473880784386 0.026532189526576123093 "
    "0.29656057182850489123 1.7848265399172913358 5.4637849111641143699 6.6579046435011037772",
    "2.04426310338993978564e-15 1.4215117583164458887e-7 1.8463183175100546818e-5 7.868691311456132591e-4 "
    "0.0148753612908506148525 0.13692988092273580531 0.59983220655588793769 1",
)


def _normal(u: float) -> float:
    """Below which value so much of the normal distribution lies: algorithm AS 241 of M. J. Wichura, to 16 digits.

    `statistics.NormalDist` has the same, with C's logarithm.
    """
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(_MIDDLE, 0.180625 - q * q)
    r = sqrt(-float(_EXACT.ln(Decimal(min(u, 1 - u)))))
    found = _ratio(_OUTER, r - 1.6) if r <= 5 else _ratio(_FAR, r - 5)
    return found if q > 0 else -found


def _ratio(coefficients: tuple[str, str], r: float) -> float:
    """One polynomial in r by another, each with the coefficient of the highest power first."""
    above, below = (reduce(lambda sum, one: sum * r + float(one), written.split(), 0.0) for written in coefficients)
    return above / below
