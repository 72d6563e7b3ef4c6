"""Questions to the file system, each asked once per load."""

# ruff: noqa: PTH116, PTH118, PTH208
# A load looks at thousands of paths, and os does it ten times as fast.

from __future__ import annotations

import os
import stat

from specrun.spec.nearest import nearest

# What is never part of code or data, so that a link in it does not matter.
_SKIPPED = frozenset({".git", ".specrun", "__pycache__", ".venv", "venv", "node_modules"})
# A validation is not a backup: beyond this many entries the plan, which reads every file anyway, finds such a link.
_MOST_ENTRIES = 20_000


class Files:
    """A memory of what exists, for the duration of one load: thousands of specs name the same few folders."""

    __slots__ = ("_kinds", "_links")

    def __init__(self) -> None:
        self._kinds: dict[str, str | None] = {}
        self._links: dict[str, str | None] = {}

    def kind(self, path: str) -> str | None:
        """'folder', 'file', or None where nothing (or nothing reachable) is there. NUL bytes are nowhere."""
        try:
            return self._kinds[path]
        except KeyError:
            found = self._kinds[path] = _kind(path)
            return found

    def leaving_link(self, folder: str) -> str | None:
        """The first symbolic link below `folder`, in name order, that leads out of it; its path from `folder`."""
        if folder not in self._links:
            self._links[folder] = _leaving_link(folder)
        return self._links[folder]


def nearest_existing(path: str) -> str | None:
    """A name like the missing one's in the folder where it was looked for, as a path."""
    parent, name = os.path.split(os.path.normpath(path))
    try:
        names = os.listdir(parent or ".")
    except OSError:
        return None
    found = nearest(name, names)
    return os.path.join(parent, found) if found else None


def _kind(path: str) -> str | None:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    return "folder" if stat.S_ISDIR(mode) else "file"


def _leaving_link(folder: str) -> str | None:
    root = os.path.realpath(folder)
    inside = root.rstrip(os.sep) + os.sep
    waiting = [root]
    seen = 0
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if target != root and not target.startswith(inside):
                    return os.path.relpath(entry.path, root)
            elif entry.name not in _SKIPPED and entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
        if seen > _MOST_ENTRIES:
            return None
    return None
