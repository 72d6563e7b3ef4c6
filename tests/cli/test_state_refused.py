"""A state folder whose word is not taken: each verb says so in one message, before it reads or writes there."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specrun.cli.main import run
from specrun.plan import ownership
from tests.engine_double import Double, offer, write_spec

SOMEBODY = 4242
VERBS = (
    ("plan",),
    ("apply",),
    ("destroy", "-y"),
    ("unlock",),
    *((verb,) for verb in ("status", "logs", "outputs", "cancel", "runs", "graph")),
)


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Double:
    double = Double()
    offer(monkeypatch, "local", double)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "SUDO_UID"):
        monkeypatch.delenv(name, raising=False)
    return double


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a spec and a state folder are that is in order."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    write_spec(folder, "name: job\njob: {command: ls}\n")
    monkeypatch.chdir(folder)
    assert run(["apply", "-y"]) == 0
    return folder


def given_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a path belong to somebody else, which only root can do really."""
    if os.geteuid() == 0:
        os.lchown(path, SOMEBODY, SOMEBODY)
        return
    own = ownership._is_own
    inodes = {path.lstat().st_ino}
    seen = ownership._seen
    monkeypatch.setattr(ownership, "_seen", lambda one: _with_owner(seen(one), inodes))
    monkeypatch.setattr(ownership, "_is_own", lambda user: user != SOMEBODY and own(user))


def _with_owner(found: os.stat_result | None, inodes: set[int]) -> os.stat_result | None:
    if found is None or found.st_ino not in inodes:
        return found
    values = list(found)
    values[stat.ST_UID] = SOMEBODY
    return os.stat_result(values)


def everything(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*"))


def moved_away(path: Path, _: pytest.MonkeyPatch) -> None:
    """A link takes the place of a file or folder; what it leads to has all that was there."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def tracked(path: Path, _: pytest.MonkeyPatch) -> None:
    for command in (["rm", "-rf", ".git"], ["git", "init"], ["git", "add", "-f", ".specrun"]):
        subprocess.run(command, cwd=path.parent, check=True, capture_output=True)


def for_everybody(path: Path, _: pytest.MonkeyPatch) -> None:
    path.chmod(0o777)


def for_a_group(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.chmod(0o770)
    monkeypatch.setattr(ownership, "_is_private_group", lambda _: False)


Change = Callable[[Path, pytest.MonkeyPatch], None]
CASES: list[tuple[str, Change, str]] = [
    (".specrun", given_away, f"belongs to uid {SOMEBODY}, not to you"),
    (".git", given_away, "safe.directory"),
    (".specrun/runs", given_away, f"belongs to uid {SOMEBODY}, not to you"),
    (".specrun", moved_away, "is a link"),
    (".specrun", tracked, "tracked by git"),
    (".specrun", for_everybody, "can be written by everybody"),
    (".specrun", for_a_group, "can be written by the group"),
    (".specrun/runs", for_everybody, "can be written by everybody"),
    *((f".specrun/{name}", moved_away, "is a link") for name in (*ownership.FOLDERS, *ownership.FILES)),
]


@pytest.mark.parametrize(("what", "change", "told"), CASES)
def test_state_that_is_not_this_users_alone_is_refused(
    specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch, what: str, change: Change, told: str
) -> None:
    path = repository / what
    if not path.exists():
        path.mkdir() if "." not in path.name[1:] else path.write_text("")
    change(path, monkeypatch)
    before = everything(repository)
    for verb in VERBS:
        said = specrun(*verb)
        assert (said.code, said.out) == (1, "")
        assert said.err.count("\n") == 1
        assert told in said.err
        assert "remove" in said.err or "SPECRUN_HOME" in said.err
    assert specrun("doctor").code == 1
    assert specrun("validate").code == 0
    assert everything(repository) == before


def test_the_way_out_works(specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given_away(repository / ".specrun", monkeypatch)
    assert specrun("plan").code == 1
    monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "mine"))
    assert specrun("plan").code == 0


def test_a_repository_of_somebody_else_that_git_is_told_to_trust(
    specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given_away(repository / ".git", monkeypatch)
    assert specrun("plan").code == 1
    (tmp_path / "me").mkdir()
    (tmp_path / "me/.gitconfig").write_text(f"[safe]\n\tdirectory = {repository}\n")
    assert specrun("plan").code == 0
    given_away(repository / ".specrun", monkeypatch)
    assert specrun("plan").code == 1, "which is no word for what lies in .specrun"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file somebody else's")
def test_behind_sudo_the_users_own_is_fine(specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (repository / ".git", repository / ".specrun"):
        given_away(path, monkeypatch)
    monkeypatch.setenv("SUDO_UID", str(SOMEBODY))
    assert specrun("plan").code == 0
    monkeypatch.setenv("SUDO_UID", "1")
    assert specrun("plan").code == 1


def test_a_chosen_folder_may_be_behind_links_but_not_somebody_elses(
    specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "real/state").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "state").symlink_to("link/state")
    for chosen in (tmp_path / "link/state", tmp_path / "state"):
        monkeypatch.setenv("SPECRUN_HOME", str(chosen))
        assert specrun("plan").code == 0
    assert (tmp_path / "real/state").stat().st_mode & 0o777 == 0o755, "a folder of the user's own is left as it is"
    given_away(tmp_path / "real/state", monkeypatch)
    said = specrun("plan")
    assert (said.code, "to a folder of your own" in said.err) == (1, True)


def test_a_chosen_folder_that_the_repository_brings_is_refused(
    specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "target").mkdir()
    (repository / "cache").symlink_to(tmp_path / "target")
    tracked_link = [["rm", "-rf", ".git"], ["git", "init"], ["git", "add", "-f", "cache"]]
    for command in tracked_link:
        subprocess.run(command, cwd=repository, check=True, capture_output=True)
    for chosen in ("cache", "cache/state"):
        monkeypatch.setenv("SPECRUN_HOME", chosen)
        said = specrun("plan")
        assert (said.code, "tracked by git" in said.err) == (1, True)
    assert list((tmp_path / "target").iterdir()) == []


def test_what_is_wider_than_it_needs_to_be_is_narrowed(specrun: Any, repository: Path) -> None:
    for path in (repository / ".specrun", repository / ".specrun/staging"):
        path.chmod(0o755)
    assert specrun("plan").code == 0
    assert {p.stat().st_mode & 0o777 for p in (repository / ".specrun", repository / ".specrun/staging")} == {0o700}


@pytest.mark.parametrize(("name", "members", "fine"), [("me", [], True), ("me", ["other"], False), ("all", [], False)])
def test_a_group_of_ones_own_may_write(
    specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch, name: str, members: list[str], fine: bool
) -> None:
    import grp
    import pwd

    own = (repository / ".specrun").stat()
    user = pwd.struct_passwd(["me", "x", own.st_uid, own.st_gid, "", "/", "/bin/sh"])
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user)
    monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group([name, "x", own.st_gid, members]))
    (repository / ".specrun").chmod(0o775)
    assert (specrun("plan").code == 0) is fine


def test_a_disk_without_modes_is_one_of_this_user(
    specrun: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those are that Windows shares with what runs beside it."""
    for path in (repository / ".specrun", repository / ".specrun/staging"):
        path.chmod(0o777)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    assert specrun("plan").code == 0
