"""Sweeps as the verbs show them: their trials best first, how far they are, what failed and why."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.base import EngineError, LogLine
from specrun.plan.metrics import Last, Logged, Series
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import STOPPED_EARLY, Trial
from specrun.spec.sweep import Objective
from tests.cli.conftest import Command
from tests.engine_double import Double, DoubleSweeps, offer, write_spec

S, F, R, C = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.RUNNING, RunStatus.CANCELLED
NAME = "job-0123456789"


def trial(number: int, status: RunStatus = S, value: float | None = None, reason: str = "") -> Trial:
    name = f"job-{number:010}"
    parameters = {"lr": round(0.1 / 2**number, 6), "layers": number + 1}
    ended = 60.0 + number * 10 if status.ended else None
    return Trial(number, parameters, name, status, value, reason, 50.0 if status is not R else None, ended)


TRIALS = [
    trial(0, value=0.5),
    trial(1, F, reason="has logged no `accuracy` (logged: acc)"),
    trial(2, value=math.nan),
    trial(3, R, 0.99),
    trial(4, value=0.75),
    trial(5, C, 0.9, f"{STOPPED_EARLY}: bandit"),
]


class Metrics:
    """What trials logged beside the primary metric; `asked` are those that were asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def logged(self, name: str) -> Logged:
        self.asked.append(name)
        return Logged({"loss": Last(float(name[-1])), "accuracy": Last(-1)} if name != NAME else {}, {"seed": "7"})

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        return Series(metric)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Double:
    double = Double()
    sweep = Run(NAME, "job", "0123456789", 1, R, submitted=30.0, started=40.0)
    sweep = replace(sweep, objective=Objective("maximize", "accuracy"), most_trials=20)
    plain = Run("job-9999999999", "job", "9999999999", 1, S, submitted=10.0, started=10.0, ended=20.0)
    double.all_runs += [plain, sweep]
    double.statuses[NAME] = [R]
    double.metrics = Metrics()
    double.sweeps = DoubleSweeps(double, {NAME: [TRIALS]})
    offer(monkeypatch, "local", double)
    write_spec(tmp_path, "name: job\njob: {command: ls}\n")
    return double


def asked(engine: Double) -> Sequence[str]:
    assert isinstance(engine.metrics, Metrics)
    return engine.metrics.asked


def test_a_sweep_is_one_line_that_says_how_far_it_is(specrun: Command, engine: Double) -> None:
    lines = specrun("runs", "job.yaml").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", NAME, "5", "job-9999999999"]
    assert lines[2] == ("  5 of 20 trials, 1 running, 1 failed, 1 stopped early; best accuracy 0.75 by job-0000000004")
    assert [call for call in engine.calls if call.startswith("trials")] == [f"trials {NAME}"]
    (told, plain) = json.loads(specrun("runs", "-o", "json", "job.yaml").out)
    assert told["sweep"]["best"]["run"] == "job-0000000004"
    assert ("trials" in told, "sweep" in plain) == (False, False)


def test_the_trials_stand_below_their_sweep_best_first(specrun: Command, engine: Double) -> None:
    said = specrun("runs", "--tree", "job.yaml")
    lines = said.out.splitlines()
    assert lines[-1].split()[:2] == ["job-9999999999", "succeeded"]
    assert lines[3:-1] == [
        "  trial           status     accuracy  elapsed    lr        layers",
        "  job-0000000004  succeeded  0.75      50.0 s     0.00625   5",
        "  job-0000000000  succeeded  0.5       10.0 s     0.1       1",
        "  job-0000000002  succeeded  nan       30.0 s     0.025     3",
        "  job-0000000003  running    0.99      -          0.0125    4",
        "  job-0000000001  failed     -         20.0 s     0.05      2",
        "    has logged no `accuracy` (logged: acc)",
        "  job-0000000005  cancelled  0.9       1 min 0 s  0.003125  6",
        "    stopped early: bandit",
    ]
    assert asked(engine) == []  # all of that is known of the sweep


@pytest.mark.parametrize(
    ("options", "found", "asks"),
    [
        ([], "402315", 0),
        (["--sort", "lr"], "543210", 0),
        (["--sort", "-accuracy"], "354021", 0),
        (["--filter", "lr<0.02 status=succeeded"], "4", 0),
        (["--filter", "accuracy>0.7"], "435", 0),
        (["--filter", "status=failed,cancelled"], "15", 0),
        (["--filter", "loss>=4"], "45", 6),
        (["--sort", "loss", "--limit", "2"], "01", 6),
        (["--filter", "loss>=4", "--columns", "nothing,seed"], "45", 6),
        (["--limit", "2"], "40", 0),
    ],
)
def test_trials_are_filtered_and_sorted(
    specrun: Command, engine: Double, options: list[str], found: str, asks: int
) -> None:
    said = specrun("runs", "--tree", "-q", *options, f"--run={NAME}", "job.yaml")
    assert said.out.split() == [f"job-{int(digit):010}" for digit in found]
    assert len(asked(engine)) == asks


def test_what_is_not_shown_of_the_trials_is_said(specrun: Command, engine: Double) -> None:
    said = specrun("runs", "--tree", "--limit", "2", "job.yaml")
    assert f"  {NAME} has 4 trials more: --limit 6 shows them" in said.out.splitlines()
    for output in ("json", "csv"):
        told = specrun("runs", "--tree", "--limit", "2", "-o", output, "job.yaml")
        assert f"{NAME} has 4 trials more: --limit 6 shows them" in told.err
    none = specrun("runs", "--tree", "--filter", "accuracy>7", "job.yaml")
    assert (none.out, "no trial that was looked at is so" in none.err) == ("", True)


def test_columns_are_of_the_trials_and_only_of_those_shown_it_is_read_what_they_logged(
    specrun: Command, engine: Double
) -> None:
    said = specrun("runs", "--tree", "--columns", "loss,seed,accuray", "--limit", "2", "job.yaml")
    assert said.out.splitlines()[3:6] == [
        "  trial           status     loss  seed  accuray",
        "  job-0000000004  succeeded  4     7     -",
        "  job-0000000000  succeeded  0     7     -",
    ]
    assert sorted(asked(engine)) == ["job-0000000000", "job-0000000004"]
    assert f"no trial of {NAME} that was looked at has `accuray`" in said.err


def test_names_of_fields_are_parameters_and_metrics_all_the_same(specrun: Command, engine: Double) -> None:
    engine.all_runs[-1] = replace(engine.all_runs[-1], objective=Objective("maximize", "cost"))
    found = Trial(0, {"status": "x", "cost": 3}, "job-0000000000", S, 0.5, "", 50.0, 60.0)
    assert isinstance(engine.sweeps, DoubleSweeps)
    engine.sweeps.looks[NAME] = [[found]]
    lines = specrun("runs", "--tree", NAME).out.splitlines()
    assert lines[-2].split() == ["trial", "status", "metrics.cost", "elapsed", "params.status", "params.cost"]
    assert lines[-1].split() == ["job-0000000000", "succeeded", "0.5", "10.0", "s", "x", "3"]


def test_trials_as_json_and_as_csv(specrun: Command, engine: Double) -> None:
    told, plain = json.loads(specrun("runs", "--tree", "-o", "json", "job.yaml").out)
    assert "trials" not in plain
    assert [one["number"] for one in told["trials"]] == [4, 0, 2, 3, 1, 5]
    assert told["trials"][2]["value"] == "NaN"
    assert told["sweep"]["counts"] == {"succeeded": 3, "failed": 1, "running": 1, "cancelled": 1}
    rows = list(csv.DictReader(io.StringIO(specrun("runs", "--tree", "-o", "csv", "job.yaml").out)))
    assert [row["name"] for row in rows] == [one["run"] for one in told["trials"]]
    assert (rows[0]["parent"], rows[0]["params.lr"], rows[0]["metrics.accuracy"]) == (NAME, "0.00625", "0.75")
    some = specrun("runs", "--tree", "-o", "csv", "--columns", "lr,status", "--limit", "1", "job.yaml").out
    assert some.split() == ["name,lr,status", "job-0000000004,0.00625,succeeded"]


def test_trials_that_cannot_be_read_hide_nothing_else(specrun: Command, engine: Double) -> None:
    engine.faults[f"trials {NAME}"] = [EngineError("the disk is gone")] * 3
    said = specrun("runs", "--tree", "job.yaml")
    assert f"note: the trials of {NAME} cannot be read: the disk is gone" in said.err
    assert "job-9999999999" in said.out


def test_the_status_of_a_sweep_tells_the_best_what_runs_and_what_failed_and_why(
    specrun: Command, engine: Double
) -> None:
    said = specrun("status", "job.yaml")
    lines = said.out.splitlines()
    at = lines.index("  trials       5 of 20 trials, 1 running, 1 failed, 1 stopped early")
    assert lines[at + 1 :] == [
        "  best         accuracy 0.75  job-0000000004",
        "               lr=0.00625, layers=5",
        "  best so far  _@  0.5 to 0.75" if "_" in lines[at + 3] else "  best so far  ▁█  0.5 to 0.75",
        "  running      job-0000000003  0.99  lr=0.0125, layers=4",
        "  failed       job-0000000001: has logged no `accuracy` (logged: acc)",
        "  no value     job-0000000002: its accuracy is NaN",
    ]
    told = json.loads(specrun("status", "-o", "json", "job.yaml").out)
    assert told["sweep"]["best"]["parameters"] == {"lr": 0.00625, "layers": 5}
    assert told["sweep"]["objective"] == {"goal": "maximize", "primary_metric": "accuracy"}
    assert "sweep" not in json.loads(specrun("status", "-o", "json", "job-9999999999").out)


def test_of_many_that_failed_each_reason_is_told_once_and_what_is_not_told_is_a_command_away(
    specrun: Command, engine: Double
) -> None:
    assert isinstance(engine.sweeps, DoubleSweeps)
    engine.sweeps.looks[NAME] = [[trial(number, F, reason="exit 1") for number in range(6)]]
    lines = specrun("status", "job.yaml").out.splitlines()
    assert lines[-2:] == [
        "  failed       job-0000000000: exit 1",
        "                 and so job-0000000001, job-0000000002, job-0000000003 and 2 more",
    ]
    engine.sweeps.looks[NAME] = [[trial(number, F, reason=f"exit {number}") for number in range(9)]]
    said = specrun("status", "job.yaml").out
    assert said.count(": exit ") == 5
    assert "… and 4 more: specrun runs" in said
    assert "--tree --filter status=failed" in said
    assert "best" not in said


def test_what_the_first_that_failed_says_of_it_is_shown(specrun: Command, engine: Double) -> None:
    with_run_of(engine, 1, F)
    engine.lines = [LogLine("main/0", text) for text in ("Traceback (most recent call last):", "ValueError: no lr")]
    lines = specrun("status", "job.yaml").out.splitlines()
    assert lines[lines.index("  failed       job-0000000001: has logged no `accuracy` (logged: acc)") + 1] == (
        "                 ValueError: no lr"
    )
    engine.faults["tail job-0000000001"] = [EngineError("no logs")]
    assert "has logged no" in specrun("status", "job.yaml").out


def test_the_status_of_a_trial_tells_its_sweep_and_its_parameters(specrun: Command, engine: Double) -> None:
    found = trial(1)
    own = Run(found.run, "job", "0000000001", 1, S, parent=NAME, parameters=found.parameters)
    engine.all_runs.append(own)
    said = specrun("status", found.run)
    assert "  parameters   lr=0.05  layers=2  seed=7" in said.out
    assert f"  sweep        {NAME}, as trial 1: has logged no `accuracy` (logged: acc)" in said.out
    told = json.loads(specrun("status", "-o", "json", found.run).out)
    assert (told["parent"], told["parameters"]) == (NAME, {"lr": 0.05, "layers": 2})


def ended(engine: Double, status: RunStatus, reason: str = "") -> None:
    engine.all_runs[-1] = replace(engine.all_runs[-1], status=status, reason=reason, ended=100.0)
    engine.statuses[NAME] = [status]


def with_run_of(engine: Double, number: int, status: RunStatus = S) -> str:
    """The run of a trial, in no list of runs."""
    found = trial(number)
    engine.all_runs.insert(0, Run(found.run, "job", f"{number:010}", 1, status, parent=NAME))
    return found.run


def test_the_files_of_a_sweep_are_those_of_its_best_trial(specrun: Command, engine: Double) -> None:
    best = with_run_of(engine, 4)
    engine.outputs = ["model/weights"]
    said = specrun("outputs", "--best", "job.yaml")
    assert (said.out.split(), f"{best}: 1 file in" in said.err) == (["1", "B", "model/weights"], True)
    assert json.loads(specrun("outputs", "--best", "-o", "json", NAME).out)["run"] == best
    fetched = specrun("outputs", "--best", "--fetch", "got", "job.yaml")
    assert (fetched.code, Path("got/model/weights").is_file()) == (0, True)


def test_a_sweep_itself_has_no_files_and_it_is_said_whose_there_are(specrun: Command, engine: Double) -> None:
    said = specrun("outputs", "job.yaml")
    assert (said.code, said.out) == (64, "")
    assert [line.partition(":")[0] for line in said.err.splitlines()] == [
        f"{NAME} is a sweep, and its trials have the files",
        "  of the best",
        "  of another",
    ]


@pytest.mark.parametrize("verb", ["outputs", "logs"])
def test_best_is_of_sweeps_that_have_one(specrun: Command, engine: Double, verb: str) -> None:
    said = specrun(verb, "--best", "job-9999999999")
    assert (said.code, "job-9999999999 is no sweep, which --best is about" in said.err) == (64, True)
    name = with_run_of(engine, 0)
    assert f"it is a trial of {NAME}, which is one" in specrun(verb, "--best", name).err
    assert isinstance(engine.sweeps, DoubleSweeps)
    engine.sweeps.looks[NAME] = [[trial(1, F), trial(3, R, 0.9)]]
    said = specrun(verb, "--best", "job.yaml")
    assert said.code == 100
    assert f"{NAME} has no best trial, yet (1 of 20 trials, 1 running, 1 failed)" in said.err
    ended(engine, F, "no trial succeeded")
    assert (
        "has no best trial (1 of 20 trials, 1 running, 1 failed): no trial succeeded"
        in specrun(verb, "--best", NAME).err
    )


def test_logs_of_a_sweep_are_its_own_and_say_how_to_see_those_of_trials(specrun: Command, engine: Double) -> None:
    ended(engine, S)
    best = with_run_of(engine, 4)
    engine.lines = [LogLine("sweep/0", "trial 4: accuracy 0.75")]
    said = specrun("logs", "job.yaml")
    assert said.out == "sweep/0 | trial 4: accuracy 0.75\n"
    assert "--tree` lists its trials" in said.err
    assert "--best` shows what the best wrote" in said.err
    assert specrun("logs", "-q", "job.yaml").err == ""
    engine.calls.clear()
    said = specrun("logs", "--best", "job.yaml")
    assert (f"logs {best}" in engine.calls, "--tree" in said.err) == (True, False)


def test_a_trial_is_compared_with_another_that_is_named(specrun: Command, engine: Double) -> None:
    before, after = with_run_of(engine, 0), with_run_of(engine, 1)
    for name, number in ((before, 0), (after, 1)):
        at = next(at for at, run in enumerate(engine.all_runs) if run.name == name)
        engine.all_runs[at] = replace(engine.all_runs[at], parameters=trial(number).parameters)
        engine.identities[name] = {"command": f"python train.py {number}", "code": {}}
    said = specrun("diff", before, after)
    assert said.out[said.out.index("Parameters") :].splitlines()[:3] == [
        "Parameters",
        "  lr      0.1 → 0.05",
        "  layers  1 → 2",
    ]
    alone = specrun("diff", before)
    assert (alone.code, f"{before} is a trial: name another one to compare it with" in alone.err) == (64, True)


def test_two_sweeps_are_compared_by_what_they_try(specrun: Command, engine: Double) -> None:
    space = {"lr": {"type": "choice", "values": [1, 2]}, "layers": {"type": "randint", "upper": 3}}
    wider = {**space, "lr": {"type": "choice", "values": [1, 2, 3]}}
    for name, one, most in ((NAME, wider, 9), ("job-9999999999", space, 6)):
        engine.identities[name] = {"command": "ls", "sweep": {"search_space": one, "max_total_trials": most}}
    said = specrun("diff", "job-9999999999", NAME)
    lines = said.out[said.out.index("Sweep") :].splitlines()
    assert lines[1].split()[0] == "search_space.lr"
    assert "1 2 → type choice, values 1 2 3" in lines[1]
    assert lines[2].split() == ["max_total_trials", "6", "→", "9"]


def test_cancel_says_what_became_of_the_trials(specrun: Command, engine: Double) -> None:
    engine.statuses[NAME] = [C]
    assert isinstance(engine.sweeps, DoubleSweeps)
    engine.sweeps.looks[NAME] = [[trial(0, value=0.5), trial(1, C), trial(2, C)]]
    said = specrun("cancel", "job.yaml")
    assert engine.cancelled == [NAME]
    assert said.out == (
        f"{NAME} is cancelled: 3 of 20 trials, 2 cancelled; best accuracy 0.5 by job-0000000000 (lr=0.1, layers=1)\n"
    )


def test_a_trial_that_is_cancelled_does_not_end_its_sweep(specrun: Command, engine: Double) -> None:
    name = with_run_of(engine, 3, R)
    engine.statuses[name] = [R, C]
    said = specrun("cancel", name)
    assert (engine.cancelled, said.out) == ([name], f"{name} is cancelled; its sweep {NAME} goes on\n")


def test_what_goes_on_has_a_line_for_a_sweep_with_how_far_it_is(specrun: Command, engine: Double) -> None:
    said = specrun("ps", "job.yaml")
    assert [line.split()[:2] for line in said.out.splitlines()[:2]] == [["run", "status"], [NAME, "running"]]
    assert said.out.splitlines()[2].startswith("  5 of 20 trials, 1 running, 1 failed, 1 stopped early; best")
    told = json.loads(specrun("ps", "-o", "json", "job.yaml").out)
    assert told[0]["sweep"]["counts"]["running"] == 1
    engine.calls.clear()
    assert specrun("ps", "-q", "job.yaml").out == f"{NAME}\n"
    assert f"trials {NAME}" not in engine.calls
    engine.faults[f"trials {NAME}"] = [EngineError("the disk is gone")]
    unread = specrun("ps", "job.yaml")
    assert (NAME in unread.out, "cannot be read: the disk is gone" in unread.err) == (True, True)


def test_waiting_for_a_sweep_ends_as_apply_does(specrun: Command, engine: Double) -> None:
    engine.statuses[NAME] = [R, R, F]
    said = specrun("status", "--wait", "-q", "job.yaml")
    assert (said.code, said.out) == (100, "failed\n")


def test_trials_of_a_sweep_that_was_lost_are_ended_too(specrun: Command, engine: Double) -> None:
    ended(engine, RunStatus.LOST)
    name = with_run_of(engine, 3, R)
    engine.statuses[name] = [R, C]
    other = trial(1, R)  # of another sweep, which took it as its own
    engine.all_runs.insert(0, Run(other.run, "job", "0000000001", 1, R, parent="job-5555555555"))
    engine.statuses[other.run] = [R]
    assert isinstance(engine.sweeps, DoubleSweeps)
    engine.sweeps.looks[NAME] = [[trial(0, value=0.5), other, trial(3, R)]]
    said = specrun("cancel", NAME)
    assert (engine.cancelled, said.out) == ([name], f"{name} is cancelled\n")
    engine.cancelled.clear()
    said = specrun("cancel", NAME)
    assert (engine.cancelled, said.out) == ([], f"{NAME} has ended already: lost\n")
