"""When lines were written: what a supervisor notes of its logs, and what is read out of that."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import pytest

from specrun.engines.base import LogLine, OpenLine
from specrun.engines.local import log_times
from specrun.engines.local.log_times import EVERY, FILE, LogTimes
from specrun.engines.local.role_logs import read_logs, read_times, timed_lines

LOGS = {"ps/0": "logs/ps-0.txt", "worker/0": "logs/worker-0.txt"}


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(log_times, "time", clock)
    return clock


@pytest.fixture
def rundir(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path


def write(rundir: Path, role: str, text: str, moment: float) -> None:
    log = rundir / LOGS[role]
    with log.open("a") as file:
        file.write(text)
    os.utime(log, (moment, moment))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="hears of writes from Linux's inotify")
def test_nobody_wakes_while_nothing_is_written(clock: Clock, rundir: Path) -> None:
    times = LogTimes(rundir, LOGS)
    assert (times.descriptors, times.pause()) == ((), EVERY)
    clock.now += EVERY
    times.take()
    assert times.descriptors
    assert times.pause() == math.inf
    write(rundir, "ps/0", "one\n", 5.0)
    write(rundir, "worker/0", "two\n", 5.25)
    times.take()
    assert (times.pause(), read_times(rundir)) == (EVERY, {})
    clock.now += EVERY
    write(rundir, "worker/0", "three\n", 5.75)
    times.take()
    assert read_times(rundir) == {"ps/0": [(4, 5.0)], "worker/0": [(10, 5.75)]}
    assert times.pause() == math.inf
    times.take()
    write(rundir, "ps/0", "last", 9.0)
    times.close()
    assert (read_times(rundir) or {})["ps/0"] == [(4, 5.0), (8, 9.0)]


def test_where_nobody_tells_of_writes_the_logs_are_looked_at(
    clock: Clock, rundir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_times, "_inotify", lambda: None)
    times = LogTimes(rundir, LOGS)
    assert (times.descriptors, times.pause()) == ((), EVERY)
    write(rundir, "ps/0", "one\n", 5.0)
    for _ in range(2):
        clock.now += EVERY
        times.take()
        assert times.pause() == EVERY
    assert (rundir / FILE).read_text() == "ps/0 4 5.000\n", "what has not grown is not noted again"


def test_of_a_long_run_there_are_not_more_notes_than_can_be_kept(clock: Clock, rundir: Path) -> None:
    times = LogTimes(rundir, LOGS)
    clock.now += 7 * 86_400
    times.take()
    write(rundir, "ps/0", "one\n", 5.0)
    times.take()
    assert 60 < times.pause() < 61 or not times.descriptors
    times.close()


def test_notes_of_a_log_that_was_emptied_or_damaged(rundir: Path) -> None:
    (rundir / FILE).write_text("ps/0 4 5.0\nps/0 9 6.0\nps/0 2 7.0\nps/0 3 inf\nx\nps/0 a 7\nps/0 5 8.0\n")
    assert read_times(rundir) == {"ps/0": [(2, 7.0), (5, 8.0)]}
    assert read_times(rundir / "absent") is None


def lines(chunk: bytes, *times: tuple[int, float], start: int = 0, last: bool = True, room: int = 100) -> object:
    found, used = timed_lines("w/0", chunk, room, start, times, 99.0, last=last)
    return [(line.text, line.when) for line in found], used


def test_a_line_has_the_moment_of_its_end() -> None:
    text = b"one\ntwo\nthree\nfo"
    noted = ((4, 1.0), (10, 2.0), (14, 3.0))
    assert lines(text, *noted) == ([("one", 1.0), ("two", 2.0), ("three", 3.0), ("fo", 99.0)], 16)
    assert lines(text, *noted, last=False) == ([("one", 1.0), ("two", 2.0), ("three", 3.0)], 14)
    assert lines(text[8:], *noted, start=8) == ([("three", 3.0), ("fo", 99.0)], 8)
    assert lines(text[:12], *noted, room=12) == ([("one", 1.0), ("two", 2.0)], 8), "what follows is read with its rest"
    assert lines(b"0123456789", (50, 4.0), room=10) == ([("0123456789", 4.0)], 10), "of what was not noted yet the next"


def test_a_bar_is_open_and_its_last_state_has_the_last_moment() -> None:
    found, used = timed_lines("w/0", b"a\n10%\r20%", 100, 0, ((5, 1.0), (9, 2.0)), 99.0, last=False)
    assert found == [LogLine("w/0", "a", 1.0), OpenLine("w/0", "20%", 99.0)]
    assert used < 9


def test_without_notes_nothing_is_known(rundir: Path) -> None:
    write(rundir, "ps/0", "one\n", 5.0)
    assert read_logs(rundir, {}, last=True, timed=True) == ([LogLine("ps/0", "one")], {"ps/0": 4})
    (rundir / FILE).write_text("ps/0 4 5.0\n")
    assert read_logs(rundir, {}, last=True, timed=True)[0] == [LogLine("ps/0", "one", 5.0)]
    assert read_logs(rundir, {}, last=True, timed=False)[0] == [LogLine("ps/0", "one")]
