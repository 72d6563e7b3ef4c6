"""What this process waits for right now, in words: whoever asks a service says it here, and a view may tell people."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_doing: dict[int, tuple[str, float]] = {}
_numbers = count()


def begin(words: str) -> int:
    """Something is waited for from here on; the number by which it ends."""
    number = next(_numbers)
    _doing[number] = words, time.monotonic()
    return number


def end(number: int) -> None:
    """It is waited for no more."""
    _doing.pop(number, None)


@contextmanager
def under_way(words: str) -> Iterator[None]:
    """While this lasts, this is waited for."""
    number = begin(words)
    try:
        yield
    finally:
        end(number)


def told(least: float = 0.0) -> str:
    """What was begun last, of what has been waited for so many seconds at `least`; and how many others there are."""
    now = time.monotonic()
    found = [words for words, since in list(_doing.values()) if now - since >= least]
    return f"{found[-1]} and {len(found) - 1} more" if len(found) > 1 else "".join(found)
