"""What of files is as the checkout has it, and not as git has it, though nobody has changed them: modes, where the file
system keeps none, and the line ends of texts.
"""

# ruff: noqa: PTH118, PTH120
# Folders have thousands of files, and os.path does it ten times as fast.

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from specrun.plan.git_index import Tracked, configured, tracked_files
from specrun.spec.reading import MOST_TEXT, TooLarge, read_bytes, read_text
from specrun.spec.repository import repository_of
from specrun.spec.tree import TreeFile
from specrun.spec.wording import command

_WINDOWS = os.name == "nt"
_NO_MODES = re.compile(rb"^\s*filemode\s*=\s*(?:false|no|off|0)\s*$", re.IGNORECASE | re.MULTILINE)
_LISTED = 3
"""Files that a message names, after which no more are looked at."""
_MOST = 200
"""Files with Windows line ends that are compared with git's."""


def executables(files: Sequence[TreeFile]) -> list[bool]:
    """Whether each file may be executed: git says it where the file system does not, and of a file that git does not
    track it may not, so that the answer is the one of a checkout on Linux.
    """
    if _have_modes(files):
        return [bool(file.stat.st_mode & 0o100) for file in files]
    checkout = _Checkout()
    found = (checkout.tracked(file.source) for file in files)
    return [entry is not None and entry.executable for entry in found]


def _have_modes(files: Sequence[TreeFile]) -> bool:
    """Whether modes mean something: mounts of Windows' disks show all of them on every file, which git has noticed."""
    if _WINDOWS:
        return False
    if not all(file.stat.st_mode & 0o100 for file in files):
        return True
    repository = repository_of(os.path.dirname(files[0].source)) if files else None
    return repository is None or _NO_MODES.search(configured(repository)) is None


def other_line_ends(sources: Sequence[Path]) -> str:
    """What to say of files (real places) that differ from git's by their Windows line ends alone; "" for nothing."""
    checkout = _Checkout()
    found: list[str] = []
    for source in sources[:_MOST]:
        if checkout.has_put_ends(str(source)):
            found.append(os.path.relpath(source))
            if len(found) == _LISTED:
                break
    if not found:
        return ""
    are = "has Windows line ends here and none" if len(found) == 1 else "have Windows line ends here and none"
    names = " and ".join(filter(None, [", ".join(f"`{name}`" for name in found[:-1]), f"`{found[-1]}`"]))
    again = f"{command('rm', '--', found[0])} && {command('git', 'checkout', '--', found[0])}"
    return (
        f"{names} {are} in git (`core.autocrlf`): the fingerprint is not that of a checkout on Linux, and what has run "
        "there runs again. Write `* text=auto eol=lf` into .gitattributes at the repository's root, and check such "
        f"files out anew: `{again}`."
    )


class _Checkout:
    """The repositories that files are in, and what those have of them."""

    def __init__(self) -> None:
        self._repositories: dict[str, str | None] = {}

    def _within(self, source: str) -> tuple[str, str] | None:
        """The repository of a file, and the file's path there."""
        folder = os.path.dirname(source)
        if folder not in self._repositories:
            self._repositories[folder] = repository_of(folder)
        repository = self._repositories[folder]
        if repository is None:
            return None
        return repository, source[len(repository.rstrip(os.sep)) + 1 :].replace(os.sep, "/")

    def tracked(self, source: str) -> Tracked | None:
        """What git has of a file, if it tracks it."""
        found = self._within(source)
        return None if found is None else tracked_files(found[0]).get(os.fsencode(found[1]))

    def has_put_ends(self, source: str) -> bool:
        """Whether git's file has plain line ends and is the same otherwise, and git would not put them in on Linux."""
        entry = self.tracked(source)
        if entry is None:
            return False
        try:
            content = read_bytes(source)
        except (OSError, TooLarge):
            return False
        if _blob(content, entry.blob) or not _blob(content.replace(b"\r\n", b"\n"), entry.blob):
            return False
        found = self._within(source)
        return found is not None and not _wants_windows_ends(*found)


def _blob(content: bytes, name: bytes) -> bool:
    """Whether git calls this content so."""
    digest = (hashlib.sha1 if len(name) == 20 else hashlib.sha256)(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content) + content)
    return digest.digest() == name


def _wants_windows_ends(repository: str, path: str) -> bool:
    """Whether the last line of `.gitattributes` that speaks of a path's line ends wants such everywhere."""
    for below, line in reversed(list(_attributes(repository, path))):
        pattern, *attributes = line.split()
        ends = [one for one in attributes if one.startswith("eol=")]
        if ends and not pattern.startswith("#"):
            from pathspec import GitIgnoreSpec  # late: few files speak of line ends

            if GitIgnoreSpec.from_lines([pattern]).match_file(below):
                return ends[-1] == "eol=crlf"
    return False


def _attributes(repository: str, path: str) -> Iterator[tuple[str, str]]:
    """The lines that speak of a file, the strongest last, each with the file's path from where it counts."""
    parts = path.split("/")
    for depth in range(len(parts)):
        try:
            text = read_text(os.path.join(repository, *parts[:depth], ".gitattributes"), MOST_TEXT)
        except OSError:
            continue
        yield from (("/".join(parts[depth:]), line) for line in text.splitlines() if line.strip())
