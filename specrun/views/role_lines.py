"""The lines of a job's roles, each with its role in front; and those that are being rewritten, as they stand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from specrun.spec.secrets import hide
from specrun.spec.visible import visible, visible_log
from specrun.views.text import Paint, canvas, columns, shorten

EVERY = 10.0
"""Seconds between two states of a role's progress bars, where there is no terminal to draw them on."""


class Row(NamedTuple):
    """A line of a role, in the role's colour."""

    role: str
    text: str
    colour: str


class RoleLines:
    """Writes to a stream. What has not ended is kept for a terminal to draw, if the caller `draws`; elsewhere it is
    written as it stands, from time to time.
    """

    def __init__(self, out: TextIO, paint: Paint, *, draws: bool) -> None:
        self._out = out
        self._canvas = canvas(out)
        self._paint = paint
        self._draws = draws
        self._open: dict[str, list[Row]] = {}
        self._told: dict[str, tuple[float, Sequence[Row]]] = {}

    def put(self, rows: Sequence[Row]) -> None:
        """Write lines: a role that has ended one has none open until it is told anew."""
        heads: dict[tuple[str, str], str] = {}  # lines are many, their roles few
        for role, text, colour in rows:
            if (head := heads.get((role, colour))) is None:
                head = heads[role, colour] = self._head(role, colour)
            # Not through what masks specrun's own texts: which addresses a job prints is its own affair.
            self._canvas.write(f"{head} {visible_log(hide(text))}\n")
        for role, _ in heads:
            if role in self._open:
                self._open[role] = []  # its place among the others stays

    def rewrite(self, rows: Sequence[Row]) -> None:
        """Show lines that have not ended, as they stand now: all that the roles of these have open."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row.role, []).append(row)
        if self._draws:
            self._open |= found
        for role, opened in found.items() if not self._draws else ():
            now = time.monotonic()
            when, told = self._told.get(role, (-EVERY, ()))
            if now - when >= EVERY and opened != told and any(row.text.strip() for row in opened):
                self._told[role] = now, opened
                self.put([row for row in opened if row not in told])

    def clear(self) -> None:
        """Forget what has not ended."""
        self._open.clear()

    def lines(self, width: int, height: int) -> Iterator[str]:
        """What has not ended, to be drawn; where there is no room for all of it, the last line of each role."""
        rows = [[row for row in opened if row.text.strip()] for opened in self._open.values()]
        if sum(map(len, rows)) > height:
            rows = [opened[-1:] for opened in rows][:height]
        for row in (row for opened in rows for row in opened):
            room = width - columns(visible(row.role)) - 3
            text = hide(row.text)
            plain = visible_log(text, colours=False)
            shown = visible_log(text) if columns(plain) <= room else shorten(plain, room)
            yield f"{self._head(row.role, row.colour)} {shown}"

    def _head(self, role: str, colour: str) -> str:
        return self._paint(f"{visible(role)} |", colour)
