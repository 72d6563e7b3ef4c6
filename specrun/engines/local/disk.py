"""A disk that is full, told from whatever else goes wrong, and said as that."""

from __future__ import annotations

import errno
import os
from pathlib import Path

IS_FULL = "the disk is full"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LEAST = 1 << 14
"""Bytes. A file system that has no more left than a few blocks has just refused somebody."""


def is_full(error: OSError) -> bool:
    """Whether there was no room for what was to be written."""
    return error.errno in _FULL


def why(error: OSError) -> str:
    """An error in a few words."""
    return IS_FULL if is_full(error) else error.strerror or str(error)


def has_room(folder: Path) -> bool:
    """Whether the file system of a folder has room, for content and for files."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return True
    # A file system that does not count its files says 0 of 0.
    return found.f_bavail * found.f_frsize >= _LEAST and (found.f_favail > 0 or not found.f_files)
