"""The one way in which files that a spec names are opened: none of them hangs, and none fills the memory."""

# ruff: noqa: PTH112, PTH116
# A load looks at thousands of files, and os does it ten times as fast.

from __future__ import annotations

import errno
import os
import stat
from functools import cache
from io import FileIO

MOST_YAML = 1 << 20
"""Bytes of YAML, of which a spec has some thousands; above a mebibyte the parser's events would take hundreds."""

MOST_TEXT = 2 << 20
"""Bytes of a file that is read as a whole: requirements, a Dockerfile, ignore files, a workspace's config.json."""


def flags(*names: str) -> int:
    """The flags of `os.open` of these names, as far as this system has them: Windows lacks most."""
    found = 0
    for name in names:
        found |= getattr(os, name, 0)
    return found


NOT_FOLLOWED = flags("O_NOFOLLOW")
PLAINLY = flags("O_CLOEXEC", "O_NONBLOCK", "O_BINARY")
"""Flags with which a file is opened whatever it is: no process inherits it, nothing is waited for, bytes are bytes."""
_TO_READ = os.O_RDONLY | PLAINLY | flags("O_NOCTTY")

_KERNEL = ("/proc/", "/sys/")
_BLOCK = 1 << 16


class Replaced(OSError):
    """What was a file is a link, or no file, by now."""


class TooLarge(OSError):
    """A file has more bytes than one of its kind ever needs."""

    def __init__(self, path: str, most: int) -> None:
        super().__init__(errno.EFBIG, f"it has more than {most:,} bytes", path)


def is_kernels(path: str, seen: os.stat_result) -> bool:
    """Whether a file or folder is one that the kernel only pretends: reading it may wait for ever, or never end."""
    # Of other mounts below those, files have no size, whatever they hold.
    suspect = seen.st_dev in _kernel_devices() or not (seen.st_size or stat.S_ISDIR(seen.st_mode))
    return suspect and f"{os.path.realpath(path)}/".startswith(_KERNEL)


@cache
def _kernel_devices() -> tuple[int, ...]:
    return tuple(os.stat(place).st_dev for place in _KERNEL if os.path.isdir(place))


def is_absent(path: str | os.PathLike[str]) -> bool:
    """Whether nothing is at a path, rather than something that cannot be looked at. NUL is nowhere."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False
    return False


def opened(path: str | os.PathLike[str], *, follow: bool = True) -> FileIO:
    """A regular file, open for reading; without `follow`, only if its name is no link.

    Anything else (a pipe, a device) is refused before it is opened, for to open it may do something, or wait. Raises
    OSError, and ValueError for a NUL in the name.
    """
    name = os.fspath(path)
    seen = os.stat(name, follow_symlinks=follow)
    if stat.S_ISLNK(seen.st_mode):
        raise Replaced(errno.ELOOP, "it is a link by now", name)
    _check(name, seen)
    file = FileIO(os.open(name, _TO_READ if follow else _TO_READ | NOT_FOLLOWED), "rb")
    try:
        _check(name, os.fstat(file.fileno()))  # it may be another one by now
    except OSError:
        file.close()
        raise
    return file


def read_bytes(path: str | os.PathLike[str], most: int = MOST_TEXT, *, follow: bool = True) -> bytes:
    """A regular file's content. Raises TooLarge where that is more than `most` bytes, OSError, and ValueError."""
    with opened(path, follow=follow) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise TooLarge(os.fspath(path), most)
        found: list[bytes] = []
        left = most + 1
        while block := file.read(min(left, max(size + 1, _BLOCK))):  # of most files all at once
            found.append(block)
            left -= len(block)
            if not left:
                raise TooLarge(os.fspath(path), most)
    return b"".join(found)


def read_text(path: str | os.PathLike[str], most: int = MOST_TEXT) -> str:
    """The same as text; what is no UTF-8 in it is replaced."""
    return read_bytes(path, most).decode(errors="replace")


def _check(path: str, seen: os.stat_result) -> None:
    if stat.S_ISDIR(seen.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(seen.st_mode) or is_kernels(path, seen):
        raise OSError(errno.EINVAL, "this is not a regular file", path)
