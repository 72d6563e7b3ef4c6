"""A plan on a pull request: one comment, which is written anew; the summary; and what strangers get."""

from __future__ import annotations

import pytest

from action.program import Done
from tests.action.conftest import HEAD, NEXT, Job, plan_file

MARKER = "<!-- specrun plan -->"


def test_a_plan_is_one_comment_that_is_written_anew(job: Job) -> None:
    assert job.run("plan") == 0
    assert job.run("plan") == 0
    (body,) = job.api.bodies(12)
    first, second, third = body.split("\n")[:3]
    assert (first, second) == (MARKER, f"<!-- specrun digest {4:064x} -->")
    assert third.startswith("<!-- specrun knows ")
    assert body.count("specrun digest") == 1
    assert "### 1 to update" in body
    assert body.count(MARKER) == 1
    assert HEAD[:9] in body
    assert "actions/runs/17" in body
    assert "### 1 to update" in job.summary
    outputs = job.outputs
    assert outputs["changes"] == "true"
    assert outputs["exit-code"] == "0"
    assert outputs["stale"] == "false"
    assert outputs["artifact"] == "specrun-plan"
    assert outputs["plan-file"].endswith("specrun.plan")
    assert "issuecomment" in outputs["comment-url"]


def test_rules_come_from_the_branch_it_goes_to_and_only_what_changed_is_planned(job: Job) -> None:
    job.run(
        "plan",
        files="jobs 'more jobs'",
        target="prod",
        engine="azureml",
        args="--var-file vars/prod.yaml",
        strict="true",
    )
    for verb in ("plan", "validate"):
        called = job.specrun.called(verb)
        for option, value in (
            ("--rules-from", "origin/main"),
            ("--changed-since", "origin/main"),
            ("--target", "prod"),
        ):
            assert called[called.index(option) + 1] == value
        assert called[-3:] == ["--", "jobs", "more jobs"]
        assert "--strict" in called
    called = job.specrun.called("plan")
    assert called[called.index("--comment-key") + 1] == "prod"
    assert called[called.index("--var-file") + 1] == "vars/prod.yaml"
    assert job.outputs["artifact"] == "specrun-plan-prod"
    job.run("plan", changed_only="false")
    assert "--changed-since" not in job.specrun.called("plan")
    assert "--rules-from" in job.specrun.called("plan")


def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(job: Job) -> None:
    theirs = f"{MARKER}\nlooks like ours"
    job.api.comment(12, theirs, "mallory")
    job.run("plan")
    first, second = job.api.bodies(12)
    assert first == theirs
    assert "### 1 to update" in second


def test_of_two_comments_of_ours_the_older_one_stays(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(120):
        job.api.comment(12, f"talk {number}", "ada")
    job.api.comment(12, MARKER + "\nfirst")
    job.api.comment(12, MARKER + "\nsecond")
    job.api.comment(12, "<!-- specrun plan dev -->\nof another key")
    job.run("plan")
    bodies = job.api.bodies(12)
    assert len(bodies) == 122
    assert "### 1 to update" in bodies[120]
    assert bodies[121].startswith("<!-- specrun plan dev -->")
    assert "second comment of this kind" in capsys.readouterr().out


def test_what_a_person_with_a_token_of_theirs_wrote_is_theirs(job: Job) -> None:
    job.api.author = "release-robot"
    job.run("plan")
    job.run("plan")
    (made,) = job.api.comments[12]
    assert made["user"]["login"] == "release-robot"


def test_the_token_of_an_app_is_told_what_to_say(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.api.author = "our-app[bot]"
    job.run("plan")
    assert "say `comment-author: our-app[bot]`" in capsys.readouterr().out
    job.run("plan", comment_author="our-app[bot]")
    assert len(job.api.bodies(12)) == 1


def test_nothing_is_written_where_no_spec_is_different(job: Job) -> None:
    job.specrun.answers["plan"] = Done(0, "")
    job.specrun.changes = []
    assert job.run("plan") == 0
    assert job.api.bodies(12) == []
    assert "there is nothing to plan" in job.summary
    assert job.outputs["changes"] == "false"
    assert job.outputs["plan-file"]
    job.api.comment(12, f"{MARKER}\nof an earlier commit")
    job.run("plan")
    (body,) = job.api.bodies(12)
    assert "there is nothing to plan" in body


def test_deleted_specs_are_named_with_what_becomes_of_what_they_made(job: Job) -> None:
    job.specrun.answers["plan"] = Done(0, f"{MARKER}\n### none\n\nrest\n")
    job.specrun.changes = []
    job.specrun.deleted = ["jobs/`maps`.yaml"]
    job.run("plan")
    (body,) = job.api.bodies(12)
    assert "### none\n\n🗑️ Deleted: ``jobs/`maps`.yaml``. What" in body
    assert body.index("`specrun prune`") < body.index("rest")
    assert "`specrun prune`" in body


@pytest.mark.parametrize("code", [65, 4, 1])
def test_a_plan_that_is_none_is_told_and_is_the_exit_status(job: Job, code: int) -> None:
    job.specrun.answers["plan"] = Done(code, f"{MARKER}\n### What is wrong\n", "job.yaml:3:1: error")
    assert job.run("plan") == code
    (body,) = job.api.bodies(12)
    assert "### What is wrong" in body
    assert "plan-file" not in job.outputs
    assert job.outputs["exit-code"] == str(code)
    assert job.outputs["changes"] == "false"


def test_a_digest_is_what_specrun_says_and_not_what_a_spec_says(job: Job) -> None:
    theirs = f"<!-- specrun digest {'0' * 64} -->"
    job.specrun.answers["plan"] = Done(4, f"{MARKER}\n### refused\n\n```text\n{theirs}\n```\n")
    job.run("plan")
    assert '"digest":""' in job.api.bodies(12)[0]


def test_a_comment_is_never_empty(job: Job) -> None:
    job.specrun.answers["plan"] = Done(70, "", "a bug with ``` in it")
    assert job.run("plan") == 70
    (body,) = job.api.bodies(12)
    assert "there is no plan (exit 70)" in body
    assert "````text\na bug with ``` in it\n````" in body


def test_another_plan_for_the_same_commit_is_called_one(job: Job) -> None:
    job.run("plan")
    job.specrun.saves = plan_file(reason="for another reason")
    job.run("plan")
    assert "is not what was first shown" not in job.api.bodies(12)[0]
    job.specrun.saves = plan_file(wanted=9)
    job.run("plan")
    job.run("plan")
    (body,) = job.api.bodies(12)
    assert body.count("\n> ⚠️ **What would be done is not what was first shown") == 1
    assert job.outputs["stale"] == "true"
    job.pull_request(head=NEXT)
    job.run("plan")
    assert "is not what was first shown" not in job.api.bodies(12)[0]


def test_an_older_run_does_not_write_over_a_newer_one(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.run("plan")
    newer = job.api.bodies(12)
    job.environment["GITHUB_RUN_ID"] = "16"
    job.pull_request(head=NEXT)
    assert job.run("plan") == 0
    assert job.api.bodies(12) == newer
    assert "a newer run has written the comment" in capsys.readouterr().out


def test_what_does_not_fit_is_in_the_summary(job: Job) -> None:
    folded = "<details><summary>The whole plan</summary>\n\n```text\n" + "x" * 70_000 + "\n```\n</details>"
    job.specrun.answers["plan"] = Done(0, f"{MARKER}\n### 1 to update\n\n{folded}\n")
    assert job.run("plan") == 0
    (body,) = job.api.bodies(12)
    assert len(body) <= 65_536
    assert "### 1 to update" in body
    assert "<details>" not in body
    assert "the rest is in [the summary of this run](https://github.com/team/models/actions/runs/17)" in body
    assert folded in job.summary
    assert "The whole plan:\n\n```text\nwhole\n```" in job.summary


def test_a_summary_is_cut_at_its_limit(job: Job) -> None:
    job.specrun.answers["plan"] = Done(0, f"{MARKER}\n```text\n" + "é\n" * 600_000 + "```\n")
    job.run("plan")
    assert len(job.summary.encode()) <= 1 << 20
    assert job.summary.rstrip().endswith("cut here: a summary has at most 1 MiB.")
    assert job.summary.count("```") == 2


@pytest.mark.parametrize("fork", ["mallory/models", None])
def test_a_fork_is_planned_here_without_credentials_and_without_a_comment(job: Job, fork: str | None) -> None:
    head = {"sha": HEAD, "ref": "b", "repo": {"full_name": fork} if fork else None}
    job.pull_request(head=HEAD)
    job.event("pull_request", {"action": "opened", "pull_request": {**job.api.pulls[12], "head": head}})
    assert job.run("plan", engine="azureml", args="--var-file dev.yaml --max-runs 3") == 0
    called = job.specrun.called("plan")
    assert called[called.index("--engine") + 1] == "local"
    assert called[called.index("--environment") + 1] == "current"
    assert called[called.index("--rules-from") + 1] == "origin/main"
    checked = job.specrun.called("validate")
    assert checked[1:5] == ["--engine", "azureml", "--var-file", "dev.yaml"]
    assert "--max-runs" not in checked
    assert not job.specrun.trusted
    assert job.api.asked == []
    assert "### 1 to update" in job.summary
    assert "plan-file" not in job.outputs
    job.specrun.trusted = True
    assert job.run("validate", engine="azureml") == 0
    assert job.specrun.called("validate")[1:3] == ["--engine", "azureml"]
    assert not job.specrun.trusted


@pytest.mark.parametrize(
    ("checked", "planned", "code"), [(0, 65, 0), (0, 1, 0), (0, 4, 4), (65, 65, 65), (4, 0, 4), (4, 65, 4)]
)
def test_what_a_fork_wants_need_not_fit_on_this_machine(job: Job, checked: int, planned: int, code: int) -> None:
    head = {"sha": HEAD, "ref": "b", "repo": {"full_name": "mallory/models"}}
    job.event("pull_request", {"action": "opened", "pull_request": {**job.api.pulls[12], "head": head}})
    job.specrun.answers["validate"] = Done(checked, "")
    job.specrun.answers["plan"] = Done(planned, f"{MARKER}\n### This machine cannot do that\n")
    assert job.run("plan", engine="azureml") == code
    assert job.outputs["exit-code"] == str(code)
    assert "This machine cannot" in job.summary


def test_dependabot_is_treated_as_a_fork_is(job: Job) -> None:
    job.environment["GITHUB_ACTOR"] = "dependabot[bot]"
    assert job.run("plan") == 0
    assert not job.specrun.trusted
    assert job.api.asked == []


def test_pull_request_target_gives_no_secrets_to_a_fork(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    head = {"sha": HEAD, "ref": "b", "repo": {"full_name": "mallory/models"}}
    job.event("pull_request_target", {"action": "opened", "pull_request": {**job.api.pulls[12], "head": head}})
    for mode in ("plan", "validate"):
        assert job.run(mode) == 4
    assert "Write `on: pull_request`" in capsys.readouterr().out
    assert job.specrun.calls == []
    job.event("pull_request_target", {"action": "opened", "pull_request": job.api.pulls[12]})
    assert job.run("plan") == 0


def test_a_workflow_after_a_forks_gets_nothing_either(job: Job) -> None:
    job.event("workflow_run", {"workflow_run": {"head_repository": {"full_name": "mallory/models"}}})
    assert job.run("plan") == 4
    assert job.specrun.calls == []
    job.event("workflow_run", {"workflow_run": {"head_repository": {"full_name": "team/models"}}})
    assert job.run("plan") == 0


def test_a_review_plans_again(job: Job) -> None:
    job.run("plan")
    job.specrun.saves = plan_file(wanted=9)
    job.event("pull_request_review", {"action": "submitted", "pull_request": job.api.pulls[12]})
    assert job.run("plan") == 0
    assert "is not what was first shown" in job.api.bodies(12)[0]


@pytest.mark.parametrize("mode", ["validate", "plan"])
def test_a_push_asks_nobody_for_pull_requests(job: Job, mode: str) -> None:
    job.event("push", {"ref": "refs/heads/topic", "before": "d" * 40, "after": NEXT})
    assert job.run(mode) == 0
    assert "--changed-since" not in job.specrun.called(mode)
    assert job.api.asked == []


def test_a_checkout_of_one_commit_says_what_to_write(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.pull_request(base="release")
    assert job.run("plan") == 64
    said = capsys.readouterr().out
    assert "origin/release" in said
    assert "`with: {fetch-depth: 0}` at actions/checkout" in said
    assert job.specrun.calls == []


def test_elsewhere_a_plan_is_of_all_specs_and_in_the_summary(job: Job) -> None:
    job.event("workflow_dispatch", {})
    assert job.run("plan") == 0
    assert "--changed-since" not in job.specrun.called("plan")
    assert job.api.asked == []
    assert job.outputs["plan-file"]


def test_validate_shows_annotations_and_writes_a_report(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    job.specrun.answers["validate"] = Done(65, "::error file=job.yaml,line=3::No.\n")
    assert job.run("validate", sarif_file="specrun.sarif", files="jobs/*.yaml") == 65
    assert "::error file=job.yaml,line=3::No.\n" in capsys.readouterr().out
    assert job.outputs["sarif-file"] == "specrun.sarif"
    assert [call[call.index("-o") + 1] for call in job.specrun.calls] == ["github", "sarif"]
    job.specrun.answers["validate"] = Done(1, "")  # not all was looked at: an upload would close alerts
    assert job.run("validate", sarif_file="specrun.sarif") == 1
    assert "sarif-file" not in job.outputs


@pytest.mark.parametrize(("code", "word"), [(0, "holds"), (5, "does not hold (exit 5)")])
def test_in_a_merge_queue_the_reviewed_plan_is_checked(job: Job, code: int, word: str) -> None:
    job.api.artifact("specrun-plan", plan_file(), HEAD)
    group = {"base_sha": "HEAD", "head_sha": NEXT, "head_ref": f"refs/heads/gh-readonly-queue/main/pr-12-{NEXT}"}
    job.event("merge_group", {"action": "checks_requested", "merge_group": group})
    job.specrun.answers["plan"] = Done(code, "specrun.plan …")
    assert job.run("plan") == code
    assert "--check" in job.specrun.called("plan")
    assert f"the plan of #12 {word}" in job.summary
