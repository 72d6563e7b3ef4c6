"""Registered models in Python: rows with where they come from, in the words of the command line."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from pathlib import Path

import pytest

import specrun
from specrun.cli.main import run as command_line
from specrun.engines.base import EngineError
from specrun.engines.local.models import LocalModels

PREP = """\
apiVersion: specrun/v1
name: prep
job:
  command: echo 1 > ${{ outputs.features }}/f.txt
  outputs: {features: {}}
"""
TRAIN = """\
apiVersion: specrun/v1
name: train
vars: {lr: 1}
job:
  command: echo ${{ vars.lr }} > ${{ outputs.model }}/w.txt && cp w.txt ${{ outputs.log }}
  code: src
  inputs: {features: {run: prep, output: features}}
  outputs: {model: {register: {name: digits}}, log: {register: {name: logs}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of each of two models, and one that nobody of specrun has registered."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "src").mkdir()
    (folder / "src" / "w.txt").write_text("w")
    (folder / "prep.yaml").write_text(PREP)
    (folder / "train.yaml").write_text(TRAIN)
    for rate in (1, 2):
        specrun.load(folder / "prep.yaml", folder / "train.yaml", vars={"lr": rate}).apply().check()
    theirs = folder / ".specrun" / "models" / "digits" / "3"
    shutil.copytree(theirs.with_name("2"), theirs)
    (theirs / "model.json").write_text('{"type": "mlflow_model", "created": 1e10, "tags": {"<b>": "=1"}}')
    return folder


def told(*arguments: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert command_line(["models", *arguments]) == 0
    return out.getvalue()


def test_versions_are_rows_with_the_columns_of_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    job = specrun.load("train.yaml")
    assert [f"{one.name}:{one.version}" for one in job.models()] == ["digits:3", "logs:2"]
    versions = job.models("digits")
    rows = versions.rows()
    (head, *lines) = csv.reader(io.StringIO(told("digits", "-o", "csv")))
    assert [list(row) for row in rows] == [head] * 3
    assert [
        [str(row[name] or "").lower() for name in ("version", "run", "fingerprint", "reads", "path")] for row in rows
    ] == [[line[head.index(name)] for name in ("version", "run", "fingerprint", "reads", "path")] for line in lines]
    assert json.loads(told("digits", "-o", "json")) == json.loads(json.dumps(versions.data()))
    assert json.loads(told("digits:2", "-o", "json")) == json.loads(json.dumps(versions[1].data()))
    assert [one.version for one in job.models("digits", limit=2)] == ["3", "2"]
    assert len(job.models("nothing")) == 0
    assert repr(job.models("nothing")) == "no models yet"


def test_a_version_leads_to_its_run_and_back(folder: Path) -> None:
    job = specrun.load(folder / "train.yaml")
    model = job.model("digits", 2)
    assert (model.type, model["run"], model.created is not None) == ("custom_model", model.run.name, True)
    assert Path(model.path, "w.txt").read_text() == "2\n"
    assert model.run.params["lr"] == 2
    assert [str(one.observed) for one in model.run.registered] == ["digits:2", "logs:2"]
    assert model.run.registered[0] == model
    assert specrun.load(folder / "prep.yaml").runs()[0].registered.rows() == []
    (train,) = model.lineage
    (prep,) = train["sources"]
    assert (train["kind"], train["name"], prep["input"], prep["spec"]) == ("run", model.run.name, "features", "prep")
    assert "as features, succeeded" in repr(model)


def test_a_version_that_is_not_there_is_told_with_what_is(folder: Path) -> None:
    job = specrun.load(folder / "train.yaml")
    with pytest.raises(
        specrun.Missing, match="no model digits:7 on this machine: there are digits:3, digits:2, digits:1"
    ):
        job.model("digits", 7)
    with pytest.raises(specrun.Missing, match="no model digit:latest on this machine: there are digits, logs"):
        job.model("digit")
    with pytest.raises(specrun.Missing, match="something else has registered it"):
        job.model("digits").run.wait()


def test_what_somebody_else_wrote_is_text_in_a_notebook(folder: Path) -> None:
    job = specrun.load(folder / "train.yaml")
    table = job.models("digits")._repr_html_()
    assert "<th>run</th>" in table
    assert "<th>trial</th>" not in table  # none of them has one
    assert "not registered by specrun" in repr(job.models("digits"))
    assert "<pre>" in job.model("digits")._repr_html_()
    assert "digits:3" in job.model("digits")._repr_markdown_()


def test_what_cannot_be_read_stands_in_the_notes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: LocalModels, model: str, run: str, output: str) -> None:
        raise EngineError("the disk is gone")

    (run,) = specrun.load(folder / "train.yaml").runs(limit=1)
    monkeypatch.setattr(LocalModels, "of_run", refuse)
    assert run.registered.notes == ["model digits: the disk is gone", "model logs: the disk is gone"]
