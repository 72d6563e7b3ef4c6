"""After the merge: the plan that was reviewed is applied, or refused with what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from action.program import Done
from tests.action.conftest import HEAD, NEXT, Job, plan_file

MARKER = "<!-- specrun plan -->"


@pytest.fixture
def merged(job: Job) -> Job:
    """A pull request that was planned, and is merged."""
    assert job.run("plan") == 0
    job.api.artifact("specrun-plan", plan_file(), HEAD)
    job.api.merge(12, NEXT)
    job.event("pull_request", {"action": "closed", "pull_request": job.api.pulls[12]})
    job.specrun.calls.clear()
    job.specrun.answers["apply"] = Done(0, "updating\ndone\n")
    return job


def push(job: Job, commits: list[str]) -> None:
    """They were pushed to main. Each is what git says that it is."""
    job.event("push", {"ref": "refs/heads/main", "before": "0" * 40, "after": commits[-1]})


def test_the_plan_that_was_reviewed_is_applied(merged: Job) -> None:
    assert (
        merged.run("apply", target="prod", comment_key="", args="--allow-replace") == 4
    )  # another key: none was reviewed
    assert merged.run("apply", engine="azureml", args="--allow-replace") == 0
    called = merged.specrun.called("apply")
    assert Path(called[1]).read_bytes() == plan_file()
    assert called[2:] == ["--yes", "--engine", "azureml", "--allow-replace", "--detach"]
    body = merged.api.bodies(12)[0]
    assert "\n> ✅ **Applied**, see [this run](https://github.com/team/models/actions/runs/17).\n" in body
    assert "### 1 to update" in body
    assert "updating\ndone" in merged.summary
    assert merged.outputs["exit-code"] == "0"
    assert all(not token for path, token in zip(merged.api.asked, merged.api.tokens, strict=True) if "storage" in path)


def test_on_this_machine_nothing_is_left_to_run_alone(merged: Job) -> None:
    merged.specrun.saves = plan_file(engine="local")
    merged.pull_request()
    merged.run("plan")
    merged.api.artifact("specrun-plan", plan_file(engine="local"), HEAD)
    merged.api.merge(12, NEXT)
    merged.event("pull_request", {"action": "closed", "pull_request": merged.api.pulls[12]})
    assert merged.run("apply") == 0
    assert "--detach" not in merged.specrun.called("apply")


def test_a_push_applies_what_it_merged(merged: Job) -> None:
    push(merged, [NEXT])
    assert merged.run("apply", detach="false") == 0
    assert "--detach" not in merged.specrun.called("apply")


def test_a_push_of_several_merges_applies_each_in_its_order(merged: Job, checkout: Path) -> None:
    commit = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "b"]
    told = {"cwd": checkout, "check": True, "capture_output": True, "text": True}
    commits = []
    for _ in range(3):
        commits.append(subprocess.run(["git", "rev-parse", "HEAD"], **told).stdout.strip())  # type: ignore[call-overload]
        subprocess.run(commit, **told)  # type: ignore[call-overload]
    merged.pull_request(13, NEXT)
    merged.run("plan")
    merged.api.artifact("specrun-plan", plan_file(), NEXT)
    merged.api.merge(12, commits[2])
    merged.api.merge(13, commits[1])
    merged.specrun.answers["graph"] = Done(0, "graph")
    merged.event("push", {"ref": "refs/heads/main", "before": commits[0], "after": commits[2]})
    assert merged.run("apply") == 0
    assert [call[0] for call in merged.specrun.calls].count("apply") == 2
    assert merged.summary.index("#13") < merged.summary.index("#12")
    merged.event("push", {"ref": "refs/heads/main", "before": "d" * 40, "after": commits[2]})
    assert merged.run("apply") == 64  # the checkout does not have it


@pytest.mark.parametrize(("code", "words"), [(5, "the plan is stale"), (4, "it is refused"), (100, "a run has failed")])
def test_how_it_ended_stands_above_what_was_reviewed(merged: Job, code: int, words: str) -> None:
    merged.specrun.answers["apply"] = Done(
        code, "Plan\nspecrun.plan is stale: plan again. Nothing was changed.\n  job.yaml `x`\n"
    )
    assert merged.run("apply") == code
    (body,) = merged.api.bodies(12)
    assert words in body
    assert "Nothing was changed." in body
    assert body.index(words) < body.index("### 1 to update")
    assert merged.outputs["exit-code"] == str(code)


def test_the_last_end_is_the_one_that_is_told(merged: Job) -> None:
    merged.specrun.answers["apply"] = Done(1, "no route\n")
    assert merged.run("apply") == 1
    merged.specrun.answers["apply"] = Done(0, "")
    assert merged.run("apply") == 0
    (body,) = merged.api.bodies(12)
    assert body.count("\n> ") == 1
    assert "\n> ✅ **Applied**" in body


def test_a_job_that_is_run_again_says_nothing_else(merged: Job) -> None:
    merged.run("apply")
    applied = merged.api.bodies(12)
    merged.specrun.answers["apply"] = Done(5, "specrun.plan is spent: what it submits has run, and nothing is left.")
    assert merged.run("apply") == 5
    assert merged.api.bodies(12) == applied


def refused(job: Job, words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """An apply that is refused, and told so."""
    assert job.run("apply") == 4
    assert words in capsys.readouterr().out
    assert words in job.summary
    assert not [call for call in job.specrun.calls if call[0] == "apply"]
    return "".join(job.api.bodies(12))


def test_without_a_saved_plan_nothing_is_applied(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.artifacts[0]["expired"] = True
    assert "⛔ **Not applied**" in refused(merged, "has expired", capsys)
    merged.api.artifacts.clear()
    refused(merged, "no run of `mode: plan` has saved `specrun-plan`", capsys)


def test_a_plan_of_another_commit_or_of_a_fork_is_not_taken(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    run = merged.api.artifacts[0]["workflow_run"]
    run["head_repository_id"] = 8
    refused(merged, "is not there", capsys)
    run.update(head_repository_id=7, head_sha=NEXT)
    refused(merged, "is not there", capsys)


def test_the_newest_saved_plan_has_to_be_the_one_that_is_shown(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.artifact("specrun-plan", plan_file(wanted=99), HEAD)
    refused(merged, "is not the one that its comment shows", capsys)


def test_a_comment_that_is_not_ours_is_no_review(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.comments[12][0]["user"]["login"] = "mallory"
    refused(merged, "nobody has reviewed one", capsys)


def test_what_was_pushed_after_the_review_is_not_applied(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.pulls[12]["head"]["sha"] = NEXT
    merged.api.artifact("specrun-plan", plan_file(), NEXT)
    merged.event("pull_request", {"action": "closed", "pull_request": merged.api.pulls[12]})
    refused(merged, f"its comment shows the plan of {HEAD[:9]}, and {NEXT[:9]} was merged", capsys)


def test_the_plan_of_a_fork_is_never_applied(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.pulls[12]["head"]["repo"] = {"full_name": "mallory/models"}
    merged.event("pull_request", {"action": "closed", "pull_request": merged.api.pulls[12]})
    refused(merged, "a fork, mallory/models", capsys)


def test_a_push_without_a_pull_request_is_refused(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.pulls.clear()
    push(merged, [NEXT])
    assert merged.run("apply") == 4
    assert "was pushed without a pull request" in capsys.readouterr().out


def test_where_no_spec_is_different_nothing_is_wanted(merged: Job, checkout: Path) -> None:
    merged.api.artifacts.clear()
    merged.event("push", {"ref": "refs/heads/main", "before": "HEAD", "after": "HEAD"})
    merged.specrun.answers["graph"] = Done(0, "")
    assert merged.run("apply") == 0
    assert "nothing is to be applied" in merged.summary


def test_a_pull_request_that_was_only_closed_is_nothing(job: Job) -> None:
    job.event("pull_request", {"action": "closed", "pull_request": {**job.api.pull(12, HEAD), "merged": False}})
    assert job.run("apply") == 0
    assert job.specrun.calls == []


def test_a_plan_that_somebody_approved_by_hand(merged: Job) -> None:
    merged.event("workflow_dispatch", {})
    assert merged.run("apply") == 64
    file = merged.folder / "approved.plan"
    file.write_bytes(plan_file())
    assert merged.run("apply", plan_file=str(file)) == 0
    assert merged.specrun.called("apply")[1] == str(file)


def test_other_pull_requests_are_told_that_they_are_stale(merged: Job) -> None:
    others = {}
    for number, address in ((13, "compute/gpu"), (14, "compute/cpu")):
        merged.specrun.changes = [{"address": address, "specrun_action": "no-op"}]
        merged.pull_request(number, NEXT)
        assert merged.run("plan", target="prod") == 0
        others[number] = merged.api.bodies(number)[0]
    merged.api.comment(13, others[13], "mallory")
    merged.specrun.changes = [{"address": "compute/gpu", "specrun_action": "update"}]
    merged.event("pull_request", {"action": "closed", "pull_request": merged.api.pulls[12]})
    assert merged.run("apply") == 0
    told, theirs = merged.api.bodies(13)
    assert "\n> 🕑 **Stale**: #12 was applied since" in told
    assert "### 1 to update" in told
    assert theirs == others[13]
    assert merged.api.bodies(14) == [others[14]]
    assert merged.run("apply") == 0
    assert merged.api.bodies(13)[0] == told
    merged.specrun.changes = [{"address": "compute/gpu", "specrun_action": "update"}]
    merged.event("pull_request", {"action": "synchronize", "pull_request": merged.api.pulls[13]})
    assert merged.run("plan", target="prod") == 0
    assert "🕑" not in merged.api.bodies(13)[0]


@pytest.mark.parametrize("code", [4, 5])
def test_what_changed_nothing_makes_nothing_stale(merged: Job, code: int) -> None:
    merged.pull_request(13, NEXT)
    merged.run("plan")
    before = merged.api.bodies(13)
    merged.event("pull_request", {"action": "closed", "pull_request": merged.api.pulls[12]})
    merged.specrun.answers["apply"] = Done(code, "")
    assert merged.run("apply") == code
    assert merged.api.bodies(13) == before


def test_what_was_done_is_done_whether_or_not_it_can_be_told(merged: Job, capsys: pytest.CaptureFixture[str]) -> None:
    merged.api.fail("PATCH", "comments", 500)
    assert merged.run("apply") == 0
    assert "#12 is not told how it ended" in capsys.readouterr().out
