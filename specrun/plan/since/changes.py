"""What is different in a repository's working tree from a commit: by content, never by times.

Git says which files may be different. Each of them is compared here, so that neither a checkout that was moved nor a
file that was changed and changed back counts.
"""

# ruff: noqa: PTH120
# A repository has thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from specrun.plan.git import GitError, git
from specrun.plan.since.blobs import LINK, Blob, blobs, unlike
from specrun.spec.ignore import NEVER_CODE
from specrun.spec.reading import MOST_YAML
from specrun.spec.tree import is_spec_text

_NONE, _SUBMODULE = "000000", "160000"
_RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff")


class Change(NamedTuple):
    """A file, or a link, that is different. `path` is absolute; `before` is what the commit has there, if anything.

    `how` is new, deleted, changed, or mode, where that alone is different. `whole`: it is a folder of which no more is
    known: a submodule of which the commit is not here, or a repository that git does not look into.
    """

    path: str
    how: str
    before: Blob | None = None
    whole: bool = False


@dataclass(frozen=True)
class Changes:
    """All that is different in the working tree at `root`, a real place, in its submodules too. Paths are absolute.

    `links` are the symbolic links that git has. `ignored` are the files and folders that git was told not to look at,
    of which nobody knows whether they are different.
    """

    root: str
    found: Sequence[Change]
    links: Sequence[str] = ()
    ignored: Sequence[str] = ()
    indexes: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What git lists as tracked, by repository: this one, and its submodules."""

    @cached_property
    def _by_path(self) -> Mapping[str, Change]:
        return {change.path: change for change in self.found}

    @cached_property
    def _paths(self) -> Sequence[str]:
        return sorted(self._by_path)

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset(self.ignored)

    @cached_property
    def _yaml_before(self) -> Mapping[str, bytes]:
        """What the YAML files that are changed or deleted were, by their paths; without those that are not here."""
        yaml = [change for change in self.found if change.path.endswith((".yaml", ".yml"))]
        before = [(change.path, change.before) for change in yaml if change.before and change.before.mode != LINK]
        found: dict[str, bytes] = {}
        for repository in {blob.repository for _, blob in before}:
            mine = [(path, blob.name) for path, blob in before if blob.repository == repository]
            try:
                texts = blobs(repository, [name for _, name in mine], MOST_YAML)
            except GitError:  # of a partial clone
                continue
            found |= {path: texts[name] for path, name in mine if name in texts}
        return found

    def spec_before(self, path: str) -> bytes | None:
        """The text of the spec that stood where something is different; None where none did."""
        text = self._yaml_before.get(path)
        return text if text is not None and is_spec_text(text) else None

    def exactly(self, path: str) -> Change | None:
        """What is different at a path itself."""
        return self._by_path.get(path)

    def at(self, path: str) -> Iterator[Change]:
        """What is different at a path, or on the way to it: a link, or a folder of which no more is known."""
        return (self._by_path[above] for above in self._down_to(path) if above in self._by_path)

    def ignores(self, path: str) -> bool:
        """Whether git was told not to look at a path, or at a folder that it is in."""
        return any(above in self._ignored for above in self._down_to(path))

    def has(self, path: str) -> bool:
        """Whether git tracks something at a path, or below it, be it there or not."""
        for repository, index in self.indexes.items():
            if path.startswith(f"{repository}/"):
                name = os.fsencode(path[len(repository) + 1 :])
                if b"\t%s\0" % name in index or b"\t%s/" % name in index:
                    return True
        return path == self.root

    def _down_to(self, path: str) -> Iterator[str]:
        while len(path) > len(self.root):
            yield path
            path = os.path.dirname(path)

    def below(self, folder: str) -> Iterator[Change]:
        """What is different in a folder, sorted."""
        return (self._by_path[path] for path in starting(self._paths, folder))


def starting(paths: Sequence[str], folder: str) -> Iterator[str]:
    """Those of some sorted paths that lie below a folder."""
    begun = folder.rstrip("/") + "/"
    for at in range(bisect_left(paths, begun), len(paths)):
        if not paths[at].startswith(begun):
            return
        yield paths[at]


def changes_since(repository: str, commit: str) -> Changes:
    """What is different in a repository's working tree from one of its commits. Raises GitError."""
    root = os.path.realpath(repository)
    staged = {row.path: row for row in _rows(git(root, "diff-index", "--cached", *_RAW, commit, "--"))}
    unstaged = {row.path: row for row in _rows(git(root, "diff-files", *_RAW, "--ignore-submodules=dirty"))}
    others = _names(git(root, "ls-files", "--others", "--exclude-standard", "-z"))
    ignored = _names(git(root, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"))
    index = git(root, "ls-files", "--stage", "-z")

    now = _of_mode(_SUBMODULE, index)
    before = {path: row.before for path, row in staged.items() if row.mode_before == _SUBMODULE}
    inner = []
    for path in now.keys() | before.keys():
        was = before.get(path, "" if path in staged else now.get(path, ""))
        inner.append(_submodule(f"{root}/{path}", was, now.get(path, "")))
        staged.pop(path, None)
        unstaged.pop(path, None)

    found: list[Change] = []
    doubtful = [row for path, row in unstaged.items() if path not in staged]
    for path, row in staged.items():
        if path in unstaged:
            doubtful.append(row._replace(mode=unstaged[path].mode))
        elif row.mode == _NONE and os.path.lexists(f"{root}/{path}"):  # git was told to forget it
            doubtful.append(row._replace(mode=row.mode_before))
        else:
            found.append(_change(root, row, same=row.now == row.before))
    found += _compared(root, doubtful)
    for path in others:
        if path not in staged:
            found.append(Change(f"{root}/{path.rstrip('/')}", "new", whole=path.endswith("/")))
    return Changes(
        root,
        [*found, *(change for one in inner for change in one.found)],
        sorted([f"{root}/{path}" for path in _of_mode(LINK, index)] + [link for one in inner for link in one.links]),
        sorted(
            [f"{root}/{path.rstrip('/')}" for path in ignored if NEVER_CODE.isdisjoint(path.split("/"))]
            + [path for one in inner for path in one.ignored]
        ),
        {root: index} | {name: listed for one in inner for name, listed in one.indexes.items()},
    )


def _submodule(folder: str, before: str, now: str) -> Changes:
    """What is different in a submodule. `before` and `now` are the commits that are recorded, "" where none is."""
    if before and os.path.lexists(f"{folder}/.git"):
        try:
            return changes_since(folder, before)
        except GitError:  # it has not that commit
            pass
    elif before == now:  # it is not checked out
        return Changes(folder, ())
    how = "changed" if before and now else "new" if now else "deleted"
    return Changes(folder, (Change(folder, how, whole=True),))


class _Row(NamedTuple):
    """A file as git lists it: its modes and the names of its content, in the commit (or the index) and after it."""

    path: str
    mode_before: str
    mode: str
    before: str
    now: str


def _rows(output: bytes) -> Iterator[_Row]:
    fields = output.decode(errors="surrogateescape").split("\0")
    for what, path in zip(fields[::2], fields[1::2], strict=False):
        mode_before, mode, before, now, _ = what.removeprefix(":").split(" ")
        yield _Row(path, mode_before, mode, before, now)


def _names(output: bytes) -> list[str]:
    return [name for name in output.decode(errors="surrogateescape").split("\0") if name]


def _of_mode(mode: str, index: bytes) -> dict[str, str]:
    """What the index has of a mode: names of content by path."""
    found = re.findall(rb"(?:^|\0)" + mode.encode() + rb" ([0-9a-f]+) \d\t([^\0]*)", index)
    return {os.fsdecode(path): name.decode() for name, path in found}


def _change(root: str, row: _Row, *, same: bool) -> Change:
    """The change that a row is, whose content is the `same`, or is not."""
    before = None if row.mode_before == _NONE else Blob(root, row.mode_before, row.before)
    how = "new" if before is None else "deleted" if row.mode == _NONE else "mode" if same else "changed"
    return Change(f"{root}/{row.path}", how, before)


def _compared(root: str, rows: Sequence[_Row]) -> Iterator[Change]:
    """Those of some files of the working tree that are different. Raises GitError."""
    alike: list[_Row] = []
    for row in rows:
        modes = {row.mode_before, row.mode}
        if _NONE in modes or (LINK in modes and len(modes) > 1):
            if len(modes) > 1:  # else it was new, and is gone again
                yield _change(root, row, same=False)
        else:
            alike.append(row)
    different = unlike([(row.path, Blob(root, row.mode, row.before)) for row in alike])
    for row in alike:
        if row.path in different or row.mode != row.mode_before:
            yield _change(root, row, same=row.path not in different)
