from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from specrun.apply import calls
from specrun.apply.calls import ATTEMPTS, Abandoned, call, call_all, call_reporting
from specrun.engines.base import Denied, EngineError, Progress, Transient

LONG = 20.0


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without making them."""
    import stamina

    made: list[float] = []
    monkeypatch.setattr(calls.time, "sleep", made.append)
    stamina.set_testing(True, attempts=ATTEMPTS - 1, cap=True)
    yield made
    stamina.set_testing(False)


def failing(*errors: Exception) -> tuple[Callable[[], str], list[int]]:
    left, tried = list(errors), []

    def work() -> str:
        tried.append(1)
        if left:
            raise left.pop(0)
        return "done"

    return work, tried


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("failures", range(ATTEMPTS))
def test_what_is_transient_is_tried_again(failures: int) -> None:
    work, tried = failing(*[Transient("busy")] * failures)
    assert call(work, LONG, "it") == "done"
    assert len(tried) == failures + 1


@pytest.mark.usefixtures("pauses")
def test_but_not_for_ever() -> None:
    work, tried = failing(*[Transient("busy")] * 100)
    with pytest.raises(Transient, match="busy"):
        call(work, LONG, "it")
    assert len(tried) == ATTEMPTS


def test_the_service_says_how_long_to_wait(pauses: list[float]) -> None:
    work, _ = failing(Transient("busy", after=7.0))
    assert call(work, LONG, "it") == "done"
    assert pauses[0] == 7.0


@pytest.mark.parametrize("error", [Denied("no"), EngineError("broken"), ValueError("a bug")])
def test_everything_else_is_raised_at_once(error: Exception) -> None:
    work, tried = failing(error)
    with pytest.raises(type(error)) as raised:
        call(work, LONG, "it")
    assert raised.value is error
    assert len(tried) == 1


def test_a_call_that_hangs_is_abandoned_and_keeps_nobody_waiting() -> None:
    over = threading.Event()
    before = set(threading.enumerate())
    with pytest.raises(Abandoned, match=r"it: no answer for 0\.05 s"):
        call(over.wait, 0.05, "it")
    made = set(threading.enumerate()) - before
    assert made
    assert all(thread.daemon for thread in made)
    over.set()


def test_a_report_is_a_sign_of_life() -> None:
    reported: list[int] = []
    patience = 0.4

    def work(report: Callable[[Progress], None]) -> str:
        for number in range(4):
            report(Progress(number))
            threading.Event().wait(patience / 2)
        return "done"

    # Twice as long as the patience altogether, and never silent for so long.
    assert call_reporting(work, lambda progress: reported.append(progress.done), patience, "it") == "done"
    assert reported == [0, 1, 2, 3]


def test_a_write_is_not_tried_again_by_itself() -> None:
    work, tried = failing(Transient("busy"))
    with pytest.raises(Transient):
        call_reporting(lambda report: work(), lambda progress: None, LONG, "it")
    assert len(tried) == 1


def test_reads_go_side_by_side_and_each_has_its_result_or_error() -> None:
    meeting = threading.Barrier(3, timeout=LONG)
    denied = Denied("no")

    def meet() -> int:
        return meeting.wait() * 0

    def refuse() -> int:
        meeting.wait()
        raise denied

    assert call_all([("a", meet), ("b", refuse), ("c", meet)], LONG) == [0, denied, 0]
    assert call_all([("a", failing(denied)[0])], LONG) == [denied]
    assert call_all([], LONG) == []
