"""Questions to the file system, each asked once per load."""

# ruff: noqa: PTH116
# A load looks at thousands of paths, and os does it ten times as fast.

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING

from specrun.spec.boundary import Links, Reach, Told
from specrun.spec.reading import is_kernels

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.rules.travel import Journey
    from specrun.spec.source import Document
    from specrun.spec.tree import Tree


class Files:
    """A memory of what exists, for the duration of one load: thousands of specs name the same few folders.

    `told` is what the command line says of how far specs reach; `specs` are those that are not read from their files.
    """

    __slots__ = ("_documents", "_kinds", "_near", "_reach", "_trees", "_wrong", "specs", "told")

    def __init__(self, told: Told = Told(), specs: Mapping[str, Document] = {}) -> None:  # noqa: B008 - it cannot change
        self.told = told
        self.specs = specs
        self._reach: dict[str, Reach] = {}
        self._kinds: dict[str, str | None] = {}
        self._near: dict[tuple[str, str], str | None] = {}
        self._documents: dict[str, tuple[Document | None, tuple[Diagnostic, ...]]] = {}
        self._trees: dict[tuple[object, ...], Tree] = {}
        self._wrong: dict[tuple[object, ...], tuple[tuple[str, str], ...]] = {}

    def kind(self, path: str) -> str | None:
        """'folder', 'file', 'other' (a pipe, a device); None where nothing that can be reached is. NUL is nowhere."""
        try:
            return self._kinds[path]
        except KeyError:
            found = self._kinds[path] = _kind(path)
            return found

    def nearest(self, path: str, code: str) -> str | None:
        """What may be meant by a path where nothing is: see `nearest_existing`."""
        if (path, code) not in self._near:
            from specrun.spec.rules.nearby import nearest_existing  # late: as a rule everything is there

            self._near[path, code] = nearest_existing(path, code)
        return self._near[path, code]

    def reach(self, folder: str) -> Reach:
        """How far the specs in a folder reach."""
        if folder not in self._reach:
            self._reach[folder] = self.told.reach(folder)
        return self._reach[folder]

    def size(self, path: str) -> int:
        """How many bytes a file has; 0 where there is none."""
        try:
            return os.stat(path).st_size
        except OSError:
            return 0

    def document(self, path: str) -> tuple[Document | None, tuple[Diagnostic, ...]]:
        """Another YAML file that a spec names, and the mistakes in it."""
        if path not in self._documents:
            from specrun.spec.requirements import near
            from specrun.spec.source import read

            self._documents[path] = read(near(path))
        return self._documents[path]

    def wrong(
        self, path: str, leave_out: frozenset[str] | None, journey: Journey, links: Links
    ) -> tuple[tuple[str, str], ...]:
        """The code and the detail of what will not arrive of a path of code, or (without `leave_out`) of data."""
        place = (path, leave_out, links)
        if (place, journey) not in self._wrong:
            from specrun.spec.rules.travel import found_wrong
            from specrun.spec.tree import MOST_ENTRIES, read_tree

            if place not in self._trees:
                self._trees[place] = read_tree(path, leave_out, links=links, most=MOST_ENTRIES)
            self._wrong[place, journey] = tuple(found_wrong(self._trees[place], journey))
        return self._wrong[place, journey]


def _kind(path: str) -> str | None:
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    mode = seen.st_mode
    if is_kernels(path, seen):
        return "other"
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
