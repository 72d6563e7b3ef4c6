"""A series of numbers as a row of signs, a column for each: how a metric went, beside its last value."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-~=*#@"
GAP = " "
"""Where there is no number: the metric was NaN, or infinite."""


def sparkline(values: Sequence[float], width: int, signs: str = BLOCKS) -> str:
    """At most `width` signs, from the least of the values to the greatest of them. Several values to a sign are told by
    their mean; what has no number is a gap.
    """
    columns = [*_columns(values, width)]
    numbers = [value for value in columns if value is not None]
    if not numbers:
        return ""
    least, most = min(numbers), max(numbers)
    top = len(signs) - 1

    def sign(value: float | None) -> str:
        if value is None:
            return GAP
        # Halved: the span of two numbers may be more than the greatest there is.
        share = (value / 2 - least / 2) / (most / 2 - least / 2) if most / 2 > least / 2 else 0.5
        return signs[round(share * top)]

    return "".join(map(sign, columns))


def signs_for(stream: TextIO | None = None) -> str:
    """The signs that a stream's encoding has."""
    encoding = str(getattr(sys.stdout if stream is None else stream, "encoding", None) or "ascii")
    try:
        BLOCKS.encode(encoding)
    except (UnicodeError, LookupError):
        return ASCII
    return BLOCKS


def _columns(values: Sequence[float], width: int) -> Iterator[float | None]:
    parts = min(len(values), max(1, width))
    for part in range(parts):
        several = values[part * len(values) // parts : (part + 1) * len(values) // parts]
        finite = [value for value in several if math.isfinite(value)]
        yield math.fsum(value / len(finite) for value in finite) if finite else None
