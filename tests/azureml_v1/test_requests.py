"""How many requests each step makes: at most what docs/adr/0012-requests-of-sdk-v1.md says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.metrics import keep
from specrun.engines.azure import records
from specrun.engines.azureml_v1 import workspaces
from specrun.plan.changes import Action
from tests.azure_engines.launching import Launch, launch
from tests.azureml_v1.place import Place, resource

DOCUMENT = Path(__file__).parents[2] / "docs" / "adr" / "0012-requests-of-sdk-v1.md"
ROW = re.compile(r"\| (?P<step>[^|]+?) \| (?P<sdk>[^|]+?) \| (?P<most>\d+) \|")
JOB = """
code: src
command: python train.py ${{ inputs.digits }} ${{ outputs.model }}
inputs: {digits: {data: digits}}
outputs: {model: {}}
environment: {image: python:3.11}
"""
SCRIPT = """
import pathlib, sys
pathlib.Path(sys.argv[2], "model.txt").write_text("model")
print("trained")
"""
DATASTORE = "datastores: {more: {type: azure_blob, account_name: mlstore, container_name: more}}\n"


def bounds() -> dict[str, int]:
    """The steps of the document, and how many requests each may make."""
    return {row["step"]: int(row["most"]) for row in ROW.finditer(DOCUMENT.read_text("utf-8"))}


@pytest.fixture
def launched(place: Place) -> Launch:
    """A workspace with a cluster, and an SDK that has found its services: what it caches in HOME is warm."""
    done = launch(place, JOB, SCRIPT)
    done.engine.resources.observe(resource(done.spec, "compute/cpu-cluster"))
    return done


def count(place: Place, work: Callable[[], object]) -> int:
    return len(place.routes(work))


@pytest.mark.parametrize(
    ("step", "key"),
    [
        ("look at the workspace", "workspace/ml-ws"),
        ("look at a cluster", "compute/cpu-cluster"),
        ("look at data on the default datastore", "data/default/sets/digits"),
    ],
)
def test_looking(launched: Launch, step: str, key: str) -> None:
    place, engine = launched.place, launched.renew()
    engine.resources.observe(resource(launched.spec, "workspace/ml-ws"))
    used = count(place, lambda: engine.resources.observe(resource(launched.spec, key)))
    again = count(place, lambda: launched.renew().resources.observe(resource(launched.spec, "workspace/ml-ws")))
    assert (again if key.startswith("workspace") else used) <= bounds()[step]


def test_making_a_workspace(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "LOOK", 3600.0)  # not even when it takes long
    spec = place.spec("compute: cpu-cluster\n")
    engine = place.engine(spec)
    engine.resources.observe(resource(spec, "workspace/ml-ws"))
    place.emulator.service.creating_reads = 0
    used = count(place, lambda: place.change(engine, Action.CREATE, resource(spec, "workspace/ml-ws")))
    assert used <= bounds()["make a workspace and its resource group"]


def test_making_scaling_and_deleting_a_cluster(launched: Launch) -> None:
    place, engine = launched.place, launched.renew()
    text = "compute: {name: other, size: STANDARD_DS3_V2, max_instances: %d}\n"
    spec = place.spec(text % 2)
    engine.resources.observe(resource(spec, "compute/other"))
    used = count(place, lambda: place.change(engine, Action.CREATE, resource(spec, "compute/other")))
    assert used <= bounds()["make a cluster"]
    spec = place.spec(text % 4)
    used = count(place, lambda: place.change(engine, Action.UPDATE, resource(spec, "compute/other")))
    assert used <= bounds()["scale a cluster"]
    used = count(place, lambda: place.change(engine, Action.DELETE, resource(spec, "compute/other")))
    assert used <= bounds()["delete a cluster"]


def test_sending_data(launched: Launch) -> None:
    """Of one file, and the list of it; each further one is one request more."""
    place, engine = launched.place, launched.renew()
    engine.resources.observe(resource(launched.spec, "data/default/sets/digits"))
    target = resource(launched.spec, "data/default/sets/digits")
    assert count(place, lambda: place.change(engine, Action.CREATE, target)) <= bounds()["send one file"]


def test_a_run_from_its_submission_to_its_files(
    launched: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records.Lease, "_renew", lambda lease: None)  # not even when it takes long
    place, engine = launched.place, launched.renew()
    target = resource(launched.spec, "data/default/sets/digits")
    place.change(engine, Action.CREATE, target)
    assert engine.runs.list().runs == []
    names: list[str] = []
    assert count(place, lambda: names.append(launched.submit())) <= bounds()["submit a run with new code"]
    assert launched.run(names[0]).wait(timeout=60)
    assert count(place, lambda: engine.runs.get(names[0])) <= bounds()["see that a run has ended, and how"]
    assert count(place, lambda: engine.runs.logs(names[0], {})) <= bounds()["read the log of one role"]

    fresh = launched.renew()
    fresh.resources.observe(resource(launched.spec, "workspace/ml-ws"))
    assert count(place, fresh.runs.list) <= bounds()["list the runs, a page"]
    assert count(place, lambda: fresh.runs.cancel(names[0])) == 0, "it has ended"
    listed = bounds()["find a run that was only listed"]
    assert count(place, lambda: fresh.runs.outputs(names[0])) <= bounds()["list what is there of a run's outputs"]
    assert (
        count(place, lambda: fresh.metrics.logged(names[0]))
        <= bounds()["the same where MLflow has none: its event files"]
    )
    keep(launched.plane, launched.run(names[0]), "loss", {"loss": "double"}, "", [{"data": {"loss": 1.0}}])
    anew = launched.renew()
    anew.resources.observe(resource(launched.spec, "workspace/ml-ws"))
    assert count(place, lambda: anew.metrics.logged(names[0])) <= bounds()["read a run's metrics"]
    fetched = count(place, lambda: fresh.runs.fetch(names[0], "model/model.txt", tmp_path / "m"))
    assert fetched <= listed + bounds()["fetch one file"]
    assert (tmp_path / "m").read_text() == "model"
    assert count(place, lambda: fresh.runs.identity(names[0])) <= bounds()["read what a run consisted of"]


def test_every_step_of_the_document_is_measured() -> None:
    source = Path(__file__).read_text("utf-8")
    assert len(bounds()) > 12
    assert [step for step in bounds() if f'"{step}"' not in source] == []
