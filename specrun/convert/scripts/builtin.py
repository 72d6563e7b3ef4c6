"""What a few functions and methods of Python itself give for values that are known."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from specrun.convert.scripts.texts import LONGEST, can_join, formatted, joined, name_of, path_of
from specrun.convert.scripts.values import Call, Reference, Template, Value
from specrun.convert.unknown import Unknown

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
        known = default if isinstance(default, str | int | float) else None
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
    if name in ("int", "float"):
        return _number(name, first)
    if name == "dict" and (not values or isinstance(first, dict)):
        return {**(first if isinstance(first, dict) else {}), **named}
    if name in ("list", "tuple", "set") and not values:
        return []
    if name in _SAME and len(values) == 1 and isinstance(first, str | Template | Unknown | Call | list | dict):
        return first
    return str(first) if name == "str" and isinstance(first, int | float) else None


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
