"""The lines of a job's roles, each with its role in front, and below them the one that is being rewritten."""

from __future__ import annotations

import os
import time
from typing import TextIO

from specrun.spec.secrets import hide
from specrun.spec.visible import visible, visible_log
from specrun.views.text import Paint, canvas, shorten

EVERY = 5.0
"""Seconds between two states of a role's progress bar, where there is no terminal to draw it on."""


class RoleLines:
    """Writes to a stream. On a terminal an open line is drawn over the one before and gives way to whatever comes next;
    elsewhere it is written as it stands, from time to time.
    """

    def __init__(self, out: TextIO, paint: Paint, width: int) -> None:
        self._out = out
        self._canvas = canvas(out)
        self._paint = paint
        self._width = width
        self._draws = out.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = ""
        self._told: dict[str, tuple[float, str]] = {}

    def put(self, role: str, text: str, colour: str) -> None:
        """Write a line."""
        self.clear()
        # Not through what masks specrun's own texts: lines are many, and which addresses a job prints is its affair.
        self._canvas.write(f"{self.formed(role, text, colour)}\n")

    def formed(self, role: str, text: str, colour: str) -> str:
        """A line as it is written."""
        return f"{self._paint(f'{visible(role)} |', colour)} {visible_log(hide(text))}"

    def rewrite(self, role: str, text: str, colour: str) -> None:
        """Show a line that has not ended, as it stands now."""
        if not self._draws:
            self._tell(role, text, colour)
            return
        text = hide(text)
        room = self._width - len(visible(role)) - 4
        shown, plain = visible_log(text), visible_log(text, colours=False)
        if len(plain) > room:
            shown = shorten(plain, room)
        line = f"{self._paint(f'{role} |', colour)} {shown}"
        if line != self._drawn:
            self._draw(f"\r{line}\x1b[K")
            self._drawn = line

    def clear(self) -> None:
        """Take away what was drawn, so that something else can be written there."""
        if self._drawn:
            self._draw("\r\x1b[K")
            self._drawn = ""

    def _draw(self, text: str) -> None:
        self._out.flush()
        self._canvas.write(text)
        self._canvas.flush()

    def _tell(self, role: str, text: str, colour: str) -> None:
        now = time.monotonic()
        when, told = self._told.get(role, (-EVERY, ""))
        if now - when >= EVERY and text != told:
            self._told[role] = (now, text)
            self.put(role, text, colour)
            self._out.flush()
