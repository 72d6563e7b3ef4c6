"""Any valid spec becomes files that their programs read, and those become specs again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from specrun.convert.azureml import import_azureml
from specrun.convert.options import ImportOptions
from specrun.convert.sources import read_yaml
from specrun.convert.to_azureml import export_azureml
from specrun.convert.to_tfjob import export_tfjob
from specrun.plan.kinds.run import RunChange
from specrun.spec.load import load
from specrun.spec.model import Spec
from tests.convert.meaning.meant import meant
from tests.convert.strategies import furnish, specs
from tests.engine_double import Double, plan_for
from tests.searching import drawn

pytestmark = [pytest.mark.slow, pytest.mark.long]
SLOW = [
    HealthCheck.function_scoped_fixture,
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
]


def many(sample: int) -> Any:
    return drawn(sample, 50 * sample, suppress_health_check=SLOW)


@pytest.fixture(autouse=True)
def furnished(tmp_path: Path) -> None:
    furnish(tmp_path)


def written(folder: Path, files: Mapping[str, str]) -> list[Path]:
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in files]


def imported(folder: Path, spec: Spec) -> Spec:
    """The spec that becomes of a spec's files: that of the job, if there is one."""
    paths = written(folder, export_azureml(spec))
    found = import_azureml([read_yaml(str(path)) for path in paths], ImportOptions(folder=folder))
    for one in found:
        assert not one.files or all("/" not in name for name in one.files)
        written(folder, one.files)
        (folder / f"imported-{one.name}.yaml").write_text(one.draft.text(), encoding="utf-8")
    first = folder / f"imported-{found[0].name}.yaml"
    loaded = load([str(first)])
    assert loaded.ok, (loaded.diagnostics, first.read_text())
    return loaded.specs[0]


@many(35)
@given(st.data())
def test_the_sdk_reads_all_files(tmp_path: Path, data: st.DataObject) -> None:
    from azure.ai.ml import load_compute, load_data, load_datastore, load_job

    read = {"job": load_job, "compute": load_compute, "data": load_data, "datastore": load_datastore}
    for path in written(tmp_path, export_azureml(data.draw(specs(tmp_path)))):
        assert read[path.stem.partition("-")[0]](path)


@many(35)
@given(st.data())
def test_any_spec_becomes_a_tfjob_or_says_why_not(tmp_path: Path, data: st.DataObject) -> None:
    spec = data.draw(specs(tmp_path))
    text, notes = export_tfjob(spec)
    assert text or notes
    if text:
        assert yaml.safe_load(text)["kind"] == "TFJob"


@many(50)
@given(st.data())
def test_any_spec_survives_the_way_there_and_back(tmp_path: Path, data: st.DataObject) -> None:
    spec = data.draw(specs(tmp_path))
    if spec.job is not None:
        assert meant(imported(tmp_path, spec)) == meant(spec)


@many(50)
@given(st.data())
def test_the_fingerprint_survives(tmp_path: Path, data: st.DataObject) -> None:
    spec = data.draw(specs(tmp_path, portable=True))
    assert identity(tmp_path, imported(tmp_path, spec)) == identity(tmp_path, spec)


def identity(folder: Path, spec: Spec) -> Mapping[str, object]:
    """What the fingerprint is taken of."""
    (identity,) = (
        change.submission.identity
        for change in plan_for(Double(), [spec], folder / "home").changes
        if isinstance(change, RunChange)
    )
    return identity
