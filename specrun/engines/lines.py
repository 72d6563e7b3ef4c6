"""A role's output cut into lines, the same on every engine.

A line ends with a line feed. What a carriage return overwrote is not shown: of a line that was rewritten, as progress
bars do, there is the last state. While such a line has not ended, that is an `OpenLine`, which the next one replaces.
"""

from __future__ import annotations

from specrun.engines.base import LogLine, OpenLine


def read_lines(role: str, chunk: bytes, room: int, *, last: bool) -> tuple[list[LogLine], int]:
    """The lines in a piece of a log, at most one of them open, and how many bytes of it need not be read again.

    Of `room` bytes that were asked for, `chunk` is what there was; `last`: nothing will follow. A line that no chunk
    holds is given in pieces; what an ended run wrote last need not end in a line feed.
    """
    end = chunk.rfind(b"\n") + 1
    full = len(chunk) == room
    begun = _last_state(chunk, end)
    if (last and not full) or (full and not end and begun <= 0):
        return _whole(role, chunk), len(chunk)
    lines = _whole(role, chunk[:end])
    if begun < 0:
        return lines, end
    # A character may be cut: the rest of it is yet to come.
    return [*lines, OpenLine(role, _shown(chunk[begun:].decode("utf-8", "ignore")))], begun


def _last_state(chunk: bytes, start: int) -> int:
    """Where the last state of an unfinished line begins that is being rewritten; -1 when it is not."""
    if chunk.find(b"\r", start) < 0:
        return -1
    end = len(chunk)
    while end > start and chunk[end - 1] == 13:  # a carriage return that nothing follows yet
        end -= 1
    return max(start, chunk.rfind(b"\r", start, end))


def _whole(role: str, chunk: bytes) -> list[LogLine]:
    if not chunk:
        return []
    text = chunk.decode("utf-8", "replace").removesuffix("\n")
    # Split at line feeds alone: what else counts as the end of a line is part of one here.
    if "\r" in text:
        return [LogLine(role, _shown(line)) for line in text.split("\n")]
    return [LogLine(role, line) for line in text.split("\n")]


def _shown(line: str) -> str:
    """The last state of a line."""
    return line.rstrip("\r").rpartition("\r")[2]
