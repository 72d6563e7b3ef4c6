"""JSON files of the state folder, read as what may be damaged: by a crash, a disk, another program, somebody's hand.

Whoever reads one gets finite numbers, no nesting that could not be written out again, and no text that could not be
printed or be a path; what is not so is one exception, which says of the file why.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from pathlib import Path

from specrun.spec.reading import NOT_FOLLOWED, PLAINLY

LARGEST = 1 << 29
"""Bytes. What lists a million files has a third of that."""

DEEPEST = 32
"""Levels of nesting; what is written here has less than ten."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

LATEST = 253_402_300_800
"""Seconds since 1970 at the end of the year 9999."""


class Damaged(Exception):
    """A file that is not what was written there. The message names it and says why."""


def read_record(file: Path, most: int = LARGEST) -> dict[str, object]:
    """The JSON object in a file of `most` bytes, which is no link. Raises FileNotFoundError, and Damaged."""
    try:
        content = _regular(file, most)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path that is none
        raise Damaged(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return _decode(content)
    except RecursionError:
        why = "nested too deeply"
    except (ValueError, OverflowError) as error:
        why = str(error)
    raise Damaged(f"{file} is damaged: {why}")


def _regular(file: Path, most: int) -> bytes:
    """A file's bytes; one that is a folder, a link, a device or a FIFO is not waited for. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | NOT_FOLLOWED | PLAINLY)
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is no regular file")
        if found.st_size > most:
            raise OSError(f"it has {found.st_size} bytes")
        return opened.read(most + 1)


def _decode(content: bytes) -> dict[str, object]:
    values = json.loads(content.decode(), parse_constant=_refuse, parse_float=_finite)
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004 - of JSON
    if _too_deep(values):
        raise ValueError("nested too deeply")
    if _SURROGATE.search(content):
        # Those that stand for a byte of a path that is not UTF-8 can be written as they are; others cannot.
        json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogateescape")
    return values


def _refuse(text: str) -> object:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number that there could be")
    return number


def _too_deep(values: object) -> bool:
    level = [values]
    for _ in range(DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [one for values in inner for one in values if type(one) is dict or type(one) is list]
        if not level:
            return False
    return True


def number(value: object) -> float | None:
    """What is no number, or none that a time in seconds or a count could be, as None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        return None
    return value
