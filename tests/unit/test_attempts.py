from __future__ import annotations

import pytest

from specrun.plan import attempts
from specrun.plan.attempts import decide, run_name
from specrun.plan.changes import Action
from specrun.plan.observed import Loss, Run, RunStatus

PRINT = "a" * 64
OTHER = "b" * 64


def run(
    status: RunStatus, attempt: int = 1, fingerprint: str = PRINT, reason: str = "", loss: Loss | None = None
) -> Run:
    return Run(run_name("job", fingerprint, attempt), "job", fingerprint, attempt, status, reason, loss=loss)


def lost(*losses: Loss | None) -> list[Run]:
    """So many attempts, each lost; None: one that failed by itself, and was run again."""
    statuses = [RunStatus.FAILED if loss is None else RunStatus.LOST for loss in losses]
    return [run(status, number + 1, loss=losses[number]) for number, status in enumerate(statuses)]


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
    damaged = decide([run(RunStatus.LOST, reason="state.json is damaged")], PRINT, rerun=False)
    assert damaged.reason == (
        "job-aaaaaaaaaa was ended by the platform: state.json is damaged; attempt 2 (no limits.max_attempts)"
    )
    assert decide([run(RunStatus.QUEUED)], PRINT, rerun=False).reason == "job-aaaaaaaaaa is queued"
    assert decide([run(RunStatus.SUCCEEDED)], PRINT, rerun=False).reason == (
        "job-aaaaaaaaaa has succeeded for exactly this"
    )
    assert decide([run(RunStatus.SUCCEEDED)], PRINT, rerun=True).reason == "--rerun: job-aaaaaaaaaa succeeded"


def test_a_damaged_run_that_knows_ten_digits_counts() -> None:
    found = decide([run(RunStatus.SUCCEEDED, fingerprint=PRINT[:10])], PRINT, rerun=False)
    assert found.action is Action.NO_OP


PREEMPTED, NODE, NEVER, SERVICE = Loss.PREEMPTED, Loss.NODE_LOST, Loss.NEVER_STARTED, Loss.SERVICE_ERROR
BOUNDED = "so nothing is submitted without --rerun"


@pytest.mark.parametrize(
    ("losses", "most", "attempt", "stands"),
    [
        ([SERVICE], None, 2, "attempt 2 of at most 3"),
        ([NEVER, SERVICE], None, 3, "attempt 3 of at most 3"),
        ([PREEMPTED], None, 2, "attempt 2 (no limits.max_attempts)"),
        ([PREEMPTED] * 9, None, 10, "attempt 10 (no limits.max_attempts)"),
        ([NODE] * 4, None, 5, "attempt 5 (no limits.max_attempts)"),
        ([PREEMPTED, NODE, SERVICE], None, 4, "attempt 4 of at most 5"),
        ([SERVICE, SERVICE, PREEMPTED], None, 4, "attempt 4 (no limits.max_attempts)"),
        ([SERVICE] * 3 + [PREEMPTED], None, 5, "attempt 5 (no limits.max_attempts)"),
        ([None, SERVICE], None, 3, "attempt 3 of at most 4"),
        ([PREEMPTED], 2, 2, "attempt 2 of at most 2"),
        ([SERVICE], 2, 2, "attempt 2 of at most 2"),
        ([SERVICE], 9, 2, "attempt 2 of at most 3"),
    ],
)
def test_what_the_platform_ended_is_submitted_again(
    losses: list[Loss | None], most: int | None, attempt: int, stands: str
) -> None:
    found = decide(lost(*losses), PRINT, rerun=False, most=most)
    assert (found.action, found.attempt, found.follow, found.loss) == (Action.SUBMIT, attempt, None, losses[-1])
    assert found.reason.endswith(f"; {stands}")


@pytest.mark.parametrize(
    ("losses", "most", "bound"),
    [
        ([SERVICE] * 3, None, "3 attempts never started or ended by a service error"),
        ([NEVER, PREEMPTED, SERVICE, NEVER], None, "3 attempts never started or ended by a service error"),
        ([SERVICE] * 4, 9, "4 attempts never started or ended by a service error"),
        ([PREEMPTED], 1, "limits.max_attempts is 1"),
        ([None, NODE], 2, "limits.max_attempts is 2"),
        ([SERVICE] * 2, 2, "limits.max_attempts is 2"),
    ],
)
def test_not_without_end(losses: list[Loss | None], most: int | None, bound: str) -> None:
    attempts = lost(*losses)
    found = decide(attempts, PRINT, rerun=False, most=most)
    assert (found.action, found.attempt, found.follow) == (Action.NO_OP, len(losses), attempts[-1])
    assert found.reason.endswith(f"; {bound}, {BOUNDED}")
    again = decide(attempts, PRINT, rerun=True, most=most)
    assert (again.action, again.attempt, again.loss) == (Action.SUBMIT, len(losses) + 1, losses[-1])


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "preempted"),
        ("The node was preempted.", "The node was preempted."),
        ("Preempted: by somebody", "Preempted: by somebody"),
        ("it is gone", "preempted (it is gone)"),
    ],
)
def test_the_reason_says_what_the_platform_did(reason: str, said: str) -> None:
    found = decide([run(RunStatus.LOST, reason=reason, loss=PREEMPTED)], PRINT, rerun=False)
    assert found.reason.startswith(f"job-aaaaaaaaaa was ended by the platform: {said}; ")
    silent = decide([run(RunStatus.LOST)], PRINT, rerun=False)
    assert silent.reason.startswith("job-aaaaaaaaaa was ended by the platform: nobody says how; ")


def test_an_attempt_that_a_saved_plan_has_is_its_last() -> None:
    planned = {run_name("job", PRINT, 2)}
    first, second = run(RunStatus.FAILED), run(RunStatus.LOST, 2, loss=Loss.PREEMPTED)
    assert decide([first], PRINT, True, planned=planned).attempt == 2
    for runs in ([second, first], [run(RunStatus.SUCCEEDED, 3), second, first]):
        decision = decide(runs, PRINT, True, planned=planned)
        assert (decision.action, decision.follow) == (Action.NO_OP, second)
    damaged = run(RunStatus.LOST, 2, loss=Loss.UNMARKED)
    assert decide([damaged, first], PRINT, True, planned=planned).attempt == 3
