"""Where a run comes from, as git and services of pipelines say it: short, on one line, and no credential."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from specrun import __version__
from specrun.plan import git as plan_git
from specrun.plan import provenance
from specrun.plan.git import GitError
from specrun.plan.provenance import UNKNOWN, Provenance, collect, provenance_in
from specrun.spec import secrets

SHA = "0123abcd" * 5
PIPELINES = {
    "github push": (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "org/repo",
            "GITHUB_RUN_ID": "77",
            "GITHUB_REF": "refs/heads/feature/x",
            "GITHUB_HEAD_REF": "",
            "GITHUB_ACTOR": "ann",
            "GITHUB_SHA": SHA,
        },
        ("feature/x", "", "ann", "https://github.com/org/repo/actions/runs/77"),
    ),
    "github pull request": (
        {
            "GITHUB_SERVER_URL": "https://github.corp",
            "GITHUB_REPOSITORY": "org/repo",
            "GITHUB_RUN_ID": "78",
            "GITHUB_REF": "refs/pull/12/merge",
            "GITHUB_HEAD_REF": "feature/12",
            "GITHUB_ACTOR": "bob",
        },
        ("feature/12", "12", "bob", "https://github.corp/org/repo/actions/runs/78"),
    ),
    "github tag": ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v1.0"}, ("tags/v1.0", "", "", "")),
    "azure": (
        {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/org/",
            "SYSTEM_TEAMPROJECT": "My Project",
            "BUILD_BUILDID": "5",
            "BUILD_SOURCEBRANCH": "refs/heads/main",
            "BUILD_REQUESTEDFOR": "Ann Other",
        },
        ("main", "", "Ann Other", "https://dev.azure.com/org/My%20Project/_build/results?buildId=5"),
    ),
    "azure pull request": (
        {
            "TF_BUILD": "True",
            "BUILD_SOURCEBRANCH": "refs/pull/34/merge",
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "34",
        },
        ("feature", "34", "", ""),
    ),
    "azure pull request of github": (
        {
            "TF_BUILD": "True",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "999",
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "8",
            "BUILD_SOURCEBRANCH": "refs/pull/8/merge",
        },
        ("", "8", "", ""),
    ),
    "gitlab": (
        {
            "GITLAB_CI": "true",
            "CI_COMMIT_REF_NAME": "feature",
            "CI_MERGE_REQUEST_IID": "9",
            "CI_JOB_URL": "https://gitlab.com/a/b/-/jobs/3",
            "GITLAB_USER_LOGIN": "ann",
        },
        ("feature", "9", "ann", "https://gitlab.com/a/b/-/jobs/3"),
    ),
    "jenkins": (
        {"JENKINS_URL": "https://j/", "BUILD_URL": "https://j/job/a/3/", "BRANCH_NAME": "PR-4", "CHANGE_ID": "4"},
        ("PR-4", "4", "", "https://j/job/a/3/"),
    ),
    "circleci": (
        {
            "CIRCLECI": "true",
            "CIRCLE_BUILD_URL": "https://circleci.com/gh/a/b/3",
            "CIRCLE_BRANCH": "feature",
            "CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/17",
            "CIRCLE_USERNAME": "ann",
        },
        ("feature", "17", "ann", "https://circleci.com/gh/a/b/3"),
    ),
    "bitbucket": (
        {
            "BITBUCKET_BUILD_NUMBER": "3",
            "BITBUCKET_REPO_FULL_NAME": "a/b",
            "BITBUCKET_BRANCH": "feature",
            "BITBUCKET_PR_ID": "2",
        },
        ("feature", "2", "", "https://bitbucket.org/a/b/pipelines/results/3"),
    ),
    "buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/a/b/builds/3",
            "BUILDKITE_BRANCH": "main",
            "BUILDKITE_PULL_REQUEST": "false",
            "BUILDKITE_BUILD_CREATOR": "Ann",
        },
        ("main", "", "Ann", "https://buildkite.com/a/b/builds/3"),
    ),
}


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """On somebody's own machine."""
    known = re.findall(r"[A-Z][A-Z0-9_]+", " ".join(" ".join(service) for service in provenance._SERVICES))
    for name in {*known, "LOGNAME", "USER", "LNAME", "USERNAME"}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "me")


def git(folder: Path, *arguments: str) -> str:
    known = ("-c", "user.name=S", "-c", "user.email=s@example.org", "-c", "core.hooksPath=/dev/null")
    done = subprocess.run(["git", *known, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    plan_git._without_filters.cache_clear()
    git(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_a_service_says(monkeypatch: pytest.MonkeyPatch, pipeline: str) -> None:
    variables, expected = PIPELINES[pipeline]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = collect(None)
    assert (found.branch, found.pull_request, found.user, found.ci) == expected
    assert (found.commit, found.dirty) == (variables.get("GITHUB_SHA", ""), None)
    assert found.specrun_version == __version__


def test_what_is_checked_out_says_more_than_the_service(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a pull request GitHub names a commit that it made; a branch is the service's where none is checked out."""
    head = git(repository, "rev-parse", "HEAD")
    assert collect(str(repository)) == Provenance(head, False, "main", user="me", specrun_version=__version__)
    for name, value in PIPELINES["github pull request"][0].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_SHA", SHA)
    found = collect(str(repository))
    assert (found.commit, found.branch, found.pull_request, found.user) == (head, "main", "12", "bob")
    git(repository, "checkout", "-q", "--detach")
    assert collect(str(repository)).branch == "feature/12"


def test_what_counts_as_changed(repository: Path) -> None:
    def dirty() -> bool | None:
        return collect(str(repository)).dirty

    (repository / "train.log").write_text("ignored")
    os.utime(repository / "train.py", (1, 1))
    assert dirty() is False, "a touched file is no change"
    (repository / "new.py").write_text("x")
    assert dirty() is True
    (repository / "new.py").unlink()
    (repository / "train.py").write_text("print(1)\n")
    assert dirty() is True
    git(repository, "commit", "-qam", "second")
    assert dirty() is False
    git(repository, "mv", "train.py", "run.py")
    assert dirty() is True


def test_what_a_filter_would_have_to_say_is_not_known(repository: Path) -> None:
    """No program of a configuration runs, and so a file of LFS is never as in the index once git looks into it."""
    (repository / ".gitattributes").write_text("*.bin filter=odd\n")
    git(repository, "config", "filter.odd.clean", "echo pointer")
    (repository / "a.bin").write_text("large")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "second")
    plan_git._without_filters.cache_clear()
    os.utime(repository / "a.bin", (1, 1))
    assert collect(str(repository)).dirty is None
    (repository / "train.py").write_text("print(1)\n")
    assert collect(str(repository)).dirty is True


def test_a_repository_without_commits_or_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q", "-b", "main", ".")
    found = collect(str(tmp_path))
    assert (found.commit, found.branch, found.user) == ("", "main", "me")
    monkeypatch.setenv("PATH", "")
    assert collect(str(tmp_path)) == Provenance(user="me", specrun_version=__version__)


def test_git_that_takes_too_long_says_the_commit_alone(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = provenance.git

    def hanging(folder: str, *arguments: str, longest: float) -> bytes:
        assert longest == provenance.LOOKS
        if arguments[0] == "status":
            raise GitError("git was ended by signal 9, as after 10 s")
        return asked(folder, *arguments)

    monkeypatch.setattr(provenance, "git", hanging)
    found = collect(str(repository))
    assert (found.commit, found.dirty) == (git(repository, "rev-parse", "HEAD"), None)


def test_nobody_needs_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGNAME")
    monkeypatch.setattr("os.getuid", lambda: 987654321)
    assert collect(None).user == ""


def test_a_strangers_words_are_short_and_show_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.note(["PASSWORD"])
    monkeypatch.setenv("PASSWORD", "Tr0ub4dor&3")
    secrets.note(["PASSWORD"])
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF": "refs/heads/a\x1b[2J\nb\u202e$(rm)",
        "GITHUB_ACTOR": "x" * 1000,
        "GITHUB_SERVER_URL": "javascript:alert(1)//",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "1",
        "GITHUB_SHA": "no commit",
    }.items():
        monkeypatch.setenv(name, value)
    found = collect(None)
    assert found.branch == r"a\x1b[2J\nb\u202e$(rm)"
    assert found.user == "x" * 79 + "…"
    assert (found.ci, found.commit) == ("", "")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://me:hunter22@github.com")
    monkeypatch.setenv("GITHUB_ACTOR", "Tr0ub4dor&3")
    found = collect(None)
    assert found.ci == "https://me:********@github.com/o/r/actions/runs/1"
    assert "Tr0ub4dor" not in found.user


def test_what_is_kept_is_read_again_as_far_as_it_is_right() -> None:
    known = Provenance(SHA, False, "main", "3", "ann", "https://ci/1", "0.1.0")
    assert provenance_in(known.noted()) == known
    assert UNKNOWN.noted() == {}
    for wrong in (None, 3, "", "{", "[" * 100_000, [], {"commit": 3, "dirty": "yes", "branch": ["x"]}):
        assert provenance_in(wrong) == UNKNOWN
    assert provenance_in({"branch": "b" * 1000, "more": 1}).branch == "b" * 120
