"""The sections of CHANGELOG.md."""

from __future__ import annotations

import re

_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\].*\n", re.MULTILINE)
UNRELEASED = "Unreleased"


def section(text: str, version: str) -> str | None:
    """What stands below a version's heading; None where there is none, or nothing below it."""
    for heading in _HEADING.finditer(text):
        if heading["version"] == version:
            following = _HEADING.search(text, heading.end())
            return text[heading.end() : following.start() if following else len(text)].strip() or None
    return None


def released(text: str, version: str, day: str) -> str | None:
    """The changelog with what is unreleased below a heading of its own; None where there is nothing.

    `day` is YYYY-MM-DD. A first line that says what it is to be (`To be 0.1.0, …`) has had its time.
    """
    changes = section(text, UNRELEASED)
    if changes is None:
        return None
    kept = re.sub(r"\ATo be .*(?:\n|\Z)", "", changes).strip()
    if not kept:
        return None
    begun, _, rest = text.partition(changes)
    return f"{begun}## [{version}] - {day}\n\n{kept}{rest}"
