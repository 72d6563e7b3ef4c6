"""Words and colours for people: sizes, durations, and ANSI where the terminal wants it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from specrun.spec.secrets import hide
from specrun.spec.visible import visible

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
    """Makes text visible, and colours it; without a terminal, with NO_COLOR, or when told so, it does not colour."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, text: str, *styles: str) -> str:
        """The text on one line, in the given styles."""
        text = visible(text)
        if not self.enabled or not styles or not text:
            return text
        return f"\x1b[{';'.join(CODES[style] for style in styles)}m{text}\x1b[0m"


def paint_for(stream: TextIO, wanted: bool = True) -> Paint:
    """Colours for a stream, by the rules of NO_COLOR and of dumb terminals."""
    return Paint(wanted and stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb")


def terminal_width() -> int:
    """Columns to write in: those of the terminal, within what is good to read."""
    # As `shutil` finds it, which would bring along what unpacks archives; but progress has a width, too, where standard
    # output goes elsewhere.
    told = os.environ.get("COLUMNS", "")
    columns = int(told) if told.isdecimal() else 0
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(AttributeError, ValueError, OSError):
            columns = columns or os.get_terminal_size(stream.fileno()).columns  # type: ignore[union-attr]
    return max(40, min(columns or 100, 120))


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


def clock(seconds: float) -> str:
    """Seconds as they are counted: `0:12`, `1:02:03`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def columns(text: str) -> int:
    """How wide a text is on a terminal: letters of East Asia have two columns, marks on others none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else not combining(char) for char in text)


def nearby(place: str) -> str:
    """A folder as seen from the current one when it lies below it; anything else as it is; visible."""
    here = os.getcwd()  # noqa: PTH109
    return visible(os.path.relpath(place, here) if place.startswith(f"{here}{os.sep}") else place)


def tied(head: str, tail: str, width: int | None) -> str:
    """A text whose end nobody wants broken (a name, a link, a path, a command): it has a line of its own where it does
    not fit on the first. Colours have no width; without one everything fits.
    """
    fits = width is None or len(_plain(head).rpartition("\n")[2]) + 1 + len(_plain(tail)) <= width
    return f"{head} {tail}" if fits else f"{head.rstrip()}\n  {tail}"


def _plain(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text) if "\x1b" in text else text


def is_link(place: str) -> bool:
    """Whether a person finds something on a page, and not in a folder."""
    return place.startswith("https://")


def room_in(stream: TextIO, width: int) -> int | None:
    """Columns after which a stream breaks lines; None for what is no terminal, where a line is one for programs."""
    return width if stream.isatty() else None


def count(number: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shorten(text: str, width: int) -> str:
    """At most `width` columns of what is visible of a text, the rest told by an ellipsis."""
    text = visible(hide(text))  # a part of a secret would not be known as one
    if columns(text) <= width:
        return text
    text = text[: max(0, width - 1)]
    while columns(text) > max(0, width - 1):
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, indent: str, width: int, rest: str | None = None) -> list[str]:
    """A sentence on lines of at most `width` characters, each `indent`ed, those after the first by `rest`; visible."""
    from textwrap import wrap  # late: few texts are as long

    return wrap(
        visible(hide(text)),
        width,
        initial_indent=indent,
        subsequent_indent=indent if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def in_room(text: str, room: int | None, indent: str = "") -> str:
    """A sentence in lines of `room` columns, those after the first indented; as it is where lines are not broken."""
    return f"{indent}{text}" if room is None else "\n".join(wrapped(text, indent, room, "  "))


def indented(text: str) -> str:
    """A text of several lines, such as what pip said, all but the first below the others' first word."""
    first, *others = text.rstrip("\n").split("\n")
    return "\n".join([visible(first), *(f"  {visible(line)}" for line in others)])


def canvas(stream: TextIO) -> TextIO:
    """Where a view draws that moves the cursor itself: what is written there is not looked at any more."""
    canvas = getattr(stream, "canvas", stream)
    return canvas if hasattr(canvas, "write") else stream
