"""A role's output cut into lines, in whatever pieces it is read."""

from __future__ import annotations

import pytest

from specrun.engines.base import LogLine, OpenLine
from specrun.engines.lines import read_lines

ROOM = 40


def seen(chunk: bytes, *, last: bool = False) -> tuple[list[str], int]:
    """The lines of a piece, open ones with an ellipsis, and what of it was used."""
    lines, used = read_lines("main/0", chunk, ROOM, last=last)
    return [f"{line.text}…" if isinstance(line, OpenLine) else line.text for line in lines], used


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (b"", ([], 0)),
        (b"one\n\ntwo and", (["one", ""], 5)),
        (b"10%\r20%\na line of Windows\r\n", (["20%", "a line of Windows"], 27)),
        (b"one\n\r10%\r20%", (["one", "20%…"], 8)),  # from its last state on it is read again
        (b"\r20%", (["20%…"], 0)),
        (b"20%\r", (["20%…"], 0)),
        (b"10%\r20%\r", (["20%…"], 3)),
        (b"\r5 \xe2\x82", (["5 …"], 0)),  # a character that is cut
        (b"x" * ROOM, (["x" * ROOM], ROOM)),  # no piece holds it
        (b"\r99%" * 10, (["99%…"], 36)),  # nor this, and of this only the last state counts
        (b"\r" + b"x" * (ROOM - 1), (["x" * (ROOM - 1)], ROOM)),
    ],
)
def test_lines_of_a_run_that_goes_on(chunk: bytes, expected: tuple[list[str], int]) -> None:
    assert seen(chunk) == expected


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (b"", ([], 0)),
        (b"one\ntwo and", (["one", "two and"], 11)),
        (b"\r10%\r20%", (["20%"], 8)),
        (b"\r99%" * 10, (["99%…"], 36)),  # a full piece: there may be more
    ],
)
def test_of_a_run_that_has_ended_the_last_line_counts(chunk: bytes, expected: tuple[list[str], int]) -> None:
    assert seen(chunk, last=True) == expected


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8, 13])
def test_each_line_comes_once_and_whole_while_the_log_grows(step: int) -> None:
    log = "one\r\n\r 0%\r50%\r100%\nlast é\n\r1/2\r2/2".encode()
    lines: list[LogLine] = []
    start = 0
    for end in [*range(0, len(log), step), len(log), len(log)]:
        found, used = read_lines("main/0", log[start : min(end, start + ROOM)], ROOM, last=False)
        lines += [line for line in found if not isinstance(line, OpenLine)]
        start += used
    found, used = read_lines("main/0", log[start:], ROOM, last=True)
    assert [line.text for line in [*lines, *found]] == ["one", "100%", "last é", "2/2"]
    assert start + used == len(log)
