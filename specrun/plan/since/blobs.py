"""What files of the working tree hold, compared with what git has of them."""

# ruff: noqa: PTH114, PTH115
# A repository has thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from specrun.plan.git import GitError, git
from specrun.spec.reading import MOST_TEXT, opened

LINK = "120000"
"""Git's mode of a symbolic link."""

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


def unlike(files: Sequence[tuple[str, Blob]]) -> set[str]:
    """The paths of those files, all of one repository, that do not hold what is in their blobs. Raises GitError.

    A file is alike as it is, and as git would put it into a commit: its ends of lines and its encoding changed back.
    One that a pointer of Git LFS or git-annex names is like the pointer.
    """
    odd = [(path, blob) for path, blob in files if _name_of(f"{blob.repository}/{path}", blob) != blob.name]
    if not odd:
        return set()
    root = odd[0][1].repository
    in_git = _names_in_git(root, [path for path, blob in odd if blob.mode != LINK])
    pointers = blobs(root, [blob.name for _, blob in odd], _MOST_POINTER)
    found = set[str]()
    for path, blob in odd:
        pointer = _POINTER.match(pointers.get(blob.name, b""))
        named = (pointer[1] or pointer[2]).decode() if pointer else ""
        if in_git.get(path) != blob.name and not (named and _digest("sha256", f"{root}/{path}") == named):
            found.add(path)
    return found


def content(blob: Blob, most: int = MOST_TEXT) -> bytes:
    """What a file of a commit held. Raises GitError."""
    found = blobs(blob.repository, [blob.name], most).get(blob.name)
    if found is None:
        raise GitError(f"{blob.name} is not in {blob.repository}, or too large")
    return found


def _name_of(path: str, blob: Blob) -> str:
    """The name that git would give to what a file holds as it is, or to a link; "" where it cannot be read."""
    kind = "sha256" if len(blob.name) == 64 else "sha1"
    if blob.mode == LINK and os.path.islink(path):
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
    if not any(sign in path for sign in b'"\n\r'):
        return path
    for sign, spelled in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\r", b"\\r")):
        path = path.replace(sign, spelled)
    return b'"%s"' % path


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
