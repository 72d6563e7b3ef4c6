"""What a repository tracks, read without git; git itself wrote what is read here."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.plan.git_index import is_safe, is_tracked

SOME = "0" * 39 + "1"


def git(folder: Path, *arguments: str, text: str = "") -> None:
    """Carry out a command of git, on its own configuration alone."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = [part for name in ("name", "email") for part in ("-c", f"user.{name}=x")]
    command = ["git", "-C", str(folder), *identity, *arguments]
    subprocess.run(command, env=environment, input=text, text=True, check=True, capture_output=True)


def repository(folder: Path, *tracked: str, init: tuple[str, ...] = ()) -> Path:
    """A repository that tracks some files, and others of all sorts before and after them."""
    folder.mkdir(parents=True)
    git(folder, "init", *init)
    empty = (
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
        if init
        else "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    )
    others = (".github/a", ".spack/x", ".specrun-notes", "docs/.specrun/x", "src/a", *(f"x/{n}" for n in range(70)))
    git(
        folder,
        "update-index",
        "--add",
        "--index-info",
        text="".join(f"100644 {empty}\t{p}\n" for p in (*others, *tracked)),
    )
    return folder


def version_4(folder: Path) -> None:
    git(folder, "update-index", "--index-version", "4")


def intent_to_add(folder: Path) -> None:
    """Makes it version 3."""
    (folder / ".a").write_text("")
    git(folder, "add", "--intent-to-add", "--force", ".a")


def split(folder: Path) -> None:
    git(folder, "update-index", "--split-index")
    assert list((folder / ".git").glob("sharedindex.*"))


def damaged(folder: Path) -> None:
    index = folder / ".git/index"
    index.write_bytes(index.read_bytes()[:-300])


@pytest.mark.parametrize("change", [lambda _: None, version_4, intent_to_add, split, damaged])
@pytest.mark.parametrize(
    ("tracked", "found"),
    [
        ((), False),
        ((".specrun/runs/a",), True),
        ((".specrun",), True),
        ((".SpecRun/x",), True),
        (("x/0/.specrun",), False),
    ],
)
def test_the_index_in_all_its_forms(
    tmp_path: Path, change: Callable[[Path], None], tracked: tuple[str, ...], found: bool
) -> None:
    folder = repository(tmp_path / "r", *tracked)
    change(folder)
    assert is_tracked(folder, ".specrun") is found


def test_hashes_of_the_longer_kind(tmp_path: Path) -> None:
    for name, tracked, found in (("a", (".specrun/x",), True), ("b", (), False)):
        assert is_tracked(repository(tmp_path / name, *tracked, init=("--object-format=sha256",)), ".specrun") is found


def test_a_submodule_of_that_name(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{SOME},.specrun")
    assert is_tracked(folder, ".specrun")


def test_a_folder_deeper_and_what_leads_there(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r", "cache/link", "state/home/runs/x")
    asked = ("cache/link/home", "state/home", "state", "state/other", "cache/link2", "x/1", "stat")
    assert [is_tracked(folder, path) for path in asked] == [True, True, True, False, False, True, False]


def test_a_worktree_has_an_index_of_its_own(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    git(folder, "hash-object", "-w", "--stdin")
    git(folder, "commit", "-m", "x")
    git(folder, "worktree", "add", str(tmp_path / "w"))
    (tmp_path / "w/.specrun").write_text("")
    git(tmp_path / "w", "add", ".specrun")
    assert [is_tracked(tmp_path / name, ".specrun") for name in "rw"] == [False, True]


def test_where_there_is_no_index_nothing_is_tracked(tmp_path: Path) -> None:
    git(tmp_path, "init")
    assert not is_tracked(tmp_path, ".specrun")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/.git").write_text("gitdir: nowhere\n")
    assert not is_tracked(tmp_path / "other", ".specrun")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("", False),
        ("[safe]\n\tdirectory = /r/s\n", True),
        ('[Safe]\n  Directory = "/r/s"\n', True),
        ("[safe]\n\tdirectory = /r/*\n", True),
        ("[safe]\n\tdirectory = *\n", True),
        ("[safe]\n\tdirectory = *\n\tdirectory =\n", False),
        ("[safe]\n\tdirectory = /r\n[user]\n\tdirectory = *\n", False),
    ],
)
def test_safe_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, safe: bool) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".gitconfig").write_text(text)
    assert is_safe(Path("/r/s")) is safe
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "/r/s")
    assert is_safe(Path("/r/s"))
