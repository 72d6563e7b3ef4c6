"""The check of many files, a part of them on each core."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from specrun.spec import secrets

T = TypeVar("T")

FEW = 500
"""Files of which one process makes short work, before a second one has begun."""
_PARTS = 4
"""Of each core: one file takes longer than another."""


def side_by_side(check: Callable[[Sequence[str]], T], files: Sequence[str]) -> list[T]:
    """What `check` finds in each part of the files, in their order. Each is looked at in a process of its own, which
    must be able to have it (`pickle`); all are one part, looked at in this one, where they are few, or it is alone.
    """
    cores = _cores()
    if len(files) < FEW or cores < 2:
        return [check(files)]
    # late: most checks are of one file
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    size = -(-len(files) // (cores * _PARTS))
    parts = [files[start : start + size] for start in range(0, len(files), size)]
    # What this process has imported, those it forks have, too; macOS alone does not like that.
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") and sys.platform != "darwin" else "spawn")
    try:
        with ProcessPoolExecutor(cores, context, _begin) as pool:
            done = [begun.result() for begun in [pool.submit(_check, check, part) for part in parts]]
    except (OSError, BrokenProcessPool):  # no process to be had, or one was ended: for want of memory, most likely
        return [check(files)]
    for _, noted in done:
        secrets.note_values(noted)
    return [found for found, _ in done]


def _check(check: Callable[[Sequence[str]], T], files: Sequence[str]) -> tuple[T, tuple[str, ...]]:
    return check(files), secrets.noted()


def _begin() -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it, without a word


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
