"""Where the lines of a growing file begin: known of every 64 kB, so that a million lines take a few kilobytes.

Nothing is decoded until somebody wants to see it: while a job writes, line feeds are counted, and that is all.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 1 << 16
"""Bytes after which it is noted how many lines there were."""

PIECE = 1 << 18
"""Bytes that are read at once."""

LONGEST = 1 << 14
"""Bytes that are given of a line."""


class RawLine(NamedTuple):
    """A line's bytes without its end, the last state of one that was rewritten; `end` is where it ends in the file, and
    `size` how long it is there, which is more where it was cut.
    """

    text: bytes
    end: int
    size: int


class LineIndex:
    """The lines of a file as far as they were counted: `size` bytes, `lines` line feeds. One writer, many readers."""

    def __init__(self) -> None:
        self.size = 0
        self.lines = 0
        self._places = array("Q", [0])
        self._counts = array("Q", [0])

    def take(self, block: bytes | bytearray | memoryview, count: int) -> None:
        """Take in what stands behind the bytes that were counted: a block with `count` line feeds."""
        self.size += len(block)
        self.lines += count
        if self.size - self._places[-1] >= BLOCK:
            self._counts.append(self.lines)
            self._places.append(self.size)

    def place(self, file: int, line: int) -> int:
        """Where a line begins, in bytes; it has to be one whose beginning is known."""
        if line <= 0:
            return 0
        at = bisect_left(self._counts, line) - 1
        place, left = self._places[at], line - self._counts[at]
        while piece := os.pread(file, PIECE, place):
            count = piece.count(b"\n")
            if count < left:
                left -= count
                place += len(piece)
                continue
            found = -1
            for _ in range(left):
                found = piece.index(b"\n", found + 1)
            return place + found + 1
        return place

    def number(self, file: int, place: int) -> int:
        """The number of the line that a byte is of."""
        at = bisect_left(self._places, place)
        at -= at == len(self._places) or self._places[at] > place
        start, count = self._places[at], self._counts[at]
        while start < place and (piece := os.pread(file, min(PIECE, place - start), start)):
            count += piece.count(b"\n")
            start += len(piece)
        return int(count)


def lines_from(file: int, place: int, end: int) -> Iterator[RawLine]:
    """The lines of a file from a place on, one that has not ended by `end` the last."""
    rest, begun = b"", place
    while begun < end:
        piece = os.pread(file, min(PIECE, end - place), place)
        place += len(piece)
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield _cut(line, begun + len(line))
            begun += len(line) + 1
        if len(rest) > LONGEST:
            whole, begun = _long(file, begun, place, end), begun
            yield whole
            begun = place = whole.end + 1
            rest = b""
        elif not piece:
            break
        elif place >= end:
            if rest:
                yield _cut(rest, begun + len(rest))
            return


def _cut(line: bytes, end: int) -> RawLine:
    if len(line) <= LONGEST:
        return RawLine(line, end, len(line))
    start = line.rstrip(b"\r").rfind(b"\r") + 1
    return RawLine(line[start : start + LONGEST], end, len(line) - start)


def _long(file: int, begun: int, place: int, limit: int) -> RawLine:
    """A line that is too long to be held: as `_cut` has it, but for its pieces."""
    start, at, rewritten = begun, begun, -1
    while at < limit and (piece := os.pread(file, min(PIECE, limit - at), at)):
        end = piece.find(b"\n")
        part = piece if end < 0 else piece[:end]
        # A carriage return in front of the line's end rewrites nothing.
        if rewritten >= 0 and part.strip(b"\r"):
            start, rewritten = rewritten + 1, -1
        inner = part.rstrip(b"\r")
        if (found := inner.rfind(b"\r")) >= 0:
            start = at + found + 1
        if len(inner) < len(part):
            rewritten = at + len(part) - 1
        at += len(part)
        if end >= 0:
            break
    return RawLine(os.pread(file, min(LONGEST, at - start), start), at, at - start)
