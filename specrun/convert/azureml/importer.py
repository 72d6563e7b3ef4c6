"""Files of the Azure ML CLI v2, several at once, as specs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from specrun.convert import coerce, kinds, locations, naming, recognizing
from specrun.convert.azureml.cluster import write_cluster
from specrun.convert.azureml.job import write_job
from specrun.convert.azureml.reading import Beside, JobImport
from specrun.convert.azureml.storage import name_of, write_data, write_datastore
from specrun.convert.azureml.workspace import write_workspace
from specrun.convert.imported import Imported
from specrun.convert.kinds import Kind
from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger, Report
from specrun.convert.section import empty_reason
from specrun.convert.sources import Refused, Source

GENERIC = ("job", "command", "cmd", "azureml", "aml", "run", "main", "train-job", "azureml-job", "compute", "cluster")
"""Names of files that say nothing: experiment, display name or folder says more."""

_KNOWN = {
    "$schema": "it says what kind of file this is",
    "creation_context": "what the service tells of what is there",
    "latest_version": "what the service tells of what is there",
    "auto_delete_setting": "an environment that stands in a spec is kept with the runs that had it",
    "intellectual_property": "it is about what is shared in a registry",
}
_UNKNOWN = "neither the CLI v2's command jobs nor specrun have this field"


def import_azureml(sources: Sequence[Source], options: ImportOptions) -> list[Imported]:
    """One spec for each job, with the cluster, data, datastores and environment that were given with it.

    What no job names becomes a spec of its own; where it cannot, the first spec's report says so. Raises Refused, for
    the first file that is none of these, and for those that are nothing without a job.
    """
    kept = [(source, _kind_of(source)) for source in sources]
    beside = _beside(kept)
    found: list[Imported] = []
    used: set[str] = set()
    for source, kind in kept:
        if kind == kinds.JOB:
            found.append(_imported(source, write_job, options, beside, found, used))
    for source, kind in kept:
        if source.file in used or kind == kinds.JOB:
            continue
        try:
            found.append(_imported(source, _alone(kind), options, beside, found, used))
        except Refused:
            if not found:
                raise
            found[0] = replace(found[0], report=found[0].report + _unnamed(source))
    return found


def refusal_of(source: Source) -> Refused | None:
    """Why a file cannot be imported, whatever else is given; None where it can."""
    try:
        _kind_of(source)
    except Refused as refused:
        return refused
    return None


def _kind_of(source: Source) -> Kind:
    return recognizing.check(source, "azureml", "no file of the Azure ML CLI v2")


def _beside(kept: Sequence[tuple[Source, Kind]]) -> Beside:
    def named(kind: Kind) -> dict[str, Source]:
        return {name_of(source): source for source, own in kept if own == kind and name_of(source)}

    workspaces = [source for source, kind in kept if kind == kinds.WORKSPACE]
    environments = tuple(source for source, kind in kept if kind == kinds.ENVIRONMENT)
    return Beside(
        named(kinds.CLUSTER),
        named(kinds.DATASTORE),
        named(kinds.DATA),
        environments,
        workspaces[0] if workspaces else None,
        one_job=[kind for _, kind in kept].count(kinds.JOB) == 1,
    )


def _imported(
    source: Source,
    write: Callable[[JobImport, Source], None],
    options: ImportOptions,
    beside: Beside,
    before: Sequence[Imported],
    used: set[str],
) -> Imported:
    name = naming.unique_slug(options.name or _name_of(source), [one.name for one in before])
    reading = JobImport(name, options, beside)
    reading.draft.set(("apiVersion",), "specrun/v1")
    reading.draft.set(("name",), name)
    write(reading, source)
    write_workspace(reading)
    used |= reading.used
    report = Report()
    for ledger in reading.ledgers:
        empty_reason(ledger)
        _say_known(ledger)
        report += ledger.close(_UNKNOWN)
    return Imported(name, reading.draft, report, reading.files)


def _say_known(ledger: Ledger) -> None:
    """Say of fields of the CLI that no section spoke of why a spec has none."""
    for path in list(ledger.rest()):
        why = next((_KNOWN[step] for step in map(str, path) if step in _KNOWN), None)
        if why is not None:
            ledger.drop(path, why)


def _alone(kind: Kind) -> Callable[[JobImport, Source], None]:
    """What writes a file of a kind as a spec of its own."""
    written = {kinds.CLUSTER: write_cluster, kinds.DATASTORE: write_datastore, kinds.DATA: _write_data_alone}
    return written.get(kind, lambda _, source: recognizing.refuse_alone(source, kind))


def _unnamed(source: Source) -> Report:
    ledger = Ledger(source.file, source.values, source.place)
    return ledger.close("no job that was given names it")


def _write_data_alone(reading: JobImport, source: Source) -> None:
    if not name_of(source) or not write_data(reading, source):
        raise Refused(
            source.file, "it is a data asset at an address: name it in an input, `path: azureml:NAME:VERSION`"
        )


def _name_of(source: Source) -> str:
    values = source.values
    assert isinstance(values, dict)
    stem = locations.stem(source.file).rsplit("__", 1)[-1]
    folder = source.file.replace("\\", "/").rpartition("/")[0].rsplit("/", 1)[-1]
    plain = [coerce.word(values.get(key)) for key in ("name", "experiment_name", "display_name")]
    named, *others = [None if word and "{" in word else word for word in plain]
    speaking = stem if naming.slug(stem) not in GENERIC else None
    return naming.spec_name(named, speaking, *others, folder.strip("."), stem)
