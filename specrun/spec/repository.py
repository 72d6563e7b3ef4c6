"""The repository that a file is in: the boundary of what its specs reach, and where its state is kept."""

# ruff: noqa: PTH113, PTH118, PTH120
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
import re

from specrun.spec.reading import read_bytes, read_text

_SUBMODULE = re.compile(r"\s*path\s*=\s*(\S.*)")


def repository_of(folder: str) -> str | None:
    """The root of the repository that an absolute folder is in, if it is in one."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def git_folder(repository: str) -> str:
    """The folder that a repository's `.git` is, or that it names as a file. It may not be there."""
    entry = os.path.join(repository, ".git")
    try:
        text = read_bytes(entry).strip() if os.path.isfile(entry) else b""
    except OSError:
        return entry
    name = text.removeprefix(b"gitdir:").strip()
    return os.path.join(repository, os.fsdecode(name)) if text.startswith(b"gitdir:") and name else entry


def common_git_folder(repository: str) -> str:
    """The same; of a worktree, that of the repository which it belongs to."""
    folder = git_folder(repository)
    try:
        return os.path.join(folder, os.fsdecode(read_bytes(os.path.join(folder, "commondir")).strip()))
    except OSError:
        return folder


def submodules(repository: str | None) -> frozenset[str]:
    """The folders of a repository's submodules, as its `.gitmodules` has them."""
    if repository is None:
        return frozenset()
    try:
        text = read_text(os.path.join(repository, ".gitmodules"))
    except OSError:
        return frozenset()
    found = [_SUBMODULE.fullmatch(line.rstrip()) for line in text.splitlines()]
    return frozenset(os.path.join(repository, *match[1].strip('"').rstrip("/").split("/")) for match in found if match)


def under_ci() -> bool:
    """Whether nobody sits in front of it, and what is read may be a stranger's: CI services set `CI`."""
    return os.environ.get("CI", "").strip().lower() not in ("", "0", "false", "no", "off")
