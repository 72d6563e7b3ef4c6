"""Symbolic links in a folder that is going to travel: those that will not arrive."""

# ruff: noqa: PTH110, PTH112, PTH118, PTH206
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

# What is never part of code, so that a link in it does not matter.
_NEVER_CODE = frozenset({".git", ".specrun", "__pycache__"})
# A validation is no backup: beyond this many entries the plan, which reads every file anyway, meets such a link.
_MOST_ENTRIES = 20_000


class BadLink(NamedTuple):
    """A link that leads out of its folder, or (`broken`) to nothing; `path` starts at the folder."""

    path: str
    broken: bool


def bad_link(folder: str, leave_out: Collection[str] | None) -> BadLink | None:
    """The first bad link below `folder`, nearest to it first, then in name order.

    With `leave_out`, real paths which are not part of it, the folder is code, and what is never code or is ignored
    does not matter. With None it is data, all of which travels.
    """
    root = os.path.realpath(folder)
    inside = root.rstrip(os.sep) + os.sep
    for link in _links(root, leave_out):
        target = os.path.realpath(link)
        leaves = target != root and not target.startswith(inside)
        if not leaves and os.path.exists(link):
            continue
        if leave_out is None or not _ignored(root, link):
            return BadLink(os.path.relpath(link, root), broken=not leaves)
    return None


def _links(root: str, leave_out: Collection[str] | None) -> Iterator[str]:
    waiting = [root]
    seen = 0
    for here in waiting:
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        seen += len(entries)
        if seen > _MOST_ENTRIES:
            return
        if leave_out is not None and here != root and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue  # a virtual environment
        for entry in entries:
            if leave_out is not None and (entry.name in _NEVER_CODE or entry.path in leave_out):
                continue
            if entry.is_symlink():
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)


def _ignored(root: str, path: str) -> bool:
    """Whether `.amlignore`, else `.gitignore`, of any level leaves the path (or a folder it is in) out of the code."""
    parts = os.path.relpath(path, root).split(os.sep)
    rules: list[tuple[int, Callable[[str], bool | None]]] = []
    for depth in range(len(parts)):
        own = _rules(os.path.join(root, *parts[:depth]))
        if own is not None:
            rules.append((depth, own))
        is_folder = depth < len(parts) - 1 or os.path.isdir(path)
        for level, verdict in reversed(rules):  # the innermost that says anything decides, as in git
            said = verdict("/".join(parts[level : depth + 1]) + "/" * is_folder)
            if said is not None:
                if said:
                    return True
                break
    return False


def _rules(folder: str) -> Callable[[str], bool | None] | None:
    for name in (".amlignore", ".gitignore"):
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                lines = file.read().splitlines()
        except OSError:
            continue
        from pathspec import GitIgnoreSpec  # late: most folders have no bad link

        spec = GitIgnoreSpec.from_lines(lines)
        return lambda path: spec.check_file(path).include
    return None
