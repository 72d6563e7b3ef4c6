"""What a sweep does about a trial, by the attempts that there are at it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.local import state
from specrun.engines.local.sweeps import request
from specrun.engines.local.sweeps.request import SweepRequest
from specrun.engines.local.sweeps.standing import ITS_SWEEP, TRIES, Sweeping, earlier_attempts, is_same, stand, sweeping
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.plan.trials import STOPPED_EARLY
from specrun.spec.sweep import Objective, Sweep

SWEEP = Sweeping("tune-aaaaaaaaaa-2", submitted=100.0)
EARLY, OTHERS = f"{STOPPED_EARLY} (bandit): …", f"{ITS_SWEEP}tune-bbbbbbbbbb was cancelled"


def attempt(number: int, status: str, submitted: float = 50.0, reason: str = "", **others: object) -> Run:
    name = "tune-0123456789" + (f"-{number}" if number > 1 else "")
    return Run(name, "tune", "0123456789", number, RunStatus(status), reason, submitted, **others)  # type: ignore[arg-type]


def test_a_trial_of_which_there_is_nothing_is_begun() -> None:
    assert stand([], SWEEP, 0) == (None, 1)


@pytest.mark.parametrize("status", ["succeeded", "failed", "running", "queued"])
def test_what_there_is_counts(status: str) -> None:
    there = attempt(1, status)
    assert stand([there], SWEEP, 0) == (there, 0)


def test_a_success_counts_whatever_came_after_it() -> None:
    first, second = attempt(1, "succeeded"), attempt(2, "succeeded")
    assert stand([first, second, attempt(3, "failed"), attempt(4, "lost")], SWEEP, 0) == (second, 0)


def test_what_the_platform_has_ended_is_begun_again_a_few_times() -> None:
    lost = [attempt(1, "lost"), attempt(2, "lost")]
    assert stand(lost, SWEEP, 0) == (None, 3)
    assert stand(lost, SWEEP, TRIES - 1) == (None, 3)
    assert stand(lost, SWEEP, TRIES) == (lost[1], 0)


def test_what_failed_is_begun_again_when_that_was_asked_for_since() -> None:
    asking = replace(SWEEP, since=100.0)
    assert stand([attempt(1, "failed")], asking, 0) == (None, 2)
    since = attempt(2, "failed", submitted=101.0)
    assert stand([attempt(1, "failed"), since], asking, 1) == (since, 0)
    assert stand([attempt(1, "succeeded")], asking, 0)[0] is not None


@pytest.mark.parametrize(
    ("cancelled", "counts"),
    [
        (attempt(1, "cancelled"), False),
        (attempt(1, "cancelled", submitted=101.0), True),
        (attempt(1, "cancelled", ended=101.0), True),
        (attempt(1, "cancelled", submitted=101.0, reason=OTHERS, parent="tune-bbbbbbbbbb"), False),
        (attempt(1, "cancelled", submitted=101.0, reason=OTHERS, parent=SWEEP.name), True),
        (attempt(1, "cancelled", reason=EARLY), False),
        (attempt(1, "cancelled", submitted=101.0, reason=EARLY), False),
    ],
)
def test_what_was_cancelled(cancelled: Run, counts: bool) -> None:
    assert stand([cancelled], SWEEP, 0) == ((cancelled, 0) if counts else (None, 2))


def test_what_was_stopped_early_is_done_with_where_trials_are_stopped() -> None:
    stopped = attempt(1, "cancelled", reason=EARLY)
    assert stand([stopped], replace(SWEEP, stops=True, since=100.0), 0) == (stopped, 0)


def test_what_is_damaged_has_its_name_and_counts_for_nothing() -> None:
    damaged = attempt(1, "lost", loss=Loss.DAMAGED)
    assert stand([damaged], SWEEP, TRIES) == (None, 2)
    failed = attempt(1, "failed")
    assert stand([failed, attempt(2, "lost", loss=Loss.UNMARKED)], SWEEP, 0) == (failed, 0)


def test_attempts_at_the_same() -> None:
    assert is_same("tune-aaaaaaaaaa", "tune-aaaaaaaaaa-3")
    assert not is_same("tune-aaaaaaaaaa", "tune-bbbbbbbbbb")
    assert not is_same("", "")


GRID = Sweep("grid", {}, Objective("maximize", "accuracy"))


def left(runs: Path, number: int, status: str, since: float | None = None) -> Path:
    """An attempt at a sweep whose supervisor is gone."""
    folder = runs / ("tune-aaaaaaaaaa" + (f"-{number}" if number > 1 else ""))
    folder.mkdir()
    request.write(folder, SweepRequest(GRID, since))
    state.write(folder, state.State(status))
    return folder


@pytest.mark.parametrize(
    ("before", "since"),
    [
        ([(state.RUNNING, 5.0)], 5.0),
        ([(state.RUNNING, 5.0), (state.QUEUED, None)], 5.0),
        ([(state.RUNNING, 5.0), (state.RUNNING, 7.0)], 7.0),
        ([(state.SUCCEEDED, 5.0)], None),
        ([(state.RUNNING, 5.0), (state.FAILED, None), (state.RUNNING, None)], None),
        ([], None),
    ],
)
def test_what_rerun_has_asked_for_is_asked_of_those_that_make_up_for_a_lost_one(
    tmp_path: Path, before: list[tuple[str, float | None]], since: float | None
) -> None:
    folders = [left(tmp_path, number, *one) for number, one in enumerate(before, 1)]
    own = left(tmp_path, len(before) + 1, state.RUNNING)
    earlier = earlier_attempts(own)
    assert earlier == folders[::-1]
    assert sweeping(own, SweepRequest(GRID), 9.0, earlier).since == since
    assert sweeping(own, SweepRequest(GRID, 8.0), 9.0, earlier).since == 8.0
