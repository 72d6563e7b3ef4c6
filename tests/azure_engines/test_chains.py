"""Runs that read what earlier runs have written, carried out in a workspace: with both SDKs, and each other's."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from emulator.addresses import resolve
from emulator.faults import Status
from emulator.runs_state import Run
from specrun.engines.azure.run_record import record_in
from tests import commands
from tests.azure_engines.by_hand import add_cluster
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import Place
from tests.azureml_v2.sweeping import JOB, LOGGING, SWEEP

HEAD = "apiVersion: specrun/v1\nname: {}\nworkspace: {{from_config: config.json}}\ncompute: cpu\n"
ENVIRONMENT = "environment: {image: 'python:3.11'}\n"
PREP = """
command: >-
  mkdir -p ${{ outputs.features }}/deep outputs && echo features > ${{ outputs.features }}/deep/f.txt
  && echo placed > ${{ outputs.placed }}/p.txt && echo default > outputs/d.txt
outputs: {features: {}, placed: {path: azureml://datastores/workspaceblobstore/paths/shared/prep, mode: upload}}
"""
TRAIN = """
command: >-
  cat ${{ inputs.features }}/deep/f.txt ${{ inputs.placed }}/p.txt ${{ inputs.default }}/d.txt
  > ${{ outputs.model }}/m.txt
inputs:
  features: {run: prep, output: features}
  placed: {run: prep, output: placed}
  default: {run: prep, output: default, mode: download}
outputs: {model: {}}
"""
EVALUATE = """
command: cp ${{ inputs.model }}/m.txt ${{ outputs.report }}/r.txt
inputs: {model: {run: train, output: model}}
outputs: {report: {}}
"""


def write(**jobs: str) -> None:
    for name, job in jobs.items():
        Path(f"{name}.yaml").write_text(f"{HEAD.format(name)}job:\n{textwrap.indent(job + ENVIRONMENT, '  ')}")


@pytest.fixture(autouse=True)
def chain(place: Place, specrun: Specrun) -> None:
    add_cluster(place, "cpu")
    Path(".git").mkdir()
    write(prep=PREP, train=TRAIN, evaluate=EVALUATE)


def runs(place: Place) -> dict[str, Run]:
    """The newest run of each spec, but for trials."""
    return {name.rpartition("-")[0]: run for name, run in place.plane.runs.items() if run.parent is None}


@pytest.mark.parametrize("engine", ["azureml"], indirect=True)
def test_three_runs_one_after_the_other_and_nothing_again(place: Place, specrun: Specrun) -> None:
    code, _, err = specrun("apply", "--yes", ".")
    assert code == 0, err
    found = runs(place)
    assert {name: run.status for name, run in found.items()} == dict.fromkeys(
        ("prep", "train", "evaluate"), "Completed"
    )
    code, _, err = specrun("outputs", found["evaluate"].id, "--fetch", "fetched")
    assert code == 0, err
    (report,) = Path("fetched").rglob("r.txt")
    assert report.read_text() == "features\nplaced\ndefault\n"
    properties = {name: value or "" for name, value in found["train"].properties.items()}
    upstream = dict.fromkeys(("features", "placed", "default"), found["prep"].id)
    assert record_in(properties)["upstream"] == upstream
    code, _, err = specrun("apply", "--yes", ".")
    assert (code, len(place.plane.runs)) == (0, 3), err


@pytest.mark.slow
def test_what_the_other_sdk_has_run_is_read_and_registered(place: Place, specrun: Specrun, engine: str) -> None:
    other = "azureml" if engine == "azureml-v1" else "azureml-v1"
    assert specrun("apply", "--yes", "prep.yaml", "--engine", other)[0] == 0
    code, _, err = specrun("apply", "--yes", "train.yaml", "evaluate.yaml")
    assert code == 0, err
    found = runs(place)
    assert {name: run.job is None for name, run in found.items()} == {
        "prep": other == "azureml-v1",
        "train": engine == "azureml-v1",
        "evaluate": engine == "azureml-v1",
    }
    write(train=TRAIN.replace("model: {}", "model: {register: {name: digits}}"))
    code, _, err = specrun("apply", "--yes", "train.yaml", "--engine", "azureml")
    assert (code, len(place.plane.runs)) == (0, 3), err
    (model,) = place.plane.assets.of("models", "digits")
    assert model.tags["specrun-run"] == found["train"].id
    address = resolve(place.plane, model.properties["modelUri"])
    assert place.plane.blobs.read(address.store.container, f"{address.path}/m.txt") == b"features\nplaced\ndefault\n"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["azureml"], indirect=True)
def test_of_a_sweep_the_best_trial_is_read_and_registered(place: Place, specrun: Specrun) -> None:
    Path("src").mkdir()
    Path("src/train.py").write_text(LOGGING)
    tune = JOB.partition("environment")[0].replace("model: {}", "model: {register: {name: digits}}")
    read = EVALUATE.replace("m.txt", "model.txt")
    write(tune=tune, evaluate=read.replace("train", "tune"))
    write(again=read.replace("run: train, output: model", "model: digits, version: 1"))
    with Path("tune.yaml").open("a") as file:
        file.write(textwrap.dedent(SWEEP))
    code, _, err = specrun("apply", "--yes", "tune.yaml", "evaluate.yaml")
    assert code == 0, err
    tune, best = (found := runs(place))["tune"].id, found["tune"].properties["best_child_run_id"]
    (model,) = place.plane.assets.of("models", "digits")
    assert (model.tags["specrun-run"], model.tags["specrun-trial"]) == (tune, best)
    code, _, err = specrun("apply", "--yes", "again.yaml")
    assert code == 0, err
    for name, reads in (("evaluate", {"upstream": {"model": best}}), ("again", {"models": {"model": "digits:1"}})):
        run = runs(place)[name]
        record = record_in({key: text or "" for key, text in run.properties.items()})
        assert reads.items() <= record.items()
        assert specrun("outputs", run.id, "--fetch", name)[0] == 0
        assert [file.read_text() for file in Path(name).rglob("r.txt")] == ["0.75"]
    before = len(place.plane.runs)
    code, _, err = specrun("apply", "--yes", "tune.yaml", "evaluate.yaml", "again.yaml")
    assert (code, len(place.plane.runs), len(place.plane.assets.of("models", "digits"))) == (0, before, 1), err
    write(**{name: read.replace("train", "tune").replace("r.txt", "other.txt") for name in ("evaluate", "third")})
    code, out, err = specrun("plan", "tune.yaml", "evaluate.yaml", "third.yaml")
    assert (code, "Plan: 2 to submit." in out) == (0, True), out + err
    blobs = place.plane.blobs.container(place.plane.datastores[place.plane.default].container)
    blobs.delete_blob(f"azureml/{best}/model/model.txt")
    code, _, err = specrun("plan", "tune.yaml", "evaluate.yaml", "third.yaml")
    assert (code, "in 2 files: evaluate.yaml:8, third.yaml:8" in err, "output-gone" in err) == (1, True, True), err


@pytest.mark.parametrize("engine", ["azureml"], indirect=True)
def test_a_run_without_mlflow_is_no_model_of_it_and_says_why(place: Place, specrun: Specrun) -> None:
    register = "outputs: {model: {register: {name: digits, type: mlflow_model}}}\n"
    for command, code, why in (
        ('python3 -I -S -c "import mlflow"', 100, "No module named 'mlflow'"),
        ("echo 1 > ${{ outputs.model }}/weights", 1, "model/digits: the output model of train-"),
        ("touch ${{ outputs.model }}/MLmodel", 1, "has an MLmodel with nothing in it, so it is no mlflow_model: have"),
        ("echo 'flavors: {python_function: {}}' > ${{ outputs.model }}/MLmodel", 0, ""),
    ):
        write(train=f"command: >-\n  {command}\n{register}")
        ended, out, err = specrun("apply", "--yes", "train.yaml", "-q")
        assert (ended, why in out + err) == (code, True), out + err
        assert len(place.plane.assets.of("models", "digits")) == (0 if code else 1)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["azureml"], indirect=True)
def test_two_applies_of_one_chain_at_once_are_one(place: Place, specrun: Specrun) -> None:
    write(train=TRAIN.replace("model: {}", "model: {register: {name: digits}}"))
    called = ["apply", "--yes", "--quiet", "."]
    both = [commands.start(called, place.folder, os.environ, "azureml") for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert sorted(run.id.partition("-")[0] for run in place.plane.runs.values()) == ["evaluate", "prep", "train"]
    assert len(place.plane.assets.of("models", "digits")) == 1


@pytest.mark.parametrize("engine", ["azureml"], indirect=True)
def test_an_apply_that_was_killed_before_it_registered_is_finished_by_the_next(place: Place, specrun: Specrun) -> None:
    write(prep=PREP.replace("features: {}", "features: {register: {name: digits}}"))
    place.emulator.faults.add(
        "PUT management.azure.com /subscriptions/{sub}/resourceGroups/{group}/providers/"
        "Microsoft.MachineLearningServices/workspaces/{ws}/models/{name}/versions/{version}",
        Status(403, "AuthorizationFailed", "not now"),
    )
    code, _, err = specrun("apply", "--yes", "prep.yaml")
    assert (code != 0, "register digits:1" in err, len(place.plane.runs)) == (True, True, 1), err
    code, out, err = specrun("plan", "prep.yaml")
    assert (code, "is no version of it yet" in out + err) == (0, True), out + err
    code, _, err = specrun("apply", "--yes", "prep.yaml")
    assert (code, len(place.plane.runs), len(place.plane.assets.of("models", "digits"))) == (0, 1, 1), err
    run = runs(place)["prep"].id
    code, out, err = specrun("models", "prep.yaml")
    assert (code, out.splitlines()[0].split()[0], run in out) == (0, "digits:1", True), err
    code, out, err = specrun("models", "digits:latest", "prep.yaml")
    assert (code, f"  made of\n    {run}  succeeded" in out) == (0, True), out + err
    code, out, err = specrun("status", "prep.yaml")
    assert (code, "  model        digits:1, its output features\n" in out) == (0, True), out + err
    code, out, err = specrun("export", "endpoint", "digits", "prep.yaml", "--out-dir", "out")
    assert (code, out.splitlines()[1]) == (
        65,
        "  az ml online-endpoint create -f out/endpoint.yml -g ml-rg -w ml-ws",
    ), err
    assert "\nmodel: azureml:digits:1\n" in Path("out/deployment.yml").read_text()


def test_what_a_later_run_has_written_where_an_output_has_its_place_is_told(place: Place, specrun: Specrun) -> None:
    for prep in (PREP, PREP.replace("echo placed", "echo other")):
        write(prep=prep)
        assert specrun("apply", "--yes", "prep.yaml")[0] == 0
    write(prep=PREP)
    code, _, err = specrun("plan", "prep.yaml", "train.yaml")
    told = " ".join(err.split())
    assert (code, told.count("error["), "train.yaml:12:5: error[output-replaced]" in told) == (1, 1, True), err
    first, second = sorted(place.plane.runs.values(), key=lambda run: run.created)
    assert f"{first.id} has written to azureml://datastores/workspaceblobstore/paths/shared/prep, and so has" in told
    assert second.id in told


def test_what_was_deleted_where_an_output_has_a_place_is_told_too(place: Place, specrun: Specrun) -> None:
    assert specrun("apply", "--yes", "prep.yaml")[0] == 0
    container = place.plane.datastores["workspaceblobstore"].container
    blobs = place.plane.blobs.container(container)
    blobs.delete_blob("shared/prep/p.txt")
    blobs.upload_blob("shared/prepared/p.txt", b"another's")
    code, _, err = specrun("plan", "prep.yaml", "train.yaml")
    told = " ".join(err.split())
    assert (code, told.count("upstream-output-gone"), "train.yaml:12:5: error[" in told) == (1, 1, True), err
    assert "`placed` at azureml://datastores/workspaceblobstore/paths/shared/prep: it was deleted" in told


def test_what_was_deleted_of_an_output_is_told_before_anything_is_submitted(place: Place, specrun: Specrun) -> None:
    assert specrun("apply", "--yes", "prep.yaml")[0] == 0
    for store in ("workspaceblobstore", "workspaceartifactstore"):
        container = place.plane.datastores[store].container
        for blob in list(place.plane.blobs.paths(container, "")):
            if blob.endswith("deep/f.txt"):
                place.plane.blobs.container(container).delete_blob(blob)
    code, _, err = specrun("apply", "--yes", "prep.yaml", "train.yaml")
    assert (code, "train.yaml:11:5: error[upstream-output-gone]" in err, len(place.plane.runs)) == (1, True, 1), err
    assert err.count("upstream-output-gone") == 1, err
    assert specrun("apply", "--yes", "--rerun", "prep.yaml")[0] == 0
    assert specrun("apply", "--yes", "prep.yaml", "train.yaml")[0] == 0
