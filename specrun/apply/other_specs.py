"""What the other specs of a repository have to do with what some of its specs made: they keep it from being deleted."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from specrun.apply.all_specs import AllSpecs, Use, all_specs
from specrun.apply.project import Project
from specrun.plan.kinds.data import DataTarget
from specrun.plan.resources import DEFAULT_DATASTORE, Key, Resource, same_thing
from specrun.spec.datastore_paths import DEFAULT_NAME
from specrun.spec.glimpse import bases_in, is_abstract, may_name
from specrun.spec.reading import MOST_YAML, read_bytes
from specrun.spec.repository import repository_of
from specrun.spec.source import STDIN

_SHARED = ("workspace", "compute", "datastore", "data")
"""Kinds that a spec has in common with others that name them."""

OWN_LAYERS: Mapping[str, Any] = {"variables": {}, "inputs": {}, "environment": None, "var_files": ()}
"""What the command line says is said of the specs that were given, and of no other."""


class OtherSpecs:
    """The other specs of the repositories of a project, for all of their targets; none is read before it is asked for.

    `engine` and the `options` of `load` are as the command line has them. Another target of one of the project's specs
    is no other spec, unless it is about the workspace, with which all is lost. Only specs are read whose text may name
    something of the project's.
    """

    def __init__(self, project: Project, engine: str | None, options: Mapping[str, Any]) -> None:
        self._own = {(os.path.realpath(spec.file), spec.target) for spec in project.specs}
        self._files = {file for file, _ in self._own}
        self._piped = {spec.name for spec in project.specs if spec.document.file == STDIN}
        self._engine = engine
        self._options = {**options, **OWN_LAYERS}
        folders = dict.fromkeys(os.path.dirname(file) for file in self._files)  # noqa: PTH120 - of thousands of files
        self._roots = list(dict.fromkeys(filter(None, map(repository_of, folders))))
        resources = [one for one in project.graph.resources.values() if one.managed and one.kind in _SHARED]
        self._texts = Texts({_name_of(one) for one in resources})
        self._read: dict[bool, list[tuple[AllSpecs, list[Use]]]] = {}

    def keep(self, resource: Resource) -> str:
        """Why a resource is not deleted, in words: another spec declares or uses it, or may do so; "" for no reason."""
        if resource.kind not in _SHARED:
            return ""
        thing = _thing(resource.key)
        uses: dict[str, bool] = {}
        doubtful: list[str] = []
        unseen: list[str] = []
        # What a workspace is called may stand in another file than the spec.
        for specs, found in self._others(every=resource.kind == "workspace"):
            for use in found:
                file = use.origin.document.file
                if use.maker.spec in self._piped:
                    continue  # most likely what was piped is made of that file
                if _thing(use.key) == thing and (os.path.realpath(file), use.maker.target) not in self._own:
                    who = _shown(file, use.maker.target)
                    uses[who] = use.managed or uses.get(who, False)
            doubtful += (file for file in self._unbuilt(specs) if self._texts.may_name(file, [_name_of(resource)]))
            unseen += (one.location.file for one in specs.unread if one.code in ("too-many-files", "unreadable"))
        if uses:
            first = max(uses, key=lambda who: uses[who])
            return f"{_and_more(first, uses)} {'declares it, too' if uses[first] else 'uses it'}"
        if doubtful:
            return f"{_and_more(_shown(doubtful[0]), doubtful)} may declare it, and cannot be read: mend it first"
        return f"not everything could be looked through for specs that declare it: {unseen[0]}" if unseen else ""

    def _others(self, *, every: bool) -> list[tuple[AllSpecs, list[Use]]]:
        """The specs of each repository with what they use: `every` one, or others that may name something of ours."""
        if every not in self._read:

            def matters(file: str) -> bool:
                return every or (os.path.realpath(file) not in self._files and self._texts.may_name(file))

            found = [all_specs(root, self._options, matters) for root in self._roots]
            self._read[every] = [(specs, list(specs.uses(self._engine))) for specs in found]
        return self._read[every]

    def _unbuilt(self, specs: AllSpecs) -> Iterator[str]:
        """The files that are specs and could not be loaded as such."""
        built = {os.path.realpath(spec.file) for spec in specs.specs} | self._files
        for file in specs.files:
            if os.path.realpath(file) not in built and not is_abstract(self._texts.text(file) or ""):
                yield file


class Texts:
    """The texts of specs and of their bases; each is read once. `names` are those that are looked for."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._known: dict[str, str] = {}

    def may_name(self, file: str, names: Iterable[str] | None = None) -> bool:
        """Whether a spec may call something by one of these names, or of those that are looked for."""
        wanted = self._names if names is None else list(names)
        return any(text is None or may_name(text, wanted) for text in self._layers(file, set()))

    def _layers(self, file: str, seen: set[str]) -> Iterator[str | None]:
        """The text of a file and of those that it extends; None for what has to be parsed to know."""
        place = os.path.realpath(file)
        if place in seen:
            return
        seen.add(place)
        text = self.text(place)
        yield text
        for base in bases_in(text) or () if text is not None else ():
            yield from self._layers(os.path.join(os.path.dirname(place), base), seen)  # noqa: PTH118, PTH120
        if text is not None and bases_in(text) is None:
            yield None

    def text(self, file: str) -> str | None:
        """A file's text; None where it cannot be read."""
        place = os.path.realpath(file)
        if place not in self._known:
            try:
                self._known[place] = read_bytes(place, MOST_YAML).decode(errors="replace")
            except OSError:
                return None
        return self._known[place]


def _thing(key: Key) -> tuple[str, str]:
    """What is the same of a thing: a target on the default datastore, also where that is named."""
    workspace, address = same_thing(key)
    start = f"data/{DEFAULT_DATASTORE}/"
    return workspace, f"data/{DEFAULT_NAME}/{address.removeprefix(start)}" if address.startswith(start) else address


def _name_of(resource: Resource) -> str:
    """What stands in the text of each spec that names a resource: of a path on a datastore its last part."""
    return resource.address.rpartition("/")[2] if isinstance(resource, DataTarget) else resource.name


def _shown(file: str, target: str = "") -> str:
    return f"{os.path.relpath(file)}{f' for its target {target}' if target else ''}"


def _and_more(first: str, all_of_them: Collection[str]) -> str:
    more = len(all_of_them) - 1
    return f"{first} (and {more} more)" if more else first
