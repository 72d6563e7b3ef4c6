"""Which trials are ended early: the examples of Azure ML's documents, worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any

import pytest

from specrun.engines.local.sweeps.policies import stops
from specrun.plan.trials import STOPPED_EARLY
from specrun.spec.sweep import Objective

MAXIMIZE, MINIMIZE = Objective("maximize", "auc"), Objective("minimize", "loss")


def ended(
    policy: Mapping[str, Any] | None, histories: Sequence[Sequence[float]], goal: Objective = MAXIMIZE
) -> set[int]:
    """Which of the trials, all of which go on, a policy ends."""
    return set(stops(policy, goal, dict(enumerate(histories)), range(len(histories))))


def tenth(value: float, before: float = 0.0) -> list[float]:
    return [before] * 9 + [value]


def test_without_a_policy_nothing_is_ended() -> None:
    assert ended(None, [[0.0], [1.0]]) == set()


def test_bandit_with_a_factor_as_documented() -> None:
    # "the best performing job at interval 10 … 0.8 …; slack_factor of 0.2: less than 0.66 (0.8/(1+slack_factor))"
    policy = {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 10}
    assert ended(policy, [tenth(0.8), tenth(0.66), tenth(0.67)]) == {1}


def test_bandit_with_an_amount_as_documented() -> None:
    # "slack_amount = 0.2 …: 0.8 …, any run with an AUC less than 0.6 (0.8 - 0.2) … will be terminated"
    policy = {"type": "bandit", "slack_amount": 0.2, "evaluation_interval": 10}
    assert ended(policy, [tenth(0.8), tenth(0.59), tenth(0.61)]) == {1}


def test_bandit_compares_the_best_so_far_of_each() -> None:
    policy = {"type": "bandit", "slack_amount": 0.25}
    assert ended(policy, [[0.75, 0.25], [0.5, 0.0], [0.0, 0.25]]) == {2}


def test_bandit_mirrors_what_is_to_be_minimized_or_negative() -> None:
    policy = {"type": "bandit", "slack_factor": 0.25}
    assert ended(policy, [[1.0], [1.25], [1.26]], MINIMIZE) == {2}
    assert ended(policy, [[-1.0], [-1.25], [-1.26]]) == {2}
    assert ended(policy, [[-1.25], [-1.0], [-0.99]], MINIMIZE) == {2}
    assert ended(policy, [[0.0], [0.0], [-0.01]]) == {2}


@pytest.mark.parametrize(("logged", "is_ended"), [(4, False), (5, True), (6, True)])
def test_the_first_evaluation_is_delayed(logged: int, is_ended: bool) -> None:
    # "applied at every interval … starting at evaluation interval 5"
    policy = {"type": "bandit", "slack_factor": 0.1, "evaluation_interval": 1, "delay_evaluation": 5}
    assert ended(policy, [[1.0] * 6, [0.5] * logged]) == ({1} if is_ended else set())


def test_a_policy_applies_at_multiples_of_the_interval_from_the_delay_on() -> None:
    # "the policy applies every multiple of evaluation_interval that is greater than or equal to delay_evaluation"
    policy = {"type": "bandit", "slack_amount": 0.0, "evaluation_interval": 4, "delay_evaluation": 6}
    best = [1.0] * 20
    for logged, judged in {4: False, 6: False, 7: False, 8: True, 11: True}.items():
        assert (ended(policy, [best, [0.5] * logged]) == {1}) is judged, logged
    # At 11 values it is judged at the 8th: what it got better since does not count yet, and its getting better until
    # then does.
    assert ended(policy, [best, [0.5] * 8 + [1.0] * 3]) == {1}
    assert ended(policy, [best, [0.5] * 7 + [1.0] * 4]) == set()


def test_none_is_ended_for_being_younger() -> None:
    # "its performance is only compared with the performance of other runs up to interval N"
    old, young = [0.1, 0.2, 0.9, 0.95], [0.15, 0.25]
    for policy in (
        {"type": "bandit", "slack_amount": 0.0},
        {"type": "median_stopping"},
        {"type": "truncation_selection", "truncation_percentage": 99},
    ):
        assert ended(policy, [old, young]) in (set(), {0}), policy
    assert ended({"type": "bandit", "slack_amount": 0.0}, [old, [0.05, 0.15]]) == {1}
    # And none for being older than one that is better, and has not come as far.
    assert ended({"type": "bandit", "slack_amount": 0.0, "evaluation_interval": 2}, [[0.1, 0.2], [0.9]]) == set()


def test_median_stopping_as_documented() -> None:
    # "stopped at interval 5 if its best primary metric is worse than the median of the running averages over
    # intervals 1:5 across all training jobs"
    policy = {"type": "median_stopping", "evaluation_interval": 1, "delay_evaluation": 5}
    # Averages 0.5, 0.6, 0.7, 0.2, and 0.34: the median of the five is 0.5, and the last one's best is 0.55.
    rising = [[0.1, 0.3, 0.5, 0.7, 0.9], [0.6] * 5, [0.7] * 5, [0.2, 0.2, 0.2, 0.2, 0.2], [0.05, 0.55, 0.5, 0.4, 0.2]]
    assert ended(policy, rising) == {3}
    assert ended(policy, [*rising[:4], [0.05, 0.45, 0.4, 0.4, 0.4]]) == {3, 4}
    assert ended(policy, [*rising[:3], [0.2] * 4, [0.05, 0.55, 0.5, 0.4, 0.2]]) == set()  # 4 of 5 values
    # Of an even number it is the middle between two: 0.55 of 0.5 and 0.6.
    assert ended(policy, [[0.5] * 5, [0.6] * 5]) == {0}


def test_median_stopping_minimizes() -> None:
    assert ended({"type": "median_stopping"}, [[1.0], [2.0], [3.0]], MINIMIZE) == {2}


def test_truncation_as_documented() -> None:
    # "terminates at interval 5 if its performance at interval 5 is in the lowest 20% of performance of all jobs"
    policy = {"type": "truncation_selection", "truncation_percentage": 20, "delay_evaluation": 5}
    five = [[value] * 5 for value in (0.5, 0.1, 0.3, 0.4, 0.2)]
    assert ended(policy, five) == {1}
    assert ended(policy, five[:4]) == set()  # of four there is no fifth part
    assert ended(policy, [values * 2 for values in five] + five) == {1, 6}
    assert ended(policy, five, MINIMIZE) == {0}


def test_of_trials_that_are_equally_good_none_is_ended() -> None:
    for policy in (
        {"type": "bandit", "slack_amount": 0.0},
        {"type": "median_stopping"},
        {"type": "truncation_selection", "truncation_percentage": 50},
    ):
        assert ended(policy, [[0.5, 0.5]] * 4) == set(), policy


def test_ended_trials_are_compared_with_and_not_ended_again() -> None:
    policy = {"type": "truncation_selection", "truncation_percentage": 50}
    histories = {0: [0.1], 1: [0.2], 2: [0.3], 3: [0.4]}
    assert set(stops(policy, MAXIMIZE, histories, {1, 3})) == {1}
    assert stops(policy, MAXIMIZE, histories, {7}) == {}  # has logged nothing yet


def test_what_is_no_number_is_worse_than_any_number() -> None:
    histories = [[nan, 0.5], [nan, nan], [inf, -inf], [0.5, 0.4]]
    assert ended({"type": "bandit", "slack_factor": 0.1}, histories) == {1, 2}
    assert ended({"type": "median_stopping"}, histories) == {1, 2}
    assert ended({"type": "truncation_selection", "truncation_percentage": 50}, histories) == {1, 2}
    assert ended({"type": "median_stopping"}, [[nan], [nan]]) == set()


def test_the_reason_says_by_what() -> None:
    histories = {0: [0.8, 0.8], 1: [0.5, 0.5]}
    policy = {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 2}
    assert stops(policy, MAXIMIZE, histories, [1]) == {
        1: f"{STOPPED_EARLY} (bandit): after 2 values its auc was 0.5 at best, and with slack_factor 0.2 of the best "
        "trial's 0.8 it may be no worse than 0.666667"
    }
    (why,) = stops({"type": "median_stopping"}, MINIMIZE, {0: [1.0], 1: [nan]}, [1]).values()
    assert why == (
        f"{STOPPED_EARLY} (median_stopping): after 1 value its loss was no number, worse than 1, the median of the "
        "averages of 2 trials"
    )
    truncation = {"type": "truncation_selection", "truncation_percentage": 50}
    (why,) = stops(truncation, MAXIMIZE, {0: [1.0], 1: [0.5]}, [0, 1]).values()
    assert why.endswith("after 1 value its auc was 0.5 at best, among the worst 50 % of 2 trials")
