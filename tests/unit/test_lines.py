"""A role's output cut into lines, in whatever pieces it is read."""

from __future__ import annotations

import re

import pytest

from specrun.engines.base import LogLine, OpenLine
from specrun.engines.lines import REACH, read_lines
from specrun.spec.visible import visible_log

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
        (b"10%\b\b\b20%", (["20%…"], 5)),  # backspaces, to the line's start
        (b"\xc3\xa9 |\b/", (["é /…"], 0)),  # and not: it is needed from its start on
        (b"10%\x1b[G20%", (["20%…"], 3)),
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
        (b"\b\b\b\b\r 1/2\b\b\b\b\r 2/2\nend", ([" 2/2", "end"], 22)),  # as Keras draws
        (b"5 of 9\b\b\b\b\b\b\x1b[Kall\n", (["\x1b[Kall"], 19)),  # what is left goes when it is shown
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


OUTER = "\r epochs  0%\n\r inner  0%\x1b[A\n\r inner 50%\x1b[A\n\r inner 99%\x1b[A\r epochs 99%"
"""Two bars of tqdm: the inner one is a line below, and the cursor goes back up each time."""

NESTED = f"first\n{OUTER}{OUTER}\n\r          \r\x1b[A\r epochs all\ndone\n"
TABLE = "\r\x1b[2Ka 1%\n\x1b[2Kb 1%\n\x1b[2A\x1b[2Ka 9%\n\x1b[2Kb 9%\nend\n"


@pytest.mark.parametrize(
    ("log", "kept"),
    [
        (NESTED, ["first", " epochs all", "done"]),
        (TABLE, ["a 9%", "b 9%", "end"]),  # whose cursor rests below
        ("a\nb\nc\x1b[2F\x1b[Jd\n", ["d"]),
        ("a\nb\n\x1b[Ac", ["a", "c"]),
    ],
)
def test_bars_above_one_another_are_kept_as_a_terminal_keeps_them(log: str, kept: list[str]) -> None:
    lines, _ = read_lines("main/0", log.encode(), 1000, last=True)
    assert [visible_log(line.text) for line in lines] == kept


def test_bars_above_one_another_are_open_together_and_come_once() -> None:
    log, lines, start = NESTED.encode(), list[str](), 0
    at_rest = [found.end() for found in re.finditer(rb"\x1b\[A|99%", log)][1:]
    for end in [*at_rest, len(log)]:
        found, used = read_lines("main/0", log[start:end], 1000, last=False)
        opened = [line.text for line in found if isinstance(line, OpenLine)]
        lines += [line.text for line in found if not isinstance(line, OpenLine)]
        assert len(opened) == 2 or end > at_rest[-2]
        start += used
    lines += [line.text for line in read_lines("main/0", log[start:], 1000, last=True)[0]]
    assert lines == ["first", " epochs all", "done"]


@pytest.mark.parametrize("state", ["\rstep {}", "\b" * 9 + "\rstep {}", "\n\rstep {}\x1b[A"])
def test_an_epoch_without_a_line_feed_is_not_read_again_and_again(state: str) -> None:
    """What is left to be read again stays small, however much there is; so no time or memory grows with it."""
    log, start = "".join(state.format(number) for number in range(20_000)).encode(), 0
    for end in range(0, len(log), 32_000):
        found, used = read_lines("main/0", log[start:end], 1 << 20, last=False)
        start += used
        assert end - start <= REACH
        assert not [line for line in found if not isinstance(line, OpenLine)]
