"""Moments as RFC 3339 has them, with their zone: the same for programs everywhere; and how long something takes."""

from __future__ import annotations

import re
from datetime import datetime, timezone

_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile("([0-9]{1,9})([wdhms])")


def rfc3339(seconds: float | None) -> str | None:
    """A moment (Unix seconds) in UTC, to the millisecond, such as `2026-11-30T08:00:22.123Z`; None of None, and of a
    number that is no moment.
    """
    if seconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, OSError, ValueError):  # what somebody else has written down
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def here(seconds: float) -> str:
    """The same for people: to the second, by this machine's clock, such as `2026-11-30T09:00:22+01:00`."""
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().isoformat(timespec="seconds")


def moment_in(text: str) -> float | None:
    """The moment (Unix seconds) that a text says as RFC 3339 has it, or a part of that: without a zone it is this
    machine's, without a time midnight. None for another text.
    """
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00")).timestamp()
    except (OverflowError, OSError, ValueError):
        return None


def seconds_in(text: str) -> int | None:
    """The seconds in a text such as `10m`, `1h30m`, `0s` or `30d`; None where it is no such text."""
    parts = _PART.findall(text)
    return sum(int(number) * _UNITS[unit] for number, unit in parts) if parts and not _PART.sub("", text) else None
