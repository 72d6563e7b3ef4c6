"""Which changes of a code folder are changes of code, by the ignore files as they are and as they were."""

# ruff: noqa: PTH112, PTH118, PTH120
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from specrun.plan.git import GitError
from specrun.plan.since.blobs import content
from specrun.plan.since.changes import Change, Changes, starting
from specrun.spec.boundary import is_below
from specrun.spec.ignore import NEVER_CODE, Rules, ignored, rules_in
from specrun.spec.reading import read_bytes
from specrun.spec.repository import repository_of
from specrun.spec.tree import TreeFile, is_spec

OF_CODE = (".amlignore", ".gitignore")


@dataclass
class CodeChanges:
    """What changed of the code folders of a repository. All paths are real ones."""

    changes: Changes
    _rules: dict[tuple[str, bool], Rules | None] = field(default_factory=dict)
    _found: dict[tuple[str, frozenset[str]], tuple[Change, ...]] = field(default_factory=dict)
    _untracked: dict[tuple[str, frozenset[str]], tuple[str, ...]] = field(default_factory=dict)

    def of(self, folder: str, leave_out: frozenset[str]) -> tuple[Change, ...]:
        """The changes of a folder's code, and of the ignore files above that make another listing of it.

        `leave_out` are paths that are never part of it.
        """
        key = folder, leave_out
        if key not in self._found:
            above = [change for change in self.ignore_files_above(folder) if self._list_differently(folder, leave_out)]
            own = (change for change in self.changes.below(folder) if self._is_change(folder, leave_out, change))
            self._found[key] = (*self.changes.at(folder), *above, *own)
        return self._found[key]

    def untracked(self, folder: str, leave_out: frozenset[str]) -> tuple[str, ...]:
        """What is code, and ignored by git."""
        key = folder, leave_out
        if key not in self._untracked:
            below = starting(self.changes.ignored, folder)
            self._untracked[key] = tuple(path for path in below if self._is_code(folder, leave_out, path, before=False))
        return self._untracked[key]

    def ignore_files_above(self, folder: str) -> list[Change]:
        """The changed ignore files of the folders above."""
        found: list[Change] = []
        while folder != self.changes.root and is_below(folder, self.changes.root):
            folder = os.path.dirname(folder)
            found += filter(None, (self.changes.exactly(os.path.join(folder, name)) for name in OF_CODE))
        return found

    def _is_change(self, folder: str, leave_out: frozenset[str], change: Change) -> bool:
        is_now = change.how != "deleted" and not _is_spec(change.path)
        was = change.before is not None and self.changes.spec_before(change.path) is None
        return (is_now and self._is_code(folder, leave_out, change.path, before=False)) or (
            was and self._is_code(folder, leave_out, change.path, before=True)
        )

    def _is_code(self, folder: str, leave_out: Collection[str], path: str, *, before: bool) -> bool:
        """Whether a path below a code folder is part of it, now or `before`."""
        rules = self._above(folder, before=before)
        names = path[len(folder) + 1 :].split("/")
        place = folder
        for depth, name in enumerate(names):
            inside = f"{place}/{name}"
            rules = self._into(folder, place, rules, before=before)
            is_folder = depth < len(names) - 1 or os.path.isdir(inside)
            if self._leaves_out(inside, is_folder, leave_out, rules):
                return False
            place = inside
            if is_folder and os.path.lexists(f"{place}/pyvenv.cfg"):
                return False
        return True

    def _leaves_out(self, path: str, is_folder: bool, leave_out: Collection[str], rules: tuple[Rules, ...]) -> bool:
        if os.path.basename(path) in NEVER_CODE or path in leave_out:  # noqa: PTH119
            return True
        if is_folder and rules and os.path.lexists(f"{path}/.git"):  # git tracks it, whatever its patterns say
            rules = tuple(rule for rule in rules if not rule.of_git)
        return ignored(path, is_folder, rules)

    def _into(self, start: str, place: str, rules: tuple[Rules, ...], *, before: bool) -> tuple[Rules, ...]:
        """The rules in a folder, of those above it."""
        if place != start and rules and os.path.lexists(f"{place}/.git"):
            rules = tuple(rule for rule in rules if not rule.of_git)
        own = self._rules_in(place, before=before)
        return rules if own is None else (*rules, own)

    def _above(self, folder: str, *, before: bool) -> tuple[Rules, ...]:
        """As `rules_above`."""
        root = repository_of(folder)
        places: list[str] = []
        while root is not None and folder != root:
            places.insert(0, folder)
            folder = os.path.dirname(folder)
        rules: tuple[Rules, ...] = ()
        for below in places:
            own = self._rules_in(os.path.dirname(below), before=before)
            rules = rules if own is None else (*rules, own)
            if ignored(below, True, rules):
                return ()
        return rules

    def _rules_in(self, folder: str, *, before: bool) -> Rules | None:
        key = folder, before
        if key not in self._rules:
            try:
                self._rules[key] = self._rules_before(folder) if before else rules_in(folder)
            except (OSError, GitError):  # a plan says of the former that it cannot be read
                self._rules[key] = None
        return self._rules[key]

    def _rules_before(self, folder: str) -> Rules | None:
        changed = [self.changes.exactly(os.path.join(folder, name)) for name in OF_CODE]
        if changed == [None, None]:
            return self._rules_in(folder, before=False)
        with tempfile.TemporaryDirectory() as aside:  # there they are as they were
            for name, change in zip(OF_CODE, changed, strict=True):
                place = Path(folder, name)
                if change is not None and change.before is not None:
                    Path(aside, name).write_bytes(content(change.before))
                elif change is None and place.is_file():
                    Path(aside, name).write_bytes(read_bytes(place))
            found = rules_in(aside)
        return None if found is None else found._replace(folder=folder)

    def _list_differently(self, folder: str, leave_out: frozenset[str]) -> bool:
        """Whether the ignore files make another listing of what is there than they did."""
        waiting = [(folder, self._above(folder, before=False), self._above(folder, before=True), True, True)]
        while waiting:
            place, now, before, in_now, in_before = waiting.pop()
            now, before = self._into(folder, place, now, before=False), self._into(folder, place, before, before=True)
            try:
                with os.scandir(place) as found:
                    entries = list(found)
            except OSError:
                continue
            if place != folder and any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                path = f"{place}/{entry.name}"
                is_now = in_now and not self._leaves_out(path, is_folder, leave_out, now)
                was = in_before and not self._leaves_out(path, is_folder, leave_out, before)
                if is_folder and (is_now or was):
                    waiting.append((path, now, before, is_now, was))
                elif is_now != was:
                    return True
        return False


def _is_spec(path: str) -> bool:
    try:
        return is_spec(TreeFile(path, path, os.stat(path)))  # noqa: PTH116
    except OSError:
        return False
