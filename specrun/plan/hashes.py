"""MD5 of files, remembered by path, size, times and inode, so that unchanged data is not read twice."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from specrun.plan.home import replace_text
from specrun.plan.private import check_folder
from specrun.plan.stored import Damaged, read_record
from specrun.spec.reading import opened

RACY_NS = 100_000_000
"""A file touched less than this ago could change again within one tick of the clock: its hash is not remembered."""

_PART = 16
"""Files that a thread reads in a row: to hand over each by itself takes a fifth of the time of reading small ones."""

_BEGINNING = 8000
"""Bytes by which git tells whether a file is a text."""

_MD5 = re.compile("[0-9a-f]{32}")


class HashCache:
    """Hashes by (size, mtime, ctime, inode), kept as JSON in the state folder; that file may be missing or broken."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = home / "cache" / "md5.json"
        self._changed = False
        self.windows_ends: set[Path] = set()
        """Of the files whose hash was asked for, those that begin with a Windows line end."""

    @cached_property
    def _entries(self) -> dict[str, object]:
        """What is remembered, read when it is first asked for: a check of specs asks for nothing."""
        try:
            check_folder(self._file.parent, self._home)
            return read_record(self._file)
        except (OSError, Damaged):
            return {}

    def md5(self, path: Path, stat: os.stat_result) -> str:
        """The file's MD5 in hex. Raises OSError."""
        return self._known(path, stat) or self._read(path, stat)

    def md5_all(self, files: Iterable[tuple[Path, os.stat_result]]) -> list[str]:
        """MD5 of many files, in their order; the ones that must be read are read in parallel."""
        wanted = list(files)
        known = [self._known(path, stat) for path, stat in wanted]
        unknown = [item for item, digest in zip(wanted, known, strict=True) if digest is None]
        if len(unknown) < 8:
            read = iter([self._read(path, stat) for path, stat in unknown])
        else:
            from concurrent.futures import ThreadPoolExecutor  # late: it imports logging, and most files are known

            parts = [unknown[at : at + _PART] for at in range(0, len(unknown), _PART)]
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
                found = pool.map(lambda part: [self._read(path, stat) for path, stat in part], parts)
                read = iter([digest for part in found for digest in part])
        return [next(read) if digest is None else digest for digest in known]

    def remember(self, path: Path, stat: os.stat_result, md5: str) -> None:
        """Note the hash of a file that was just written with known content."""
        ends = ["crlf"] if path in self.windows_ends else []
        self._entries[str(path)] = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, md5, *ends]
        self._changed = True

    def _known(self, path: Path, stat: os.stat_result) -> str | None:
        entry = self._entries.get(str(path))
        seen = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        if not isinstance(entry, list) or len(entry) not in (5, 6) or entry[:4] != seen:
            return None
        if entry[5:] == ["crlf"]:
            self.windows_ends.add(path)
        return entry[4] if isinstance(entry[4], str) and _MD5.fullmatch(entry[4]) else None

    def _read(self, path: Path, stat: os.stat_result) -> str:
        digest, beginning = read_digest(path, stat)
        if _has_windows_ends(beginning):
            self.windows_ends.add(path)
        if time.time_ns() - stat.st_ctime_ns > RACY_NS:
            self.remember(path, stat, digest)
        return digest

    def save(self) -> None:
        """Write what was learned, replacing the file at once; a cache that cannot be written is no error."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            replace_text(self._home, self._file, json.dumps(self._entries))
        self._changed = False


def md5_of(path: Path, listed: os.stat_result | None = None) -> str:
    """A file's MD5 in hex; of as many bytes as it has when it is opened, so that this ends. Raises OSError.

    Also where it is not the file that was `listed`: what took its place was never looked at.
    """
    return read_digest(path, listed)[0]


def read_digest(path: Path, listed: os.stat_result | None) -> tuple[str, bytes]:
    """The same, with the bytes that the file begins with."""
    digest, beginning = hashlib.md5(usedforsecurity=False), b""
    with opened(path) as file:
        found = os.fstat(file.fileno())
        # Windows lists no numbers of files.
        if listed is not None and listed.st_ino and (found.st_dev, found.st_ino) != (listed.st_dev, listed.st_ino):
            raise OSError(errno.ESTALE, "it was replaced while it was read", str(path))
        left = found.st_size
        while block := file.read(min(left, 1 << 20)):
            digest.update(block)
            beginning = beginning or block[:_BEGINNING]
            left -= len(block)
    return digest.hexdigest(), beginning


def _has_windows_ends(beginning: bytes) -> bool:
    """Whether a text ends its lines so, as git tells texts: none has a NUL."""
    return b"\r\n" in beginning and b"\0" not in beginning


def content_digest(content: object) -> str:
    """SHA-256 (hex) over canonical JSON: sorted keys, no blanks, UTF-8 as it is."""
    return text_digest(canonical(content))


def canonical(content: object) -> str:
    """Canonical JSON of a content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def text_digest(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
