"""The filters that the run history understands: `(Status eq Running) and (Tags/team eq "vision")`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Test = Callable[[Mapping[str, Any]], bool]

_COMPARISON = re.compile(
    r"""\s*(?P<field>[^\s()]+)\s+(?P<how>eq|ne|ge|gt|le|lt)\s+
    (?P<value>"[^"]*"|'[^']*'|[^()'"]+?)\s*(?=\)|\s(?:and|or)\s|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_JOINT = re.compile(r"\s*(and|or)\s+", re.IGNORECASE)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "ge": lambda a, b: a is not None and b is not None and a >= b,
    "gt": lambda a, b: a is not None and b is not None and a > b,
    "le": lambda a, b: a is not None and b is not None and a <= b,
    "lt": lambda a, b: a is not None and b is not None and a < b,
}
ABSENT = object()
"""A tag or property that is not there: neither null nor anything else."""


class FilterInvalid(Exception):
    """A filter that cannot be read; the message says where."""


def parse(text: str) -> Test:
    """A test of items, which are mappings such as {"Status": "Running", "Tags": {...}}. Raises FilterInvalid."""
    test, end = _either(text, 0)
    if text[end:].strip():
        raise FilterInvalid(f"Syntax error at position {end} in '{text}'.")
    return test


def _either(text: str, at: int) -> tuple[Test, int]:
    """A chain of `and` and `or`; `and` binds tighter."""
    chains: list[list[Test]] = [[]]
    while True:
        test, at = _single(text, at)
        chains[-1].append(test)
        joint = _JOINT.match(text, at)
        if joint is None:
            return lambda item: any(all(test(item) for test in chain) for chain in chains), at
        at = joint.end()
        if joint[1].lower() == "or":
            chains.append([])


def _single(text: str, at: int) -> tuple[Test, int]:
    while at < len(text) and text[at].isspace():
        at += 1
    if text[at : at + 1] == "(":
        test, at = _either(text, at + 1)
        while at < len(text) and text[at].isspace():
            at += 1
        if text[at : at + 1] != ")":
            raise FilterInvalid(f"Syntax error: ')' expected at position {at} in '{text}'.")
        return test, at + 1
    match = _COMPARISON.match(text, at)
    if match is None:
        raise FilterInvalid(f"Syntax error at position {at} in '{text}'.")
    return _comparison(match["field"], match["how"].lower(), match["value"].strip()), match.end()


def _comparison(field: str, how: str, literal: str) -> Test:
    wanted = None if literal == "null" else literal.strip("\"'")

    def test(item: Mapping[str, Any]) -> bool:
        found = _value(item, field)
        return found is not ABSENT and _COMPARE[how](found if found is None else str(found), wanted)

    return test


def _value(item: Mapping[str, Any], field: str) -> Any:
    head, _, rest = field.partition("/")
    known = {name.lower(): name for name in item}
    if head.lower() not in known:
        raise FilterInvalid(f"Could not find a property named '{head}'.")
    value = item[known[head.lower()]]
    if not rest:
        return value
    return (value or {}).get(rest, ABSENT)


_ORDER = re.compile(r"(\w+)\s+(asc|desc)", re.IGNORECASE)


def order(items: Sequence[Item], by: str, view: Callable[[Item], Mapping[str, Any]]) -> list[Item]:
    """Items in the order that `StartTimeUtc desc, …` asks for; null comes before everything else."""
    result = list(items)
    for field, way in reversed(_ORDER.findall(str(by))):

        def key(item: Item, field: str = field) -> tuple[bool, Any]:
            value = _value(view(item), field)
            return (value is not None, "" if value is None else value)

        result.sort(key=key, reverse=way.lower() == "desc")
    return result
