"""Symbolic links in a folder that is going to travel: those that will not arrive."""

# ruff: noqa: PTH110, PTH112, PTH118, PTH206
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import NamedTuple

from specrun.spec.ignore import NEVER_CODE, ignored, rules_above, rules_in

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
            if leave_out is not None and (entry.name in NEVER_CODE or entry.path in leave_out):
                continue
            if entry.is_symlink():
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)


def _ignored(root: str, path: str) -> bool:
    """Whether the path, or a folder that it is in, is left out of the code."""
    rules = list(rules_above(root))
    here = root
    for name in os.path.relpath(path, root).split(os.sep):
        own = rules_in(here)
        rules += [own] if own else []
        here = os.path.join(here, name)
        if ignored(here, os.path.isdir(here), rules):
            return True
    return False
