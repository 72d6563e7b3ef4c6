"""Questions to the file system, each asked once per load."""

# ruff: noqa: PTH116, PTH118, PTH208
# A load looks at thousands of paths, and os does it ten times as fast.

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from specrun.spec.nearest import nearest

if TYPE_CHECKING:
    from specrun.spec.rules.links import BadLink


class Files:
    """A memory of what exists, for the duration of one load: thousands of specs name the same few folders."""

    __slots__ = ("_kinds", "_links")

    def __init__(self) -> None:
        self._kinds: dict[str, str | None] = {}
        self._links: dict[tuple[str, frozenset[str] | None], BadLink | None] = {}

    def kind(self, path: str) -> str | None:
        """'folder', 'file', 'other' (a pipe, a device); None where nothing that can be reached is. NUL is nowhere."""
        try:
            return self._kinds[path]
        except KeyError:
            found = self._kinds[path] = _kind(path)
            return found

    def bad_link(self, folder: str, leave_out: frozenset[str] | None) -> BadLink | None:
        """The first link below a folder of code, or (without `leave_out`) of data, that will not arrive."""
        key = (folder, leave_out)
        if key not in self._links:
            from specrun.spec.rules.links import bad_link

            self._links[key] = bad_link(folder, leave_out)
        return self._links[key]


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
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
