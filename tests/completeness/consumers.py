"""What each part of specrun makes of a spec, as values that can be compared.

A consumer is asked twice, with two specs that differ in one field: where its answers are the same, it does not use the
field.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml

from specrun.convert.azureml import import_azureml
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.sources import Refused, Source
from specrun.convert.to_azureml import export_azureml
from specrun.convert.to_tfjob import export_tfjob
from specrun.plan.submission import Submission
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.load import load
from specrun.spec.model import Spec
from specrun.spec.processes import Distribution
from tests.completeness import senders
from tests.completeness.probes import documents, write

ROOT = Path(__file__).parents[2]
Consumer = Callable[[Spec, Path], object]


def specs_of(leaf: str, folder: Path) -> tuple[Spec, Spec]:
    """A field's two specs, in a folder with the files that they name."""
    write(folder)
    found = []
    for document in documents(leaf):
        file = folder / "job.yaml"
        file.write_text(json.dumps(document))
        loaded = load([str(file)], engine="azureml")
        assert loaded.ok, (leaf, loaded.diagnostics)
        found += loaded.specs
    return found[0], found[1]


def model(spec: Spec, home: Path) -> object:
    """All of it, but the digest of its text."""
    return dataclasses.replace(spec, digest="")


def submission(spec: Spec, home: Path) -> Submission:
    """The run as it is planned where nothing has run."""
    return senders.submission_of(senders.plan_of(spec, home), spec)


def fingerprint(spec: Spec, home: Path) -> object:
    return submission(spec, home).fingerprint


def to_azureml(spec: Spec, home: Path) -> object:
    return export_azureml(spec)


def from_azureml(spec: Spec, home: Path) -> object:
    """What comes back of what was exported: the specs, and what is told of the fields."""
    files = export_azureml(spec)
    sources = [Source(str(spec.file.parent / name), text, yaml.safe_load(text)) for name, text in files.items()]
    try:
        return [_shown(one) for one in import_azureml(sources, ImportOptions(name=spec.name, folder=spec.file.parent))]
    except Refused as refused:
        return refused.message


def _shown(imported: Imported) -> object:
    return imported.draft.values()


def to_tfjob(spec: Spec, home: Path) -> object:
    """The file, and what is said of it. A job of one process gets a worker, which a TFJob has to have."""
    assert spec.job is not None
    if spec.job.distribution is None:
        spec = dataclasses.replace(spec, job=dataclasses.replace(spec.job, distribution=Distribution("tensorflow")))
    text, said = export_tfjob(spec)
    return text, _told(said)


def _told(said: Iterable[Diagnostic]) -> list[object]:
    return [(one.code, one.path, one.detail) for one in said if one.severity is not Severity.NOTE]


@cache
def rows() -> frozenset[tuple[str, ...]]:
    """The fields that the engines' page has a row about."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(ROOT / "docs")
        page = importlib.import_module("generate_engines")
    return frozenset(row.path for group in page.GROUPS.values() for row in group)


CONSUMERS: Mapping[str, Consumer] = {
    "model": model,
    "local": senders.local,
    "azureml": senders.azureml,
    "azureml-v1": senders.azureml_v1,
    "export azureml": to_azureml,
    "import azureml": from_azureml,
    "export tfjob": to_tfjob,
}
