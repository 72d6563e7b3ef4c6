"""Two layers of values made one: mappings merge, anything else is replaced, and null removes.

Where keys of a mapping exclude each other, the later layer decides; which do, the schema says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from specrun.spec.expressions import OPEN
from specrun.spec.schema import schema


class _Removed:
    """In place of a value that a layer took away: its key keeps its place, and a later null takes nothing more away."""

    __slots__ = ()


REMOVED = _Removed()


@dataclass(slots=True)
class Section:
    """What merging must know of a mapping, and of those in it by their keys (`any_key`: those that people choose)."""

    alternatives: tuple[frozenset[str], ...] = ()
    """Groups of keys, of which only one group's may stand together."""
    leaves_with: Mapping[str, tuple[str, ...]] | None = None
    """What leaves with a key that gives way, where that is not the whole mapping."""
    decided_by: str = ""
    """The key whose other value replaces the mapping."""
    of_address: str = ""
    """The key that leaves where a later path is no address."""
    inside: dict[str, Section] = field(default_factory=dict)
    any_key: Section | None = None

    def at(self, key: str) -> Section | None:
        """What is known of the mapping at a key."""
        return self.inside.get(key, self.any_key)

    def left(self, below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
        """What is left of an earlier layer's mapping beside a later one's."""
        key = self.decided_by
        if key in above and key in below and above[key] is not None and above[key] != below[key]:
            return {}
        path = above.get("path") if self.of_address in below else None
        if isinstance(path, str) and not path.startswith("https://") and OPEN not in path:
            return {name: value for name, value in below.items() if name != self.of_address}
        given = self._chosen(above)
        gone = self._chosen(below) - given
        if not given or not gone or any(group >= given | gone for group in self.alternatives):
            return below
        if self.leaves_with is None:
            return {}
        gone = gone.union(*(self.leaves_with.get(name, ()) for name in gone))
        return {name: value for name, value in below.items() if name not in gone}

    def _chosen(self, values: Mapping[str, Any]) -> frozenset[str]:
        found = (name for group in self.alternatives for name in group)
        return frozenset(name for name in found if values.get(name, REMOVED) not in (None, REMOVED))

    def says_something(self) -> bool:
        """Whether merging needs to know it."""
        return bool(self.alternatives or self.decided_by or self.of_address or self.inside or self.any_key)


@cache
def top() -> Section:
    """What is known of a spec."""
    return _section(schema())


def _section(of: Mapping[str, Any]) -> Section:
    found = Section()
    for form in _forms(of):
        found.alternatives += tuple(map(frozenset, form.get("x-alternatives", ())))
        found.leaves_with = form.get("x-leaves-with", found.leaves_with)
        found.decided_by = form.get("x-decided-by", found.decided_by)
        found.of_address = form.get("x-of-address", found.of_address)
        inside = {name: _section(member) for name, member in form.get("properties", {}).items() if member is not True}
        found.inside.update((name, section) for name, section in inside.items() if section.says_something())
        entry = form.get("additionalProperties")
        if isinstance(entry, Mapping) and (section := _section(entry)).says_something():
            found.any_key = section
    return found


def _forms(of: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A subschema and those that say more of the same value."""
    yield of
    if "$ref" in of:
        yield from _forms(schema()["$defs"][of["$ref"].rpartition("/")[2]])
    for form in (of[name] for name in ("then", "else") if isinstance(of.get(name), Mapping)):
        yield from _forms(form)


def merged(below: dict[str, Any], above: Mapping[str, Any], section: Section | None) -> dict[str, Any]:
    """The mapping of an earlier layer with a later one's laid over it; neither of them changes.

    A key keeps the place of the layer that first had it. What is removed is REMOVED until `complete`.
    """
    found = dict(below if section is None else section.left(below, above))
    for key, value in above.items():
        if key not in found:
            found[key] = value
        elif value is None:
            found[key] = REMOVED
        else:
            old = found[key]
            if value.__class__ is dict and old.__class__ is dict:
                value = merged(old, value, None if section is None else section.at(key))
            found[key] = value
    return found


def complete(values: Any) -> Any:
    """The values without what was removed; the very mapping where that is nothing."""
    if values.__class__ is not dict:
        return values
    found = {key: complete(value) for key, value in values.items() if value is not REMOVED}
    return values if len(found) == len(values) and all(found[key] is values[key] for key in found) else found
