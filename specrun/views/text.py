"""Words and colours for people: sizes, durations, and ANSI where the terminal wants it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

CODES: Mapping[str, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


class Paint:
    """Colours text, or leaves it alone: without a terminal, with NO_COLOR, or when told so."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, text: str, *styles: str) -> str:
        """The text in the given styles."""
        if not self.enabled or not styles or not text:
            return text
        return f"\x1b[{';'.join(CODES[style] for style in styles)}m{text}\x1b[0m"


def paint_for(stream: TextIO, wanted: bool = True) -> Paint:
    """Colours for a stream, by the rules of NO_COLOR and of dumb terminals."""
    return Paint(wanted and stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb")


def terminal_width() -> int:
    """Columns to write in: those of the terminal, within what is good to read."""
    import shutil  # late: only what is shown needs a width

    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))


def duration(seconds: float | None) -> str:
    """Seconds as people say them: `4.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def nearby(place: str) -> str:
    """A folder as seen from the current one when it lies below it; anything else as it is."""
    here = os.getcwd()  # noqa: PTH109
    return os.path.relpath(place, here) if place.startswith(f"{here}{os.sep}") else place


def count(number: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shorten(text: str, width: int) -> str:
    """At most `width` characters, the rest told by an ellipsis."""
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"
