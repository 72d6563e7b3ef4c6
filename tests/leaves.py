"""JSON values with one of their leaves changed: a file that somebody has edited."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Each value that holds no others, and each empty list and mapping, with the way to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from leaves(item, (*path, name))
    if not inner:
        yield path, value


def with_leaf(value: Any, path: Path, leaf: object) -> Any:
    """The same with another value at a path."""
    changed = copy.deepcopy(value)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = leaf
    return changed
