"""What is different where the paths of specs lead, and what of it git does not track."""

# ruff: noqa: PTH114
# There are thousands of specs, and os.path looks at their paths ten times as fast.

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from specrun.plan.since.changes import Change, Changes, starting
from specrun.plan.since.code import CodeChanges
from specrun.spec.boundary import is_below


class Look(NamedTuple):
    """What is different at a path, and the paths there of which nobody knows: git does not track them."""

    changes: tuple[Change, ...] = ()
    untracked: tuple[str, ...] = ()


class PathChanges:
    """The changes of several repositories, of which none is in another one, looked at path by path, each once.

    Paths are absolute and plain; a link in them, or at their end, is followed.
    """

    def __init__(self, repositories: Sequence[Changes]) -> None:
        self._repositories = [(changes, CodeChanges(changes)) for changes in repositories]
        self._looks: dict[tuple[object, ...], Look] = {}
        self._folders: dict[str, str] = {}

    def file(self, path: str) -> Look:
        """A file that is read for its text: its mode is nothing."""
        return self._look(path, "file")

    def data(self, path: str) -> Look:
        """A file, or a folder of which everything counts."""
        return self._look(path, "data")

    def context(self, path: str) -> Look:
        """A folder that an image is built from: everything in it counts, but no modes."""
        return self._look(path, "context")

    def code(self, path: str, leave_out: Collection[str] = ()) -> Look:
        """A folder of which the code counts, but for what is at the real places `leave_out`."""
        return self._look(path, "code", frozenset(leave_out))

    def tracks(self, path: str) -> bool:
        """Whether a path is in one of the repositories."""
        return self._in_repository(path) is not None

    def real(self, path: str) -> str:
        """The real place of a path. Most share a folder, and are no links themselves: one look at each tells it."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        place = f"{self._folders[folder].rstrip('/')}/{name}"
        return os.path.realpath(place) if os.path.islink(place) else place

    def _look(self, path: str, kind: str, leave_out: frozenset[str] = frozenset()) -> Look:
        key = path, kind, leave_out
        if key not in self._looks:
            real = self.real(path)
            found = dict.fromkeys(self._on_the_way(path) if real != path else ())
            here = self._at(real, kind, leave_out)
            found |= dict.fromkeys(here.changes)
            self._looks[key] = Look(tuple(found), here.untracked)
        return self._looks[key]

    def _in_repository(self, real: str) -> tuple[Changes, CodeChanges] | None:
        return next((one for one in self._repositories if is_below(real, one[0].root)), None)

    def _on_the_way(self, path: str) -> Iterator[Change]:
        """What is different of the links that lead from a path to its real place."""
        found = self._in_repository(path)
        return iter(()) if found is None else found[0].at(path)

    def _at(self, real: str, kind: str, leave_out: frozenset[str]) -> Look:
        found = self._in_repository(real)
        if found is None:
            return Look(untracked=(real,))
        changes, code = found
        if changes.ignores(real) or "/.git/" in real:
            return Look(untracked=(real,))
        if kind == "file":
            return Look(tuple(change for change in changes.at(real) if change.how != "mode"))
        if kind == "code":
            return Look(code.of(real, leave_out), code.untracked(real, leave_out))
        different = [*changes.at(real), *changes.below(real)]
        if kind == "context":
            different = [change for change in different if change.how != "mode"]
        untracked = list(starting(changes.ignored, real))
        if not different and not os.path.lexists(real) and not changes.has(real):
            untracked.append(real)
        for link in starting(changes.links, real):  # what it leads to travels, too
            to = os.path.realpath(link)
            if not is_below(to, real) and "/.git/" not in to:
                beyond = self._at(to, kind, leave_out)
                different += beyond.changes
                untracked += beyond.untracked
        return Look(tuple(different), tuple(untracked))
