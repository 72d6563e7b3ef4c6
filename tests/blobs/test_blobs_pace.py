from __future__ import annotations

import pytest

from specrun.engines.azure import pace
from specrun.engines.azure.pace import Counted, Pace, clock
from specrun.engines.base import Progress

MB = 10**6


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    times = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: times[0])
    return times


def test_the_rate_is_that_of_the_last_seconds(now: list[float]) -> None:
    reports: list[Progress] = []
    counting = Pace(1000 * MB, reports.append)
    for second in range(1, 41):
        now[0] = float(second)
        counting.add((10 if second <= 20 else 2) * MB)
    assert reports[0] == Progress(10 * MB, 1000 * MB, "10.0 MB/s, 1:39 left")
    assert reports[-1] == Progress(240 * MB, 1000 * MB, "2.0 MB/s, 6:20 left")


def test_what_was_there_does_not_make_it_faster(now: list[float]) -> None:
    reports: list[Progress] = []
    counting = Pace(100 * MB, reports.append)
    now[0] = 1.0
    counting.add(80 * MB, sent=False)
    now[0] = 2.0
    counting.add(2 * MB)
    assert reports == [
        Progress(80 * MB, 100 * MB, "resuming"),
        Progress(82 * MB, 100 * MB, "1.0 MB/s, 0:18 left"),
    ]


def test_reports_are_not_too_many(now: list[float]) -> None:
    reports: list[Progress] = []
    counting = Pace(1000, reports.append)
    for step in range(100):
        now[0] = step / 100
        counting.add(10)
    assert 3 <= len(reports) <= 5


def test_what_is_read_again_counts_once(now: list[float]) -> None:
    reports: list[Progress] = []
    counting = Pace(6, reports.append)
    body = Counted(b"abcdef", counting)
    assert (len(body), body.read(4)) == (6, b"abcd")
    body.seek(0)
    now[0] = 1.0
    assert body.read() == b"abcdef"
    assert reports[-1].done == 6


def test_time_as_a_clock_shows_it() -> None:
    assert [clock(seconds) for seconds in (0, 42, 61, 3723)] == ["0:00", "0:42", "1:01", "1:02:03"]
