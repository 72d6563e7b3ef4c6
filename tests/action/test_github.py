"""What GitHub says no to is told with what to do, or tried again; and nothing is written twice."""

from __future__ import annotations

import time

import pytest

from action.github_api import Api, ApiError
from action.program import Done
from action.service import Refusal
from tests.action.conftest import Job
from tests.github_api import Failure, GitHubApi

MARKER = "<!-- specrun plan -->"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not know the token"),
        (403, "Give the job `permissions: {pull-requests: write}`"),
        (404, "the token may not see it"),
        (410, "it is switched off"),
        (422, "it does not take that"),
        (500, "it failed"),
    ],
)
def test_a_comment_that_is_not_taken_fails_the_job_and_the_plan_is_in_the_summary(
    job: Job, capsys: pytest.CaptureFixture[str], status: int, words: str
) -> None:
    body = {"message": "GitHub's own words", "errors": [{"message": "and more"}]}
    job.api.fail("POST", "comments", status, body=body)
    assert job.run("plan") == 1
    said = capsys.readouterr().out
    assert f"GitHub answered {status} to POST /repos/team/models/issues/12/comments" in said
    assert words in said
    assert "(GitHub's own words; and more)" in said
    assert "### 1 to update" in job.summary
    assert job.outputs["exit-code"] == "0"
    assert "plan-file" not in job.outputs


def test_a_refused_plan_is_the_exit_status_where_the_comment_is_refused_too(job: Job) -> None:
    job.api.fail("POST", "comments", 403)
    job.specrun.answers["plan"] = Done(4, f"{MARKER}\nrefused\n")
    assert job.run("plan") == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_may_pass_is_tried_again(job: Job, status: int) -> None:
    job.api.fail("GET", "comments", status, times=2)
    job.api.fail("POST", "comments", status, times=1)
    assert job.run("plan") == 0
    assert len(job.api.bodies(12)) == 1
    assert job.waited


def test_what_was_made_though_the_answer_failed_is_not_made_twice(job: Job) -> None:
    job.api.fail("POST", "comments", 502, times=1, after=True)
    assert job.run("plan") == 0
    assert len(job.api.bodies(12)) == 1
    assert "issuecomment" in job.outputs["comment-url"]


@pytest.mark.parametrize("status", [403, 429])
def test_limits_are_waited_for_unless_that_takes_long(
    job: Job, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    job.api.fail("POST", "comments", status, times=1, headers={"Retry-After": "7"})
    assert job.run("plan") == 0
    assert job.waited == [7.0]
    reset = str(int(time.time()) + 3000)
    job.api.fail("PATCH", "comments", status, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
    job.specrun.answers["plan"] = Done(0, f"{MARKER}\nanother\n")
    assert job.run("plan") == 1
    assert "used up its requests" in capsys.readouterr().out
    assert job.waited == [7.0]


def test_who_does_not_answer_is_named() -> None:
    waited: list[float] = []
    with pytest.raises(ApiError, match=r"127\.0\.0\.1 gave no answer to GET /x"):
        Api("http://127.0.0.1:9", "", waited.append).get("x", "")
    assert waited == [2.0, 4.0, 8.0]


def test_the_token_goes_over_https_alone() -> None:
    with pytest.raises(Refusal, match="https"):
        Api("http://api.example.com", "secret")
    assert "secret" not in repr(Api("https://api.example.com", "secret"))


def test_pages_of_another_host_are_not_asked_for(served: GitHubApi) -> None:
    served.failures = [Failure("GET", "list", 200, {"Link": '<https://evil.example/x>; rel="next"'}, [1])]
    with pytest.raises(ApiError, match=r"elsewhere, at evil\.example"):
        list(Api(served.address, "t").pages("list", ""))


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'"x"'])
def test_words_of_a_proxy_are_no_json(served: GitHubApi, body: bytes) -> None:
    served.failures = [Failure("GET", "x", 404, {}, body)]
    with pytest.raises(ApiError, match="GitHub answered 404 to GET /x"):
        Api(served.address, "t").get("x", "contents: read")


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[" * 100_000, b'{"message": "hello"}', b"7"])
def test_what_is_not_the_api_is_no_traceback(job: Job, body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    job.api.fail("GET", "comments", 200, body=body)
    assert job.run("plan") == 1
    assert "is not GitHub's API" in capsys.readouterr().out
    assert "### 1 to update" in job.summary


@pytest.mark.parametrize("name", ["pull_request", "merge_group", "workflow_run"])
def test_an_event_that_says_nothing_is_told(job: Job, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for content in ("{}", "nothing"):
        job.event(name, {})
        (job.folder / "event.json").write_text(content)
        assert job.run("plan") == 64
        assert f"says nothing of the `{name}`" in capsys.readouterr().out
