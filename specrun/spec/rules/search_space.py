"""The parameters of a sweep: ranges that hold something, and kinds that the sampling algorithm takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import OPEN, scalar_text
from specrun.spec.rules.subject import Subject, mapping, text
from specrun.spec.sweep import BAYESIAN, GRID, MOST_SOBOL, SOBOL
from specrun.spec.todos import TODO
from specrun.spec.wording import field_name, listed, shown, yaml_text

_TAKES = {
    GRID: ("choice",),
    BAYESIAN: ("choice", "uniform", "quniform"),
}
"""The types of parameters that an algorithm takes, where it does not take all: Azure ML's rule, and here the same."""
_GREATEST, _LEAST = 700.0, -700.0
"""Exponents of e: beyond them, what comes of it is no number any more, or 0."""
_TOO_FAR = 30.0
"""An exponent of e that nobody means: ten million million."""
_FAR = 9.0
"""Standard deviations from the mean within which all values are that are ever drawn."""
_EXACT = 2.0**53
"""Beyond this a number of steps is not exact."""


def algorithm(subject: Subject) -> str | None:
    """The sampling algorithm, in whichever form it stands there."""
    said = subject.sweep.get("sampling_algorithm")
    return text(mapping(said).get("type")) if isinstance(said, dict) else text(said)


def parameters(subject: Subject) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    """The type, place and fields of each parameter whose type is known."""
    for name, parameter in mapping(subject.sweep.get("search_space")).items():
        kind = text(mapping(parameter).get("type"))
        if kind is not None:
            yield kind, ("sweep", "search_space", name), parameter


def is_finite(space: Mapping[str, Any]) -> bool:
    """Whether all numbers of a search space are."""
    return all(_is_finite(value) for parameter in space.values() for value in _numbers(parameter).values())


def _numbers(parameter: Mapping[str, Any]) -> dict[tuple[str | int, ...], Any]:
    """The numbers of a parameter, by where they stand in it."""
    found: dict[tuple[str | int, ...], Any] = {(name,): value for name, value in parameter.items()}
    values = parameter.get("values")
    if isinstance(values, list):
        found |= {("values", index): value for index, value in enumerate(values)}
    return {path: value for path, value in found.items() if type(value) in (int, float)}


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of more than 300 digits
        return False


def kinds(subject: Subject) -> Iterator[Diagnostic]:
    """An algorithm that does not take every type of parameter takes these."""
    chosen = algorithm(subject)
    takes = _TAKES.get(chosen or "")
    if takes is None:
        return
    for kind, path, parameter in parameters(subject):
        if kind not in takes:
            yield subject.at("parameter-not-sampled", _not_sampled(str(chosen), kind, parameter, takes), *path, "type")
        elif kind == "choice" and chosen == BAYESIAN and subject.engine != "local":
            values = parameter.get("values")
            odd = _odd(values) if isinstance(values, list) else None
            if odd is not None:
                detail = (
                    "On Azure ML bayesian sampling takes choices that are all text, or all numbers. Write them alike, "
                    "or `sampling_algorithm: random`."
                )
                yield subject.at("parameter-not-sampled", detail, *path, "values", odd)


def _not_sampled(chosen: str, kind: str, parameter: Mapping[str, Any], takes: tuple[str, ...]) -> str:
    detail = f"`{chosen}` takes {listed(takes, 'and')} alone, and not `{kind}`."
    upper = parameter.get("upper")
    if kind == "randint" and type(upper) is int and 0 < upper <= 20:
        return f"{detail} The same are `{{type: choice, values: {list(range(upper))}}}`."
    if chosen == GRID:
        return f"{detail} Write the values out, {_as_choice(parameter)}, or `sampling_algorithm: random`."
    return f"{detail} Write one of those, or `sampling_algorithm: random`."


def _as_choice(parameter: Mapping[str, Any]) -> str:
    """A choice of three values of a range: something to begin with."""
    values: list[Any] = [32, 64, 128]
    low, high = _number(parameter.get("min_value")), _number(parameter.get("max_value"))
    if low is not None and high is not None and "log" not in parameter["type"] and is_finite({"": parameter}):
        middle = float(f"{low / 2 + high / 2:.4g}")
        values = [low, int(middle) if middle.is_integer() else middle, high]
    return f"as in `{yaml_text({'type': 'choice', 'values': values})}`"


def _odd(values: list[Any]) -> int | None:
    """Where the first value stands that is not of the kind of the first."""
    if any(isinstance(value, str) and (OPEN in value or value == TODO) for value in values):
        return None
    are_text = isinstance(values[0], str) if values else False
    wrong = (
        index for index, value in enumerate(values) if isinstance(value, bool) or isinstance(value, str) is not are_text
    )
    return next(wrong, None)


def ranges(subject: Subject) -> Iterator[Diagnostic]:
    """A range holds something, and its numbers are numbers."""
    for kind, path, parameter in parameters(subject):
        wrong = [(where, value) for where, value in _numbers(parameter).items() if not _is_finite(value)]
        for where, value in wrong:
            detail = f"`{field_name((*path, *where))}` is a finite number; this is {shown(value)[:40]}."
            yield subject.at("out-of-range", detail, *path, *where)
        if wrong:
            continue
        ends = _ends(parameter)
        base = _base(subject) if "log" in kind else None
        if ends is None or ("log" in kind and base is None):
            continue
        if ends[0] >= ends[1]:
            yield subject.at("empty-range", _empty(*ends), *path, "min_value")
            continue
        beyond = _beyond(parameter, ends, base)
        if beyond is not None:
            yield subject.at("out-of-range", beyond[1], *path, *beyond[0])
        elif base is not None and _looks_like_values(ends, base) and "min_value" in parameter:
            low, high = (f"{base**end:.4g}" for end in ends)
            detail = f"The values lie between {low} and {high}, whose logarithms these are."
            yield subject.at("logarithm-or-value", f"{detail} {_instead(parameter, *ends, base)}", *path, "min_value")
        else:
            yield from _steps(subject, kind, path, parameter, [end if base is None else base**end for end in ends])


def _ends(parameter: Mapping[str, Any]) -> tuple[float, float] | None:
    """The least and the greatest value, or logarithm of one, that a range or a normal distribution has."""
    least, most = _number(parameter.get("min_value")), _number(parameter.get("max_value"))
    if least is not None and most is not None:
        return least, most
    mean, deviation = _number(parameter.get("mu")), _number(parameter.get("sigma"))
    return None if mean is None or deviation is None else (mean - _FAR * deviation, mean + _FAR * deviation)


def _empty(least: float, most: float) -> str:
    if least == most:
        return f"`min_value` and `max_value` are both {shown(least)}: a single value stands in the command."
    return f"No value is above {shown(least)} and below {shown(most)}: `min_value` is the lesser of the two."


def _beyond(parameter: Mapping[str, Any], ends: tuple[float, float], base: float | None) -> tuple[Path, str] | None:
    """Which field leads to values that are no numbers any more, and what there is to say of it."""
    is_range = "min_value" in parameter
    if base is not None:
        exponents = [end * math.log(base) for end in ends]
        outside = [not _LEAST < exponent < _GREATEST for exponent in exponents]
        if any(outside) and is_range:
            which = outside.index(True)
            what = "too great to be a number" if exponents[which] > 0 else "0"
            detail = f"It is the logarithm of the {('least', 'greatest')[which]} value, which would be {what}."
            return (("min_value", "max_value")[which],), f"{detail} {_instead(parameter, *ends, base)}"
        if any(outside):
            low, high = (f"{exponent:.4g}" for exponent in exponents)
            detail = (
                f"The logarithms of its values go from {low} to {high}, and what has such a one is no number any more."
            )
            return ("sigma",), f"{detail} Take a smaller `sigma`, or a `mu` nearer to 0."
    elif not math.isfinite(ends[1] - ends[0]):
        where = "max_value" if is_range else "sigma"
        return (where,), "No number is as great as this range is wide. Take a narrower one."
    return None


def _looks_like_values(ends: tuple[float, float], base: float) -> bool:
    """Whether logarithms are most likely the values themselves: from 0.0001 to 0.1, or from 16 to 512."""
    least, most = ends
    return least > 0 and (most <= 1 or least < 0.01 or most * math.log(base) > _TOO_FAR)


def _base(subject: Subject) -> float | None:
    """The base of logarithms; None where it is unknown."""
    inside = mapping(subject.sweep.get("sampling_algorithm"))
    said = inside.get("logbase", subject.sweep.get("logbase", "e"))
    if said == "e":
        return math.e
    base = _number(said)
    return base if base is not None and base > 0 and base != 1 and _is_finite(base) else None


def _instead(parameter: Mapping[str, Any], least: float, most: float, base: float) -> str:
    """What to write for a range of these values."""
    if least <= 0:
        return "Write the logarithms of the two ends."
    try:
        low, high = (f"{math.log(end, base):.4f}".rstrip("0").rstrip(".") for end in (least, most))
    except (OverflowError, ValueError):
        return "Write the logarithms of the two ends."
    step = f", q: {parameter['q']}" if "q" in parameter else ""
    written = f"{{type: {parameter['type']}, min_value: {low}, max_value: {high}{step}}}"
    return f"For values from {shown(least)} to {shown(most)} write `{written}`."


def _steps(
    subject: Subject, kind: str, path: Path, parameter: Mapping[str, Any], ends: list[float]
) -> Iterator[Diagnostic]:
    """Steps are not so small that they round nothing, nor so wide that they leave nothing."""
    step = _number(parameter.get("q"))
    greatest, width = max(map(abs, ends)), ends[1] - ends[0]
    if step and greatest / step > _EXACT:
        detail = f"Beside values of {greatest:.4g} a step of {shown(step)} rounds nothing. Take a greater one."
        yield subject.at("out-of-range", detail, *path, "q")
    elif step is not None and kind == "quniform" and step > width:
        detail = (
            f"Values are multiples of {shown(step)}, and the range is {width:g} wide: it has two of them at most. Take "
            f"a smaller `q`, or write the values out, {_as_choice(parameter)}."
        )
        yield subject.at("coarse-steps", detail, *path, "q")


def _number(value: object) -> float | None:
    return value if type(value) in (int, float) else None  # type: ignore[return-value]


def repeated(subject: Subject) -> Iterator[Diagnostic]:
    """A value that stands there twice would be tried twice, or be told apart by nothing."""
    for kind, path, parameter in parameters(subject):
        values = parameter.get("values")
        if kind != "choice" or not isinstance(values, list):
            continue
        seen: dict[object, int] = {}
        for index, value in enumerate(values):
            if not isinstance(value, (str, int, float)):
                continue
            as_text = scalar_text(value)
            first = seen.get(as_text, seen.get((type(value) is bool, value)))
            if first is None:
                seen[as_text] = index
                if not isinstance(value, str):
                    seen[(type(value) is bool, value)] = index
                continue
            same = shown(values[first])
            detail = f"It is the same as {same} before it. Take one of the two out."
            if same != shown(value):
                detail = f"To the job {shown(value)} is the same as {same} before it. Take one of the two out."
            yield subject.at("repeated-value", detail, *path, "values", index)


def sobol(subject: Subject) -> Iterator[Diagnostic]:
    """Here a sequence of Sobol has so many dimensions, and a base of logarithms is none that says nothing."""
    inside = mapping(subject.sweep.get("sampling_algorithm"))
    space = subject.sweep.get("search_space")
    rule = text(inside.get("rule", subject.sweep.get("rule")))
    if rule == SOBOL and subject.engine == "local" and isinstance(space, dict) and len(space) > MOST_SOBOL:
        detail = (
            f"On this machine `rule: sobol` is for {MOST_SOBOL} parameters at most, and there are {len(space)}. Leave "
            "`rule` out: in so many dimensions random values cover the space as well."
        )
        yield subject.at_key("too-many-parameters", detail, "sweep", "search_space")
    for path in (("sweep", "sampling_algorithm", "logbase"), ("sweep", "logbase")):
        base = _number((inside if len(path) == 3 else subject.sweep).get("logbase"))
        if base is not None and (base == 1 or not _is_finite(base)):
            detail = f"`logbase` is a finite number other than 1, or `e`; this is {shown(base)[:40]}."
            yield subject.at("out-of-range", detail, *path)
