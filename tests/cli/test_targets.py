"""One of a spec's targets, on every verb: which is meant, what is left out, and what is said where none is chosen."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from specrun.plan.observed import Run, RunStatus
from tests.cli.conftest import Command
from tests.engine_double import Double, offer

FILES = {
    "base.yaml": """\
apiVersion: specrun/v1
abstract: true
vars: {steps: 1, word: base}
targets:
  dev: {vars: {word: dev}}
  prod: {vars: {word: prod}}
""",
    "a.yaml": """\
apiVersion: specrun/v1
name: a
extends: base.yaml
job:
  command: echo ${{ vars.word }} ${{ vars.steps }}
""",
    "b.yaml": "apiVersion: specrun/v1\nname: b\nvars: {steps: 1}\njob:\n  command: echo ${{ vars.steps }}\n"
    "targets: {dev: {}, eu: {}}\n",
    "c.yaml": "apiVersion: specrun/v1\nname: c\njob: {command: echo c}\n",
}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SPECRUN_TARGET", raising=False)
    (tmp_path / ".git").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(
            text.replace("{command: echo $", "{command: 'echo $").replace("steps }}}", "steps }}'}")
        )
    return tmp_path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


def planned(out: str) -> list[str]:
    """The specs whose runs stand in a plan."""
    return [change["name"] for change in json.loads(out)["resource_changes"] if change["type"] == "run"]


@pytest.mark.parametrize(
    ("option", "variable", "own", "repositorys", "word"),
    [
        ("prod", "dev", "dev", "dev", "prod"),
        ("", "prod", "dev", "dev", "prod"),
        ("", "", "prod", "dev", "prod"),
        ("", "", "", "prod", "prod"),
    ],
)
def test_the_first_that_says_a_target(
    specrun: Command,
    engine: Double,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    variable: str,
    own: str,
    repositorys: str,
    word: str,
) -> None:
    monkeypatch.setenv("SPECRUN_TARGET", variable)
    if own:
        with (repository / "a.yaml").open("a") as spec:
            spec.write(f"default_target: {own}\n")
    (repository / ".specrun.yaml").write_text(f"default_target: {repositorys}\n")
    said = specrun("plan", "a.yaml", "-o", "json", *(["--target", option] if option else []))
    assert said.code == 0, said.err
    assert json.loads(said.out)["targets"] == [word]
    assert specrun("apply", "a.yaml", "--detach", *(["--target", option] if option else [])).code == 0
    assert [submission.job.command for submission, _ in engine.submitted] == [f"echo {word} 1"]


VERBS = [
    ["plan"],
    ["apply"],
    ["destroy", "--yes"],
    ["unlock"],
    ["show"],
    ["graph"],
    ["export", "azureml"],
    ["export", "tfjob"],
    ["export", "config"],
    ["status"],
    ["logs"],
    ["outputs"],
    ["cancel"],
    ["runs"],
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_verb_wants_to_know_the_target(specrun: Command, engine: Double, verb: list[str]) -> None:
    said = specrun(*verb, "a.yaml", "b.yaml", "c.yaml")
    assert said.code == 64
    assert said.err.splitlines() == [
        "choose a target: --target NAME, SPECRUN_TARGET, or `default_target` in the spec or in .specrun.yaml",
        "  dev, prod: a.yaml",
        "  dev, eu: b.yaml",
    ]
    assert said.out == ""
    assert engine.calls == []


@pytest.mark.parametrize("verb", [["validate"], *VERBS], ids=" ".join)
def test_a_target_that_no_spec_has(specrun: Command, engine: Double, verb: list[str]) -> None:
    said = specrun(*verb, "a.yaml", "b.yaml", "c.yaml", "--target", "prdo")
    assert said.code == 64
    assert said.err == "no spec that was given has the target `prdo`. Did you mean `prod`?\n"
    assert engine.calls == []


def test_what_lacks_the_target_is_left_out_and_counted(specrun: Command, engine: Double, repository: Path) -> None:
    said = specrun("plan", "a.yaml", "b.yaml", "c.yaml", "--target", "prod", "-o", "json")
    assert said.code == 0
    assert said.err == "1 spec without the target `prod` is left out: b.yaml\n"
    assert planned(said.out) == ["a", "c"]
    for number in range(7):
        (repository / f"d{number}.yaml").write_text(FILES["b.yaml"].replace("name: b", f"name: d{number}"))
    more = [f"d{number}.yaml" for number in range(7)]
    engine.all_runs = [Run(f"{name}-0123456789", name, "0123456789", 1, RunStatus.SUCCEEDED) for name in "abc"]
    said = specrun("status", "a.yaml", *more, "--target", "prod", "-o", "json")
    assert said.err == (
        "7 specs without the target `prod` are left out: d0.yaml, d1.yaml, d2.yaml, d3.yaml, d4.yaml, … and 2 more\n"
    )
    assert json.loads(said.out)["spec"] == "a"


def test_the_repositorys_usual_target_is_not_every_specs(specrun: Command, engine: Double, repository: Path) -> None:
    (repository / ".specrun.yaml").write_text("default_target: eu\n")
    said = specrun("plan", "a.yaml", "b.yaml", "c.yaml", "-o", "json")
    assert (said.code, said.err) == (0, "1 spec without the target `eu` is left out: a.yaml\n")
    assert planned(said.out) == ["b", "c"]
    for verb in (["plan"], ["status"]):
        said = specrun(*verb, "a.yaml")
        assert said.code == 64
        assert said.err.splitlines() == [
            "no spec that was given has the target `eu`, the `default_target` of .specrun.yaml: choose another",
            "  dev, prod: a.yaml",
        ]


def test_a_spec_without_targets_belongs_to_every_target(
    specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECRUN_TARGET", "whichever")
    said = specrun("plan", "c.yaml", "-o", "json")
    assert (said.code, said.err, json.loads(said.out)["targets"]) == (0, "", [])


def test_validate_checks_every_target(specrun: Command, repository: Path) -> None:
    (repository / ".specrun.yaml").write_text("default_target: dev\n")
    with (repository / "b.yaml").open("a") as spec:
        spec.write("  # of a target that is not the usual one\n")
    (repository / "b.yaml").write_text(FILES["b.yaml"].replace("eu: {}", "eu: {job: {limits: {timeout: -1}}}"))
    for arguments in ([], ["--engine", "local"]):
        said = specrun("validate", "a.yaml", "b.yaml", "c.yaml", *arguments)
        assert said.code == 65
        assert "b.yaml:6:" in said.out
        assert re.search("1 error(, . notes?)? in 3 files", said.out)
        assert specrun("validate", "b.yaml", "--target", "dev", *arguments).code == 0


def test_the_target_is_told_wherever_a_plan_is(specrun: Command, engine: Double) -> None:
    said = specrun("plan", "a.yaml", "--target", "prod")
    assert said.out.startswith("Plan for this machine (engine local) · target prod\n")
    said = specrun("plan", "a.yaml", "--target", "prod", "-o", "markdown")
    assert said.out.splitlines()[2] == "### specrun plan: 1 to submit · target prod · this machine (local)"
    assert specrun("plan", "c.yaml").out.startswith("Plan for this machine (engine local)\n")


def test_how_to_follow_a_run_says_which_target(specrun: Command, engine: Double) -> None:
    Path("vars.yaml").write_text("")
    given = ("a.yaml", "--target", "prod", "--var-file", "vars.yaml")
    name = next(
        change["run"]["name"] for change in json.loads(specrun("plan", *given, "-o", "json").out)["resource_changes"]
    )
    engine.statuses[name] = [RunStatus.RUNNING]
    said = specrun("apply", *given, "--detach")
    assert said.code == 0
    assert f"specrun logs {name} --target prod --var-file vars.yaml -f" in said.err


def test_a_saved_plan_keeps_the_target_and_the_names_of_variables(
    specrun: Command, engine: Double, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "vars.yaml").write_text("steps: 7\n")
    given = ("--target", "prod", "--var-file", "vars.yaml")
    assert specrun("plan", "a.yaml", *given, "--out", "the.plan").code == 0
    call = json.loads(Path("the.plan").read_text())["call"]
    assert (call["target"], call["var_files"]) == ("prod", ["vars.yaml"])
    monkeypatch.setenv("SPECRUN_TARGET", "dev")  # which the plan does not read
    assert "with other values of --target" in specrun("apply", "the.plan", "--target", "dev").err
    said = specrun("apply", "the.plan")
    assert said.code == 0, said.err
    assert said.err.startswith("the.plan was made by: specrun plan a.yaml --target prod --var-file vars.yaml\n")
    assert [submission.job.command for submission, _ in engine.submitted] == ["echo prod 7"]
    (repository / "vars.yaml").write_text("steps: 8\n")
    assert specrun("apply", "the.plan").code == 5


def test_variables_from_elsewhere_are_said_again(
    specrun: Command, engine: Double, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "vars.yaml"
    elsewhere.write_text("steps: 7\n")
    given = ("--target", "prod", "--var-file", str(elsewhere))
    assert specrun("plan", "a.yaml", *given, "--out", "the.plan").code == 0
    said = specrun("apply", "the.plan")
    assert (said.code, engine.submitted) == (4, [])
    assert f"if that is meant, add --var-file {os.path.relpath(elsewhere)}" in said.err
    assert specrun("apply", "the.plan", "--var-file", str(elsewhere)).code == 0


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_of_a_base_nothing_is_made(specrun: Command, engine: Double, verb: list[str]) -> None:
    if verb == ["show"]:
        return  # which shows what there is of it
    for target in ((), ("--target", "prod")):
        said = specrun(*verb, "base.yaml", *target)
        assert said.code == 65
        assert "a base of others" in said.err
    assert engine.calls == []
