"""A plan is applied once: what it has submitted is followed, what is done is done, and then it is spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, Observed, RunStatus, Status
from specrun.plan.provenance import Provenance
from tests.engine_double import Double, offer, write_spec

TEXT = """\
name: job
compute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}
data: {d: {path: data, prune: true}}
job: {command: 'echo ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
OTHER = "name: other\njob: {command: ls}\n"
WHEN = 1_800_000_000.0
ALICE = Provenance(commit="0123456789abcdef", user="alice", ci="https://ci.example/7")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    write_spec(tmp_path, TEXT, data__a="1")
    write_spec(tmp_path, OTHER, "other.yaml")
    (tmp_path / ".git").mkdir()
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


@pytest.fixture
def plan(specrun: Any, engine: Double) -> str:
    """Two specs, planned."""
    assert specrun("plan", "job.yaml", "other.yaml", "--out", "the.plan").code == 0
    return "the.plan"


def became(engine: Double, name: str, status: RunStatus, loss: Loss | None = None) -> None:
    """What a run is from now on."""
    number = next(number for number, run in enumerate(engine.all_runs) if run.spec == name)
    run = replace(engine.all_runs[number], status=status, loss=loss, submitted=WHEN, provenance=ALICE)
    engine.all_runs[number] = run
    engine.statuses[run.name] = [status]


@pytest.mark.parametrize(
    ("status", "code"),
    [(RunStatus.SUCCEEDED, 0), (RunStatus.FAILED, 100), (RunStatus.CANCELLED, 103), (RunStatus.LOST, 100)],
)
def test_a_run_that_goes_on_is_followed_and_then_it_is_spent(
    specrun: Any, engine: Double, plan: str, status: RunStatus, code: int
) -> None:
    assert specrun("apply", plan, "--detach").code == 0
    engine.all_runs.sort(key=lambda run: run.name)
    job, other = (run.name for run in engine.all_runs)
    became(engine, "job", RunStatus.SUCCEEDED)
    became(engine, "other", RunStatus.RUNNING)
    assert specrun("plan", "--check", plan).code == 0
    engine.statuses[other] = [RunStatus.RUNNING, RunStatus.RUNNING, status]
    assert specrun("apply", plan).code == code
    assert len(engine.submitted) == 2
    said = specrun("apply", plan)
    assert (said.code, said.out) == (5, "")
    _, head, *runs = said.err.splitlines()
    runs.sort()
    assert head == "the.plan is spent: what it submits has run, and nothing is left to do. Plan again to run more."
    assert runs[0].startswith(f"  {job}: succeeded, submitted 2027-01-15 08:00:00 UTC by alice, ")
    assert runs[0].endswith("commit 0123456789, https://ci.example/7")
    assert runs[1].startswith(f"  {other}: {status.value}, ")
    assert len(engine.submitted) == 2
    assert (specrun("plan", "--check", plan).code, specrun("plan", "--check", plan, "-o", "json").code) == (5, 5)


def test_a_rerun_runs_once(specrun: Any, engine: Double) -> None:
    assert specrun("apply", "job.yaml", "other.yaml").code == 0
    assert specrun("plan", "job.yaml", "other.yaml", "--rerun", "--out", "the.plan").code == 0
    engine.faults["begin run/other"] = [Denied("not now")]
    assert specrun("apply", "the.plan").code == 1
    assert [run.name[-2:] for run in engine.all_runs[2:]] == ["-2"]
    said = specrun("apply", "the.plan")
    assert said.code == 0, said.err
    assert sorted(run.attempt for run in engine.all_runs) == [1, 1, 2, 2]
    said = specrun("apply", "the.plan")
    assert (said.code, said.err.count("-2: succeeded")) == (5, 2)
    assert len(engine.submitted) == 4


def test_a_rerun_follows_what_had_not_ended(specrun: Any, engine: Double) -> None:
    """It asked for no run then, and asks for none now that it has ended."""
    assert specrun("apply", "other.yaml", "--detach").code == 0
    became(engine, "other", RunStatus.RUNNING)
    assert specrun("plan", "other.yaml", "--rerun", "--out", "the.plan").code == 0
    became(engine, "other", RunStatus.FAILED)
    assert specrun("apply", "the.plan").code == 100
    assert len(engine.submitted) == 1


def test_what_the_platform_ended_is_not_tried_again_by_the_same_plan(specrun: Any, engine: Double, plan: str) -> None:
    engine.faults["begin run/other"] = [Denied("not now")]
    assert specrun("apply", plan).code == 1
    became(engine, "job", RunStatus.LOST, Loss.PREEMPTED)
    assert specrun("apply", plan).code == 100  # the other is submitted now
    assert [run.attempt for run in engine.all_runs] == [1, 1]
    said = specrun("apply", plan)
    assert (said.code, "job-" in said.err, ": lost, " in said.err) == (5, True, True)
    assert specrun("apply", "job.yaml", "other.yaml").code == 0
    assert [run.attempt for run in engine.all_runs] == [1, 1, 2]
    assert specrun("apply", plan).code == 5  # somebody has planned again


def test_a_run_that_was_followed_and_lost_makes_it_stale(specrun: Any, engine: Double) -> None:
    assert specrun("apply", "other.yaml", "--detach").code == 0
    became(engine, "other", RunStatus.RUNNING)
    assert specrun("plan", "other.yaml", "--out", "the.plan").code == 0
    became(engine, "other", RunStatus.LOST, Loss.PREEMPTED)
    said = specrun("apply", "the.plan")
    assert (said.code, "was to be followed, and now" in said.err) == (5, True)


def test_a_plan_that_submits_nothing_is_never_spent(specrun: Any, engine: Double) -> None:
    write_spec(Path.cwd(), "name: job\ncompute: {name: gpu, size: STANDARD_DS3_V2}\ndata: {d: {path: data}}\n")
    assert specrun("plan", "--out", "the.plan").code == 0
    assert specrun("apply", "the.plan").code == 0
    said = specrun("plan", "--check", "the.plan")
    assert (said.code, said.out) == (0, "the.plan holds: 2 changes, 2 of them done\n")
    given = len(engine.given)
    assert specrun("apply", "the.plan").code == 0
    assert len(engine.given) == given == 2
    # Nor is one whose run had ended, whichever way: it counts again, as without a plan.
    assert specrun("apply", "other.yaml").code == 0
    became(engine, "other", RunStatus.FAILED)
    assert specrun("plan", "other.yaml", "--out", "the.plan").code == 0
    assert (specrun("apply", "the.plan").code, specrun("plan", "--check", "the.plan").code) == (100, 0)


def test_what_is_left_beside_ended_runs_is_done(specrun: Any, engine: Double, plan: str) -> None:
    """A cluster that somebody deletes meanwhile is made again: the plan has it."""
    assert specrun("apply", plan).code == 0
    del engine.there["compute/gpu"]
    assert specrun("apply", plan).code == 0
    assert specrun("apply", plan).code == 5
    engine.creating["compute/gpu"] = 2
    assert specrun("apply", plan).code == 0


@pytest.mark.parametrize("failed", ["compute/gpu", "data/default/d", "run/job"])
def test_a_killed_apply_goes_on_from_the_same_file(specrun: Any, engine: Double, plan: str, failed: str) -> None:
    engine.faults[f"begin {failed}"] = [Denied("not now")]
    assert specrun("apply", plan).code == 1
    assert specrun("plan", "--check", plan).code == 0
    assert specrun("apply", plan).code == 0
    changes = [change.key.address for change in engine.given]
    assert (sorted(changes), len(engine.all_runs)) == (["compute/gpu", "data/default/d"], 2)
    assert specrun("apply", plan).code == 5


CHECKS: dict[str, tuple[Sequence[str], int, str]] = {
    "equal": (("the.plan",), 0, ""),
    "with permissions": (("the.plan", "--allow-replace", "--max-runs", "1"), 0, ""),
    "with what it was made with": (("the.plan", "--engine", "local"), 64, "other values of --engine"),
    "FILEs": (("the.plan", "job.yaml"), 64, "takes the specs that the plan was made of: no FILEs"),
    "out": (("the.plan", "--out", "x.plan"), 64, "--out goes with a plan that is made"),
    "exit code": (("the.plan", "--exit-code"), 64, "--exit-code goes with a plan that is made"),
    "markdown": (("the.plan", "-o", "markdown"), 64, "-o text or -o json"),
    "changed": (("the.plan", "--changed-since", "HEAD"), 64, "it has the specs that it was made of"),
    "a spec": (("job.yaml",), 64, "job.yaml is no saved plan: `specrun plan --out PLAN` saves one"),
    "nothing there": (("gone.plan",), 64, "gone.plan is no saved plan"),
    "cut off": (("cut.plan",), 1, "cut.plan is a damaged plan"),
}


def test_a_check_says_what_it_wants(specrun: Any, engine: Double, plan: str) -> None:
    Path("cut.plan").write_text(Path(plan).read_text()[:300])
    for case, (arguments, code, words) in CHECKS.items():
        said = specrun("plan", "--check", *arguments)
        assert (said.code, words in said.err) == (code, True), (case, said.err)
        if case == "markdown":  # a comment says why there is none
            assert said.out.startswith("<!-- specrun plan -->"), said.out
        else:
            assert said.out == ("" if code else "the.plan holds: 4 changes\n"), case
        assert "using job.yaml" not in said.err, case
    assert (engine.given, engine.submitted) == ([], [])


def test_a_saved_plan_is_no_spec_to_plan(specrun: Any, engine: Double, plan: str) -> None:
    said = specrun("plan", plan)
    assert (said.code, "`specrun plan --check` compares it" in said.err) == (64, True)


def test_a_check_needs_no_permission_and_no_secret(specrun: Any, engine: Double) -> None:
    engine.there["compute/gpu"] = Observed(Status.READY, {"size": "STANDARD_NC6"}, maker=Maker("job"))
    text = TEXT.replace("inputs: {d", "environment_variables: {KEY: '${{ secrets.NOT_SET }}'}, inputs: {d")
    write_spec(Path.cwd(), text)
    assert specrun("plan", "--allow-replace", "--out", "the.plan").code == 0
    assert specrun("plan", "--check", "the.plan").code == 0
    assert specrun("apply", "the.plan").code in (4, 65)


def test_programs_are_told_what_a_check_found(specrun: Any, engine: Double, plan: str) -> None:
    def checked(code: int) -> dict[str, Any]:
        said = specrun("plan", "--check", plan, "-o", "json")
        assert said.code == code
        found: dict[str, Any] = json.loads(said.out)
        return found

    assert checked(0) == {
        "format_version": "1.0",
        "plan": plan,
        "result": "equal",
        "differences": [],
        "runs": [],
        "changes": 4,
        "left": 4,
    }
    assert specrun("apply", plan).code == 0
    spent = checked(5)
    assert (spent["result"], [run["status"] for run in spent["runs"]]) == ("spent", ["succeeded", "succeeded"])
    assert {"submitted", "user", "ci", "place"} <= spent["runs"][0].keys()
    Path("data/a").write_text("another")
    stale = checked(5)
    assert (stale["result"], stale["differences"][0][:34]) == ("stale", "data/default/d changed since the p")
    write_spec(Path.cwd(), TEXT.replace("2}", "3}"))
    assert checked(5)["differences"][0].startswith("job.yaml changed since the plan was made")


def test_what_cannot_be_looked_at_is_not_called_equal(specrun: Any, engine: Double, plan: str) -> None:
    engine.faults["observe compute/gpu"] = [Denied("no right to look")]
    said = specrun("plan", "--check", plan)
    assert (said.code, said.out, "no right to look" in said.err) == (1, "", True)
