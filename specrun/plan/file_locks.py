"""Locks on open files, which the kernel frees with the process that has them; Windows has none of this kind."""

from __future__ import annotations

import errno

try:
    import fcntl
except ModuleNotFoundError:
    HAVE_LOCKS = False
    EXCLUSIVE, SHARED, AT_ONCE, FREE = 2, 1, 4, 8
else:
    HAVE_LOCKS = True
    EXCLUSIVE, SHARED, AT_ONCE, FREE = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_NB, fcntl.LOCK_UN

WHY_NOT = "This system has no locks on files, on which the engine `local` relies: on Windows use WSL for it"


def flock(descriptor: int, how: int) -> None:
    """Lock an open file, or free it. Raises OSError: BlockingIOError where it would have to wait and goes AT_ONCE."""
    if not HAVE_LOCKS:
        raise OSError(errno.ENOTSUP, WHY_NOT)
    fcntl.flock(descriptor, how)
