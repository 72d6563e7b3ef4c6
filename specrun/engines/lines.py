"""A role's output cut into lines, the same on every engine: what a terminal would have kept of it.

A line ends with a line feed. What a carriage return, backspaces or a cursor that moved up overwrote is not shown: of a
line that was rewritten, as progress bars do, there is the last state. While such a line has not ended, that is an
`OpenLine`, which the next one replaces; where bars stand one above the other, each of them is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specrun.engines.base import LogLine, OpenLine

REACH = 1 << 16
"""Bytes that are read again at most while bars stand one above the other: which of them has not moved since is gone."""

_REWRITES = re.compile(rb"\r+|(\x08+)|\x1b\[[01]?G")
CLIMBS = re.compile(rb"\x1b\[\d*[AF]")
"""The cursor moves up: rows that were written are written anew."""
_ESCAPE = 0x1B
_TO_START = re.compile(r"\x1b\[[01]?G")
_MOVE = re.compile(rb"\n|\r|\x1b\[(\d*)([ABEFGJK])")
_TO_END = ("\x1b[K", "\x1b[0K")


def read_lines(role: str, chunk: bytes, room: int, *, last: bool) -> tuple[list[LogLine], int]:
    """The lines in a piece of a log, those that are open behind the others, and how many bytes of it need not be read
    again.

    Of `room` bytes that were asked for, `chunk` is what there was; `last`: nothing will follow. A line that no chunk
    holds is given in pieces; what an ended run wrote last need not end in a line feed.
    """
    full = len(chunk) == room
    is_all = last and not full
    if CLIMBS.search(chunk):
        return _stacked(role, chunk, is_all)
    end = chunk.rfind(b"\n") + 1
    begun = _last_state(chunk, end)
    if is_all or (full and not end and begun <= 0):
        return _whole(role, chunk), len(chunk)
    lines = _whole(role, chunk[:end])
    if begun < 0:
        return lines, end
    # A character may be cut: the rest of it is yet to come.
    return [*lines, OpenLine(role, _shown(chunk[begun:].decode("utf-8", "ignore")))], begun


def line_text(line: bytes) -> str:
    """A line without its end as it is shown, if no cursor moves up in it."""
    text = line.decode("utf-8", "replace")
    return _shown(text) if "\r" in text or "\b" in text or "\x1b" in text else text


def last_lines(role: str, chunk: bytes, *, cut: bool) -> list[LogLine]:
    """The lines in the end of a log to which nothing is added; a piece of the first is none where it was `cut`."""
    whole = chunk[chunk.find(b"\n") + 1 :] if cut else chunk
    return read_lines(role, whole, len(whole) + 1, last=True)[0]


def _last_state(chunk: bytes, start: int) -> int:
    """Where the last state of an unfinished line begins that is being rewritten, with what it began with; -1 when it is
    not.
    """
    begun, column, end = -1, 0, start
    for found in _REWRITES.finditer(chunk, start):
        column = max(0, column + _characters(chunk[end : found.start()]) - len(found[0])) if found[1] else 0
        end = found.end()
        if begun < 0:
            begun = start
        if not column and end < len(chunk):  # else nothing follows yet
            begun = found.start() if found[0][0] == _ESCAPE else end - 1
    return begun


def _characters(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode("utf-8", "replace"))


def _whole(role: str, chunk: bytes) -> list[LogLine]:
    if not chunk:
        return []
    text = chunk.decode("utf-8", "replace").removesuffix("\n")
    # Split at line feeds alone: what else counts as the end of a line is part of one here.
    if "\r" in text or "\b" in text or "\x1b" in text:
        return [LogLine(role, _shown(line)) for line in text.split("\n")]
    return [LogLine(role, line) for line in text.split("\n")]


def _shown(line: str) -> str:
    """The last state of a line."""
    if "\x1b" in line:
        line = _TO_START.sub("\r", line)
    if "\r" in line:
        line = line.rstrip("\r").rpartition("\r")[2]
    return _overwritten(line) if "\b" in line else line


def _overwritten(line: str) -> str:
    """What backspaces have left of a line."""
    cells: list[str] = []
    column = 0
    for part in re.split("(\b+)", line):
        if part.startswith("\b"):
            column = max(0, column - len(part))
            continue
        if part.startswith(_TO_END):
            del cells[column:]
        cells[column : column + len(part)] = part
        column += len(part)
    return "".join(cells)


@dataclass(slots=True)
class _Rows:
    """Rows that a cursor goes up and down in, with where in the log the present state of each begins."""

    texts: list[bytes] = field(default_factory=lambda: [b""])
    begun: list[int] = field(default_factory=lambda: [0])
    at: int = 0
    visits: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    """Places in the log at which the cursor came to a row, or begins one anew."""
    climb: int = 0
    """By how many rows the cursor moved up at most."""
    top: int | None = None
    """The uppermost row that it moved up to."""
    _at_start: bool = True

    def feed(self, chunk: bytes) -> None:
        """Take in a piece of a log."""
        end = 0
        for move in _MOVE.finditer(chunk):
            self._write(chunk[end : move.start()], end)
            end = move.end()
            self._move(move[2] or move[0], int(move[1] or 0), end)
        self._write(chunk[end:], end)

    def open_from(self) -> int:
        """The first row that the cursor may yet come back to: it has moved up so far before."""
        first = min(self.at, max(self.at - self.climb, self.top or 0))
        while True:
            needed = self.needed(first)
            lowest = min((row for place, row in self.visits if place >= needed), default=first)
            if lowest >= first:
                return first
            first = lowest

    def needed(self, first: int) -> int:
        """From where on a log has to be read for the rows from `first` on to be as they are."""
        rows = zip(self.begun[first:], self.texts[first:], strict=True)
        needed = min((place for place, text in rows if text), default=self.visits[-1][0])
        return max((place for place, row in self.visits if row == first and place <= needed), default=0)

    def _write(self, text: bytes, place: int) -> None:
        if not text:
            return
        if self._at_start:
            self.texts[self.at], self.begun[self.at] = text, place
            self.visits.append((place, self.at))
            self._at_start = False
        else:
            self.texts[self.at] += text

    def _move(self, final: bytes, number: int, place: int) -> None:
        if final in b"\n\rEF" or (final == b"G" and number <= 1):
            self._at_start = True
        if final in b"JK" and (self._at_start or number == 2):
            self.texts[self.at] = b""
        if final == b"J":
            del self.texts[self.at + 1 :], self.begun[self.at + 1 :]
        before = self.at
        if final in b"AF":
            self.at = max(0, self.at - max(1, number))
            self.climb = max(self.climb, before - self.at)
            self.top = self.at if self.top is None else min(self.top, self.at)
        elif final in b"\nBE":
            self.at += max(1, number)
            more = self.at + 1 - len(self.texts)
            self.texts += [b""] * more
            self.begun += [place] * more
        if self.at != before:
            self.visits.append((place, self.at))


def _stacked(role: str, chunk: bytes, is_all: bool) -> tuple[list[LogLine], int]:
    """The same of a piece in which the cursor moves up: what it may come back to is open."""
    rows = _Rows()
    rows.feed(chunk)
    texts = [_shown(text.decode("utf-8", "replace")) for text in rows.texts]
    if is_all:
        return [LogLine(role, text) for text in texts[: len(texts) - (not texts[-1])]], len(chunk)
    first = rows.open_from()
    used = rows.needed(first)
    if len(chunk) - used > REACH:
        near = (place for place, row in rows.visits if row == first and len(chunk) - place <= REACH)
        used = min(near, default=len(chunk))
    opened = [text for text in texts[first:] if text.strip()] or [""]
    return [*(LogLine(role, text) for text in texts[:first]), *(OpenLine(role, text) for text in opened)], used
