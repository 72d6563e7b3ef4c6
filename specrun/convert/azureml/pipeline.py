"""A pipeline job taken apart: each step a job whose inputs name the run of the step that they come from.

A pipeline that is a step of another is taken apart, too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from specrun.convert import coerce, kinds, locations, naming
from specrun.convert.azureml.components import moved
from specrun.convert.locations import asset_name
from specrun.convert.report import FieldPath, Ledger, Report
from specrun.convert.sources import Source
from specrun.convert.unknown import Missing

MOST = 500
"""Steps of one import, with those of pipelines in pipelines."""
_NO_STEP = {
    "if_else": "a condition: specrun runs what it is given; write the spec of the branch that is meant",
    "do_while": "a loop: specrun runs each spec once; have a sweep, or a loop around `specrun apply`",
    "parallel_for": "a loop: specrun runs each spec once; have a sweep, or a loop around `specrun apply`",
    "data_transfer": "a data transfer, which has no command to run: have `data` bring the files",
}
_USED: Mapping[FieldPath, str] = {("inputs",): "reads", ("outputs",): "writes"}
Given = Mapping[str, Source]
"""Files of components that were given, by the names that the workspace knows them by."""

Find = Callable[[str, str, str], "Source | str"]
"""Reads a file that another one names (a folder, the name, what it is); or says why it cannot be read."""


@dataclass(slots=True)
class Step:
    """A step that becomes a spec: its `name` there, what its file says of it, and the component that it names."""

    name: str
    key: str
    source: Source
    parent: Pipeline
    component: Mapping[str, object] | None = None
    file: str = ""
    sweep: bool = False
    trial: Mapping[str, object] | None = None


@dataclass(slots=True)
class Pipeline:
    """A pipeline: `steps` by their names in it; of one that no spec is made of, why. `outer` is the one that it is a
    step of, and `given` what that one gives it.
    """

    source: Source
    ledger: Ledger
    values: Mapping[str, object]
    outer: Pipeline | None = None
    key: str = ""
    given: Mapping[str, object] = field(default_factory=dict)
    steps: dict[str, Step | Pipeline | str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    @property
    def folder(self) -> str:
        """Where its paths start."""
        return locations.folder_of(self.source.file)

    def all_steps(self) -> Iterator[Step]:
        """Those of it and of the pipelines in it, in their order."""
        for step in self.steps.values():
            if isinstance(step, Step):
                yield step
            elif isinstance(step, Pipeline):
                yield from step.all_steps()

    def around(self) -> Iterator[Pipeline]:
        """Itself, and those that it is a step of."""
        yield self
        if self.outer is not None:
            yield from self.outer.around()

    def whole(self) -> Iterator[Pipeline]:
        """Itself, and the pipelines that are steps of it."""
        yield self
        for step in self.steps.values():
            if isinstance(step, Pipeline):
                yield from step.whole()

    def close(self) -> Report:
        """What became of all that is said around the steps; those have told what they use of it."""
        at = self.source.at
        for path in [*self.ledger.rest()]:
            of_step = path[len(at) : len(at) + 1] == ("jobs",)
            section = path[len(at) + 2 if of_step else len(at) :][:1]
            if section in (("inputs",), ("outputs",)):
                self.ledger.drop(
                    path, f"no step that became a spec {'reads' if section == ('inputs',) else 'writes'} it"
                )
        return self.ledger.close("neither a spec nor its chain has this field")

    def all_files(self) -> set[str]:
        """All files that it names: components, and pipelines that are steps."""
        return set().union(*(one.files for one in self.whole()))


def pipeline_of(source: Source, find: Find, names: set[str], first: str = "", given: Given | None = None) -> Pipeline:
    """A pipeline's file with all that it names. `names` are taken; steps are called `first` and their names in it."""
    made = Pipeline(source, Ledger(source.file, {}, source.place), coerce.mapping(source.values))
    _read(made, find, names, first, given or {}, depth=0)
    return made


def _read(made: Pipeline, find: Find, names: set[str], first: str, given: Given, depth: int) -> None:
    source, values = made.source, made.values
    jobs = coerce.mapping(values.get("jobs"))
    around: dict[str, object] = {str(key): value for key, value in values.items() if key != "jobs"}
    refused: dict[str, object] = {}
    for key, raw in jobs.items():
        found = _step(made, str(key), raw, find, names, first, given, depth)
        made.steps[str(key)] = found
        if not isinstance(found, Step):
            refused[str(key)] = raw
        if isinstance(found, str):
            made.ledger.ask((*source.at, "jobs", str(key)), "", f"the step {key} is {found}")
    if refused or not jobs:
        around["jobs"] = refused
    for step in reversed(source.at):
        around = {str(step): around}
    made.ledger.values = around


def _step(
    made: Pipeline, key: str, raw: object, find: Find, names: set[str], first: str, given: Given, depth: int
) -> Step | Pipeline | str:
    if isinstance(raw, Missing):
        return raw.what
    if not isinstance(raw, Mapping):
        return f"no mapping: {coerce.shown(raw)}"
    values, source = {str(name): value for name, value in raw.items()}, made.source
    kind = (coerce.word(values.get("type")) or "").lower()
    inner = values.get("component")
    named = coerce.word(inner)
    if len(names) >= MOST:
        return f"one of more than {MOST:,}, which no import takes apart"
    component, file = (inner, source.file) if isinstance(inner, Mapping) else (None, "")
    if named:
        own = given.get(asset_name(f"azureml:{named.removeprefix('azureml:')}")[0])
        read = find(made.folder, named, "component") if _is_file(named) else own or _registered(named)
        if isinstance(read, str):
            return f"without its command: {read}"
        component, file = coerce.mapping(read.values), read.file
        if any(os.path.normpath(one.source.file) == os.path.normpath(file) for one in made.around()):
            return f"the pipeline that it stands in ({named})"
        made.files.add(os.path.normpath(file))
    theirs = (coerce.word(component.get("type")) or "").lower() if component is not None else ""
    kind = theirs if component is not None and kind in ("", "command", "component") else kind or theirs
    name = naming.slug(f"{first}-{key}" if first else key) or "step"
    at: FieldPath = (*source.at, "jobs", key)
    if kind == "pipeline" or "jobs" in values or (component is not None and "jobs" in component):
        if depth > 3:
            return "a pipeline in pipelines that are nested too deeply"
        of = values if component is None else component
        inline: FieldPath = at if component is None else (*at, "component")
        where = replace(source, values=of, at=inline)
        if named and isinstance(read, Source):
            where = Source(file, read.text, of)
        nested = Pipeline(
            where, Ledger(where.file, {}, where.place), of, made, key, coerce.mapping(values.get("inputs"))
        )
        _read(nested, find, names, name, given, depth + 1)
        made.ledger.rewrite(inline, "", "a pipeline itself: its steps are specs of their own")
        if component is not None and "type" in values:
            made.ledger.rewrite((*at, "type"), "", "a pipeline itself: its steps are specs of their own")
        return nested
    if kind in _NO_STEP:
        return _NO_STEP[kind]
    if kind not in ("", "command", "sweep"):
        other = kinds.WORDS.get(kind)
        return other.what if other is not None else f"a step of the type {kind}, which specrun cannot run"
    spec = naming.unique_slug(name, names)
    names.add(spec)
    if spec != key and not first:
        made.ledger.rewrite(at, "name", f"the step {key} is called {spec}: a-z, 0-9 and hyphens")
    trial: object = values.get("trial")
    if (trial_file := coerce.word(trial) or "") and _is_file(trial_file):
        read = find(made.folder, trial_file, "trial")
        trial = (
            moved(coerce.mapping(read.values), locations.folder_of(read.file), made.folder)
            if isinstance(read, Source)
            else None
        )
        made.files.add(os.path.normpath(read.file) if isinstance(read, Source) else trial_file)
    own = replace(source, values=values, at=at)
    return Step(spec, key, own, made, component, file, kind == "sweep", coerce.mapping(trial))


def _is_file(name: str) -> bool:
    return name.startswith("file:") or (name.endswith((".yml", ".yaml")) and not locations.is_address(name))


def _registered(name: str) -> str:
    """Why a registered component is of no use here, with the command that shows it."""
    plain = name.removeprefix("azureml:")
    registry = re.match(r"//registries/([^/]+)/components/([^/]+)(?:/(?:versions|labels)/([^/]+))?", plain)
    asset, version = (registry[2], registry[3] or "") if registry else asset_name(f"azureml:{plain}")
    which = f" --version {version}" if version not in ("", "latest") else " --label latest"
    where = f" --registry-name {registry[1]}" if registry else ""
    return (
        f"the registered component {asset if registry else plain} is not here: write it to a file "
        f"(`az ml component show --name {asset}{which}{where}`), and give that together with this one"
    )
