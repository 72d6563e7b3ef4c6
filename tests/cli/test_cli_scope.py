"""What the verbs do about runs of another repository, and a run that is adopted, in this process."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.plan.observed import Run, RunStatus
from tests.engine_double import Double, offer, write_spec

JOB = "name: job\njob: {command: ls}\n"
OURS, THEIRS = "github.com/org/models", "github.com/org/other"
MINE = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING, repository=OURS)
STRANGE = Run("job-9999999999", "job", "9999999999", 1, RunStatus.RUNNING, repository=THEIRS)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `--engine local` stands for here; the working folder is a repository with a name."""
    double = Double(asks=False, statuses={one.name: [one.status] for one in (MINE, STRANGE)})
    offer(monkeypatch, "local", double)
    Path(".git").mkdir()
    Path(".specrun.yaml").write_text(f"repository: {OURS}\n")
    write_spec(Path.cwd(), JOB)
    return double


def test_a_plan_names_what_it_does_not_consider(specrun: Any, engine: Double) -> None:
    engine.all_runs = [STRANGE]
    said = specrun("plan", "--cancel-previous")
    assert said.code == 0
    assert f"1 run of another repository ({THEIRS}) named job: not considered" in " ".join(said.out.split())
    assert "cancels" not in said.out


@pytest.mark.parametrize("verb", ["status", "logs", "outputs"])
def test_verbs_take_the_newest_of_ones_own_and_any_by_name(specrun: Any, engine: Double, verb: str) -> None:
    engine.all_runs = [replace(MINE, status=RunStatus.SUCCEEDED), STRANGE]
    said = specrun(verb)
    assert (said.code, f"run {MINE.name}" in engine.calls or MINE.name in said.err) == (0, True)
    assert f"run {STRANGE.name}" not in engine.calls
    assert specrun(verb, "--run", STRANGE.name).code == 0
    engine.all_runs = [STRANGE]
    said = specrun(verb)
    assert said.code == 1
    told = f"note: 1 run of another repository ({THEIRS}) named job is passed over: --run {STRANGE.name} shows one"
    assert said.err.splitlines()[:2] == [told, "job has no runs on a double: `specrun apply` starts one"]


def test_runs_lists_ones_own_and_says_that_there_are_others(specrun: Any, engine: Double) -> None:
    engine.all_runs = [MINE, STRANGE]
    said = specrun("runs", "-o", "json")
    assert [run["name"] for run in json.loads(said.out)] == [MINE.name]
    assert f"1 run of another repository ({THEIRS}) named job is passed over" in said.err


def test_cancel_ends_no_run_of_another_repository(specrun: Any, engine: Double) -> None:
    engine.all_runs = [STRANGE]
    said = specrun("cancel")
    assert (said.code, said.out) == (0, "job has no unfinished run on a double\n")
    assert "is passed over" in said.err
    said = specrun("cancel", "--run", STRANGE.name)
    assert said.code == 4
    assert f"{STRANGE.name} is a run of job of {THEIRS}: it is ended from there, or in the portal" in said.err
    engine.all_runs = [replace(STRANGE, repository=OURS, target="prod")]
    said = specrun("cancel", "--run", STRANGE.name)
    assert said.code == 4
    assert f"is a run of job of {OURS} for target prod: it is ended with its own --target" in said.err
    assert engine.cancelled == []


def test_an_adoption_can_be_saved_and_is_asked_for(specrun: Any, engine: Double) -> None:
    digest = next(iter(json.loads(specrun("plan", "-o", "json").out)["fingerprints"].values()))
    old = Run(f"old-{digest[:10]}", "old", digest, 1, RunStatus.SUCCEEDED, repository=OURS)
    engine.all_runs = [old]
    assert specrun("plan", "--adopt", "old", "--exit-code", "--out", "the.plan").code == 2
    assert specrun("plan", "--out", "other.plan").code == 0
    assert specrun("apply", "other.plan", "--adopt", "old").code == 64
    said = specrun("apply", "the.plan")
    assert said.code == 0, said.err
    assert said.err.splitlines()[0] == "the.plan was made by: specrun plan job.yaml --adopt old"
    assert engine.all_runs[0].adopted == ("job",)
    assert (engine.submitted, specrun("plan", "--exit-code").code) == ([], 0)
    assert specrun("apply", "the.plan").code == 0, "it is done: that is no difference"
    assert specrun("status").code == 0


def test_a_saved_plan_adopts_nothing_that_was_not_planned(specrun: Any, engine: Double) -> None:
    assert specrun("plan", "--out", "the.plan").code == 0
    content = json.loads(Path("the.plan").read_text())
    old = Run(
        f"old-{content['fingerprints']['job'][:10]}", "old", content["fingerprints"]["job"], 1, RunStatus.SUCCEEDED
    )
    engine.all_runs = [old]
    content["call"]["adopt"] = ["old"]
    Path("the.plan").write_text(json.dumps(content))
    said = specrun("apply", "the.plan")
    assert said.code == 5
    assert f"{old.name} would be adopted, too" in said.err
    content["call"]["adopt"] = ["../old"]
    Path("the.plan").write_text(json.dumps(content))
    assert specrun("apply", "the.plan").code == 1
    assert not [call for call in engine.calls if call.startswith("adopt")]


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "-x"])
def test_what_is_no_name_is_not_adopted(specrun: Any, engine: Double, name: str) -> None:
    assert specrun("plan", f"--adopt={name}").code == 64


def test_runs_of_two_targets_are_told_apart(specrun: Any, engine: Double) -> None:
    write_spec(Path.cwd(), "name: job\ntargets: {dev: {}, prod: {}}\njob: {command: ls}\n")
    dev, prod = replace(MINE, target="dev"), replace(STRANGE, repository=OURS, target="prod")
    engine.all_runs = [dev, prod]
    for target, mine in (("dev", dev), ("prod", prod)):
        said = specrun("runs", "--target", target, "-o", "json")
        assert [run["name"] for run in json.loads(said.out)] == [mine.name]
    plan = json.loads(specrun("plan", "--target", "prod", "--cancel-previous", "-o", "json").out)
    assert plan["resource_changes"][0]["run"]["cancels"] == [prod.name]
    engine.statuses[dev.name] = [RunStatus.RUNNING, RunStatus.CANCELLED]
    assert specrun("cancel", "--target", "dev").code == 0
    assert engine.cancelled == [dev.name]
