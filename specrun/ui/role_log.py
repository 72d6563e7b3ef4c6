"""What one role wrote, by the numbers of its lines, however long its log is."""

from __future__ import annotations

import contextlib
import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from specrun.engines.base import LogLine, OpenLine
from specrun.engines.lines import CLIMBS, line_text, read_lines
from specrun.plan.private import open_private
from specrun.ui.line_index import LONGEST, PIECE, LineIndex, RawLine, lines_from

CHUNK = 1 << 20
"""Bytes that are read at once of a log in which bars stand one above the other."""

_FAULT = b"Traceback (most recent call last)"
_FAULTS = re.compile(
    rb"^(?:\x1b\[[\d;]*m)*(?:\[?(?:ERROR|FATAL|CRITICAL)\b|[\w.]{0,80}(?:Error|Exception)\b ?[:(]|fatal: |error: "
    rb"|[^\s:]{1,80}: (?:line \d+: |Permission denied))|Segmentation fault|CUDA error|out of memory",
    re.MULTILINE,
)
AT_THE_END = 1 << 22
"""Bytes at the end of a log in which an error is looked for that is no exception's."""


class Line(NamedTuple):
    """A line as a terminal would have kept it; `when` in Unix seconds, None where nobody knows; `size` in bytes, where
    it was cut (0: it was not).
    """

    text: str
    when: float | None = None
    size: int = 0


class Spool:
    """Lines that no file of the run has as they are shown, in a file of our own without a name."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.index = LineIndex()
        self._numbers: list[int] = []
        self._moments: list[float | None] = []

    def append(self, lines: Iterable[LogLine]) -> None:
        """Take in lines."""
        pieces = []
        count = 0
        for line in lines:
            if not self._moments or self._moments[-1] != line.when:
                self._numbers.append(self.index.lines + count)
                self._moments.append(line.when)
            pieces.append(line.text.replace("\n", " ").encode("utf-8", "replace") + b"\n")
            count += 1
        block = b"".join(pieces)
        os.pwrite(self._file.fileno(), block, self.index.size)
        self.index.take(block, count)

    def lines(self, first: int) -> Iterator[Line]:
        """Its lines from one on."""
        file = self._file.fileno()
        for number, raw in enumerate(lines_from(file, self.index.place(file, first), self.index.size), first):
            at = bisect_right(self._numbers, number) - 1
            yield _line(raw, self._moments[at] if at >= 0 else None)

    @property
    def descriptor(self) -> int:
        """Its file."""
        return self._file.fileno()

    def close(self) -> None:
        """Have the file be gone."""
        self._file.close()


class RoleLog:
    """The log of one role: a file on this machine that is only counted, or lines that were read of a service.

    What bars that stand one above the other have left cannot be counted: from the first of them on lines are read as
    the engine reads them, and kept in a `Spool`. `open` are the lines that are being rewritten.
    """

    def __init__(self, make_spool: Callable[[], Spool], path: Path | None = None) -> None:
        self.path = path
        self.open: list[str] = []
        self.fault: int | None = None
        """The number of the first line of the first traceback."""
        self._make_spool = make_spool
        self._spool: Spool | None = None
        self._raw = LineIndex()
        self._file: int | None = None
        self._used = 0
        """Up to where lines were read into the spool."""
        self._rest = False
        """Whether what stands behind the last line feed is a line: the run has ended."""

    @property
    def size(self) -> int:
        """Bytes of the file that were taken in."""
        return self._used if self._spool is not None and self.path is not None else self._raw.size

    @property
    def total(self) -> int:
        """Lines so far."""
        return self._raw.lines + self._rest + (self._spool.index.lines if self._spool is not None else 0)

    def append(self, lines: Sequence[LogLine]) -> None:
        """Take in what was read of a service: those that are open are known anew."""
        self._spool = self._spool or self._make_spool()
        before = self.total
        whole = [line for line in lines if not isinstance(line, OpenLine)]
        self._spool.append(whole)
        self.open = [line.text for line in lines if isinstance(line, OpenLine)]
        for number, line in enumerate(whole, before) if self.fault is None else ():
            if _FAULT.decode() in line.text:
                self.fault = number
                break

    def advance(self, upto: int, buffer: bytearray, *, last: bool = False) -> None:
        """Take in what the file has up to a byte; `last`: nothing will follow that."""
        file = self._descriptor()
        while self._spool is None and self._raw.size < upto:
            room = memoryview(buffer)[: min(len(buffer), upto - self._raw.size)]
            count = os.preadv(file, [room], self._raw.size)
            if count <= 0 or not self._take(room[:count], buffer, count):
                break
        if self._spool is not None:
            self._read_on(file, upto, last=last)
        elif last and not self._rest and self._raw.size == upto:
            self._rest = upto > 0 and os.pread(file, 1, upto - 1) != b"\n"
            self.open = []

    def lines(self, first: int, times: Sequence[tuple[int, float]] = (), now: float | None = None) -> Iterator[Line]:
        """The lines from one on, as far as they are known; `times` are moments at which the file had how many bytes,
        `now` is that of what was written since.
        """
        raw = self._raw.lines + self._rest
        if first < raw:
            file = self._descriptor()
            found = lines_from(file, self._raw.place(file, first), self._raw.size)
            for line in islice(found, raw - first):
                at = bisect_left(times, line.end + 1, key=lambda noted: noted[0])
                yield _line(line, times[at][1] if at < len(times) else now)
        if self._spool is not None:
            yield from self._spool.lines(max(0, first - raw))

    def look_at_open(self) -> None:
        """Read the line that is being rewritten, if there is one: what stands behind the last line feed."""
        if self._spool is None and self.path is not None and not self._rest and self._raw.size:
            file = self._descriptor()
            start = max(0, self._raw.size - LONGEST * 4)
            tail = os.pread(file, self._raw.size - start, start)
            begun = tail.rfind(b"\n") + 1
            found, _ = read_lines("", tail[begun:], LONGEST * 8, last=False)
            self.open = [line.text for line in found if isinstance(line, OpenLine)]

    def blocks(self, first: int) -> Iterator[tuple[int, bytes]]:
        """Pieces of whole lines, each with the number of its first: of the file as it is, then of what was kept."""
        raw = self._raw.lines + self._rest
        sources = []
        if first < raw:
            sources.append((self._descriptor(), self._raw, first, 0))
        if self._spool is not None:
            sources.append((self._spool.descriptor, self._spool.index, max(0, first - raw), raw))
        for file, index, start, before in sources:
            yield from _blocks(file, index.place(file, start), index.size, before + start)

    def last_fault(self) -> int | None:
        """The first line near the end that tells of an error, where there is no traceback."""
        size = self._raw.size + (self._spool.index.size if self._spool is not None else 0)
        each = max(1, size // max(1, self.total))
        for number, block in self.blocks(max(0, self.total - AT_THE_END // each)):
            if found := _FAULTS.search(block):
                return number + block.count(b"\n", 0, found.start())
        return None

    def close(self) -> None:
        """Close the files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._spool is not None:
            self._spool.close()

    def _descriptor(self) -> int:
        if self._file is None:
            assert self.path is not None
            self._file = open_private(self.path, os.O_RDONLY)
        return self._file

    def _take(self, block: memoryview, buffer: bytearray, count: int) -> bool:
        """Count a block; whether that can be done."""
        if buffer.find(b"\x1b[", 0, count) >= 0 and CLIMBS.search(block) is not None:
            self._spool = self._make_spool()
            # The line that was begun is read again, with the block.
            file, place = self._descriptor(), self._raw.size
            self._used = self._raw.place(file, self._raw.lines)
            self._raw.size = min(place, self._used)
            return False
        before = self._raw.lines
        if self.fault is None and (at := buffer.find(_FAULT, 0, count)) >= 0:
            self.fault = before + buffer.count(b"\n", 0, at)
        for start in range(0, count, PIECE):
            end = min(start + PIECE, count)
            self._raw.take(block[start:end], buffer.count(b"\n", start, end))
        return True

    def _read_on(self, file: int, upto: int, *, last: bool) -> None:
        while True:
            chunk = os.pread(file, min(CHUNK, max(0, upto - self._used)), self._used)
            lines, used = read_lines("", chunk, CHUNK, last=last)
            self.append(lines)
            self._used += used
            if not used or len(chunk) < CHUNK:
                return


def _blocks(file: int, place: int, end: int, number: int) -> Iterator[tuple[int, bytes]]:
    """Pieces that end with a line; of a line that is longer than a piece its beginning."""
    while place < end and (piece := os.pread(file, min(CHUNK, end - place), place)):
        cut = piece.rfind(b"\n") + 1
        if not cut and place + len(piece) < end:
            yield number, piece
            for line in lines_from(file, place, end):
                place = line.end + 1
                break
            number += 1
            continue
        whole = piece[: cut or len(piece)]
        yield number, whole
        number += whole.count(b"\n")
        place += len(whole)


def _line(raw: RawLine, when: float | None) -> Line:
    return Line(line_text(raw.text), when, raw.size if raw.size > len(raw.text) else 0)


def size_of(path: Path) -> tuple[int, float]:
    """How many bytes a log has, and when it changed last; nothing of one that is not there."""
    with contextlib.suppress(OSError):
        seen = path.lstat()
        return seen.st_size, seen.st_mtime
    return 0, 0.0
