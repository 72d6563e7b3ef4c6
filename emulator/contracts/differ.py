"""How an answer differs from a contract, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.contracts.read import NOTHING, Contract

_FIELD = re.compile(r"[@$]?[A-Za-z][\w.@$-]{0,40}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def _is_json(value: object) -> bool:
    try:
        return isinstance(value, str) and json.loads(value) is not ...
    except ValueError:
        return False


_WORDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "num": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "time": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
    "id": lambda value: isinstance(value, str) and value.lower().startswith("/subscriptions/"),
    "url": lambda value: isinstance(value, str) and re.match(r"[a-z]+://", value) is not None,
    "json": _is_json,
    "null": lambda value: value is None,
    "any": lambda value: True,
}
_SPECIAL = ("*", "or")


def differences(contract: Contract, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What of an answer is not as the contract says, a line for each; empty when its shape is the same.

    `headers` in any case. Lines name the place, such as "properties.tags: null, not a mapping", never a value
    or a name that may be somebody's.
    """
    if status != contract.status:
        return [f"status: {status}, not {contract.status}"]
    return [*_of_headers(contract.headers, headers), *_of_body(contract.body, body)]


def _of_headers(wanted: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[str]:
    there = {name.lower(): value for name, value in headers.items()}
    for name, shape in wanted.items():
        value = there.get(name.lower())
        if shape == "absent":
            if value is not None:
                yield f"header {name}: is there"
        elif value is None:
            yield f"header {name}: missing"
        elif not _fits(shape, value):
            yield f"header {name}: not {_said(shape)}"


def _of_body(shape: Any, body: bytes) -> Iterator[str]:
    if shape is None:
        return
    if shape == NOTHING or not body:
        if (shape == NOTHING) != (not body):
            yield f"body: {len(body)} bytes, not {_said(shape)}"
        return
    text = body.decode("utf-8-sig", errors="replace")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    yield from _of_value("", shape, value)


def _of_value(place: str, shape: Any, value: Any) -> Iterator[str]:
    if isinstance(shape, list):
        yield from _of_list(place, shape, value)
    elif isinstance(shape, Mapping):
        yield from _of_mapping(place, shape, value)
    elif not _fits(shape, value):
        # A word of the service's own stands where a word is expected; elsewhere it may be anybody's.
        word = isinstance(shape, str) and shape[:1] == "=" and re.fullmatch(r"[A-Za-z]{1,24}", str(value))
        kind = f"'{value}'" if word else _kind(value)
        yield f"{place or 'body'}: {kind}, not {_said(shape)}"


def _of_list(place: str, shapes: list[Any], value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place or 'body'}: {_kind(value)}, not a list"
        return
    for number, item in enumerate(value):
        tried = [list(_of_value(f"{place}[{number}]", shape, item)) for shape in shapes]
        if tried:
            yield from min(tried, key=_farness)
        else:
            yield f"{place}[{number}]: is there, where the list is empty"


def _farness(told: list[str]) -> tuple[int, int]:
    """How far an item is from a shape: of as many differences, those farther inside it are the smaller ones."""
    return len(told), -max((line.partition(":")[0].count(".") for line in told), default=0)


def _of_mapping(place: str, shape: Mapping[str, Any], value: Any) -> Iterator[str]:
    if "or" in shape and not list(_of_value(place, shape["or"], value)):
        return
    if not isinstance(value, Mapping):
        yield f"{place or 'body'}: {_kind(value)}, not a mapping"
        return
    fields = {key.removesuffix("?"): one for key, one in shape.items() if key not in _SPECIAL}
    at = f"{place}." if place else ""
    for name in fields:
        if name not in value and f"{name}?" not in shape:
            yield f"{at}{name}: missing"
    for name, one in value.items():
        if name in fields:
            yield from _of_value(f"{at}{name}", fields[name], one)
        elif "*" in shape:
            yield from _of_value(f"{at}*", shape["*"], one)
        else:
            yield f"{at}{name if _FIELD.fullmatch(name) else '*'}: is there, {_kind(one)}"


def _fits(shape: Any, value: Any) -> bool:
    if not isinstance(shape, str):
        return bool(value == shape)
    if shape.startswith("="):
        return str(value) == shape[1:]
    if shape.startswith("~"):
        return isinstance(value, str) and re.search(shape[1:], value, re.DOTALL) is not None
    return any(_WORDS[word](value) for word in shape.split("|"))


def _said(shape: Any) -> str:
    return "null" if shape is None else "as recorded" if isinstance(shape, str) and shape[0] == "~" else f"{shape}"


def _kind(value: Any) -> str:
    """What a value is, without saying it."""
    names = {type(None): "null", bool: "a flag", int: "a number", float: "a number", list: "a list", str: "a text"}
    return names.get(type(value), "a mapping")
