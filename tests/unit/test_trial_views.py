"""How trials are told: their order, the words for them, and their JSON."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from specrun.plan.observed import Run, RunStatus
from specrun.plan.run_facts import Facts
from specrun.plan.trials import STOPPED_EARLY, Trial, ranked
from specrun.spec.sweep import Objective
from specrun.views.run_table import Row, trial_columns, trial_lines
from specrun.views.text import Paint
from specrun.views.trials import best_text, progress_text, sweep_data, trial_data

MAXIMIZE, MINIMIZE = Objective("maximize", "accuracy"), Objective("minimize", "loss")
SWEEP = Run("s-0123456789", "s", "0123456789", 1, RunStatus.RUNNING, objective=MAXIMIZE, most_trials=20)
NAN = float("nan")
S, F = RunStatus.SUCCEEDED, RunStatus.FAILED


def trial(number: int, status: RunStatus = S, value: float | None = None, reason: str = "") -> Trial:
    return Trial(number, {"lr": round(10.0**-number, 9)}, f"s-{number:010}", status, value, reason)


TRIALS = [
    trial(0, value=0.5),
    trial(1, F, reason="exit 1"),
    trial(2, value=NAN),
    trial(3, RunStatus.RUNNING, 0.99),
    trial(4, value=0.75),
    trial(5, RunStatus.CANCELLED, 0.9, f"{STOPPED_EARLY}: bandit"),
    trial(6),
    trial(7, value=0.75),
    trial(8, RunStatus.QUEUED),
    trial(9, RunStatus.LOST),
]


@pytest.mark.parametrize(
    ("objective", "order"), [(MAXIMIZE, [4, 7, 0, 2, 6, 3, 8, 1, 5, 9]), (MINIMIZE, [0, 4, 7, 2, 6, 3, 8, 1, 5, 9])]
)
def test_the_best_come_first_and_equal_ones_in_the_order_in_which_they_were_begun(
    objective: Objective, order: list[int]
) -> None:
    assert [one.number for one in ranked(TRIALS, objective)] == order
    assert [one.number for one in ranked(TRIALS[::-1], objective)] == order


def test_how_far_a_sweep_is_is_one_sentence() -> None:
    assert progress_text(SWEEP, TRIALS) == (
        "8 of 20 trials, 1 running, 1 queued, 1 failed, 1 lost, 1 stopped early; "
        "best accuracy 0.75 by s-0000000004 (lr=0.0001)"
    )
    assert progress_text(SWEEP, []) == "0 of 20 trials"
    assert progress_text(replace(SWEEP, most_trials=1), [trial(1, F)]) == "1 of 1 trial, 1 failed"


def test_a_sweep_as_data_has_its_counts_and_the_best() -> None:
    told = sweep_data(SWEEP, TRIALS)
    assert told["objective"] == {"goal": "maximize", "primary_metric": "accuracy"}
    assert told["trials"] == 20
    counts = {"succeeded": 5, "failed": 1, "running": 1, "cancelled": 1, "queued": 1, "lost": 1}
    assert told["counts"] == counts
    assert told["best"] == trial_data(TRIALS[4])
    assert sweep_data(SWEEP, [trial(1, F), trial(2, value=NAN)])["best"] is None


def test_a_trial_as_data_tells_what_is_no_number_as_a_text_and_what_is_missing_as_null() -> None:
    began = replace(trial(2, value=NAN), started=0.0)
    assert trial_data(began) == {
        "number": 2,
        "run": "s-0000000002",
        "parameters": {"lr": 0.01},
        "status": "succeeded",
        "stopped_early": False,
        "value": "NaN",
        "reason": "",
        "started": "1970-01-01T00:00:00.000Z",
        "ended": None,
    }
    unnamed = trial_data(replace(trial(5, RunStatus.CANCELLED, None, STOPPED_EARLY), run=""))
    assert (unnamed["run"], unnamed["value"], unnamed["stopped_early"]) == (None, None, True)


@pytest.mark.parametrize("width", [30, 60, 80, 100, 400])
def test_a_table_of_trials_has_all_values_however_narrow_it_is(width: int) -> None:
    """What has no room in a line stands below its trial, by its name."""
    names = [f"parameter_{number}" for number in range(9)]
    trials = [Run(f"s-000000000{one}", "s", f"000000000{one}", 1, S, ended=1.0, reason="late") for one in range(3)]
    facts = [
        Facts(
            run, params={name: 1000 * at + place for place, name in enumerate(names)}, metrics={"accuracy": 0.5}, now=9
        )
        for at, run in enumerate(trials, 1)
    ]
    rows = [Row(one.run, facts=one) for one in facts]
    lines = trial_lines(rows, trial_columns("accuracy", names), Paint(False), width)
    assert all(len(line) <= width for line in lines), lines
    text = "\n".join(lines)
    blocks = re.split(r"^  (?=s-)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == 3
    for at, block in enumerate(blocks, 1):
        assert [f"{1000 * at + place}" for place in range(9)] == re.findall(r"\b\d{4}\b", block)
        assert ("parameter_8=" in block) is (width < 400)
        assert block.rstrip().endswith("late")


def test_the_best_trial_is_told_with_all_its_values_and_in_a_narrow_list_by_its_name() -> None:
    many = replace(TRIALS[4], parameters={f"p{number}": number for number in range(9)})
    assert "p8=8" in best_text(SWEEP, many)
    assert progress_text(SWEEP, [many]).endswith("p5=5, and 3 more)")
    assert progress_text(SWEEP, [many], 70).endswith(" by s-0000000004 (p0=0, and 8 more)")
    assert progress_text(SWEEP, [many], 60) == "1 of 20 trials; best accuracy 0.75 by s-0000000004"
