"""The state folder: where it is, and what is in it while something is under way."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from specrun.plan import home as homes
from specrun.plan.home import STAGING, home_of, make_home, remove_abandoned, replace_text, scratch


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPECRUN_HOME", raising=False)


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = tmp_path / "repository/specs/examples"
    specs.mkdir(parents=True)
    assert home_of(specs) == specs / ".specrun"
    (tmp_path / "repository/.git").mkdir()
    assert home_of(specs) == home_of(tmp_path / "repository") == tmp_path / "repository/.specrun"
    (specs / ".git").write_text("gitdir: elsewhere\n")
    assert home_of(specs) == specs / ".specrun", "a submodule or worktree is a repository, too"
    monkeypatch.chdir(specs)
    assert home_of(Path("..")) == tmp_path / "repository/.specrun"
    monkeypatch.setenv("SPECRUN_HOME", "mine")
    assert home_of(Path("..")) == specs / "mine"


def test_it_ignores_itself_and_stays_as_somebody_wants_it(tmp_path: Path) -> None:
    home = tmp_path / "deep/home"
    make_home(home)
    assert (home / ".gitignore").read_text() == "*\n"
    (home / ".gitignore").write_text("cache\n")
    make_home(home)
    assert (home / ".gitignore").read_text() == "cache\n"
    (home / ".gitignore").unlink()
    make_home(home)
    assert (home / ".gitignore").read_text() == "*\n"


def test_what_is_not_finished_is_in_a_folder_of_its_own_that_goes_away(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with scratch(home) as one, scratch(home) as other:
        assert one != other
        assert {one.parent, other.parent} == {home / STAGING}
        assert one.stat().st_mode & 0o777 == 0o700, "nobody else's"
        (one / "deep").mkdir()
        (one / "deep/file").write_text("")
    assert list((home / STAGING).iterdir()) == []
    with pytest.raises(ZeroDivisionError), scratch(home) as folder:
        (folder / "file").write_text(str(1 / 0))
    assert list((home / STAGING).iterdir()) == []


def test_what_a_killed_one_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remove_abandoned(home)
    with scratch(home) as used:
        left = home / STAGING / "1-2"
        (left / "deep").mkdir(parents=True)
        (left / "deep/file").write_text("")
        remove_abandoned(home)
        assert list((home / STAGING).iterdir()) == [used]


def test_a_folder_that_was_taken_for_abandoned_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, taken = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not taken:
            taken.extend((tmp_path / "home" / STAGING).iterdir())
            taken[0].rmdir()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with scratch(tmp_path / "home") as folder:
        assert folder.is_dir()
        assert taken
        assert folder != taken[0]


def test_a_name_that_is_taken_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([5, 5, 6])
    monkeypatch.setattr(homes.time, "monotonic_ns", lambda: next(ticks))
    with scratch(tmp_path / "home") as one, scratch(tmp_path / "home") as other:
        assert [one.name, other.name] == [f"{os.getpid()}-5", f"{os.getpid()}-6"]


def test_a_file_is_replaced_all_at_once(tmp_path: Path) -> None:
    file = tmp_path / "home/cache/some/file.json"
    for text in ("first", "größe"):
        replace_text(tmp_path / "home", file, text)
        assert file.read_bytes() == text.encode()
    assert [path.name for path in file.parent.iterdir()] == ["file.json"]
    assert list((tmp_path / "home" / STAGING).iterdir()) == []
    with pytest.raises(OSError, match="directory"):
        replace_text(tmp_path / "home", tmp_path / "home/cache/some", "text")
    assert list((tmp_path / "home" / STAGING).iterdir()) == []
