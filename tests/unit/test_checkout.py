"""A checkout that git has changed by itself: the fingerprint is that of Linux, or somebody is told that it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.plan import checkout
from specrun.plan.checkout import other_line_ends
from specrun.plan.files import list_code
from specrun.plan.git_index import tracked_files
from specrun.plan.hashes import HashCache
from tests.unit.test_git_index import git, split, version_4

PLAIN, WINDOWS = b"a = 1\nb = 2\n", b"a = 1\r\nb = 2\r\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a script in `src`, in which we are."""
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    git(folder, "init")
    commit(folder, train=PLAIN)
    monkeypatch.chdir(folder)
    return folder


def commit(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / "src" / f"{name}.py").write_bytes(content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def anew(folder: Path, *options: str) -> None:
    """Check all files out again, as git does with these options."""
    for file in (folder / "src").iterdir():
        file.unlink()
    git(folder, *options, "checkout", "--", ".")


def told(folder: Path) -> str:
    cache = HashCache(folder / ".specrun")
    files = list_code(folder / "src", (), cache)
    return other_line_ends([file.source for file in files if file.source in cache.windows_ends])


def as_windows(folder: Path) -> None:
    anew(folder, "-c", "core.autocrlf=true")


def in_version_4(folder: Path) -> None:
    version_4(folder)
    as_windows(folder)


def in_a_split_index(folder: Path) -> None:
    split(folder)
    as_windows(folder)


def by_hand(folder: Path) -> None:
    (folder / "src" / "train.py").write_bytes(WINDOWS)


def with_other_attributes(folder: Path) -> None:
    (folder / ".gitattributes").write_text("*.bat eol=crlf\n* text=auto eol=lf\n")
    by_hand(folder)


@pytest.mark.parametrize("made", [as_windows, in_version_4, in_a_split_index, by_hand, with_other_attributes])
def test_line_ends_that_git_does_not_have(made: Callable[[Path], None], repository: Path) -> None:
    made(repository)
    assert (repository / "src" / "train.py").read_bytes() == WINDOWS
    assert told(repository).startswith("`src/train.py` has Windows line ends here and none in git (`core.autocrlf`): ")


def plain(folder: Path) -> None:
    anew(folder, "-c", "core.autocrlf=input")


def committed_so(folder: Path) -> None:
    commit(folder, train=WINDOWS)


def wanted_so_everywhere(folder: Path) -> None:
    (folder / ".gitattributes").write_text("* text=auto eol=lf\n*.py text eol=crlf\n")
    commit(folder)
    anew(folder)
    assert (folder / "src" / "train.py").read_bytes() == WINDOWS


def changed_besides(folder: Path) -> None:
    (folder / "src" / "train.py").write_bytes(WINDOWS + b"c = 3\r\n")


def untracked(folder: Path) -> None:
    (folder / "src" / "new.py").write_bytes(WINDOWS)


def not_a_text(folder: Path) -> None:
    (folder / "src" / "train.py").write_bytes(b"\0" + WINDOWS)


def in_no_repository(folder: Path) -> None:
    by_hand(folder)
    (folder / ".git").rename(folder / "git")


def damaged(folder: Path) -> None:
    by_hand(folder)
    (folder / ".git" / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\3cut")


@pytest.mark.parametrize(
    "made",
    [
        plain,
        committed_so,
        wanted_so_everywhere,
        changed_besides,
        untracked,
        not_a_text,
        in_no_repository,
        damaged,
    ],
)
def test_nothing_is_said_of_files_that_are_as_git_has_them(made: Callable[[Path], None], repository: Path) -> None:
    made(repository)
    assert told(repository) == ""


def modes(folder: Path) -> dict[str, bool]:
    return {file.path: file.executable for file in list_code(folder / "src", (), HashCache(folder / ".specrun"))}


@pytest.fixture
def with_a_script(repository: Path) -> Path:
    """The same, with a script that git has as executable, a file that it does not track, and a second repository."""
    script = repository / "src" / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    commit(repository)
    inner = repository / "src" / "inner"
    (inner / "src").mkdir(parents=True)
    git(inner, "init")
    (inner / "tool").write_text("#!/bin/sh\n")
    (inner / "tool").chmod(0o755)
    git(inner, "add", "tool")
    untracked(repository)
    return repository


EXPECTED = {"inner/tool": True, "new.py": False, "run.sh": True, "train.py": False}


def test_modes_are_those_of_the_file_system(with_a_script: Path) -> None:
    assert modes(with_a_script) == EXPECTED
    git(with_a_script, "config", "core.fileMode", "false")  # for peace with others, on a disk that has modes
    (with_a_script / "src" / "train.py").chmod(0o755)
    assert modes(with_a_script) == {**EXPECTED, "train.py": True}


def test_on_windows_modes_are_those_of_git(with_a_script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (with_a_script / "src").rglob("*.*"):
        file.chmod(0o644)
    monkeypatch.setattr(checkout, "_WINDOWS", True)
    assert modes(with_a_script) == EXPECTED


def test_on_a_disk_without_modes_too(with_a_script: Path) -> None:
    for file in ("train.py", "new.py", "run.sh"):  # as a disk of Windows shows them in WSL
        (with_a_script / "src" / file).chmod(0o777)
    assert modes(with_a_script) == dict.fromkeys(EXPECTED, True)  # nothing says that they mean nothing
    git(with_a_script, "config", "core.fileMode", "false")
    assert modes(with_a_script) == EXPECTED


def test_what_is_tracked_is_read_as_it_changes(repository: Path) -> None:
    assert set(tracked_files(str(repository))) == {b"src/train.py"}
    commit(repository, more=PLAIN)
    assert set(tracked_files(str(repository))) == {b"src/train.py", b"src/more.py"}
    assert tracked_files(str(repository / "nowhere")) == {}
