"""What a repository tracks, read without git: it may not be installed, and a plan starts no process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from specrun.spec.repository import common_git_folder, git_folder

_SHA256 = re.compile(rb"^\s*objectformat\s*=\s*sha256", re.IGNORECASE | re.MULTILINE)
_SHA1_SIZE, _SHA256_SIZE = 20, 32
_MODE, _STAT_SIZE = 24, 40
"""Bytes of an entry before its mode, and before the name of its content: times, inode, mode, owner and size."""


class Tracked(NamedTuple):
    """What the index has of a file: whether it may be executed, and the name of its content, a digest."""

    executable: bool
    blob: bytes


def tracked_files(repository: str) -> Mapping[bytes, Tracked]:
    """What a repository tracks, by path from its root (POSIX). Of an index that cannot be understood nothing."""
    folder = Path(git_folder(repository))
    try:
        seen = (folder / "index").stat()
    except OSError:
        return {}
    return _tracked_files(folder, (seen.st_mtime_ns, seen.st_size))


@lru_cache(maxsize=4)
def _tracked_files(folder: Path, _: tuple[int, int]) -> Mapping[bytes, Tracked]:
    found: dict[bytes, Tracked] = {}
    size = _hash_size(folder)
    for index in reversed(list(_indexes(folder))):  # what is not shared comes last, and counts
        version = int.from_bytes(index[4:8], "big")
        if index[:4] != b"DIRC" or version not in (2, 3, 4):
            return {}
        try:
            for name, at in _names(index, version, size):
                mode = int.from_bytes(index[at + _MODE : at + _MODE + 4], "big")
                found[name] = Tracked(bool(mode & 0o100), index[at + _STAT_SIZE : at + _STAT_SIZE + size])
        except (IndexError, ValueError):
            return {}
    return found


def configured(repository: str) -> bytes:
    """The text of a repository's own configuration; nothing where it cannot be read."""
    try:
        return Path(common_git_folder(repository), "config").read_bytes()
    except OSError:
        return b""


def is_tracked(repository: Path, path: str) -> bool:
    """Whether the index has a path (POSIX, below the repository's root), something below it, or a link on the way.

    Letters of either case are the same, as they are to the file systems of macOS. An index that cannot be understood
    has what stands in it anywhere.
    """
    folder = Path(git_folder(str(repository)))
    wanted = path.encode().lower()
    return any(_has(index, wanted, _hash_size(folder)) for index in _indexes(folder))


def _indexes(folder: Path) -> Iterator[bytes]:
    """The index, and the one that it shares most entries with, where it was split."""
    try:
        index = (folder / "index").read_bytes()
        yield index
        for shared in folder.glob("sharedindex.*"):
            if bytes.fromhex(shared.suffix[1:]) in index:
                yield shared.read_bytes()
    except (OSError, ValueError):
        return


def _hash_size(folder: Path) -> int:
    try:
        common = folder / os.fsdecode((folder / "commondir").read_bytes().strip())
    except OSError:
        common = folder
    try:
        return _SHA256_SIZE if _SHA256.search((common / "config").read_bytes()) else _SHA1_SIZE
    except OSError:
        return _SHA1_SIZE


def _has(index: bytes, wanted: bytes, hash_size: int) -> bool:
    version = int.from_bytes(index[4:8], "big")
    if index[:4] != b"DIRC" or version not in (2, 3, 4):
        return wanted in index.lower()
    parts = wanted.split(b"/")
    on_the_way = {b"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    # Up to version 3 names stand there in full. For what comes late among them a search is quicker.
    if version < 4 and not wanted.startswith(b"."):
        text = index.lower()
        if not any(form in text for form in (wanted, *(name + b"\0" for name in on_the_way))):
            return False
    # Names come in the order of their bytes: `last` is where all have passed that are like it but for the case.
    first_letter = next((at for at, byte in enumerate(wanted) if bytes([byte]).isalpha()), len(wanted))
    last = wanted[: first_letter + 1]
    try:
        for name, _ in _names(index, version, hash_size):
            found = name.lower()
            if found in on_the_way or found.startswith(wanted + b"/"):
                return True
            if name[: len(last)] > last:
                return False
    except (IndexError, ValueError):
        return wanted in index.lower()
    return False


def _names(index: bytes, version: int, hash_size: int) -> Iterator[tuple[bytes, int]]:
    """The names of the entries, in their order, each with where its entry begins.

    Raises IndexError and ValueError for what is cut or damaged.
    """
    at, name = 12, b""
    for _ in range(int.from_bytes(index[8:12], "big")):
        start = at
        at += _STAT_SIZE + hash_size
        at += 4 if index[at] & 0x40 else 2  # extended flags
        if version == 4:
            kept, at = _varint(index, at)
            end = index.index(b"\0", at)
            name = name[: len(name) - kept] + index[at:end]
            at = end + 1
        else:
            end = index.index(b"\0", at)
            name = index[at:end]
            at = start + (end - start + 8) // 8 * 8
        yield name, start


def _varint(index: bytes, at: int) -> tuple[int, int]:
    value = index[at] & 0x7F
    while index[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (index[at] & 0x7F)
    return value, at + 1


def safe_directories() -> Iterator[str]:
    """What git's own configuration has as `safe.directory`: of the system, of the user and of the environment."""
    found: list[str] = []
    for file in _configurations():
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += _values(text)
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    for number in range(min(int(count), 1000) if count.isdecimal() else 0):
        if os.environ.get(f"GIT_CONFIG_KEY_{number}", "").lower() == "safe.directory":
            found.append(os.environ.get(f"GIT_CONFIG_VALUE_{number}", ""))
    # An empty one takes back those before it.
    yield from found[max((number for number, value in enumerate(found, 1) if not value), default=0) :]


def _configurations() -> Iterator[Path]:
    if os.environ.get("GIT_CONFIG_NOSYSTEM", "").lower() not in ("1", "true", "yes", "on"):
        yield Path(os.environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig")
    if (chosen := os.environ.get("GIT_CONFIG_GLOBAL")) is not None:
        yield Path(chosen)
    elif home := os.environ.get("HOME"):
        yield Path(os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config") / "git/config"
        yield Path(home) / ".gitconfig"


def _values(text: str) -> Iterator[str]:
    section = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.lower().replace(" ", "").startswith("[safe]")
        key, _, value = line.partition("=")
        if section and key.strip().lower() == "directory":
            yield value.strip().strip('"')


def is_safe(folder: Path) -> bool:
    """Whether git's configuration says that a repository may be somebody else's."""
    for value in safe_directories():
        wanted = os.path.expanduser(value)  # noqa: PTH111 - of text
        if wanted == "*" or wanted.rstrip("/") == str(folder):
            return True
        if wanted.endswith("/*") and str(folder).startswith(wanted[:-1]):
            return True
    return False
