"""What a sweep's supervisor writes down of its trials, and what is read of that again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.local.request import RequestInvalid
from specrun.engines.local.sweeps import request as sweeps
from specrun.engines.local.sweeps.record import FILE, Record, read_trials
from specrun.plan.observed import RunStatus
from specrun.plan.trials import Trial
from specrun.spec.sweep import Objective, Sweep

FIRST = Trial(0, {"lr": 0.1, "net": "a b", "wide": True}, "digits-0123456789", RunStatus.RUNNING, started=1.5)
SECOND = Trial(1, {"lr": 0.2}, "digits-0123456780-2", RunStatus.FAILED, None, "main/0 exited", 1.0, 2.0, ("twice",))


def test_the_last_line_of_a_trial_holds(tmp_path: Path) -> None:
    record = Record(tmp_path)
    ended = replace(FIRST, status=RunStatus.SUCCEEDED, value=0.9, ended=2.5)
    for trial in (FIRST, SECOND, ended):
        record.append(trial)
    assert read_trials(tmp_path) == [ended, SECOND]


def test_values_that_json_has_no_number_for(tmp_path: Path) -> None:
    Record(tmp_path).append(replace(FIRST, value=math.nan))
    Record(tmp_path).append(replace(SECOND, value=-math.inf))
    first, second = read_trials(tmp_path)
    assert first.value is not None
    assert math.isnan(first.value)
    assert second.value == -math.inf


def test_a_line_that_was_cut_off_is_none(tmp_path: Path) -> None:
    Record(tmp_path).append(FIRST)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"number": 1, "parameters": {')
    assert read_trials(tmp_path) == [FIRST]


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", '{"number": 0}', '{"number": -1}', "[" * 100_000, '{"number": 1e999, "run": "../x"}']
)
def test_a_damaged_line_hides_no_other(tmp_path: Path, line: str) -> None:
    Record(tmp_path).append(FIRST)
    with (tmp_path / FILE).open("a") as file:
        file.write(line + "\n")
    Record(tmp_path).append(SECOND)
    assert read_trials(tmp_path) == [FIRST, SECOND]


def test_the_name_of_a_run_is_no_path(tmp_path: Path) -> None:
    Record(tmp_path).append(replace(FIRST, run="../../elsewhere"))
    assert read_trials(tmp_path) == []


def test_what_could_not_be_written_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    record, write = Record(tmp_path), os.write
    record.append(FIRST)
    calls = iter([lambda fd, data: write(fd, data[:20]), _full])
    monkeypatch.setattr(os, "write", lambda fd, data: next(calls)(fd, data))
    with pytest.raises(OSError, match="No space left"):
        record.append(SECOND)
    monkeypatch.undo()
    record.append(SECOND)
    assert read_trials(tmp_path) == [FIRST, SECOND]


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


SWEEP = Sweep(
    "random",
    {"lr": {"type": "choice", "values": [0.1, "a"]}},
    Objective("maximize", "accuracy"),
    seed=3,
    logbase="e",
    max_total_trials=3,
    early_termination={"type": "bandit", "slack_factor": 0.1},
)


def test_a_sweep_is_read_as_it_was_written(tmp_path: Path) -> None:
    request = sweeps.SweepRequest(SWEEP, since=12.5)
    sweeps.write(tmp_path, request)
    assert sweeps.is_sweep(tmp_path)
    assert sweeps.read(tmp_path) == request


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"format": 1', '"format": 2'),
        ('"seed": 3', '"seed": "x"'),
        ('"goal"', '"gaol"'),
        ('"since": null', '"since": "now"'),
        ('"search_space": {', '"search_space": [], "left": {'),
        ("}", ""),
    ],
)
def test_a_damaged_sweep_says_so(tmp_path: Path, before: str, after: str) -> None:
    sweeps.write(tmp_path, sweeps.SweepRequest(SWEEP))
    file = tmp_path / sweeps.FILE
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(RequestInvalid, match=r"sweep\.json"):
        sweeps.read(tmp_path)


def test_of_what_is_not_there(tmp_path: Path) -> None:
    assert not sweeps.is_sweep(tmp_path)
    assert read_trials(tmp_path) == []
    with pytest.raises(RequestInvalid, match="there is no"):
        sweeps.read(tmp_path)
