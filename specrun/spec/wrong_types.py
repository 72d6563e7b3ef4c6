"""What people meant when a value is of the wrong type, and how to write that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from specrun.spec.failures import Failure
from specrun.spec.names import seconds
from specrun.spec.source import Document
from specrun.spec.wording import examples, listed, snippet, yaml_text

_LONGEST = 1000
"""Nobody wants to read more of a value written anew."""
_TRUE = frozenset(("yes", "y", "on", "true", "1", "enabled"))
_REQUIRED = frozenset(("apiVersion", "name", "path", "type", "data", "account_name", "container_name", "subnet"))
_FALSE = frozenset(("no", "n", "off", "false", "0", "disabled", "none"))


def hint(document: Document, failure: Failure, wanted: Sequence[str]) -> str:
    """A sentence that says what to write instead; empty where nothing in particular is likely."""
    value = failure.value
    key = failure.path[-1] if failure.path else ""
    if isinstance(value, (str, list)) and len(value) > _LONGEST:
        return ""
    if failure.path[:2] == ("sweep", "search_space") and len(failure.path) > 2:
        return _for_parameter(failure)
    if value is None:
        return _for_nothing(failure, wanted)
    if isinstance(value, str):
        return _for_text(key, value, wanted, failure)
    if isinstance(value, (bool, int, float)):
        return _for_scalar(document, failure, wanted)
    if isinstance(value, list) and failure.path == ("job", "command"):
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
    called = re.match(r"\s*(\w+)\(", value) if isinstance(value, str) else None
    if called is not None or (isinstance(value, list) and value and value[0] in _DISTRIBUTIONS):
        kind = (called[1] if called is not None else value[0]).lower()
        fields = _DISTRIBUTIONS.get(kind, "values: […]")
        return f"As a mapping it is `{name}: {{type: {kind if kind in _DISTRIBUTIONS else 'choice'}, {fields}}}`."
    if isinstance(value, list) and value:
        return f"Write `{name}: {{{snippet('type', 'choice')}, {snippet('values', value)}}}`."
    if isinstance(value, (str, int, float)):
        return "What is the same in all trials stands in the command."
    return ""


_STEPS = "min_value: …, max_value: …"
_DISTRIBUTIONS = {
    "choice": "values: […]",
    "randint": "upper: …",
    **dict.fromkeys(("uniform", "loguniform"), _STEPS),
    **dict.fromkeys(("quniform", "qloguniform"), f"{_STEPS}, q: …"),
    **dict.fromkeys(("normal", "lognormal"), "mu: …, sigma: …"),
    **dict.fromkeys(("qnormal", "qlognormal"), "mu: …, sigma: …, q: …"),
}
"""The fields of each type of parameter."""


def _for_nothing(failure: Failure, wanted: Sequence[str]) -> str:
    key = failure.path[-1]
    if key in _REQUIRED:
        shown_there = examples(failure.field)
        return f"Give it a value, as in `{snippet(key, shown_there[0])}`." if shown_there else "Give it a value."
    if list(wanted) == ["object"]:
        return f"Write `{key}: {{}}` for an empty one, or leave it out."
    return "Give it a value, or leave it out."


def _for_text(key: object, value: str, wanted: Sequence[str], failure: Failure) -> str:
    if "array" in wanted:
        return _for_list(key, value)
    if failure.path[:1] == ("data",) and len(failure.path) == 2:
        return f"Write `{key}: {{path: {value}}}`."
    if "${{" in value:
        return "An expression may stand here when it is the whole value and its variable has the right type."
    if "integer" in wanted or "number" in wanted:
        number = _number(value, failure)
        if number is None:
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


def _for_list(key: object, value: str) -> str:
    if key == "pip" and value.endswith((".txt", ".in")):
        return "Write the requirements themselves: a spec reads no file of them."
    if key == "pip" and value.endswith((".yml", ".yaml")):
        return f"For a conda file write `conda_file: {value}` instead."
    words = re.findall(r"(?:\$\{\{[^{}]*\}\}|\S)+", value) if key == "arguments" else [value]
    return f"As a list it is `{snippet(key, words)}`."


def _number(value: str, failure: Failure) -> int | None:
    plain = value.strip().replace("_", "").replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]{1,18}", plain):
        return int(plain)
    return seconds(value) if failure.field.get("x-unit") == "seconds" else None


def _for_scalar(document: Document, failure: Failure, wanted: Sequence[str]) -> str:
    value, key = failure.value, failure.path[-1]
    if "string" in wanted:
        written = yaml_text(_as_typed(document, failure), quoted=True)
        return f"Write `{key}: {written}`, in quotes." if isinstance(key, str) else f"Write `{written}`, in quotes."
    if "integer" in wanted and isinstance(value, float):
        return "It cannot be a part of one."
    if "boolean" in wanted and value in (0, 1):
        return f"Write `{key}: {'true' if value else 'false'}`."
    if "array" in wanted:
        return f"As a list it is `{snippet(key, [value])}`."
    return ""


def _as_typed(document: Document, failure: Failure) -> str:
    """The scalar as it stands in the file: 2.10 is not 2.1."""
    place = document.location(failure.path)
    typed = place.text[place.column - 1 : place.column - 1 + place.length]
    return typed if typed and "${{" not in typed and "*" not in typed else yaml_text(failure.value)


def _has_names(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)
