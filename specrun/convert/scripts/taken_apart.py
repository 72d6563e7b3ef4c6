"""Pipelines of a script as specs: what the importer of the CLI v2's files makes of each, and what else the script says.

What a pipeline names is looked for beside the script, in the folders above it, from which it may be run, and among the
files that the script writes itself.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from specrun.convert import coerce, locations
from specrun.convert.azureml.components import moved
from specrun.convert.azureml.importer import import_pipeline, read_pipeline
from specrun.convert.azureml.lowering import Given, read_beside
from specrun.convert.azureml.pipeline import Pipeline, Step
from specrun.convert.document import Document
from specrun.convert.imported import Found, Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import FieldPath
from specrun.convert.scripts.clusters import MAKERS, lower_cluster, lower_workspace
from specrun.convert.scripts.code_files import folders_of, wanted_files, write_code_files
from specrun.convert.scripts.jobs import say_the_rest
from specrun.convert.scripts.lowering import Lowering
from specrun.convert.scripts.pipelines import Building
from specrun.convert.scripts.statements import Script
from specrun.convert.scripts.steps import PIPELINE
from specrun.convert.scripts.uploads import lower_datastores, lower_uploads
from specrun.convert.scripts.v1_pipelines import V1Building, steps_of
from specrun.convert.scripts.values import Call, report_values
from specrun.convert.section import Section
from specrun.convert.sources import Refused, Source, parse_yaml
from specrun.convert.writers import Reading, write_workspace

_UPWARDS = 4
"""Folders above the script's own in which its files are looked for."""


@dataclass(slots=True)
class Built:
    """A pipeline that the script builds, ready to be imported; `why` it cannot be."""

    call: Call
    building: Building
    source: Source
    given: Given
    why: str = ""


@dataclass(slots=True)
class Builder:
    """The pipelines of one script, by the keys of their calls."""

    file: str
    script: Script
    options: ImportOptions
    pipelines: dict[str, Built] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        calls = [call for call in self.script.calls if call.kind in (PIPELINE, "Pipeline") and not call.skipped]
        for call in calls:
            call.steps = steps_of(call, self.script.calls) if call.kind == "Pipeline" else call.steps
        within = {id(step) for call in calls for step in call.steps}
        submitted = {id(call.get("config")) for call in self.script.calls if call.kind == "submit"}
        for call in calls:
            if id(call) not in within or id(call) in submitted:
                self.pipelines[call.key] = self._built(call)

    def parts(self) -> set[str]:
        """The keys of what is a part of a pipeline that can be imported, and no job by itself."""
        found: set[str] = set()
        waiting = [one.call for one in self.pipelines.values() if not one.why]
        while waiting:
            for step in waiting.pop().steps:
                found.add(step.key)
                waiting += [step] if step.kind == PIPELINE else []
                for held in (step.owner, *_within(step)):
                    while isinstance(held, Call):
                        found.add(held.key)
                        held = next(iter(_within(held)), held.owner)
        return found

    def imported(self, call: Call, jobs: Mapping[str, Found]) -> list[Imported]:
        """A spec for each step of a pipeline. The first one's report has what is said around them. Raises Refused."""
        built = self.pipelines[call.key]
        lowering = Lowering(self.file, self.options, self.script.calls, Document())
        begun: list[Reading] = []

        def begin(reading: Reading) -> None:
            first = not begun
            begun.append(reading)
            own = lowering if first else Lowering(self.file, self.options, self.script.calls, reading.draft)
            own.draft = reading.draft
            workspace = lower_workspace(own)
            if workspace is not None:
                write_workspace(reading, Section(own.ledger, reading.draft, workspace.path, workspace))

        read = read_pipeline(built.source, self._find, self.names, self.options.name or "", built.given)
        for name in coerce.mapping(read.values.get("inputs")):
            if name in call.used:
                read.ledger.rewrite(("inputs", name), "job.inputs", "it stands in each spec that uses it")
            else:
                read.ledger.drop(("inputs", name), "nothing in the pipeline's function uses it")
        newer = "1" if call.kind == "Pipeline" else "2"
        found = import_pipeline(read, built.given, self.options, f"of a pipeline of SDK v{newer}", begin)
        folders, named = _folders(read)
        wanted = wanted_files(self.script.files, folders, named)
        consumed = built.building.consumed()
        lowering.calls = [one for one in (*self.script.calls, *wanted) if one.key not in consumed]
        lowering.ledger.values = report_values(lowering.calls)
        files = write_code_files(lowering, wanted)
        for path, to, what, flag in built.building.asked():
            lowering.ledger.ask(path, to, what, flag)
        say_the_rest(lowering, call, {key: one for key, one in jobs.items() if key != call.key})
        rest = lowering.ledger.close("specrun has no field for it")
        first = found[0]

        def place(path: FieldPath) -> str:
            return (lowering.ledger.place_of(path) if path else "") or built.source.place(path)

        report = replace(first.report + rest, places={self.file: place})
        return [replace(first, report=report, files={**first.files, **files}), *found[1:]]

    def _built(self, call: Call) -> Built:
        lowering = Lowering(self.file, self.options, self.script.calls, Document())
        building = (V1Building if call.kind == "Pipeline" else Building)(lowering, call, lower_uploads(lowering))
        values = building.values()
        source = Source(self.file, "", values, places=building.places)
        built = Built(call, building, source, self._given(building, values))
        read = read_pipeline(source, self._find, set(), "", built.given)
        if not [*read.all_steps()]:
            whys = [f"the step {key} is {why}" for key, why in read.steps.items() if isinstance(why, str)]
            built.why = "; ".join(whys) or "a pipeline without steps that can be read here"
        return built

    def _given(self, building: Building, values: Mapping[str, object]) -> Given:
        """The clusters and datastores that the script makes, where a step names them: as if their files were given."""
        lowering = Lowering(self.file, self.options, self.script.calls, Document())
        stores = lower_datastores(lowering)
        named = repr(values)
        found: dict[str, Source] = {}
        for name, entry in stores.items():
            if f"datastores/{name}/" in named and isinstance(entry, Mapping):
                at = getattr(entry, "path", ())
                plain = building.plain(entry, at)
                found[name] = Source(self.file, "", plain, at, building.places)
                building.taken.update(str(step) for step in at[:1])
        clusters: dict[str, Source] = {}
        for call in lowering.of("v2:AmlCompute", *MAKERS):
            own = call.get("name")
            made = lower_cluster(lowering, call) if isinstance(own, str) and repr(own) in named else None
            if made is not None and isinstance(own, str):
                clusters[own] = Source(self.file, "", building.plain(made, made.path), made.path, building.places)
                building.taken.update((call.key, str(made.path[0])))
        return Given(clusters, found)

    def _find(self, folder: str, name: str, what: str) -> Source | str:
        """A file that a pipeline names, or why it cannot be read."""
        plain = posixpath.normpath(name.removeprefix("file:").replace("\\", "/").replace("\0", ""))
        for call in self.script.files:
            path, text = call.get("path"), call.get("text")
            if isinstance(path, str) and isinstance(text, str) and posixpath.normpath(path) == plain:
                try:
                    return parse_yaml(os.path.join(folder, plain), text)  # noqa: PTH118
                except Refused as refused:
                    return f"{plain}: {refused.message}"
        for number in range(_UPWARDS + 1):
            above = os.path.normpath(os.path.join(folder, *[".."] * number))  # noqa: PTH118
            if os.path.isfile(os.path.join(above, plain)):  # noqa: PTH113, PTH118
                return read_beside(above, plain, what)
        return read_beside(folder, name, what)


def _within(step: Call) -> list[Call]:
    """The jobs that a step of SDK v1 is given."""
    held = [step.get(name) for name in ("estimator", "hyperdrive_config", "runconfig", "run_config")]
    return [one for one in held if isinstance(one, Call)]


def _folders(read: Pipeline) -> tuple[list[str], list[str]]:
    """The folders and files that the steps name, as the script has them."""
    folders: list[str] = []
    named: list[str] = []
    for step in read.all_steps():
        for job in _jobs(step):
            more, files = folders_of({str(key): value for key, value in job.items()})
            folders += more
            named += files
    return folders, named


def _jobs(step: Step) -> Sequence[Mapping[str, object]]:
    found = [coerce.mapping(step.source.values), coerce.mapping(step.trial)]
    if step.component is not None:
        found.append(moved(step.component, locations.folder_of(step.file), step.parent.folder))
    return found
