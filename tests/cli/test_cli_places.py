"""Specs of several places in one call, and files that are edited while a plan is looked at."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, RunStatus, Status, StoredFile
from specrun.plan.resources import Place
from tests.engine_double import Double, offer, write_spec

IDS = "resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc"


def in_workspace(name: str, spec: str = "job", most: int = 2) -> Path:
    """A spec with a cluster and a job of these names, in a workspace."""
    text = (
        f"name: {spec}\nengine: azureml\nworkspace: {{name: {name}, {IDS}}}\n"
        f"compute: {{name: gpu, max_instances: {most}}}\njob: {{command: ls}}\n"
    )
    return write_spec(Path.cwd(), text, f"{name}.yaml")


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> dict[str, Double]:
    """What `azureml` stands for here: two workspaces that are there."""
    doubles = {}
    for name in ("east", "west"):
        there = {f"workspace/{name}": Observed(Status.READY)}
        doubles[name] = Double(place=Place("", name, f"workspace {name}"), there=there)
    offer(monkeypatch, "azureml", *doubles.values(), by_workspace=True)
    in_workspace("east")
    in_workspace("west", most=3)
    return doubles


BOTH = ("east.yaml", "west.yaml")


def test_a_plan_has_a_section_for_each_place(specrun: Any, places: dict[str, Double]) -> None:
    said = specrun("plan", *BOTH)
    assert (said.code, said.err) == (0, "")
    east, west = said.out.split("Plan for workspace west (engine azureml)\n")
    assert east.startswith("Plan for workspace east (engine azureml)\n")
    for section, most in ((east, 2), (west, 3)):
        assert section.count("+ compute/gpu") == 1
        assert f"max_instances: {most}" in section
        assert section.count("▶ run/job") == 1
    assert west.endswith("Plan: 2 to create, 2 to submit.\n")


def test_a_comment_has_a_table_for_each_place(
    specrun: Any, places: dict[str, Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_spec(Path.cwd(), "name: here\njob: {command: ls}\n", "here.yaml")
    double = Double(place=Place("", title="this machine"), asks=False)
    offer(monkeypatch, "local", double)
    places["west"].faults = {"sign_in": [Denied("no right")]}
    said = specrun("plan", *BOTH, "here.yaml", "-o", "markdown")
    above = said.out.partition("<details>")[0]
    assert (said.code, "⛔ **Nothing can be said of workspace west (azureml)**: no right\n" in above) == (
        1,
        True,
    )
    east, here = above.partition("#### workspace east (azureml): 1 to create, 1 to submit\n")[2].split(
        "#### this machine (local): 1 to submit\n"
    )
    assert ("`compute/gpu`" in east, "▶ `job-" in east, "▶ `here-" in east) == (True, True, False)
    (row,) = [line for line in here.splitlines() if line.startswith("| `")]
    assert re.fullmatch(r"\| `here` \| ▶ `here-\w{10}`: the first run of this spec \|", row)
    alone = specrun("plan", "here.yaml", "-o", "markdown").out
    assert "####" not in alone


def test_data_name_the_place_of_each_change(specrun: Any, places: dict[str, Double]) -> None:
    data = json.loads(specrun("plan", *BOTH, "-o", "json").out)
    east, west = ({"engine": "azureml", "target": f"workspace {name}"} for name in ("east", "west"))
    assert data["places"] == [east, west]
    assert ("engine" in data, "target" in data) == (False, False)
    for name, place in (("east", east), ("west", west)):
        found = [change["address"] for change in data["resource_changes"] if change["place"] == place]
        assert found == [f"workspace/{name}", "compute/gpu", "run/job"]
    assert len(data["resource_changes"]) == 6
    assert (data["applyable"], data["complete"]) == (True, True)
    assert list(data["fingerprints"]) == ["job (workspace east, azureml)", "job (workspace west, azureml)"]
    alone = json.loads(specrun("plan", "east.yaml", "-o", "json").out)
    assert (alone["engine"], alone["target"], "places" in alone) == ("azureml", "workspace east", False)
    assert not any("place" in change for change in alone["resource_changes"])
    assert list(alone["fingerprints"]) == ["job"]


def test_each_place_gets_what_its_specs_say(specrun: Any, places: dict[str, Double]) -> None:
    """Two jobs of one name, and two clusters that differ, contradict each other within a place only."""
    said = specrun("apply", "-y", *BOTH)
    assert (said.code, "Traceback" in said.err) == (0, False)
    assert "compute/gpu on workspace east: done" in said.err
    for name, most in (("east", 2), ("west", 3)):
        assert places[name].there["compute/gpu"].properties["max_instances"] == most
        assert [run.spec for run in places[name].all_runs] == ["job"]
    assert specrun("plan", *BOTH, "--exit-code").code == 0
    assert specrun("destroy", "-y", *BOTH).code == 0
    assert [("compute/gpu" in double.there) for double in places.values()] == [False, False]


def test_within_a_place_they_contradict_each_other(specrun: Any, places: dict[str, Double]) -> None:
    text = Path("east.yaml").read_text().replace("max_instances: 2", "max_instances: 7")
    Path("again.yaml").write_text(text)
    said = specrun("plan", *BOTH, "again.yaml")
    assert said.code == 65
    assert said.err.count("error[declared-differently]") == 2
    assert "`max_instances` is `7` here, and `2` in east.yaml:5:22" in said.err
    assert "already declares a job named job" in said.err


def test_a_place_that_cannot_be_observed_does_not_hide_the_other(specrun: Any, places: dict[str, Double]) -> None:
    places["west"].faults = {"runs": [Denied("no right to read runs")] * 2}
    said = specrun("plan", *BOTH)
    assert (said.code, said.err) == (
        1,
        "error: workspace west (engine azureml): the runs so far: no right to read runs\n",
    )
    assert said.out.startswith("Plan for workspace east (engine azureml)\n")
    assert said.out.count("compute/gpu") == 1
    data = json.loads(specrun("plan", *BOTH, "-o", "json").out)
    assert [place["target"] for place in data["places"]] == ["workspace east", "workspace west"]
    assert data["places"][1]["errors"] == {"the runs so far": "no right to read runs"}
    assert (data["applyable"], data["complete"], data["errored"]) == (False, False, True)
    assert {change["place"]["target"] for change in data["resource_changes"]} == {"workspace east"}
    for verb in ("apply", "destroy"):
        places["west"].faults = {"runs": [Denied("no right to read runs")]}
        assert specrun(verb, "-y", *BOTH).code == 1
    assert not [call for double in places.values() for call in double.calls if call.startswith("begin")]


def test_what_is_wrong_with_both_places_is_said_once(specrun: Any, places: dict[str, Double]) -> None:
    for double in places.values():
        double.faults = {"sign_in": [Denied("the secret has expired")]}
    said = specrun("plan", *BOTH)
    both = "workspace east (engine azureml) and workspace west (engine azureml)"
    assert (said.code, said.out, said.err) == (1, "", f"error: {both}: the secret has expired\n")


def test_logs_of_what_is_no_run_of_the_plan_is_64(specrun: Any, places: dict[str, Double]) -> None:
    said = specrun("apply", "-y", "--logs", "other", *BOTH)
    assert (said.code, said.err) == (64, "--logs other names no run of this plan (it has: job)\n")
    assert specrun("apply", "-y", "--logs", "job", "--fail-fast", *BOTH).code == 0


def test_a_saved_plan_of_two_places(specrun: Any, places: dict[str, Double]) -> None:
    assert specrun("plan", *BOTH, "--out", "the.plan").code == 0
    assert specrun("apply", "-y", "the.plan").code == 0
    assert [len(double.all_runs) for double in places.values()] == [1, 1]
    places["west"].there["compute/gpu"] = Observed(Status.READY, {"name": "gpu", "max_instances": 9})
    assert specrun("apply", "-y", "the.plan").code == 5


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `local` stands for here, which does not ask."""
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


CONDA = "name: job\njob: {command: ls, environment: {conda_file: conda.yml}}\n"
IMAGE = "name: job\njob: {command: ls, environment: {build: {path: image}}}\n"


@pytest.mark.parametrize(("text", "name"), [(CONDA, "conda.yml"), (IMAGE, "image/Dockerfile")])
@pytest.mark.parametrize("saved", [False, True])
def test_an_environment_that_is_edited_after_the_plan_is_5_and_named(
    specrun: Any, engine: Double, text: str, name: str, saved: bool
) -> None:
    write_spec(Path.cwd(), text, conda_yml="dependencies: [six=1.16.0]\n", image__Dockerfile="FROM base\n")
    if saved:
        assert specrun("plan", "--out", "the.plan").code == 0
        Path(name).write_text("edited")
        said = specrun("apply", "the.plan")
    else:
        look, edited = engine.resources.observe, []

        def observe(resource: Any) -> Observed:
            if len(edited) == 1:  # the second look is apply's own: the plan is made
                Path(name).write_text("edited")
            edited.append(resource)
            return look(resource)

        engine.resources.observe = observe  # type: ignore[method-assign]
        said = specrun("apply")
    assert said.code == 5
    assert name in said.err
    assert "damaged" not in said.err
    assert (engine.given, engine.all_runs) == ([], [])


def test_extra_files_that_the_job_sees_are_told_with_the_plan(specrun: Any, engine: Double) -> None:
    write_spec(Path.cwd(), "name: job\ndata: {d: {path: data}}\njob: {command: ls, inputs: {d: {data: d}}}\n")
    Path("data").mkdir()
    Path("data/a.csv").write_text("1\n")
    engine.there["data/default/d"] = Observed(Status.READY, files={"old.csv": StoredFile(3, "m", Maker("job"))})
    assert "extra-files-read" not in specrun("plan").err
    engine.shows_extra = True
    for verb in ("plan", "apply"):
        said = specrun(verb)
        assert said.code == 0
        assert "note[extra-files-read]" in said.err
        assert "old.csv" in said.err
    assert json.loads(specrun("plan", "-o", "json").out)["notes"][0]["code"] == "extra-files-read"


@pytest.mark.parametrize(("verb", "fault"), [(("status", "--wait"), "run job-a"), (("logs", "-f"), "logs job-a")])
def test_one_answer_that_is_an_error_ends_no_waiting(
    specrun: Any, engine: Double, verb: tuple[str, ...], fault: str
) -> None:
    from specrun.engines.base import LogLine, Transient
    from specrun.plan.observed import Run

    write_spec(Path.cwd(), "name: job\njob: {command: ls}\n")
    engine.all_runs = [Run("job-a", "job", "a", 1, RunStatus.RUNNING)]
    engine.statuses["job-a"] = [RunStatus.RUNNING, RunStatus.SUCCEEDED]
    engine.lines = [LogLine("main", "one")]
    engine.faults[fault] = [Transient("503 Service Unavailable", 0.001)]
    assert specrun(*verb).code == 0
    assert engine.faults[fault] == []
