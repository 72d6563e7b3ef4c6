"""What Python itself gives for values that are known: text that is put together, paths, and a few functions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from specrun.convert.scripts.values import MOST_ITEMS, Call, Computed, Member, Reference, Template, Value
from specrun.convert.unknown import Secret, Unknown

LONGEST = 20_000
"""Of texts, in characters, and of lists, in items: what grows beyond it is not followed."""


def joined(parts: Sequence[Value]) -> Value:
    """Parts one after the other: text where all are known, else a Template; None where it grows too long."""
    if sum(_length(part) for part in parts) > LONGEST:
        return None
    flat: list[Value] = []
    for part in parts:
        inner = part.parts if isinstance(part, Template) else (part,)
        for word in inner:
            known = str(word) if isinstance(word, str | int | float | bool) or word is None else word
            if isinstance(known, str) and flat and isinstance(flat[-1], str):
                flat[-1] += known
            else:
                flat.append(known)
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 and isinstance(flat[0], str) else Template(tuple(flat))


def appended(one: list[Value], other: list[Value]) -> list[Value] | None:
    """Two lists as one; None where it grows too long."""
    return [*one, *other] if len(one) + len(other) <= LONGEST else None


def _length(value: Value) -> int:
    if isinstance(value, Template):
        return sum(len(part) if isinstance(part, str) else 1 for part in value.parts)
    return len(value) if isinstance(value, str) else 1


def can_join(value: Value) -> bool:
    """Whether a value may be a part of a text."""
    return isinstance(value, str | int | float | Computed | Unknown | Secret | Template | Call | Member | Reference)


def percent(text: str, values: Sequence[Value]) -> Value:
    """`"%s-%d" % (name, 3)`; None where it is not that simple."""
    pieces = re.split(r"(%[sdi]|%%)", text)
    if sum(piece in ("%s", "%d", "%i") for piece in pieces) != len(values) or "%(" in text:
        return None
    rest = iter(values)
    return joined(["%" if piece == "%%" else next(rest) if piece in ("%s", "%d", "%i") else piece for piece in pieces])


def formatted(text: str, values: Sequence[Value], named: dict[str, Value]) -> Value:
    """`"{}-{name}".format(3, name=x)`; None where it is not that simple."""
    parts: list[Value] = []
    number = 0
    for piece in re.split(r"(\{\{|\}\}|\{\w*\})", text):
        field = re.fullmatch(r"\{(\w*)\}", piece)
        if piece in ("{{", "}}"):
            parts.append(piece[0])
        elif field is None:
            if "{" in piece or "}" in piece:
                return None
            parts.append(piece)
        elif field[1] in named:
            parts.append(named[field[1]])
        else:
            index = int(field[1]) if field[1].isdigit() and len(field[1]) < 4 else number if not field[1] else -1
            number += 1
            if not 0 <= index < len(values):
                return None
            parts.append(values[index])
    return joined(parts)


def path_of(parts: Sequence[Value]) -> Value:
    """`os.path.join`, with forward slashes; what begins with a slash begins anew."""
    words: list[Value] = []
    for part in parts:
        if isinstance(part, str) and part.startswith("/"):
            words = [part]
        elif words and words[-1] != "" and not (isinstance(words[-1], str) and words[-1].endswith("/")):
            words += ["/", part]
        else:
            words.append(part)
    return joined(words)


def name_of(value: Value) -> str:
    """A dotted name, for a module or what is in one."""
    return value.dotted if isinstance(value, Reference) else ""


_ENVIRONMENT = ("os.getenv", "os.environ.get", "getenv", "environ.get")
_JOINS = ("os.path.join", "path.join", "posixpath.join", "osp.join", "join", "ntpath.join")
_SAME = ("str", "os.path.normpath", "os.path.abspath", "os.path.realpath", "os.fspath", "Path.resolve", "list", "dict")
_PATHS = ("Path", "pathlib.Path", "PurePosixPath", "pathlib.PurePosixPath", "PurePath", "pathlib.PurePath")
_OF_FILE = ("os.path.dirname", "os.path.abspath", "os.path.realpath", *_PATHS)
_DIRNAME = ("os.path.dirname", "posixpath.dirname", "osp.dirname", "dirname")
_HERE = ("os.getcwd", "Path.cwd", "pathlib.Path.cwd", "getcwd")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def builtin(function: Value, values: Sequence[Value], named: Mapping[str, Value]) -> Value:
    """What a function gives; None where it is not known."""
    name = name_of(function)
    first = values[0] if values else None
    if name in _ENVIRONMENT and isinstance(first, str) and _NAME.fullmatch(first):
        default = values[1] if len(values) > 1 else named.get("default")
        known = default if isinstance(default, str | int | float) and default != "" else None  # "" is none
        return Unknown(f"os.environ[{first!r}]", name=first, default=known, environment=first)
    if name in _JOINS and values and all(map(can_join, values)):
        return path_of(values)
    if name in _DIRNAME and isinstance(first, str):
        return posixpath.dirname(first) or "."
    if name in _HERE:
        return "."
    if name in _OF_FILE and isinstance(first, Reference) and first.dotted == "__file__":
        return "." if name == "os.path.dirname" else first
    if name in _PATHS and values and all(map(can_join, values)):
        return path_of(values)
    if name == "range" and values:
        return _range(values)
    if name in ("int", "float") and not isinstance(first, Computed):
        return _number(name, first)
    if name == "dict" and (not values or isinstance(first, dict)):
        return {**(first if isinstance(first, dict) else {}), **named}
    if name in ("list", "tuple", "set") and not values:
        return []
    if name in _SAME and len(values) == 1 and isinstance(first, str | Template | Unknown | Call | list | dict):
        return first
    if name in ("str", "int", "float") and isinstance(first, Computed) and first.default is not None:
        return first
    return str(first) if name == "str" and isinstance(first, int | float) else None


def _range(values: Sequence[Value]) -> list[Value] | None:
    """The numbers of a range; None for more than a person would list."""
    whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(whole) != len(values) or len(whole) > 3 or (len(whole) == 3 and not whole[2]):
        return None
    numbers = range(*whole)
    return [*numbers] if len(numbers) <= MOST_ITEMS else None


def _number(name: str, value: Value) -> Value:
    if isinstance(value, Unknown):
        return value
    try:
        return (int(value) if name == "int" else float(value)) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None


def method(name: str, owner: Value, values: list[Value], named: Mapping[str, Value]) -> Value:
    """What a method of a text, list or mapping gives; lists and mappings change. None where it is not known."""
    first = values[0] if values else None
    if isinstance(owner, str):
        return _of_text(name, owner, values, named)
    if isinstance(owner, list):
        if name == "append" and values:
            owner.append(first)
        elif name == "extend" and isinstance(first, list) and len(owner) + len(first) <= LONGEST:
            owner.extend(list(first))
        return list(owner) if name == "copy" else None
    if isinstance(owner, dict):
        if name == "update":
            owner.update({**(first if isinstance(first, dict) else {}), **named})
        elif name == "get" and isinstance(first, str):
            return owner.get(first, values[1] if len(values) > 1 else None)
        elif name in ("items", "keys", "values") and not values:
            pairs: list[Value] = [[key, item] for key, item in owner.items()]
            return pairs if name == "items" else list(owner) if name == "keys" else list(owner.values())
        elif name == "copy":
            return dict(owner)
    return None


def _of_text(name: str, owner: str, values: list[Value], named: Mapping[str, Value]) -> Value:
    first = values[0] if values else None
    texts = [value for value in values if isinstance(value, str)]
    if name == "format" and all(map(can_join, [*values, *named.values()])):
        return formatted(owner, values, dict(named))
    if name == "join" and isinstance(first, list) and all(map(can_join, first)):
        return joined([part for item in first for part in (owner, item)][1:])
    if name in ("strip", "lower", "upper", "resolve", "absolute", "as_posix") and not values:
        return {"strip": owner.strip(), "lower": owner.lower(), "upper": owner.upper()}.get(name, owner)
    if name == "joinpath" and all(map(can_join, values)):
        return path_of([owner, *values])
    if name == "replace" and len(texts) == 2 and len(owner) < 10_000 and len(texts[1]) < 1_000:
        return owner.replace(texts[0], texts[1])
    if name == "split" and len(texts) == len(values) < 2 and (not texts or texts[0]):
        return list(owner.split(texts[0] if texts else None))
    return None
