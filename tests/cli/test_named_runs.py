"""Verbs about runs take a run's name in place of a FILE, and find out where it is; in this process."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied
from specrun.plan.observed import Run, RunStatus
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

RUN = Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED)
OTHER = Run("job-9999999999-2", "job", "9999999999", 2, RunStatus.SUCCEEDED)
JOB = "name: job\njob: {command: ls}\n"
WHERE = "workspace: {{name: {}, resource_group: rg, subscription_id: 7e1c2f3a-0000-4000-8000-000000000001}}"
IN = f"name: {{}}\nengine: azureml\n{WHERE}\njob: {{{{command: ls}}}}\n"
VERBS = ("status", "logs", "outputs")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `--engine local` stands for here; the working folder is a repository, and its state has RUN."""
    double = Double(asks=False, all_runs=[RUN, OTHER])
    offer(monkeypatch, "local", double)
    Path(".git").mkdir()
    for run in (RUN, OTHER):
        Path(".specrun/runs", run.name).mkdir(parents=True, mode=0o700)
    for folder in (Path(".specrun"), Path(".specrun/runs")):
        folder.chmod(0o700)
    return double


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> dict[str, Double]:
    """Two workspaces, which `--engine azureml` stands for, in a repository without any state."""
    Path(".git").mkdir(exist_ok=True)
    doubles = {name: Double() for name in ("east", "west")}
    for name, double in doubles.items():
        double.place = replace(double.place, workspace=name, title=f"workspace {name}")
    offer(monkeypatch, "azureml", *doubles.values(), by_workspace=True)
    return doubles


def asked(double: Double) -> list[str]:
    return [call for call in double.calls if call.startswith("run")]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("words", [("job-0123456789",), ("--run", "job-0123456789")])
def test_a_run_of_this_machine_needs_no_spec(
    specrun: Command, machine: Double, monkeypatch: pytest.MonkeyPatch, verb: str, words: tuple[str, ...]
) -> None:
    below = Path("a/b")
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    said = specrun(verb, *words)
    assert said.code == 0, said.err
    assert set(asked(machine)) == {f"run {RUN.name}"}, "no list is read"
    assert "job.yaml" not in said.err


def test_several_names_and_files_are_told_one_after_the_other(specrun: Command, machine: Double) -> None:
    said = specrun("status", OTHER.name, RUN.name, OTHER.name, "-o", "json")
    assert [run["name"] for run in json.loads(said.out)] == [OTHER.name, RUN.name]
    assert [run["place"] for run in json.loads(said.out)] == [{"engine": "local", "target": "a double"}] * 2
    write_spec(Path.cwd(), JOB)
    said = specrun("status", RUN.name, "job.yaml", "-o", "json")
    assert [run["name"] for run in json.loads(said.out)] == [RUN.name, OTHER.name]
    said = specrun("status", "job-aaaaaaaaaa", RUN.name, "-o", "json")
    assert (said.code, [run["name"] for run in json.loads(said.out)]) == (1, [RUN.name])
    assert "there is no run job-aaaaaaaaaa on " in said.err


def test_cancel_ends_those_that_are_named(specrun: Command, machine: Double) -> None:
    machine.all_runs = [replace(RUN, status=RunStatus.RUNNING), replace(OTHER, status=RunStatus.RUNNING)]
    machine.statuses = {run.name: [RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.CANCELLED] for run in (RUN, OTHER)}
    said = specrun("cancel", RUN.name, OTHER.name)
    assert (said.code, said.out) == (0, f"{RUN.name} is cancelled\n{OTHER.name} is cancelled\n")
    assert machine.cancelled == [RUN.name, OTHER.name]
    said = specrun("cancel", RUN.name)
    assert (said.code, said.out) == (0, f"{RUN.name} has ended already: cancelled\n")
    assert specrun("cancel").code == 65
    assert specrun("cancel", "--all", RUN.name).code == 64


@pytest.mark.parametrize("strange", [{"repository": "github.com/org/other"}, {"target": "prod"}])
def test_cancel_spares_what_is_of_others(specrun: Command, machine: Double, strange: dict[str, str]) -> None:
    Path(".specrun.yaml").write_text("repository: github.com/org/models\n")
    machine.all_runs = [replace(RUN, status=RunStatus.RUNNING, **strange)]  # type: ignore[arg-type]
    machine.statuses = {RUN.name: [RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.CANCELLED]}
    said = specrun("cancel", RUN.name, "--target", "dev")
    assert (said.code, machine.cancelled) == (4, [])
    Path(".specrun.yaml").write_text("repository: [\n")
    assert (specrun("cancel", RUN.name).code, machine.cancelled) == (65, []), "whose it is cannot be known"
    assert specrun("status", RUN.name).code == 0


def test_a_name_that_is_a_file_too(specrun: Command, machine: Double) -> None:
    Path(RUN.name).mkdir()
    Path(RUN.name, "model.bin").write_text("x")
    assert specrun("status", RUN.name).out.startswith(RUN.name), "a folder that `outputs --fetch` has made"
    write_spec(Path(RUN.name), JOB)
    said = specrun("status", RUN.name)
    assert (said.code, f"say `--run {RUN.name}`, or `./{RUN.name}`" in said.err) == (64, True)
    assert specrun("status", "--run", RUN.name).out.startswith(RUN.name)
    assert specrun("status", f"./{RUN.name}").out.startswith(OTHER.name)
    shutil.rmtree(Path(".specrun/runs", RUN.name))
    said = specrun("status", RUN.name)
    assert said.out.startswith(OTHER.name)
    assert f"using the folder of specs {RUN.name}: `--run {RUN.name}` means a run of that name" in said.err


def test_what_is_no_runs_name_is_a_file(specrun: Command, machine: Double) -> None:
    for word, told in (
        ("job-012345678", True),
        ("job", True),
        ("job-0123456789.yaml", False),
        ("./job-0123456789", False),
    ):
        said = specrun("status", word)
        assert (said.code, "a run's name is SPEC-FINGERPRINT" in said.err) == (65, told), word


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("verb", VERBS)
def test_elsewhere_it_is_where_the_spec_of_its_name_goes(
    specrun: Command, places: dict[str, Double], verb: str, lists: bool
) -> None:
    write_spec(Path("specs"), IN.format("job", "east"), "job.yaml")
    write_spec(Path("specs"), IN.format("other", "west"), "other.yaml")
    write_spec(Path("specs"), "name: ${{ vars.x }}\nvars: {x: job}\nengine: azureml\n", "broken.yaml")
    if lists:
        Path(".specrun.yaml").write_text("specs: [specs/job.yaml, specs/other.yaml]\n")
    else:
        Path("specs/broken.yaml").unlink()
    places["east"].all_runs = [RUN]
    said = specrun(verb, RUN.name)
    assert said.code == 0, said.err
    assert set(asked(places["east"])) == {f"run {RUN.name}"}
    assert places["west"].calls == []


def test_a_run_of_a_spec_that_is_gone(specrun: Command, places: dict[str, Double]) -> None:
    write_spec(Path.cwd(), IN.format("other", "west"), "other.yaml")
    places["west"].all_runs = [RUN]
    said = specrun("status", RUN.name)
    assert said.code == 1
    assert said.err.splitlines()[0] == f"there is no run {RUN.name} on this machine"
    assert said.err.splitlines()[1].startswith("specrun has kept no state here: ")
    assert f"  specrun status --run {RUN.name} FILE" in said.err
    said = specrun("status", RUN.name, "--engine", "azureml")
    assert said.err.startswith(f"nothing says where {RUN.name} is\nNo spec here is called job: say a FILE")
    assert specrun("status", "--run", RUN.name, "other.yaml").out.startswith(RUN.name)
    write_spec(Path.cwd(), IN.format("job", "east"))
    said = specrun("logs", RUN.name, "--engine", "azureml")
    assert (said.code, said.err) == (1, f"there is no run {RUN.name} in workspace east\n")


def test_a_run_in_two_workspaces_is_chosen_by_the_target(specrun: Command, places: dict[str, Double]) -> None:
    targets = "".join(f"  {name}: {{{WHERE.format(at)}}}\n" for name, at in (("dev", "east"), ("prod", "west")))
    write_spec(Path.cwd(), f"name: job\nengine: azureml\ntargets:\n{targets}job: {{command: ls}}\n")
    places["west"].all_runs = [replace(RUN, target="prod")]
    assert specrun("status", RUN.name).code == 0
    places["east"].all_runs = [replace(RUN, target="dev")]
    said = specrun("status", RUN.name)
    assert (said.code, "workspace east and workspace west" in said.err, "--target" in said.err) == (64, True, True)
    assert specrun("status", RUN.name, "--target", "dev").code == 0
    places["east"].faults = {"sign_in": [Denied("nobody is let in")]}
    assert specrun("status", RUN.name).code == 0, "one place does not hide the other"
    places["west"].all_runs = []
    places["east"].faults = {"sign_in": [Denied("nobody is let in")]}
    said = specrun("status", RUN.name)
    assert (said.code, said.err) == (1, "error: nobody is let in\n")


def test_this_machine_comes_first_and_a_run_that_has_ended_here_ends_there(
    specrun: Command, machine: Double, places: dict[str, Double]
) -> None:
    write_spec(Path.cwd(), IN.format("job", "east"))
    there = places["east"]
    there.all_runs = [replace(RUN, status=RunStatus.RUNNING)]
    there.statuses = {RUN.name: [RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.CANCELLED]}
    said = specrun("status", RUN.name)
    assert (said.code, asked(there)) == (0, [])
    assert "--engine azureml takes the one in workspace east" in said.err
    assert specrun("status", RUN.name, "--engine", "azureml").code == 0
    assert specrun("cancel", RUN.name, "--engine", "local").out == f"{RUN.name} has ended already: succeeded\n"
    assert there.cancelled == []
    assert specrun("cancel", RUN.name).out == f"{RUN.name} is cancelled\n"
    assert (machine.cancelled, there.cancelled) == ([], [RUN.name])


def test_one_place_that_does_not_answer_hides_no_other(specrun: Any, places: dict[str, Double]) -> None:
    for name, place in (("job", "east"), ("other", "west")):
        write_spec(Path.cwd(), IN.format(name, place), f"{name}.yaml")
        places[place].all_runs = [Run(f"{name}-0123456789", name, "0123456789", 1, RunStatus.SUCCEEDED)]
    for verb in (*VERBS, "runs"):
        places["east"].faults = {"sign_in": [Denied("nobody is let in")]}
        said = specrun(verb, "job.yaml", "other.yaml")
        assert (said.code, "error: workspace east: nobody is let in" in said.err) == (1, True), verb
        assert asked(places["west"]), verb
        places["west"].calls.clear()
