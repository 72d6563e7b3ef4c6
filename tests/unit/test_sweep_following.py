"""A sweep that is followed: what is told of its trials, how often they are looked at, and what is shown of that."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from record import Screen

from specrun.apply import watch
from specrun.apply.events import BestChanged, Event, Finished, LogLines, Looked, StatusChanged, TrialEnded, TrialsSeen
from specrun.apply.failures import failure_of
from specrun.apply.journal import TOO_MANY
from specrun.cli.apply import as_json
from specrun.engines.base import EngineError, LogLine
from specrun.engines.reliable import Reliable
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial
from specrun.spec.sweep import Objective
from specrun.views import going_on, live, moving, role_lines
from specrun.views.data import event_data
from specrun.views.narration import Narration
from tests.engine_double import Double, DoubleSweeps

NAME = "s-0123456789"
S, F, R = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.RUNNING
SWEEP = Run(NAME, "s", "0123456789", 1, R, submitted=90.0, started=100.0)
SWEEP = replace(SWEEP, objective=Objective("maximize", "accuracy"), most_trials=4)


def trial(number: int, status: RunStatus = S, value: float | None = None, reason: str = "") -> Trial:
    return Trial(number, {"lr": 0.5**number}, f"s-{number:010}", status, value, reason)


LOOKS: list[Sequence[Trial]] = [
    [],
    [trial(0, R), trial(1, R)],
    [trial(0, value=0.5), trial(1, R), trial(2, R)],
    [trial(0, value=0.5), trial(1, F, reason="exit 1"), trial(2, value=0.25), trial(3, R)],
    [trial(0, value=0.5), trial(1, F, reason="exit 1"), trial(2, value=0.25), trial(3, value=0.75)],
]


@pytest.fixture
def engine() -> Double:
    double = Double(all_runs=[SWEEP])
    double.statuses[NAME] = [R, R, R, R, S]
    double.sweeps = DoubleSweeps(double, {NAME: [*LOOKS]})
    return double


def followed(engine: Double) -> list[Event]:
    events: list[Event] = []
    watch.follow(Reliable(engine), NAME, events.append, threading.Event())
    return events


def looks(engine: Double) -> int:
    return engine.calls.count(f"trials {NAME}")


def test_each_trial_that_ends_is_told_once_and_each_that_is_better(
    engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "OF_TRIALS", 0.0)
    monkeypatch.setattr(engine, "poll", 0.0)
    events = followed(engine)
    assert [event.trial.number for event in events if isinstance(event, TrialEnded)] == [0, 1, 2, 3]
    assert [event.trial.number for event in events if isinstance(event, BestChanged)] == [0, 3]
    assert [len(event.trials) for event in events if isinstance(event, TrialsSeen)] == [0, 2, 3, 4, 4]
    assert isinstance(events[-1], Finished)
    assert events[-1].trials == tuple(LOOKS[-1])


def test_trials_are_looked_at_now_and_then_however_often_the_sweep_is(
    engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "OF_TRIALS", 3600.0)
    engine.statuses[NAME] = [*[R] * 50, S]
    events = followed(engine)
    assert sum(isinstance(event, Looked) for event in events) == 50
    assert looks(engine) == 2  # at first, and in the end


def test_trials_that_cannot_be_read_do_not_keep_from_seeing_the_end(engine: Double) -> None:
    engine.faults[f"trials {NAME}"] = [EngineError("the list is gone")]
    assert isinstance(followed(engine)[-1], Finished)


def test_no_run_but_a_sweep_is_asked_for_trials(engine: Double) -> None:
    engine.all_runs = [replace(SWEEP, objective=None)]
    followed(engine)
    assert looks(engine) == 0


def test_events_as_programs_read_them(capsys: pytest.CaptureFixture[str]) -> None:
    ended = event_data(TrialEnded(NAME, trial(1, F, reason="exit 1")))
    assert (ended["event"], ended["run"]) == ("trial_ended", NAME)
    told = ended["trial"]
    assert isinstance(told, dict)
    assert (told["number"], told["status"], told["value"], told["reason"]) == (1, "failed", None, "exit 1")
    assert event_data(BestChanged(NAME, trial(0, value=0.5)))["event"] == "best_changed"
    finished = event_data(Finished(replace(SWEEP, status=S), "", trials=tuple(LOOKS[-1])))
    sweep = finished["sweep"]
    assert isinstance(sweep, dict)
    assert (sweep["best"]["number"], sweep["counts"], "trials" in finished) == (3, {"succeeded": 3, "failed": 1}, False)
    assert "sweep" not in event_data(Finished(replace(SWEEP, objective=None), ""))
    # All of them at each look would be a thousand times what is new.
    as_json(TrialsSeen(SWEEP, tuple(LOOKS[-1])))
    assert capsys.readouterr().out == ""
    assert {TrialsSeen, TrialEnded, BestChanged} <= {*TOO_MANY}  # a thousand lines that its sweep has, too


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    time = monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (going_on, live, moving, role_lines):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return clock


def test_on_a_terminal_a_line_says_how_far_it_is(clock: Clock) -> None:
    screen = Terminal()
    narration = Narration(screen, screen, 80)
    narration(StatusChanged(SWEEP))
    narration(TrialsSeen(SWEEP, tuple(LOOKS[2])))
    clock.now += 12
    narration(Looked(SWEEP))
    shown = Screen(80)
    shown.feed(screen.getvalue().replace("\n", "\r\n"))
    rows = ["".join(char for char, _ in cells).rstrip() for cells in shown.rows]
    assert rows[1][2:] == f"{NAME} running 0:12"
    assert rows[2] == "  1 of 4 trials, 2 running; best accuracy 0.5 by s-0000000000 (lr=1)"
    narration.close()


@pytest.mark.parametrize("quiet", [False, True])
def test_elsewhere_there_is_a_line_from_time_to_time_and_only_where_it_says_something_new(
    quiet: bool, clock: Clock
) -> None:
    out, err = io.StringIO(), io.StringIO()
    narration = Narration(out, err, 80, quiet=quiet)
    narration(StatusChanged(SWEEP))
    for seconds, look in ((0, 0), (1, 1), (1, 2), (9, 3), (9, 3), (9, 3)):
        clock.now += seconds
        narration(TrialsSeen(SWEEP, tuple(LOOKS[look])))
    far = f"▶ {NAME}: 3 of 4 trials, 1 running, 1 failed; best accuracy 0.5 by s-0000000000 (lr=1)"
    assert err.getvalue().splitlines() == ([] if quiet else [f"▶ {NAME} is running", far])


def test_at_the_end_the_best_is_told_and_where_its_outputs_are() -> None:
    out, err = io.StringIO(), io.StringIO()
    ended = replace(SWEEP, status=S, ended=112.0)
    Narration(out, err, 80)(Finished(ended, "/state/runs/s/outputs", trials=tuple(LOOKS[-1])))
    assert out.getvalue().splitlines() == [
        f"✓ {NAME} succeeded after 12.0 s",
        "  4 of 4 trials, 1 failed",
        "  best: accuracy 0.75 by s-0000000003 (lr=0.125)",
        f"  its outputs: specrun outputs {NAME} --best",
    ]
    linked = io.StringIO()
    Narration(linked, err, 80)(Finished(ended, "https://portal/s", trials=tuple(LOOKS[-1])))
    assert "in the portal: https://portal/s" in linked.getvalue()


def test_where_no_trial_succeeded_the_lines_of_the_first_that_failed_by_itself_are_shown(engine: Double) -> None:
    ended = replace(SWEEP, status=F, ended=112.0, reason="none of 2 trials succeeded")
    trials = (trial(0, F, reason="has logged no `accuracy` (logged: acc)"), trial(1, F, reason="exit 1"))
    engine.all_runs += [Run(one.run, "s", one.run[2:], 1, status) for one, status in zip(trials, (S, F), strict=True)]
    engine.statuses[trials[1].run] = [F]
    engine.lines = [LogLine("main/0", text) for text in ("Traceback (most recent call last):", "ValueError: no lr")]
    failure = failure_of(Reliable(engine), ended, trials)
    assert (failure.trial, failure.raised) == (trials[1].run, "ValueError: no lr")
    out, err = io.StringIO(), io.StringIO()
    finished = Finished(ended, "", failure.lines, role=failure.role, trial=failure.trial, trials=trials)
    narration = Narration(out, err, 80)
    narration(LogLines(NAME, (LogLine("main/0", "trial 0 failed"),)))  # the sweep's own
    narration(finished)
    assert err.getvalue().splitlines() == [
        f"Last lines of {trials[1].run} main/0:",
        "  Traceback (most recent call last):",
        "  ValueError: no lr",
        f"All of it: specrun logs {trials[1].run} --role main/0",
    ]
    assert out.getvalue().splitlines()[1:] == [
        f"✗ {NAME} failed (none of 2 trials succeeded) after 12.0 s",
        "  2 of 4 trials, 2 failed",
        f"  all trials: specrun runs {NAME} --tree",
    ]
    event = event_data(finished)
    assert event["trial"] == trials[1].run


def test_why_a_sweep_failed_is_looked_for_in_a_few_trials_only(engine: Double) -> None:
    ended = replace(SWEEP, status=F)
    trials = [trial(number, F, reason="has logged no `accuracy`") for number in range(9)]
    engine.all_runs += [Run(one.run, "s", one.run[2:], 1, S) for one in trials]
    assert failure_of(Reliable(engine), ended, trials).lines == ()
    assert len([call for call in engine.calls if call.startswith("run s-0000")]) == 3
    engine.all_runs = []
    assert "there is no run" in failure_of(Reliable(engine), ended, trials).unread
