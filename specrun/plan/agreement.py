"""What several specs declare of one thing: one thing as long as they agree, else one mistake that shows who does not.

A field left out is not compared: what one spec says of a cluster and another leaves out holds for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from specrun.plan.diff import normal
from specrun.plan.kinds.base import Converging, Planned
from specrun.plan.kinds.data import DataTarget
from specrun.plan.kinds.run import RunRequest
from specrun.plan.resources import Capability
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.diagnostics import Path as SpecPath
from specrun.spec.model import Origin, Properties
from specrun.spec.wording import field_name, listed

SHOWN = 3
"""Other declarations whose places are shown; what else there is is counted."""

_STRICT = "credentials"
"""Says something by being left out, too: that it is the signed-in identity that counts."""


@dataclass(slots=True)
class Declarations:
    """The declarations of one thing, in the order of their specs; those of the same words stand together."""

    alike: list[list[Planned]] = field(default_factory=list)
    _known: dict[object, list[Planned]] = field(default_factory=dict)

    def add(self, resource: Planned) -> None:
        """One more of them."""
        if isinstance(resource, RunRequest):
            self.alike.append([resource])
        elif self.alike and resource.wanted == self.alike[0][0].wanted:  # of thousands of specs nearly all
            self.alike[0].append(resource)
        else:
            words = _frozen(resource.wanted)
            if words not in self._known:
                self.alike.append(self._known.setdefault(words, []))
            self._known[words].append(resource)

    def agreed(self) -> Planned:
        """The one thing that they declare, with what each of them says."""
        first, *more = (one for same in self.alike for one in same)
        if more:
            first = replace(first, origins=tuple(one.origin for one in (first, *more)))
        if len(self.alike) == 1 or not isinstance(first, Converging):
            return first
        properties: Properties = {}
        for same in reversed(self.alike):  # in the words of the first that has any
            properties = _united(properties, same[0].wanted)
        return replace(first, properties=properties)

    def contradiction(self, capability: Capability) -> Diagnostic | None:
        """That they contradict each other, at the place where the fewest say something else, with the other places."""
        if len(self.alike) == 1:
            return None
        if isinstance(self.alike[0][0], RunRequest):
            return _namesakes([same[0] for same in self.alike])
        said = self._said(capability)
        differing = [path for path, values in said.items() if len(values) > 1]
        if not differing:
            return None
        path, *more = differing
        camps = list(said[path].values())
        here = min(reversed(camps), key=len)
        words = {id(camp): _word(camp[0], path) for camp in camps}
        others = [camp for camp in camps if camp is not here]
        told = [f"{words[id(camp)]} in {_where(camp, path, here)}" for camp in others[:SHOWN]]
        if len(others) > SHOWN:
            told.append(f"something else again in {len(others) - SHOWN} more")
        file = here[0].origin.document.file
        place = "here" if _at(here[0].origin, path).location.file == file else f"here for {file}"
        said_here = f"`{field_name(path)}` is {words[id(here)]} {place}"
        detail = f"{here[0].kind} {here[0].name}: {said_here}, and {', '.join(told)}. "
        if more:
            detail += f"They differ in {listed([field_name(one) for one in more], 'and')}, too. "
        return _diagnostic([here, *others[:SHOWN]], path, detail + _hint(here[0], path))

    def _said(self, capability: Capability) -> Mapping[SpecPath, Mapping[object, list[Planned]]]:
        """By field, and by value in its plain form: the declarations that have it."""
        said: dict[SpecPath, dict[object, list[Planned]]] = {}
        for same in self.alike:
            values = dict(_leaves(same[0].wanted))
            if same[0].kind == "datastore":
                values.setdefault((_STRICT,), None)
            for path, value in values.items():
                plain = _frozen(normal(str(path[-1]), value, capability))
                said.setdefault(path, {}).setdefault(plain, []).extend(same)
        return said


def _namesakes(runs: Sequence[Planned]) -> Diagnostic:
    first, second, *more = runs
    detail = f"{first.location} already declares a job named {first.name}: give one of the two specs another name."
    if more:
        detail = f"{len(runs)} specs declare a job named {first.name}: give each a name of its own."
    return _diagnostic([[one] for one in (second, first, *more[: SHOWN - 1])], (), detail)


def _diagnostic(camps: Sequence[Sequence[Planned]], path: SpecPath, detail: str) -> Diagnostic:
    """At the first place of the first, with the first places of the others; no document's environment is shown."""
    here, *others = (camp[0].origin for camp in camps)
    found = _at(here, path).diagnostic("declared-differently", detail)
    places = dict.fromkeys(_at(origin, path).location for origin in others)
    found = replace(found, others=tuple(place for place in places if place != found.location))
    for origin in others:
        found = origin.document.hiding(found)
    return found


def _where(camp: Sequence[Planned], path: SpecPath, here: Sequence[Planned]) -> str:
    """A place, or the spec's file where both have it from one place; and in how many files more it is so."""
    place = _at(camp[0].origin, path).location
    file = camp[0].origin.document.file
    files = len({one.origin.document.file for one in camp} - {file})
    more = f" (and in {files} more {'file' if files == 1 else 'files'})" if files else ""
    return f"{file if place == _at(here[0].origin, path).location else place}{more}"


def _at(origin: Origin, path: SpecPath) -> Origin:
    return replace(origin, path=(*origin.path, *path))


def _word(resource: Planned, path: SpecPath) -> str:
    value = dict(_leaves(resource.wanted)).get(path)
    if value is None:
        return "left out"
    return "another" if isinstance(value, (Mapping, list, tuple)) else f"`{value}`"


def _hint(resource: Planned, path: SpecPath) -> str:
    if not isinstance(resource, DataTarget):
        return "All of them must say the same, or only name it."
    if path == ("path",):
        return "A target mirrors one source: give one of them another target."
    return "All of them must say the same, or have targets of their own."


def _leaves(values: Mapping[str, object], path: SpecPath = ()) -> Iterator[tuple[SpecPath, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and name != _STRICT:
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _united(one: Properties, other: Properties) -> Properties:
    """Both; where both have a value, that of the other."""
    return {
        **one,
        **{
            name: _united(known, value)
            if isinstance(value, Mapping) and isinstance(known := one.get(name), Mapping)
            else value
            for name, value in other.items()
        },
    }


def _frozen(value: object) -> object:
    """The same, whatever the order of a mapping's keys is, as something that can be looked up."""
    if isinstance(value, Mapping):
        return frozenset((name, _frozen(item)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    return value
