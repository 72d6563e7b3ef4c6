"""Python is given the answers of the command line, for good specs and for bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import specrun
from specrun.api import specs
from specrun.apply.opening import open_loaded
from specrun.apply.project import Project
from specrun.cli.main import run as command_line
from specrun.engines.reliable import Reliable

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "cases" / "rules").glob("*.yaml"))[::40]
EXAMPLES = sorted((ROOT / "specs" / "examples").glob("digits-*/job.yaml"))

JOB = "apiVersion: specrun/v1\nname: one\nvars: {n: 1}\njob: {code: src, command: 'python train.py ${{ vars.n }}'}\n"


def told(*arguments: str) -> Any:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        command_line([*arguments, "-o", "json"])
    return json.loads(out.getvalue())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)\n")
    (tmp_path / "job.yaml").write_text(JOB)
    return tmp_path


@pytest.mark.parametrize("spec", [*CASES, *EXAMPLES], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_mistakes_are_those_of_validate(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spec.parent)
    expected = told("validate", spec.name)
    found = specrun.load(spec.name).validate()
    assert json.loads(json.dumps(found.data())) == expected
    assert found.valid is expected["valid"]


def test_mistakes_are_those_of_an_engine_that_was_chosen(folder: Path) -> None:
    expected = told("validate", "job.yaml", "--engine", "azureml")
    assert expected["diagnostics"]
    assert json.loads(json.dumps(specrun.load("job.yaml", engine="azureml").validate().data())) == expected


def test_a_plan_is_that_of_the_command_line(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    expected = told("plan", "job.yaml", "--var", "n=2")
    plan = specrun.load(Path("job.yaml"), vars={"n": 2}).plan()
    assert json.loads(json.dumps(plan.data())) == expected
    assert plan.pending
    assert [(one.address, one.action, one.place) for one in plan.changes] == [("run/one", "submit", "this machine")]
    assert "1 to submit" in repr(plan)
    assert "1 to submit" in plan._repr_html_()
    assert plan._repr_markdown_().startswith("```text\nPlan for this machine")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "typed"), [(10, "10"), (0.5, "0.5"), (True, "true"), ("10", "'10'"), ("a b", "a b"), ("", "")]
)
def test_a_value_of_python_is_that_value(folder: Path, value: Any, typed: str) -> None:
    """A text stays one, and what a shell would make of it does not matter."""
    there = specrun.load("job.yaml", vars={"n": value}).plan().fingerprints
    assert there == told("plan", "job.yaml", "--var", f"n={typed}")["fingerprints"]


def test_a_value_that_no_variable_has_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="vars: n is list"):
        specrun.load("job.yaml", vars={"n": [1]})  # type: ignore[dict-item]


def test_engine_and_target_are_those_of_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECRUN_ENGINE", "azureml")
    assert json.loads(json.dumps(specrun.load("job.yaml").validate().data())) == told("validate", "job.yaml")
    (folder / "job.yaml").write_text(JOB + "targets: {dev: {vars: {n: 2}}, prod: {vars: {n: 3}}}\n")
    monkeypatch.setenv("SPECRUN_ENGINE", "local")
    with pytest.raises(specrun.UsageError, match="choose a target") as refused:
        specrun.load("job.yaml").plan()
    assert refused.value.code == 64
    monkeypatch.setenv("SPECRUN_TARGET", "prod")
    assert specrun.load("job.yaml").plan().fingerprints == specrun.load("job.yaml", target="prod").plan().fingerprints


def test_without_a_file_it_is_the_one_that_a_command_means(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder / "src")
    assert specrun.load().plan().pending
    (folder / "job.yaml").unlink()
    with pytest.raises(specrun.SpecInvalid, match="no-specs"):
        specrun.load().plan()


def test_files_are_found_from_where_they_were_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = specrun.load("job.yaml")
    monkeypatch.chdir("/")
    assert job.validate().valid


def test_mistakes_stop_a_plan_with_the_same_values(folder: Path) -> None:
    (folder / "job.yaml").write_text(JOB.replace("command", "comand"))
    job = specrun.load("job.yaml")
    with pytest.raises(specrun.SpecInvalid) as refused:
        job.plan()
    assert refused.value.code == 65
    assert {one.code for one in refused.value.diagnostics} >= {"unknown-key"}
    assert "job.yaml:4:" in str(refused.value)
    with pytest.raises(specrun.SpecInvalid):
        job.validate().check()
    assert job.validate()[0].location.line == 4
    html = job.validate()._repr_html_()
    assert "unknown-key" in html


def test_an_engine_that_there_is_not_is_told_as_everywhere(folder: Path) -> None:
    with pytest.raises(specrun.UsageError, match=r"no engine `azure` \(it has: local, azureml, azureml-v1\)"):
        specrun.load("job.yaml", engine="azure").validate()


def test_what_a_rule_forbids_is_refused_and_nothing_is_run(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".specrun.yaml").write_text("rules:\n  required_tags: [team]\n")
    found = specrun.load("job.yaml").validate()
    assert (found.valid, len(found.broken)) == (True, 1)
    assert json.loads(json.dumps(found.data())) == told("validate", "job.yaml")
    for ask in (found.check, lambda: specrun.load("job.yaml").apply(yes=True)):
        with pytest.raises(specrun.Refused) as refused:
            ask()
        assert refused.value.code == 4
    assert not specrun.load("job.yaml").runs()


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every place costs money."""

    def opened(*arguments: Any, **options: Any) -> Project:
        project = open_loaded(*arguments, **options)
        for engine in project.engines.values():
            engine.facts = replace(engine.facts, asks=True)
        return project

    monkeypatch.setattr(specs, "open_loaded", opened)


@pytest.mark.usefixtures("asking")
def test_what_costs_money_wants_a_yes(folder: Path) -> None:
    job = specrun.load("job.yaml")
    with pytest.raises(specrun.ConfirmationNeeded, match=r"yes=True:\nPlan for this machine") as refused:
        job.apply()
    assert refused.value.plan.pending
    assert not job.runs()


@pytest.mark.usefixtures("asking")
def test_what_cannot_be_done_is_raised_with_what_there_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(*_: object) -> None:
        raise specrun.Quota("there is no room")

    monkeypatch.setattr(Reliable, "submit", submit)
    with pytest.raises(specrun.ApplyFailed, match="run/one: there is no room") as failed:
        specrun.load("job.yaml").apply(yes=True)
    assert (failed.value.code, len(failed.value.runs)) == (1, 0)


def test_it_works_in_a_running_loop_and_in_any_thread(folder: Path) -> None:
    async def in_loop() -> bool:
        return specrun.load("job.yaml").plan().pending

    def in_none() -> bool:
        return specrun.load("job.yaml").validate().valid

    with ThreadPoolExecutor() as threads:  # in the one of the tests may be a loop, of the browser
        assert threads.submit(lambda: asyncio.run(in_loop())).result()
        assert threads.submit(in_none).result()


def test_hostile_names_are_text_in_a_notebook(folder: Path) -> None:
    shutil.rmtree(folder / "src")
    (folder / "job.yaml").write_text(JOB.replace("name: one", "name: '<img src=x onerror=alert(1)>'"))
    html = specrun.load("job.yaml").validate()._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
