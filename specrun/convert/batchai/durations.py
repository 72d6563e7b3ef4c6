"""Durations as Azure's services write them."""

from __future__ import annotations

import re

_ISO = re.compile(
    r"P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?:(?P<days>\d+)[. ]\s*(?:days?,\s*)?)?(?P<hours>\d+):(?P<minutes>\d+)(?::(?P<seconds>\d+)(\.\d+)?)?"
)
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def seconds_of(text: str) -> int | None:
    """Seconds of an ISO 8601 duration (PT1H30M) or a clock's (1.02:03:04); None for anything else, and for nothing."""
    match = _ISO.fullmatch(text.strip()) or _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    try:
        parts = {unit: float(amount) for unit, amount in match.groupdict().items() if amount and len(amount) < 10}
    except ValueError:
        return None
    total = round(sum(_SECONDS[unit] * amount for unit, amount in parts.items()))
    return total if 0 < total < 10**9 else None
