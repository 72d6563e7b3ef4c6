from __future__ import annotations

import pytest

from specrun.plan import attempts
from specrun.plan.attempts import decide, run_name
from specrun.plan.changes import Action
from specrun.plan.observed import Run, RunStatus

PRINT = "a" * 64
OTHER = "b" * 64


def run(status: RunStatus, attempt: int = 1, fingerprint: str = PRINT, reason: str = "") -> Run:
    return Run(run_name("job", fingerprint, attempt), "job", fingerprint, attempt, status, reason)


def test_names() -> None:
    assert [run_name("job", PRINT, number) for number in (1, 2, 11)] == [
        "job-aaaaaaaaaa",
        "job-aaaaaaaaaa-2",
        "job-aaaaaaaaaa-11",
    ]


@pytest.mark.parametrize(("attempt", "said"), [(1, None), (2, "2"), (11, "11")])
@pytest.mark.parametrize("spec", ["job", "job-2", "job-0123456789"])
def test_a_name_says_what_it_was_made_of(spec: str, attempt: int, said: str | None) -> None:
    found = attempts.NAME.fullmatch(run_name(spec, PRINT, attempt))
    assert found is not None
    assert found.groupdict() == {"spec": spec, "fingerprint": "aaaaaaaaaa", "attempt": said}


def test_none_yet() -> None:
    assert decide([], PRINT, rerun=False).reason == "the first run of this spec"
    found = decide([run(RunStatus.RUNNING, fingerprint=OTHER)], PRINT, rerun=True)
    assert (found.action, found.attempt, found.follow) == (Action.SUBMIT, 1, None)
    assert found.reason == "something changed since the last run"


FOLLOWED, AGAIN = (Action.NO_OP, 1, True), (Action.SUBMIT, 2, False)


@pytest.mark.parametrize(
    ("status", "expected", "with_rerun"),
    [
        (RunStatus.QUEUED, FOLLOWED, FOLLOWED),
        (RunStatus.RUNNING, FOLLOWED, FOLLOWED),
        (RunStatus.SUCCEEDED, FOLLOWED, AGAIN),
        (RunStatus.FAILED, FOLLOWED, AGAIN),
        (RunStatus.CANCELLED, FOLLOWED, AGAIN),
        (RunStatus.LOST, AGAIN, AGAIN),
    ],
)
def test_the_table(status: RunStatus, expected: tuple[object, ...], with_rerun: tuple[object, ...]) -> None:
    for rerun, wanted in ((False, expected), (True, with_rerun)):
        found = decide([run(status)], PRINT, rerun)
        assert (found.action, found.attempt, found.follow is not None) == wanted


def test_every_status_stands_in_the_table() -> None:
    assert {case[0] for case in test_the_table.pytestmark[0].args[1]} == set(RunStatus)  # type: ignore[attr-defined]


def test_the_newest_attempt_decides_whatever_the_order_and_beyond_nine() -> None:
    runs = [run(RunStatus.LOST, number) for number in range(1, 11)] + [run(RunStatus.SUCCEEDED, 11)]
    for ordered in (runs, runs[::-1]):
        found = decide(ordered, PRINT, rerun=False)
        assert (found.action, found.attempt, found.follow) == (Action.NO_OP, 11, runs[-1])
    assert decide(runs, PRINT, rerun=True).attempt == 12


def test_reasons_name_the_run_and_the_way_on() -> None:
    failed = decide([run(RunStatus.FAILED, reason="worker/0 exited with 1")], PRINT, rerun=False)
    assert failed.reason == ("job-aaaaaaaaaa failed (worker/0 exited with 1) for exactly this: change it, or --rerun")
    lost = decide([run(RunStatus.LOST, reason="the machine restarted")], PRINT, rerun=False)
    assert lost.reason == "job-aaaaaaaaaa was ended by the platform: the machine restarted"
    assert decide([run(RunStatus.QUEUED)], PRINT, rerun=False).reason == "job-aaaaaaaaaa is queued"
    assert decide([run(RunStatus.SUCCEEDED)], PRINT, rerun=False).reason == (
        "job-aaaaaaaaaa has succeeded for exactly this"
    )
    assert decide([run(RunStatus.SUCCEEDED)], PRINT, rerun=True).reason == "--rerun: job-aaaaaaaaaa succeeded"


def test_a_damaged_run_that_knows_ten_digits_counts() -> None:
    found = decide([run(RunStatus.SUCCEEDED, fingerprint=PRINT[:10])], PRINT, rerun=False)
    assert found.action is Action.NO_OP
