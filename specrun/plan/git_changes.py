"""What is different in a repository's working tree from a commit: by content, never by times.

Git says which files may be different. Each of them is compared here, so that neither a checkout that was moved nor a
file that was changed and changed back counts.
"""

# ruff: noqa: PTH114, PTH115, PTH120
# A repository has thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from specrun.plan.git import GitError, git
from specrun.spec.ignore import NEVER_CODE
from specrun.spec.reading import opened

_NONE, _LINK, _SUBMODULE = "000000", "120000", "160000"
_RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff")
_MOST_POINTER = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n"
    rb"|/annex/objects/SHA256E?-s\d+--([0-9a-f]{64})\b"
)
"""What Git LFS and git-annex have in the place of a file."""


class Blob(NamedTuple):
    """A file of a commit: its repository, git's mode for it, and the name of its content."""

    repository: str
    mode: str
    name: str


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

    @cached_property
    def _by_path(self) -> Mapping[str, Change]:
        return {change.path: change for change in self.found}

    @cached_property
    def _paths(self) -> Sequence[str]:
        return sorted(self._by_path)

    def at(self, path: str) -> Iterator[Change]:
        """What is different at a path, or on the way to it: a link, or a folder of which no more is known."""
        while len(path) > len(self.root):
            if path in self._by_path:
                yield self._by_path[path]
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
        sorted([f"{root}/{path}" for path in _of_mode(_LINK, index)] + [link for one in inner for link in one.links]),
        sorted(
            [f"{root}/{path.rstrip('/')}" for path in ignored if NEVER_CODE.isdisjoint(path.split("/"))]
            + [path for one in inner for path in one.ignored]
        ),
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
    unlike: list[_Row] = []
    for row in rows:
        modes = {row.mode_before, row.mode}
        if modes == {_NONE}:  # new, and gone again
            continue
        if _NONE in modes or (_LINK in modes and len(modes) > 1):
            yield _change(root, row, same=False)
        elif _name_of(f"{root}/{row.path}", row) != row.before:
            unlike.append(row)
        elif len(modes) > 1:
            yield _change(root, row, same=True)
    in_git = _names_in_git(root, [row.path for row in unlike if row.mode != _LINK])
    pointers = blobs(root, [row.before for row in unlike], _MOST_POINTER)
    for row in unlike:
        pointer = _POINTER.match(pointers.get(row.before, b""))
        same = in_git.get(row.path) == row.before or (
            pointer is not None and _digest("sha256", f"{root}/{row.path}") == (pointer[1] or pointer[2]).decode()
        )
        if not same or row.mode != row.mode_before:
            yield _change(root, row, same=same)


def _name_of(path: str, row: _Row) -> str:
    """The name that git would give to what a file holds as it is, or to a link; "" where it cannot be read."""
    kind = "sha256" if len(row.before) == 64 else "sha1"
    if row.mode == _LINK and os.path.islink(path):
        target = os.fsencode(os.readlink(path))
        return hashlib.new(kind, b"blob %d\0" % len(target) + target, usedforsecurity=False).hexdigest()
    return _digest(kind, path, headed=True)


def _digest(kind: str, path: str, *, headed: bool = False) -> str:
    """A digest of a file, with the head that git puts before it; "" where it cannot be read."""
    digest = hashlib.new(kind, usedforsecurity=False)
    try:
        with opened(path) as file:
            left = os.fstat(file.fileno()).st_size
            digest.update(b"blob %d\0" % left if headed else b"")
            while block := file.read(min(left, 1 << 20)):
                digest.update(block)
                left -= len(block)
    except OSError:
        return ""
    return digest.hexdigest()


def _names_in_git(root: str, paths: Sequence[str]) -> dict[str, str]:
    """The names that files get when git has put ends of lines and encodings in its own way. Raises GitError."""
    paths = [path for path in paths if os.access(f"{root}/{path}", os.R_OK)]
    if not paths:
        return {}
    given = b"".join(b"%s\n" % _quoted(os.fsencode(path)) for path in paths)
    found = git(root, "-c", "core.safecrlf=false", "hash-object", "--stdin-paths", given=given)
    return dict(zip(paths, found.decode().split(), strict=False))


def _quoted(path: bytes) -> bytes:
    if b"\n" not in path and not path.startswith(b'"'):
        return path
    return b'"%s"' % path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def blobs(repository: str, names: Sequence[str], most: int) -> dict[str, bytes]:
    """The contents of those blobs that have no more than `most` bytes and are here, by their names. Raises GitError."""
    if not names:
        return {}
    listed = "".join(f"{name}\n" for name in dict.fromkeys(names)).encode()
    rows = [line.split() for line in git(repository, "cat-file", "--batch-check", given=listed).decode().splitlines()]
    small = [row[0] for row in rows if row[1:2] == ["blob"] and int(row[2]) <= most]
    if not small:
        return {}
    answer = git(repository, "cat-file", "--batch", given="".join(f"{name}\n" for name in small).encode())
    found: dict[str, bytes] = {}
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        name, _, size = answer[at:end].decode().split()
        found[name] = answer[end + 1 : end + 1 + int(size)]
        at = end + 1 + int(size) + 1
    return found
