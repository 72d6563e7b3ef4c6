"""Git is called to read, and nothing that a repository's configuration names is run by it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from specrun.plan import git as plan_git
from specrun.plan.git import GitError, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    plan_git._without_filters.cache_clear()
    git_here(tmp_path, "init", "-q", "-b", "main", ".")
    (tmp_path / "a.txt").write_text("a\n")
    git_here(tmp_path, "add", ".")
    git_here(tmp_path, *AS_SOMEBODY, "commit", "-qm", "first")
    return tmp_path


AS_SOMEBODY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


def git_here(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def test_no_program_of_the_configuration_runs(repository: Path) -> None:
    program = f"touch {repository}/ran; cat"
    (repository / ".gitattributes").write_text("* filter=odd diff=odd\n")
    (repository / "ran.sh").write_text(f"#!/bin/sh\ntouch {repository}/ran\n")
    (repository / "ran.sh").chmod(0o755)
    for key in ("filter.odd.clean", "filter.odd.process", "core.fsmonitor", "diff.odd.textconv", "core.pager"):
        git_here(repository, "config", key, program)
    git_here(repository, "config", "filter.odd.required", "true")
    git_here(repository, "config", "core.hooksPath", str(repository))
    os.utime(repository / "a.txt", (1, 1))

    assert b"gitattributes" in git(repository, "status", "--porcelain")
    git(repository, "diff", "--raw", "HEAD")
    assert not (repository / "ran").exists()


def test_a_filter_that_cannot_be_switched_off_is_refused(repository: Path) -> None:
    git_here(repository, "config", "--file", ".git/config", "filter.a=b.clean", "cat")
    with pytest.raises(GitError, match="`a=b`"):
        git(repository, "status")


def test_variables_of_a_hook_do_not_lead_elsewhere(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    monkeypatch.setenv("GIT_INDEX_FILE", "nowhere")
    monkeypatch.setenv("GIT_GLOB_PATHSPECS", "1")
    assert git(repository, "ls-files", "-z") == b"a.txt\0"


def test_what_is_given_is_read_and_words_are_gits(repository: Path) -> None:
    assert git(repository, "hash-object", "--stdin", given=b"a\n").startswith(b"78981922613b")
    with pytest.raises(GitError, match="bad revision") as raised:
        git(repository, "log", "nowhere", "--")
    assert raised.value.code == 128


def test_output_is_bounded(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_git, "MOST_OUTPUT", 3)
    with pytest.raises(GitError, match="more than 3 bytes"):
        git(repository, "ls-files")


def test_without_git_it_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GitError, match="no `git` is on the PATH"):
        git(repository, "status")
    with pytest.raises(GitError, match="is no folder"):
        git(repository / "nowhere", "status")
