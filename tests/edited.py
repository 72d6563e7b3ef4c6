"""JSON values with one of them changed: a file that somebody has edited."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]


def values_of(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Each value in a value, however deep, with the way to it."""
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, name), item
        yield from values_of(item, (*path, name))


def with_value(value: Any, path: Path, other: object) -> Any:
    """The same with another value at a path; the rest is shared."""
    if not path:
        return other
    changed = copy.copy(value)
    changed[path[0]] = with_value(value[path[0]], path[1:], other)
    return changed
