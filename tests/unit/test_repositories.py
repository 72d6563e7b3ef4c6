"""What a repository is called: the same wherever it is checked out and however that is reached, and no credential."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from specrun.apply.project import open_project
from specrun.plan import repositories
from specrun.plan.makers import Maker
from specrun.plan.repositories import LONGEST, Repositories, normalised
from specrun.spec.load import load

GITHUB = "github.com/org/repo"
AZURE = "dev.azure.com/org/project/_git/repo"
SPEC = "apiVersion: specrun/v1\nname: job\njob: {command: 'true'}\n"


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        (
            GITHUB,
            (
                "git@github.com:org/repo.git",
                "git@github.com:/org/repo/",
                "github.com:org/repo",
                "ssh://git@github.com/org/repo",
                "ssh://git@github.com:22/org/repo.git",
                "ssh://git@ssh.github.com:443/org/repo.git",
                "https://github.com/org/repo",
                "https://user:tok@github.com/org/repo.git/",
                "https://x-access-token:ghs_0123456789abcdefghij@GitHub.com:443//org/./repo.git",
                "https://www.github.com/org/repo?token=hidden#x",
                "git+ssh://git@github.com/org/repo",
                "git://github.com/org/repo.git/.git",
            ),
        ),
        (
            AZURE,
            (
                "git@ssh.dev.azure.com:v3/org/project/repo",
                "ssh://git@ssh.dev.azure.com:22/v3/org/project/repo",
                "org@vs-ssh.visualstudio.com:v3/org/project/repo",
                "https://dev.azure.com/org/project/_git/repo",
                "https://org@dev.azure.com/org/project/_git/repo",
                "https://org.visualstudio.com/project/_git/repo",
                "https://org.visualstudio.com/DefaultCollection/project/_git/_full/repo",
                "ssh://org@org.visualstudio.com:22/project/_ssh/repo",
            ),
        ),
        ("dev.azure.com/org/repo/_git/repo", ("https://dev.azure.com/org/_git/repo",)),
        (
            "dev.azure.com/org/My%20Project/_git/a%26b",
            ("git@ssh.dev.azure.com:v3/org/My%20Project/a%26b", "https://dev.azure.com/org/My Project/_git/a&b"),
        ),
        (
            "stash.corp/proj/repo",
            ("https://stash.corp/scm/proj/repo.git", "ssh://git@stash.corp:7999/proj/repo.git"),
        ),
        ("gitlab.com/a/b/c", ("https://gitlab-ci-token:t@gitlab.com/a/b/c.git", "git@altssh.gitlab.com:a/b/c")),
        ("host/org/repo", ("host:org/repo", "[host:2222]:org/repo", "me@host:org/repo", "ssh://me@host:2222/org/repo")),
        ("host/%C3%9C/~a+b", ("https://host/Ü/~a+b", "https://host/%c3%9c/~a+b", "host:Ü/~a+b")),
        ("%3A%3A1/repo", ("ssh://git@[::1]:22/repo", "[::1]:repo")),
        (
            "",
            (
                *("", " ", "/srv/repo.git", "../repo", "./a:b", "C:/repo", "C:\\repo", "//server/share/repo"),
                *("file:///srv/repo", "FILE:///srv/repo", "file://host/srv/repo", "repo.bundle"),
                *("https://github.com", "https://github.com/", "https://host/a/../b", "https://me:pa/ss@host/repo"),
                *("ext::ssh host repo", "codecommit::eu-west-1://profile@repo"),
                "https://host/ghp_0123456789abcdefghij0123/repo",
            ),
        ),
    ],
)
def test_an_address_is_its_host_and_path(name: str, addresses: tuple[str, ...]) -> None:
    assert {address: normalised(address) for address in addresses} == dict.fromkeys(addresses, name)


def test_long_names_are_told_apart() -> None:
    one, other = (normalised(f"https://host/{'a' * 300}/{end}") for end in "xy")
    assert (len(one), len(other)) == (LONGEST, LONGEST)
    assert one != other


def config(root: Path, *pairs: str) -> Path:
    """A repository with a spec, and what its configuration says."""
    (root / "jobs").mkdir(parents=True, exist_ok=True)
    (root / "jobs" / "job.yaml").write_text(SPEC)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for pair in pairs:
        subprocess.run(["git", "-C", str(root), "config", "--add", *pair.split(" ", 1)], check=True)
    return root / "jobs" / "job.yaml"


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ((), ""),
        (("remote.origin.url git@github.com:org/repo.git", "remote.fork.url git@github.com:me/repo.git"), GITHUB),
        (("remote.fork.url https://github.com/org/repo", "remote.a.fetch +refs/heads/*:refs/x/*"), GITHUB),
        (("remote.a.url git@github.com:org/repo", "remote.b.url git@github.com:me/repo"), ""),
        (("remote.origin.url https://github.com/org/repo", "remote.origin.url https://elsewhere.io/a/b"), GITHUB),
        (("remote.origin.url ../repo", "remote.b.url git@github.com:me/repo"), ""),
        # What stands for a host in who asks' configuration is read; a mirror of theirs makes no other repository.
        (("remote.origin.url gh:repo", "url.git@github.com:org/.insteadOf gh:"), GITHUB),
        (("remote.origin.url https://github.com/org/repo", "url.https://mirror.io/.insteadOf https://"), GITHUB),
    ],
)
def test_the_remote_that_counts(tmp_path: Path, pairs: tuple[str, ...], name: str) -> None:
    spec = config(tmp_path, *pairs)
    assert Repositories().name(str(spec)) == name


def test_each_repository_is_looked_at_once_and_by_its_own_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submodule has a remote of its own, a worktree that of its repository. Outside git is not asked."""
    outer = config(tmp_path, "remote.origin.url git@github.com:org/repo.git")
    inner = config(tmp_path / "parts" / "inner", "remote.origin.url git@github.com:org/inner.git")
    commit = ["-c", "user.name=S", "-c", "user.email=s@example.org", "commit", "-q", "--allow-empty", "-m", "x"]
    subprocess.run(["git", "-C", str(tmp_path), *commit], check=True)
    worktree = tmp_path / "tree"
    subprocess.run(["git", "-C", str(tmp_path), "worktree", "add", "-q", str(worktree)], check=True)
    calls: list[str] = []
    asked = repositories.git

    def counted(folder: str, *arguments: str) -> bytes:
        calls.append(folder)
        return asked(folder, *arguments)

    monkeypatch.setattr(repositories, "git", counted)
    names = Repositories()
    for _ in range(2):
        found = [names.name(str(one)) for one in (outer, tmp_path / "x.yaml", inner, worktree / "jobs" / "job.yaml")]
        assert found == [GITHUB, GITHUB, "github.com/org/inner", GITHUB]
    assert names.name("/nowhere/job.yaml") == ""
    assert len(calls) == 3


def test_its_own_file_comes_first_and_needs_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = config(tmp_path / "a", "remote.origin.url git@github.com:org/repo.git")
    (tmp_path / "a" / ".specrun.yaml").write_text("repository: vision/training\n")
    alone = tmp_path / "b" / "job.yaml"
    alone.parent.mkdir()
    (alone.parent / ".specrun.yaml").write_text("repository: alone\n")
    monkeypatch.setenv("PATH", "")
    assert [Repositories().name(str(one)) for one in (spec, alone)] == ["vision/training", "alone"]
    (tmp_path / "a" / ".specrun.yaml").write_text("env: []\n")
    assert Repositories().name(str(spec)) == "", "git is not installed: it has no name, and nothing fails"


@pytest.mark.parametrize("text", ["env: 3\n", "repository: 7\n", "repository: [\n"])
def test_with_mistakes_in_its_file_a_repository_has_no_name(tmp_path: Path, text: str) -> None:
    spec = config(tmp_path, "remote.origin.url git@github.com:org/repo.git")
    (tmp_path / ".specrun.yaml").write_text(text)
    assert Repositories().name(str(spec)) == ""


def test_what_a_spec_asks_for_is_its_repositorys(tmp_path: Path) -> None:
    spec = config(tmp_path, "remote.origin.url git@github.com:org/repo.git")
    project = open_project(load([str(spec)]).specs, "local", tmp_path / "home")
    assert {resource.maker for resource in project.graph.resources.values()} == {Maker("job", GITHUB)}


def test_whose_something_is() -> None:
    here = Maker("job", "github.com/Org/repo", "prod")
    ours = (Maker("job"), Maker("job", GITHUB), Maker("job", GITHUB, "prod"), Maker("job", "", "prod"))
    theirs = (Maker(), Maker("other"), Maker("job", "github.com/me/repo"), Maker("job", GITHUB, "dev"))
    assert [one.is_of(here) for one in (*ours, *theirs)] == [True] * len(ours) + [False] * len(theirs)
    assert [one.is_of(Maker("job")) for one in ours] == [True, True, False, False], "made for a target that is not ours"
