"""Files of the Azure ML CLI v2, several at once, as specs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from specrun.convert import coerce, kinds, locations, naming, recognizing
from specrun.convert.azureml.bindings import bound
from specrun.convert.azureml.lowering import Given, is_local, lowered_job, lowered_store, name_of, read_beside
from specrun.convert.azureml.pipeline import Find, Pipeline, Step, pipeline_of
from specrun.convert.imported import Imported
from specrun.convert.kinds import Kind
from specrun.convert.options import ImportOptions
from specrun.convert.report import Entry, Ledger, Report, Verdict
from specrun.convert.sources import Refused, Source
from specrun.convert.writers import Reading, write_cluster, write_data, write_datastore, write_job, write_workspace

GENERIC = (
    *("job", "command", "cmd", "azureml", "aml", "run", "main", "train-job", "azureml-job", "compute", "cluster"),
    *("sweep", "sweep-job", "job-sweep", "hyperdrive"),
)
"""Names of files that say nothing: experiment, display name or folder says more."""

_KNOWN = {
    "$schema": "it says what kind of file this is",
    "creation_context": "what the service tells of what is there",
    "latest_version": "what the service tells of what is there",
    "auto_delete_setting": "an environment that stands in a spec is kept with the runs that had it",
    "intellectual_property": "it is about what is shared in a registry",
    **dict.fromkeys(("is_deterministic", "allow_reuse", "hash_paths"), "a run is known by its fingerprint"),
}
_JOBS = (kinds.JOB, kinds.SWEEP)
_UNKNOWN = "neither the CLI v2's command jobs nor specrun have this field"


def import_azureml(sources: Sequence[Source], options: ImportOptions) -> list[Imported]:
    """One spec for each job, with the cluster, data, datastores and environment that were given with it.

    What no job names becomes a spec of its own; where it cannot, the first spec's report says so. Raises Refused, for
    the first file that is none of these, and for those that are nothing without a job.
    """
    kept = [(source, _kind_of(source)) for source in sources]
    given = _given(kept)
    found: list[Imported] = []
    used: set[str] = set()
    names: set[str] = set()

    def add(source: Source, write: Callable[[Reading, Source], None]) -> None:
        name = naming.unique_slug(options.name or _name_of(source), names)
        reading = Reading(name, options)
        _write_workspace(reading, given)
        write(reading, source)
        found.append(reading.imported(_UNKNOWN, _KNOWN))
        names.add(name)
        used.update(reading.used)

    pipelines: list[Pipeline] = []
    repeating = {source.file: source for source in sources if source.repeats}

    def find(folder: str, name: str, what: str) -> Source | str:
        read = read_beside(folder, name, what)
        if isinstance(read, Source) and read.repeats:
            repeating.setdefault(read.file, read)
        return read

    for source, kind in kept:
        if kind == kinds.PIPELINE:
            pipelines.append(pipeline_of(source, find, set(), given=given.components))
            used |= pipelines[-1].all_files()
    for made in pipelines:
        if os.path.normpath(made.source.file) not in used:
            read = read_pipeline(made.source, read_beside, names, options.name or "", given)
            begin = partial(_write_workspace, given=given)
            found += import_pipeline(read, given, options, "of a pipeline of the Azure ML CLI v2", begin, used)
    used |= {source.file for source, _ in kept if os.path.normpath(source.file) in used}
    for source, kind in kept:
        if kind in _JOBS and source.file not in used:
            sweep = kind == kinds.SWEEP
            add(source, lambda reading, source, sweep=sweep: _write_job(reading, source, given, sweep))  # type: ignore[misc]
    for source, kind in kept:
        if source.file in used or kind in (*_JOBS, kinds.PIPELINE):
            continue
        try:
            add(source, lambda reading, source, kind=kind: _write_alone(reading, source, kind))  # type: ignore[misc]
        except Refused:
            if not found:
                raise
            unnamed = Ledger(source.file, source.values, source.place).close("no job that was given names it")
            found[0] = replace(found[0], report=found[0].report + unnamed)
    twice = Report(tuple(entry for one in repeating.values() for entry in _told_twice(one)))
    return [replace(found[0], report=found[0].report + twice), *found[1:]] if twice.entries else found


def _told_twice(source: Source) -> Iterator[Entry]:
    """Of fields that stand in a file twice, those that do not count: Azure ML takes the last one."""
    for path, line, there in source.repeated():
        why = f"line {line}: it stands there once more, and for Azure ML the one of line {there} counts"
        yield Entry(source.file, path, Verdict.DROPPED, "", why)


def refusal_of(source: Source, given: Sequence[Source] = ()) -> Refused | None:
    """Why a file cannot be imported, whatever is `given` beside it; None where it can."""
    try:
        if _kind_of(source) == kinds.PIPELINE:
            components = {name_of(one): one for one in given if name_of(one)}
            _steps_of(pipeline_of(source, read_beside, set(), given=components))
    except Refused as refused:
        return refused
    return None


def _steps_of(pipeline: Pipeline) -> list[Step]:
    """The steps that specs can be made of. Raises Refused where there is none."""
    steps = [*pipeline.all_steps()]
    if not steps:
        whys = [f"{key}: {why}" for key, why in pipeline.steps.items() if isinstance(why, str)]
        if (component := coerce.word(pipeline.values.get("component"))) is not None and not pipeline.steps:
            whys.append(
                f"its steps are in the component {component}: import the file of that, which is a pipeline, too"
            )
        raise Refused(pipeline.source.file, "; ".join(["no step of the pipeline can be a spec", *whys]))
    return steps


def _kind_of(source: Source) -> Kind:
    return recognizing.check(source, "azureml", "no file of the Azure ML CLI v2")


def _given(kept: Sequence[tuple[Source, Kind]]) -> Given:
    def named(kind: Kind) -> dict[str, Source]:
        return {name_of(source): source for source, own in kept if own == kind and name_of(source)}

    return Given(
        named(kinds.CLUSTER),
        named(kinds.DATASTORE),
        named(kinds.DATA),
        tuple(source for source, kind in kept if kind == kinds.ENVIRONMENT),
        next((source for source, kind in kept if kind == kinds.WORKSPACE), None),
        components=named(kinds.COMPONENT),
        one_job=sum(kind in _JOBS for _, kind in kept) == 1 and all(kind != kinds.PIPELINE for _, kind in kept),
    )


def read_pipeline(source: Source, find: Find, names: set[str], first: str, given: Given) -> Pipeline:
    """A pipeline with all that it names: `names` are taken, and steps are called `first` and their names in it."""
    return pipeline_of(source, find, names, first, given.components)


def import_pipeline(
    pipeline: Pipeline,
    given: Given,
    options: ImportOptions,
    of: str,
    begin: Callable[[Reading], None],
    used: set[str] | None = None,
) -> list[Imported]:
    """A spec for each step of a pipeline; what is said around them stands in the first one's report.

    `of` says what kind of pipeline it is, and `begin` writes what each spec begins with; files that they name are
    `used`. Raises Refused.
    """
    around, named = Report(), set() if used is None else used
    steps = [_step(step, given, options, of, begin, named) for step in _steps_of(pipeline)]
    for one in pipeline.whole():
        around += one.close()
    return [replace(steps[0], report=steps[0].report + around), *steps[1:]]


def _step(
    step: Step, given: Given, options: ImportOptions, of: str, begin: Callable[[Reading], None], used: set[str]
) -> Imported:
    reading = Reading(step.name, options)
    begin(reading)
    file = locations.base_name(step.source.file)
    reading.begin(f"Imported from {file}, the step {step.key} {of}.")
    lowered = lowered_job(
        reading,
        step.source,
        given,
        sweep=step.sweep,
        trial=step.trial,
        bind=lambda job, ledger: bound(step, job, ledger),
    )
    write_job(reading, lowered)
    used.update(reading.used)
    return reading.imported(_UNKNOWN, _KNOWN)


def _write_job(reading: Reading, source: Source, given: Given, sweep: bool) -> None:
    file, what = locations.base_name(source.file), "a sweep job" if sweep else "a command job"
    reading.begin(f"Imported from {file}, {what} of the Azure ML CLI v2.")
    write_job(reading, lowered_job(reading, source, given, sweep=sweep))


def _write_alone(reading: Reading, source: Source, kind: Kind) -> None:
    """A file of a kind as a spec of its own. Raises Refused for what is nothing on its own."""
    origin = f"from {locations.base_name(source.file)}"
    reading.begin("")
    if kind == kinds.CLUSTER:
        write_cluster(reading, reading.open(source))
        reading.draft.comment(("compute",), origin)
    elif kind == kinds.DATASTORE:
        reading.draft.comment(write_datastore(reading, lowered_store(reading, source)), origin)
    elif kind == kinds.DATA and name_of(source) and is_local(source):
        reading.draft.comment(write_data(reading, reading.open(source)), origin)
    elif kind == kinds.DATA:
        what = "it is a data asset at an address: name it in an input, `path: azureml:NAME:VERSION`"
        raise Refused(source.file, what)
    else:
        recognizing.refuse_alone(source, kind)


def _write_workspace(reading: Reading, given: Given) -> None:
    told = given.workspace if reading.options.workspace is None else None
    write_workspace(reading, reading.open(told) if told is not None else None)
    if told is not None:
        reading.draft.comment(("workspace",), f"from {locations.base_name(told.file)}")


def _name_of(source: Source) -> str:
    values = source.values
    assert isinstance(values, dict)
    stem = locations.stem(source.file).rsplit("__", 1)[-1]
    folder = source.file.replace("\\", "/").rpartition("/")[0].rsplit("/", 1)[-1]
    plain = [coerce.word(values.get(key)) for key in ("name", "experiment_name", "display_name")]
    named, *others = [None if word and "{" in word else word for word in plain]
    speaking = stem if naming.slug(stem) not in GENERIC else None
    return naming.spec_name(named, speaking, *others, folder.strip("."), stem)
