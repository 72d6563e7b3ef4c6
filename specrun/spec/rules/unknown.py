"""A document without what is wrong in it, so that one mistake stays one diagnostic.

A misspelt key is a mistake of its own; that the key which was meant is missing only follows from it, and so does
whatever could be said of a value that is not what was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from specrun.spec import schema
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import OPEN
from specrun.spec.names import foreign_key, section
from specrun.spec.rules.subject import UNKNOWN, Partly

# Where an expression's name was looked for.
_LOOKED_IN: Mapping[str, Path] = {
    "unknown-variable": ("vars",),
    "unknown-input": ("job", "inputs"),
    "unknown-output": ("job", "outputs"),
    "unknown-parameter": ("sweep", "search_space"),
}
# What stands below a key that is not known stands nowhere.
_OF_PLACES = ("expression-misplaced", "secret-misplaced")


def incomplete(values: Any) -> Any:
    """The values of a file to which others may add: any of its mappings may have more than stands in it."""
    if isinstance(values, dict):
        return Partly({key: incomplete(value) for key, value in values.items()}, is_open=True)
    return [incomplete(value) for value in values] if isinstance(values, list) else values


class Known:
    """What is known of a document: `values` are its substituted values without those that are refused."""

    def __init__(self, values: Mapping[str, Any], refused: Iterable[Diagnostic]) -> None:
        self.values = _copied(values)
        self._own = {id(self.values)}
        self._refused = {found.path for found in refused}
        for found in refused:
            if found.path:
                self._hide_refused(found.code, found.path)

    def hide(self, path: Path) -> None:
        """Make the value at `path` unknown; what holds an expression in its key may have any key."""
        container, step = self._above(path), path[-1]
        if isinstance(container, list):
            if isinstance(step, int) and step < len(container):
                container[step] = UNKNOWN
        elif container is not None:
            container.pop(step, None)
            container.hidden.add(step)
            container.open |= isinstance(step, str) and OPEN in step

    def explains(self, found: Diagnostic) -> bool:
        """Whether a mistake in an expression follows from one that the schema has refused."""
        if found.path in self._refused:
            return True
        if found.code in _OF_PLACES:
            return reduce(_inside, found.path, self.values) is UNKNOWN
        where = _LOOKED_IN.get(found.code)
        names = reduce(_inside, where, self.values) if where is not None else None
        return isinstance(names, Partly) and names.open

    def _hide_refused(self, code: str, path: Path) -> None:
        self.hide(path)
        container = self._above(path)
        where, key = section(path[:-1]), path[-1]
        if not isinstance(container, Partly) or not isinstance(key, str):
            return
        of_schema = schema.keys_of(where)
        if code == "bad-name" and key not in of_schema:
            container.open = True
        elif code == "unknown-key" and key in of_schema:
            self.hide((*path[:-1], "type"))  # which does not go with the key: either may be wrong
        elif code in ("unknown-key", "lookalike"):
            container.misspelt.append(key.split(" ", 1)[0])
            foreign = foreign_key(where, key)
            if foreign is not None and foreign.target is not None:
                self._doubt(_placed(foreign.target, path))
        elif code == "not-indented":  # what belongs in it stands beside it
            for beside in [name for name in container if name not in of_schema]:
                self.hide((*path[:-1], beside))

    def _doubt(self, path: Path) -> None:
        """There may be a value at `path`, where none is known."""
        container = self._above(path)
        if isinstance(container, Partly):
            container.hidden.add(path[-1])

    def _above(self, path: Path) -> Partly | list[Any] | None:
        """The container of the value at `path`, copied so that it may be changed; None where there is none.

        Where a mapping above it may be there and is not known, that one has the doubt.
        """
        here: Any = self.values
        for step in path[:-1]:
            inner = _inside(here, step)
            if inner is None and isinstance(here, Partly):
                here.hidden.add(step)
            if not isinstance(inner, (dict, list)) or inner is UNKNOWN:
                return None
            if id(inner) not in self._own:
                inner = here[step] = _copied(inner) if isinstance(inner, dict) else list(inner)
                self._own.add(id(inner))
            here = inner
        return here  # type: ignore[no-any-return]


def _copied(values: Mapping[str, Any]) -> Partly:
    return Partly(values, is_open=isinstance(values, Partly) and values.open)


def _inside(container: Any, step: str | int) -> Any:
    """What a mapping or a list has there, perhaps UNKNOWN; None where there is nothing, and for a scalar."""
    if isinstance(container, dict):
        return container.get(step)
    is_there = isinstance(container, list) and isinstance(step, int) and step < len(container)
    return container[step] if is_there else None


def _placed(target: str, path: Path) -> Path:
    """A dotted path with the names of `path` in place of its stars."""
    return tuple(path[at] if part == "*" else part for at, part in enumerate(target.split(".")))
