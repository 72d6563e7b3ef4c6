"""Numbers that reach a text otherwise than they are written: 007 as 7, 1.10 as 1.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import OPEN, Expression, parse, scalar_text, whole
from specrun.spec.rules.subject import Subject, mapping
from specrun.spec.scalars import plain

# What may be respelled. Nearly every file has none, and is not read a second time to see how its numbers are written.
_SUSPECT = re.compile(
    r"""(?xm) [-:,\[{\n] (?: (?<=[^-]) | (?=[ \t]) ) [ \t]* (?:[&!]\S{1,200}[ \t]+)?
        (?= [-+.0-9TF] )  # what all of these begin with, and few values do: three times as fast
        (?: [-+]?0[0-9]+(?:\.[0-9]*)? | 0[xo][0-9a-fA-F]+ | \+[0-9.]+ | [-+]?\.[0-9]+ | [-+]?[0-9]+\.(?:[0-9]+0)?
          | [-+]?[0-9.]+[eE][-+]?[0-9]+ | [-+]?0\.0000[0-9]* | [-+]?[0-9]*\.[0-9]{16,} | [-+]?[0-9]{16,}\.[0-9]*
          | True | TRUE | False | FALSE | [-+]?\.(?:inf|Inf|INF) )
        (?= [ \t]* (?: $ | [,}\]\#\r] ) )"""
)


_EXPONENT = re.compile(r"[eE]|^[-+]?\.|\.$")


def respelled(subject: Subject) -> Iterator[Diagnostic]:
    """A number, true or false that is used as a text and spelled in another way there."""
    suspect = _SUSPECT.search(subject.document.text) is not None
    if not suspect and not subject.variables:
        return
    values = subject.document.values
    if suspect:
        for path, value in _texts(mapping(mapping(values).get("job"))):
            yield from _respelled(subject, path, value)
        for path, value in _choices(mapping(mapping(values).get("sweep"))):
            if not _EXPONENT.search(subject.document.written(path)):  # 1e-4 is a number to every program
                yield from _respelled(subject, path, value)
    used = set(_used_as_text(values, ()))
    for name, value in mapping(values.get("vars")).items():
        if name not in used:
            continue
        given = subject.variables.get(name)
        if given is None:
            if suspect:
                yield from _respelled(subject, ("vars", name), value)
        elif _is_number(plain(given.strip())) and scalar_text(plain(given.strip())) != given.strip():
            said = scalar_text(plain(given.strip()))
            detail = (
                f"`--var {name}={given}` is read as YAML, and the job gets it as `{said}`. Give it in quotes to keep "
                f"its spelling: `--var \"{name}='{given.strip()}'\"`."
            )
            yield subject.at_key("respelled-number", detail, "vars", name)


def _respelled(subject: Subject, path: Path, value: object) -> Iterator[Diagnostic]:
    if not _is_number(value):
        return
    written, said = subject.document.written(path).strip(), scalar_text(value)  # type: ignore[arg-type]
    if written == said or not written or OPEN in written:
        return
    kind = "true or false" if isinstance(value, bool) else "a number"
    start = f"{path[-1]}: " if isinstance(path[-1], str) else ""
    detail = (
        f'YAML reads {kind} here, and the job gets it as `{said}`. Write `{start}"{written}"` to keep its spelling, or '
        f"`{start}{said}`, which is the same to the job."
    )
    yield subject.at("respelled-number", detail, *path)


def _is_number(value: object) -> bool:
    return isinstance(value, (bool, int, float))


def _texts(job: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    """What a job's program gets as text, whatever type it has in the file."""
    for section in ("inputs", "environment_variables"):
        for name, value in mapping(job.get(section)).items():
            yield ("job", section, name), value
    arguments = job.get("arguments")
    if isinstance(arguments, list):
        yield from ((("job", "arguments", index), word) for index, word in enumerate(arguments))
    for flag, value in mapping(arguments).items():
        if not isinstance(value, bool):  # which says whether the flag is there
            yield ("job", "arguments", flag), value


def _choices(sweep: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    """The values that a sweep chooses from: a command gets them as text."""
    for name, parameter in mapping(sweep.get("search_space")).items():
        chosen = mapping(parameter).get("values")
        for index, value in enumerate(chosen if isinstance(chosen, list) else ()):
            yield ("sweep", "search_space", name, "values", index), value


def _used_as_text(value: object, path: Path) -> Iterator[str]:
    """The variables that end up in a text."""
    if isinstance(value, str):
        if OPEN in value and (whole(value) is None or _is_text_place(path)):
            found = (e for e in parse(value) if isinstance(e, Expression))
            yield from (expression.name for expression in found if expression.namespace == "vars")
    elif isinstance(value, dict):
        for key, item in value.items():
            if path or key != "vars":
                yield from _used_as_text(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _used_as_text(item, (*path, index))


def _is_text_place(path: Path) -> bool:
    return len(path) > 2 and path[0] == "job" and path[1] in ("inputs", "environment_variables", "arguments")
