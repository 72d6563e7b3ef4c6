"""Whole lines out of a piece of a log that is still being written."""

from __future__ import annotations

CHUNK = 1 << 22
"""Bytes of one role's log that are read at a time."""


def whole_lines(chunk: bytes, *, last: bool) -> tuple[list[str], int]:
    """The lines in a piece of at most `CHUNK` bytes, and how many bytes they were; `last`: nothing will follow.

    A line that no chunk holds is given in pieces; what an ended run wrote last need not end in a line feed.
    """
    end = chunk.rfind(b"\n") + 1
    if (not end and len(chunk) == CHUNK) or (last and len(chunk) < CHUNK):
        end = len(chunk)
    # Split at line feeds alone: a carriage return is a progress bar's, not the end of a line.
    text = chunk[:end].decode("utf-8", "replace").removesuffix("\n")
    return (text.split("\n") if end else []), end
