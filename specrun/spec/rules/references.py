"""What one part of a spec says about another must exist there."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.spec.datastore_paths import DEFAULT_NAME, STORAGE_SCHEMES, leaves, parse
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.nearest import suggestion
from specrun.spec.rules.data import near_datastore, plain_problem
from specrun.spec.rules.subject import Subject, lacks, mapping, text

# What may follow azureml:// besides: the long forms of the same, and what other jobs and registries have.
_OTHER_ADDRESSES = ("subscriptions", "registries", "jobs", "locations")
_DATASTORES = "azureml://datastores/"
_OUT = (
    "It may not have `.` or `..` in it, nor either of them in an encoded form such as `%2e%2e`: what they leave is "
    "decided by whoever reads the address. Write out where it leads to."
)


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
            if path is None or not path.lower().startswith(("azureml://", *STORAGE_SCHEMES)):
                continue
            place = ("job", section, name, "path")
            problem = _address_problem(path)
            if problem is not None:
                yield subject.at("invalid-target", problem, *place)
            elif path.startswith(_DATASTORES):
                yield from near_datastore(subject, path[len(_DATASTORES) :].partition("/")[0], *place)


def _address_problem(path: str) -> str | None:
    """Why an address is none of something on a datastore, or not the plain one; None where it is."""
    if not path.startswith("azureml://"):
        return _OUT if leaves(path) else None
    if not path.startswith(_DATASTORES):
        kind = path.removeprefix("azureml://").partition("/")[0]
        if kind not in _OTHER_ADDRESSES:
            return f"Nothing in Azure ML is at azureml://{kind}. Write `{_DATASTORES}NAME/paths/PATH`."
        return _OUT if leaves(path) else None
    store, paths, rest = path[len(_DATASTORES) :].partition("/paths/")
    if not paths or not store or "/" in store:
        return f"Write `{_DATASTORES}NAME/paths/PATH`, with the datastore's name and the path on it."
    return (plain_problem(rest) if rest else None) or (_OUT if leaves(path) else None)


def outputs_into_data(subject: Subject) -> Iterator[Diagnostic]:
    """No output lies at or below the target of an entry of `data`: the job would write into what it is known by."""
    targets = {_target(name, entry): name for name, entry in subject.data.items() if isinstance(name, str)}
    for name, value in mapping(subject.job.get("outputs")).items() if targets else ():
        path = parse(text(mapping(value).get("path")) or "")
        parts = path.path.split("/") if path is not None else []
        found = (targets.get((path.datastore, "/".join(parts[:end]))) for end in range(len(parts), 0, -1) if path)
        entry = next((one for one in found if one is not None), None)
        if entry is not None:
            place = ("job", "outputs", name, "path")
            there = f"`data.{entry}` ({subject.line(('data', entry), place)})"
            detail = (
                f"{there} mirrors its source there: what the job writes would be extra files of it, and change what "
                "the next run reads. Give the output a path of its own."
            )
            yield subject.at("output-into-data", detail, *place, other=("data", entry))


def _target(name: str, entry: object) -> tuple[str, str]:
    """Where an entry of `data` goes: datastore and path."""
    found = mapping(entry)
    return text(found.get("datastore")) or DEFAULT_NAME, (text(found.get("target")) or name).strip("/")
