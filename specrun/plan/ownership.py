"""Whose a state folder is: what somebody else can have written there is not used, since it says what is run.

As git asks whose a repository is (`safe.directory`). No process is started, and nothing is read from the folder, nor
written to it, before it is known to be this user's.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from specrun.plan.git_index import is_safe, is_tracked
from specrun.spec.errors import Error
from specrun.spec.repository import git_folder, repository_of

FOLDERS = (
    "runs",
    "environments",
    "resources",
    "datastores",
    "cache",
    "code",
    "slots",
    "staging",
    "locks",
    "going",
    "trials",
)
FILES = (".gitignore", "journal.jsonl", "journal.1.jsonl")
_ELSEWHERE = "set SPECRUN_HOME to a folder of your own"


class StateRefused(Error):
    """A state folder whose word is not taken; the message says why, and what to do."""


def check_ownership(home: Path, *, chosen: bool) -> None:
    """Raise StateRefused unless a state folder, which need not be there, is this user's alone.

    `chosen`: by SPECRUN_HOME, and not by where a repository is. What is wider than it needs to be is narrowed.
    """
    try:
        if not chosen:
            _check_repository(home.parent)
        _check_tracked(home)
        seen = _seen(home)
        if seen is not None and stat.S_ISLNK(seen.st_mode) and chosen:
            seen = home.stat()  # the link is the user's own word, unless the repository brought it
        if seen is None:
            return
        _check_folder(home, seen)
        if os.path.lexists(home / ".git"):
            raise StateRefused(f"{home} is a repository of its own, and state is never one: move it away.")
        _check_parts(home)
        if not chosen:
            _narrow(home, seen)
    except OSError as error:
        raise StateRefused(f"{error.filename or home} cannot be looked at ({error.strerror}): {_ELSEWHERE}.") from None


def check_private(path: Path, seen: os.stat_result, mend: str = f"move it away, or {_ELSEWHERE}") -> None:
    """Raise StateRefused unless a file or folder, which looks like this, is this user's alone. `mend`: what to do."""
    if stat.S_ISLNK(seen.st_mode):
        raise StateRefused(f"{path} is a link, and state is kept where nothing leads elsewhere: {mend}.")
    if not is_own(seen.st_uid):
        raise StateRefused(
            f"{path} belongs to {_name(seen.st_uid)}, not to you, and what somebody else writes there says what you "
            f"run: {mend}, or, if you trust all that is in it, make it yours (chown -R)."
        )
    if (writers := _writers(seen)) and _has_modes(path, seen):
        raise StateRefused(
            f"{path} can be written by {writers}, and what they write there says what you run: {mend}, or, if you "
            f"trust all that is in it, `chmod -R go-w {path}`."
        )


def _check_repository(folder: Path) -> None:
    """The `.git` beside the state folder decided where it is."""
    entry = folder / ".git"
    seen = _seen(entry)
    if seen is None or is_safe(folder):
        return
    found = [(entry, seen)]
    for path in (entry, Path(git_folder(str(folder)))):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found.append((path, path.stat()))
    for path, looked in found:
        if not is_own(looked.st_uid):
            raise StateRefused(
                f"{path} belongs to {_name(looked.st_uid)}, not to you, and it decides where state is kept: "
                f"{_ELSEWHERE}, or say that you trust it: `git config --global --add safe.directory {folder}`."
            )


def _check_tracked(home: Path) -> None:
    for path in dict.fromkeys((home, home.parent.resolve() / home.name)):
        repository = repository_of(str(path.parent))
        if repository is not None and is_tracked(Path(repository), path.relative_to(repository).as_posix()):
            raise StateRefused(
                f"{home} is tracked by git: state that comes with a repository is somebody's word for what has run. "
                f"Take it out (`git rm -r --cached {home.name}`, and move the folder away), or {_ELSEWHERE}."
            )


def _check_folder(path: Path, seen: os.stat_result) -> None:
    check_private(path, seen)
    if not stat.S_ISDIR(seen.st_mode):
        raise StateRefused(f"{path} is no folder, and specrun keeps its state there: move it away, or {_ELSEWHERE}.")


def _check_parts(home: Path) -> None:
    for name in FOLDERS:
        seen = _seen(home / name)
        if seen is not None:
            _check_folder(home / name, seen)
            _narrow(home / name, seen)
    for name in FILES:
        seen = _seen(home / name)
        if seen is not None:
            check_private(home / name, seen, "remove it")


def _narrow(folder: Path, seen: os.stat_result) -> None:
    if stat.S_IMODE(seen.st_mode) & 0o077:
        with contextlib.suppress(OSError):  # a disk that is read-only
            folder.chmod(0o700)


def _seen(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_own(user: int) -> bool:
    """Whether what belongs to a user is this one's."""
    if not hasattr(os, "geteuid") or user == os.geteuid():  # Windows tells nobody whose a file is
        return True
    # As git has it: behind sudo, what is the user's who typed it.
    return os.geteuid() == 0 and os.environ.get("SUDO_UID") == str(user)


def _writers(seen: os.stat_result) -> str:
    """Who else can write to it, in words."""
    if seen.st_mode & stat.S_IWOTH:
        return "everybody"
    if seen.st_mode & stat.S_IWGRP and not _is_private_group(seen.st_gid):
        return f"the group {_group_name(seen.st_gid)}"
    return ""


def _is_private_group(group: int) -> bool:
    """Whether nobody but this user (or root) is in a group, as where each user has one of the same name."""
    import grp  # late: folders that a group can write to are from before this version, or made by hand
    import pwd

    try:
        user, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return group == os.getegid() == 0  # a container that gave its user a number, and root's group
    others = set(found.gr_mem) - {user.pw_name, "root"}
    return group == user.pw_gid and found.gr_name == user.pw_name and not others


def _has_modes(folder: Path, seen: os.stat_result) -> bool:
    """Whether the file system keeps modes at all: some that come from Windows show all of them, and change none."""
    mode = stat.S_IMODE(seen.st_mode)
    try:
        folder.chmod(mode & ~0o022)
        changed = stat.S_IMODE(folder.stat().st_mode) != mode
        if changed:
            folder.chmod(mode)
    except OSError:
        return True
    return changed


def _name(user: int) -> str:
    import pwd

    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:
        return f"uid {user}"


def _group_name(group: int) -> str:
    import grp

    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def own_folders(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The folders in a folder that are no links; none where it is not there."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from (entry for entry in entries if entry.is_dir(follow_symlinks=False))
