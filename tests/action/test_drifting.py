"""Drift is one issue as long as there is any."""

from __future__ import annotations

import pytest

from action.program import Done
from tests.action.conftest import Job

MARKER = "<!-- specrun drift prod -->"


def drift(job: Job, code: int, text: str = "### 3 fields") -> int:
    """A night."""
    job.specrun.answers["drift"] = Done(code, f"{MARKER}\n{text}\n" if text else "", "no answer")
    return job.run("drift", target="prod", args="--ignore 'tags.*'")


def test_an_issue_is_opened_updated_and_closed(job: Job) -> None:
    job.event("schedule", {})
    assert drift(job, 0) == 0
    assert job.api.issues == []
    assert drift(job, 3) == 0
    assert drift(job, 3, "### 4 fields") == 0
    (issue,) = job.api.issues
    assert issue["title"] == "Drift in prod"
    assert issue["labels"] == ["specrun-drift"]
    assert issue["body"].startswith(f"{MARKER}\n### 4 fields")
    assert job.outputs["changes"] == "true"
    assert job.outputs["exit-code"] == "3"
    called = job.specrun.called("drift")
    assert called[called.index("--ignore") + 1] == "tags.*"
    assert drift(job, 0) == 0
    assert issue["state"] == "closed"
    assert "No drift any more" in job.api.bodies(1)[0]
    assert drift(job, 3) == 0
    assert len(job.api.issues) == 2


def test_what_could_not_be_looked_at_opens_and_closes_nothing(job: Job) -> None:
    drift(job, 3)
    assert drift(job, 1) == 1
    assert drift(job, 1, "") == 1
    assert "nobody knows whether there is drift" in job.summary
    (issue,) = job.api.issues
    assert issue["state"] == "open"


def test_an_issue_of_somebody_else_or_of_another_key_stays(job: Job) -> None:
    drift(job, 3)
    job.api.issues[0]["user"] = {"login": "ada"}
    assert drift(job, 0) == 0
    assert job.api.issues[0]["state"] == "open"


@pytest.mark.parametrize(("status", "words"), [(403, "issues: write"), (410, "switched off"), (404, "issues: write")])
def test_an_issue_that_cannot_be_written_fails_the_night(
    job: Job, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job.api.fail("POST", "issues", status)
    assert drift(job, 3) == 1
    assert words in capsys.readouterr().out
    assert "### 3 fields" in job.summary
