"""What people meant when a value is of the wrong type, and how to write that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from specrun.spec.failures import Failure, Otherwise
from specrun.spec.names import seconds
from specrun.spec.source import Document
from specrun.spec.wording import example, listed, snippet, yaml_text

_LONGEST = 1000
"""Nobody wants to read more of a value written anew."""
_TRUE = frozenset(("yes", "y", "on", "true", "1", "enabled"))
_FALSE = frozenset(("no", "n", "off", "false", "0", "disabled", "none"))


def hint(document: Document, failure: Failure, wanted: Sequence[str], otherwise: Otherwise) -> str:
    """A sentence that says what to write instead; empty where nothing in particular is likely."""
    value = failure.value
    key = failure.path[-1] if failure.path else ""
    if isinstance(value, (str, list)) and len(value) > _LONGEST:
        return ""
    if failure.path[:2] == ("sweep", "search_space") and len(failure.path) > 2:
        return _for_parameter(failure)
    if value is None and failure.path:
        return _for_nothing(failure, wanted, otherwise)
    if isinstance(value, str):
        return _for_text(key, value, wanted, failure, otherwise)
    if isinstance(value, (bool, int, float)):
        return _for_scalar(document, failure, wanted, otherwise)
    if isinstance(value, list) and failure.path == ("job", "command") and any(map(str, value)):
        return _for_command(list(map(str, value)))
    if isinstance(value, list) and "object" in wanted and _has_names(value):
        return "Instead of a list with `name` in each, write a mapping from the names: `NAME: {…}`."
    return ""


def _for_parameter(failure: Failure) -> str:
    """What a parameter is that stands there as a list, as a call or as a value, and what a value of a choice is."""
    value, name = failure.value, failure.path[2]
    if len(failure.path) > 4:
        return "A trial's value is one text or one number. Values that belong together can be one text, as `32-64`."
    if len(failure.path) == 4 and failure.path[3] == "values" and isinstance(value, (str, int, float)):
        return f"As a list it is `{snippet('values', [value])}`."
    if len(failure.path) > 3:
        return ""
    called = _called(value)
    if called is not None:
        return f"As a mapping it is `{name}: {yaml_text(_as_mapping(*called))}`."
    if isinstance(value, list) and value:
        return f"Write `{name}: {yaml_text({'type': 'choice', 'values': value})}`."
    if isinstance(value, (str, int, float)):
        return "What is the same in all trials stands in the command."
    return ""


_RANGE = {"min_value": 0, "max_value": 1}
_LOGARITHMS = {"min_value": -9, "max_value": -1}
_AROUND = {"mu": 0, "sigma": 1}
_STEP = {"q": 0.1}
_DISTRIBUTIONS: Mapping[str, Mapping[str, Any]] = {
    "choice": {"values": [32, 64]},
    "randint": {"upper": 10},
    "uniform": _RANGE,
    "loguniform": _LOGARITHMS,
    "quniform": _RANGE | _STEP,
    "qloguniform": _LOGARITHMS | _STEP,
    **dict.fromkeys(("normal", "lognormal"), _AROUND),
    **dict.fromkeys(("qnormal", "qlognormal"), _AROUND | _STEP),
}
"""The fields of each type of parameter in the order of the SDKs, with values where there are none to take over."""


def _called(value: Any) -> tuple[str, Sequence[Any], Mapping[str, Any]] | None:
    """A type of parameter with its arguments, from `uniform(0, 1)` or `[uniform, 0, 1]`; None of anything else."""
    if isinstance(value, list) and value and value[0] in _DISTRIBUTIONS:
        kind, *given = value
        inside = given[0] if kind != "choice" and len(given) == 1 and isinstance(given[0], list) else given
        return kind, inside, {}
    if not isinstance(value, str) or not re.match(r"\s*(?:\w+\.)*\w+\(", value):
        return None
    import ast  # late: few specs have calls in them

    kind = value.partition("(")[0].strip().rpartition(".")[2].lower()
    kind = kind if kind in _DISTRIBUTIONS else "choice"
    try:
        call = ast.parse(value.strip(), mode="eval").body
        if isinstance(call, ast.Call):
            named = {one.arg: ast.literal_eval(one.value) for one in call.keywords if one.arg is not None}
            return kind, [ast.literal_eval(one) for one in call.args], named
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass
    return kind, (), {}


def _as_mapping(kind: str, given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter from the arguments of a call; whole, so that it holds what somebody has to correct, if anything."""
    fields = _DISTRIBUTIONS[kind]
    if kind == "choice":
        values = named.get("values", named.get("options", given[0] if len(given) == 1 else given))
        several = list(values) if isinstance(values, (list, tuple)) else [values]
        plain = bool(several) and all(isinstance(value, (str, int, float)) for value in several)
        return {"type": kind, "values": several if plain else fields["values"]}
    numbers = {**dict(zip(fields, given, strict=False)), **named}
    if not all(type(numbers.get(name, 0)) in (int, float) for name in fields):
        numbers = {}
    return {"type": kind, **{name: numbers.get(name, usual) for name, usual in fields.items()}}


def _for_nothing(failure: Failure, wanted: Sequence[str], otherwise: Otherwise) -> str:
    """What may stand there; that it may be left out is said where it may."""
    key = failure.path[-1]
    is_needed = otherwise.is_needed(failure.path)
    if list(wanted) == ["object"] and isinstance(key, str) and otherwise.fits(failure.path, {}):
        told = f"Write `{key}: {{}}` for an empty one"
    else:
        shown_there = example(key, failure.field) if isinstance(key, str) else ""
        by_example = shown_there and (is_needed or "object" in wanted)
        told = f"Give it a value, as in `{shown_there}`" if by_example else "Give it a value"
    return f"{told}." if is_needed else f"{told}, or leave it out."


def _for_text(key: object, value: str, wanted: Sequence[str], failure: Failure, otherwise: Otherwise) -> str:
    if "array" in wanted:
        return _for_list(key, value, failure, otherwise)
    if failure.path[:1] == ("data",) and len(failure.path) == 2:
        return f"Write `{key}: {{path: {value}}}`."
    if "${{" in value:
        return "An expression may stand here when it is the whole value and its variable has the right type."
    if "integer" in wanted or "number" in wanted:
        number = _number(value, failure)
        if number is None or not otherwise.fits(failure.path, number):
            return ""
        in_seconds = failure.field.get("x-unit") == "seconds" and not value.strip().isdecimal()
        return f"Write `{snippet(key, number)}`" + (": it is in seconds." if in_seconds else ", without quotes.")
    if "boolean" in wanted:
        word = value.strip().lower()
        if word in _TRUE | _FALSE:
            written = "true" if word in _TRUE else "false"
            if word == written:
                return f"Write `{key}: {written}`, without quotes."
            return f"In YAML 1.2 {value} is text: write `{key}: {written}`."
    return ""


def _for_command(items: list[str]) -> str:
    """A list of words is one command, a list of commands has a line for each."""
    if len(items) > 1 and any(character.isspace() for character in items[0].strip()):
        lines = listed([line for item in items for line in item.splitlines()], "and")
        return f"Bash runs a text, each of its lines as a command: write `command: |` and below it, indented, {lines}."
    words = items[0] if len(items) == 1 else " ".join(_word(item) for item in items)
    return f"It is one line, as you would type it: `{snippet('command', words)}`."


def _word(text: str) -> str:
    return text if "${{" in text else shlex.quote(text)


def _for_list(key: object, value: str, failure: Failure, otherwise: Otherwise) -> str:
    if key == "pip" and value.endswith((".txt", ".in")):
        return "Write the requirements themselves: a spec reads no file of them."
    if key == "pip" and value.endswith((".yml", ".yaml")):
        return f"For a conda file write `conda_file: {value}` instead."
    words = re.findall(r"(?:\$\{\{[^{}]*\}\}|\S)+", value) if key == "arguments" else [value]
    return f"As a list it is `{snippet(key, words)}`." if otherwise.fits(failure.path, words) else ""


def _number(value: str, failure: Failure) -> int | None:
    plain = value.strip().replace("_", "").replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]{1,18}", plain):
        return int(plain)
    return seconds(value) if failure.field.get("x-unit") == "seconds" else None


def _for_scalar(document: Document, failure: Failure, wanted: Sequence[str], otherwise: Otherwise) -> str:
    value, key = failure.value, failure.path[-1]
    if "string" in wanted:
        typed = _as_typed(document, failure)
        if not otherwise.fits(failure.path, typed):
            return ""
        written = yaml_text(typed, quoted=True)
        return f"Write `{key}: {written}`, in quotes." if isinstance(key, str) else f"Write `{written}`, in quotes."
    is_number = isinstance(key, str) and not isinstance(value, bool)
    if is_number and otherwise.fits(failure.path, typed := _as_typed(document, failure)):
        return f"As text it is `{key}: {yaml_text(typed, quoted=True)}`, in quotes."
    if "integer" in wanted and isinstance(value, float):
        return "It cannot be a part of one."
    if "boolean" in wanted and value in (0, 1):
        return f"Write `{key}: {'true' if value else 'false'}`."
    if "array" in wanted and otherwise.fits(failure.path, [value]):
        return f"As a list it is `{snippet(key, [value])}`."
    return ""


def _as_typed(document: Document, failure: Failure) -> str:
    """The scalar as it stands in the file: 2.10 is not 2.1."""
    place = document.location(failure.path)
    typed = place.text[place.column - 1 : place.column - 1 + place.length]
    return typed if typed and "${{" not in typed and "*" not in typed else yaml_text(failure.value)


def _has_names(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)
