"""What one part of a spec says about another must exist there."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.nearest import suggestion
from specrun.spec.rules.data import near_datastore, plain_problem
from specrun.spec.rules.subject import Subject, lacks, mapping, text

# What may follow azureml:// besides: the long forms of the same, and what other jobs and registries have.
_OTHER_ADDRESSES = ("subscriptions", "registries", "jobs", "locations")
_DATASTORES = "azureml://datastores/"


def data_entries(subject: Subject) -> Iterator[Diagnostic]:
    """`inputs.*.data` names an entry of `data`."""
    for name, value in mapping(subject.job.get("inputs")).items():
        entry = text(mapping(value).get("data"))
        if entry is None or not lacks(subject.data, entry):
            continue
        names = [key for key in subject.data if isinstance(key, str)]
        if not names:
            advice = "This file has no `data`: add an entry, or write `path:` with where the files are."
        else:
            advice = suggestion(entry, names, kind="data entries")
        yield subject.at("unknown-data", f"`data` has no `{entry}`. {advice}", "job", "inputs", name, "data")


def text_inputs(subject: Subject) -> Iterator[Diagnostic]:
    """`digits: digits` hands the word to the script, where the data entry was meant."""
    for name, value in mapping(subject.job.get("inputs")).items():
        if isinstance(value, str) and value in subject.data:
            detail = (
                f"The script gets the word `{value}`. For the data entry's place write `{name}: {{data: {value}}}`."
            )
            yield subject.at("input-is-text", detail, "job", "inputs", name)


def datastore_paths(subject: Subject) -> Iterator[Diagnostic]:
    """Paths of inputs and outputs on datastores are plain."""
    for section in ("inputs", "outputs"):
        for name, value in mapping(subject.job.get(section)).items():
            path = text(mapping(value).get("path"))
            if path is None or not path.startswith(_DATASTORES):
                if path is not None and path.startswith("azureml://"):
                    yield from _unknown_address(subject, path, "job", section, name, "path")
                continue
            store, paths, rest = path[len(_DATASTORES) :].partition("/paths/")
            place = ("job", section, name, "path")
            if not paths:
                detail = f"Write `{_DATASTORES}NAME/paths/PATH`, with the datastore's name and the path on it."
                yield subject.at("invalid-target", detail, *place)
                continue
            yield from near_datastore(subject, store, *place)
            problem = plain_problem(rest) if rest else None
            if problem is not None:
                yield subject.at("invalid-target", problem, *place)


def _unknown_address(subject: Subject, path: str, *place: str) -> Iterator[Diagnostic]:
    kind = path.removeprefix("azureml://").partition("/")[0]
    if kind not in _OTHER_ADDRESSES:
        detail = f"Nothing in Azure ML is at azureml://{kind}. Write `{_DATASTORES}NAME/paths/PATH`."
        yield subject.at("invalid-target", detail, *place)
