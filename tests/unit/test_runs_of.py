"""A spec's runs, asked for without a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.apply.runs_of import PassedOver, RunsOf
from specrun.engines.base import EngineError
from specrun.engines.reliable import Reliable
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, RunStatus
from tests.engine_double import Double

HERE, THERE = "github.com/org/here", "github.com/org/there"


def run_of(attempt: int, repository: str = HERE, target: str = "") -> Run:
    name = f"job-0123456789-{attempt}"
    return Run(
        name,
        "job",
        "0123456789",
        attempt,
        RunStatus.SUCCEEDED,
        submitted=float(attempt),
        repository=repository,
        target=target,
    )


def runs_of(*runs: Run, **more: object) -> RunsOf:
    return RunsOf(Maker("job", HERE), Reliable(Double(all_runs=[*runs], **more)), Path("home"))  # type: ignore[arg-type]


def test_what_is_passed_over_is_told_as_data_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[PassedOver] = []
    runs = runs_of(run_of(1), run_of(2, THERE), run_of(3))
    assert [run.attempt for run in runs.every(told.append)] == [3, 1]
    assert [[run.attempt for run in one.others] for one in told] == [[2]]
    assert list(told[0].notes) == [
        f"1 run of another repository ({THERE}) named job is passed over: --run job-0123456789-2 shows one"
    ]
    assert capsys.readouterr() == ("", "")


def test_the_newest_tells_what_was_passed_over_where_there_is_none() -> None:
    told: list[PassedOver] = []
    assert runs_of(run_of(2), run_of(1, THERE)).newest(told.append) == run_of(2)
    assert told == []
    assert runs_of(run_of(1, THERE)).newest(told.append) is None
    assert [len(one.others) for one in told] == [1]


def test_that_they_cannot_be_read_is_raised() -> None:
    with pytest.raises(EngineError, match="no network"):
        list(runs_of(run_of(1), faults={"runs job": [EngineError("no network")]}).every())


def test_one_run_is_meant_alone_and_nobody_is_asked() -> None:
    engine = Double()
    alone = RunsOf(Maker("job", HERE), Reliable(engine), Path("home"), run=run_of(7))
    assert (alone.newest(), list(alone.every())) == (run_of(7), [run_of(7)])
    assert engine.calls == []


def test_a_run_of_elsewhere_is_not_to_be_ended_from_here() -> None:
    runs = runs_of()
    assert runs.not_own(run_of(1)) == ""
    assert "it is ended from there" in runs.not_own(run_of(1, THERE))
    assert "with its own --target" in runs.not_own(run_of(1, target="prod"))
