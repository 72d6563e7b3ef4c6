"""Sweeps in a workspace, which the service carries out: submitted once, followed through their trials, and judged."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from emulator import faults
from emulator.dataplane import data_of
from emulator.runs_state import CANCELED, COMPLETED, FAILED, RUNNING
from emulator.verdicts import error
from specrun.engines.azure import sweeps
from specrun.engines.azure.jobs import read_job
from specrun.engines.azure.seen import SeenRun, SeenSweep
from specrun.engines.azure.sweeps import AzureSweeps
from specrun.engines.azure.trials import parameters_in
from specrun.engines.base import Conflict, Missing
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial, best
from specrun.spec.sweep import Objective
from tests.azure_engines.launching import PATIENCE, Launch
from tests.azureml_v2.place import DATA_PLANE, GET_DETAILS, GET_JOB, GET_METRICS, GET_WORKSPACE, PUT_JOB, Place, asked
from tests.azureml_v2.sweeping import LOGGING, SCRIPT, SWEEP, begin, swept

SEARCH = f"POST api.azureml.ms /mlflow/v1.0{DATA_PLANE}/api/2.0/mlflow/runs/search"
CHILDREN = f"GET api.azureml.ms /history/v1.0{DATA_PLANE}/runs/{{run}}/children"
ACCURACY = Objective("maximize", "accuracy")


@pytest.fixture
def waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """A workspace in which nothing is carried out: trials are made by the test."""
    launched = swept(place)
    monkeypatch.setattr(data_of(place.emulator.service).training, "start", lambda plane, run: None)
    return launched


def end(launched: Launch, name: str, status: str = COMPLETED, **properties: str) -> None:
    """The service has done with a sweep."""
    launched.run(name).properties |= properties
    launched.run(name).become(status)


def test_a_sweep_is_followed_to_its_end_and_its_trials_are_runs(place: Place, tmp_path: Path) -> None:
    launched = swept(place, script=LOGGING)
    name = launched.submit()
    engine = launched.renew()
    going = engine.runs.get(name)
    assert (going.objective, going.most_trials, going.is_sweep) == (ACCURACY, 3, True)
    assert launched.run(name).wait(timeout=PATIENCE)
    engine.runs.calls.find(name).tags = {}  # as of a look before it began any
    assert engine.runs.get(f"{name}_2").parameters == {"x": 0.25}
    run = launched.renew().runs.get(name)
    assert (run.status, run.reason) == (RunStatus.SUCCEEDED, "")
    trials = launched.engine.sweeps.trials(name)
    assert [(one.number, one.run, one.status, one.reason) for one in trials] == [
        (number, f"{name}_{number}", RunStatus.SUCCEEDED, "") for number in range(3)
    ]
    assert {one.parameters["x"]: one.value for one in trials} == {0.5: 0.5, 0.75: 0.75, 0.25: 0.25}
    found = best(trials, ACCURACY)
    assert found is not None
    assert found.parameters == {"x": 0.75}
    assert launched.run(name).properties["best_child_run_id"] == found.run
    assert asked(place, lambda: (launched.engine.runs.get(name), launched.engine.sweeps.trials(name))) == []

    runs = launched.renew().runs
    trial = runs.get(found.run)
    assert (trial.parent, trial.parameters, trial.spec, trial.status) == (name, {"x": 0.75}, "job", RunStatus.SUCCEEDED)
    assert not trial.is_sweep
    assert [line.text for line in runs.logs(found.run, {})[0]] == ["logged 0.75"]
    assert [line.text for line in runs.tail(found.run, None)] == ["logged 0.75"]
    assert [file.path for file in runs.outputs(found.run)] == ["model/model.txt"]
    runs.fetch(found.run, "model/model.txt", tmp_path / "model.txt")
    assert (tmp_path / "model.txt").read_text() == "0.75"
    runs.fetch_code(found.run, "train.py", tmp_path / "train.py")
    assert (tmp_path / "train.py").read_text() == LOGGING
    assert str(runs.identity(found.run)["command"]).startswith("python train.py 0.75 ")
    assert launched.engine.metrics.logged(found.run).metrics["accuracy"].value == 0.75
    assert runs.address(found.run) != runs.address(name)
    assert [one.name for one in runs.list("job").runs] == [name]
    assert [one.name for one in runs.list().runs] == [name]
    with pytest.raises(Missing):
        runs.get(f"{name}_99")


def test_it_is_submitted_once(waiting: Launch) -> None:
    """By somebody who was killed, too: the service takes a name once."""
    name = waiting.submit()
    assert waiting.submit(engine=waiting.renew()) == name
    end(waiting, name)
    with pytest.raises(Conflict):
        waiting.submit(engine=waiting.renew())
    assert [run.id for run in waiting.plane.runs.values()] == [name]


def test_a_lost_answer_is_no_second_sweep(waiting: Launch) -> None:
    waiting.place.emulator.faults.add(PUT_JOB, faults.LostAnswer(), times=3)
    name = waiting.submit()
    assert list(waiting.plane.runs) == [name]
    assert waiting.engine.runs.get(name).is_sweep


@pytest.mark.parametrize("count", [5, 50])
def test_a_look_costs_the_same_however_many_trials_there_are(waiting: Launch, count: int) -> None:
    name = waiting.submit()
    engine = waiting.renew()
    engine.runs.get(name)
    begin(waiting, name, {number: number / 100 for number in range(count)}, RUNNING)

    def look() -> None:
        assert engine.runs.get(name).status is RunStatus.RUNNING
        assert len(engine.sweeps.trials(name)) == count
        assert engine.runs.logs(name, {}) == ([], {})

    assert asked(waiting.place, look) == [GET_JOB, GET_WORKSPACE, GET_METRICS, SEARCH]
    assert asked(waiting.place, look) == [GET_JOB, SEARCH]
    begin(waiting, name, {count: 0.5}, FAILED)
    count += 1
    assert asked(waiting.place, look) == [GET_JOB, SEARCH, CHILDREN]
    assert asked(waiting.place, look) == [GET_JOB, SEARCH]
    begin(waiting, name, {count: 0.5}, RUNNING)
    count += 1
    assert asked(waiting.place, lambda: engine.sweeps.trials(name)) == [SEARCH, GET_JOB]
    for trial in [run for run in waiting.plane.runs.values() if run.parent == name]:
        trial.become(COMPLETED)
    end(waiting, name, best_child_run_id=f"{name}_{count - 1}")
    assert asked(waiting.place, lambda: engine.runs.get(name)) == [GET_JOB, GET_DETAILS, SEARCH]
    assert asked(waiting.place, lambda: (engine.runs.get(name), engine.sweeps.trials(name))) == []


def test_what_may_still_change_is_not_kept(waiting: Launch) -> None:
    """More trials of a sweep that goes on; and metrics that could not be read."""
    name = waiting.submit()
    engine = waiting.renew()
    for count in (1, 2):
        begin(waiting, name, {count: 0.5})
        assert len(engine.sweeps.trials(name)) == count
    end(waiting, name, best_child_run_id=f"{name}_1")
    waiting.place.emulator.faults.add(SEARCH, faults.Status(400, "BadRequest", "No."), times=1)
    engine.runs.get(name)
    assert [trial.value for trial in engine.sweeps.trials(name)] == [0.5, 0.5]


def test_pages_of_trials_are_read_on(waiting: Launch) -> None:
    name = waiting.submit()
    begin(waiting, name, dict.fromkeys(range(7), 0.5), FAILED)
    waiting.plane.page_size = waiting.plane.found_size = 3
    engine = waiting.renew()
    routes = asked(waiting.place, lambda: engine.sweeps.trials(name))
    assert (routes.count(SEARCH), routes.count(CHILDREN)) == (3, 3)
    assert [trial.number for trial in engine.sweeps.trials(name)] == list(range(7))


@pytest.mark.parametrize("status", [400, 403])
def test_where_mlflow_tells_nothing_run_history_does(waiting: Launch, status: int) -> None:
    name = waiting.submit()
    begin(waiting, name, {0: 0.5, 1: 0.75})
    begin(waiting, name, {2: 0.5}, RUNNING)
    waiting.place.emulator.faults.add(SEARCH, faults.Status(status, "Refused", "Filters are not served."), times=None)
    found = waiting.renew().sweeps.trials(name)
    succeeded, running = RunStatus.SUCCEEDED, RunStatus.RUNNING
    assert [(one.status, one.value) for one in found] == [(succeeded, None), (succeeded, None), (running, None)]
    assert [one.parameters for one in found] == [{"x": 0}, {"x": 1}, {"x": 2}]
    assert "Filters are not served." in found[0].reason
    end(waiting, name, best_child_run_id=f"{name}_1", score="0.75")
    run = waiting.renew().runs.get(name)
    assert (run.status, run.reason) == (
        RunStatus.SUCCEEDED,
        f"Azure ML calls {name}_1 the best (accuracy 0.75); by what its trials have logged last there is none",
    )


def test_a_trial_that_nobody_has_heard_of_yet_waits(waiting: Launch) -> None:
    name = waiting.submit()
    waiting.run(name).tags[f"_aml_system_{name}_0"] = json.dumps({"x": 0.5})
    assert waiting.renew().sweeps.trials(name) == [Trial(0, {"x": 0.5}, f"{name}_0")]


def test_a_trial_without_the_metric_has_failed_and_so_has_a_sweep_of_such(
    waiting: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not at once: what a trial logs last is told some time after its end."""
    name = waiting.submit()
    begin(waiting, name, {0: None, 1: None})
    end(waiting, name)
    engine = waiting.renew()
    assert engine.runs.get(name).status is RunStatus.RUNNING
    assert {(one.status, one.reason) for one in engine.sweeps.trials(name)} == {
        (
            RunStatus.RUNNING,
            "it has ended, and no accuracy is there so far: what a trial logs last is told some time later",
        )
    }
    monkeypatch.setattr(sweeps, "SETTLED", 0.0)
    (listed,) = waiting.renew().runs.list("job").runs
    for run in (engine.runs.get(name), listed):
        assert (run.status, run.reason) == (
            RunStatus.FAILED,
            f"none of its 2 trials counts: {name}_0: it has not logged accuracy (sweep.objective.primary_metric); "
            "logged: loss",
        )
    assert {one.status for one in engine.sweeps.trials(name)} == {RunStatus.FAILED}


def test_what_is_no_number_is_told_and_never_the_best(waiting: Launch) -> None:
    name = waiting.submit()
    begin(waiting, name, {0: "NaN", 1: 0.25, 2: "Infinity"})
    end(waiting, name, best_child_run_id=f"{name}_1", score="0.25")
    engine = waiting.renew()
    trials = engine.sweeps.trials(name)
    assert math.isnan(trials[0].value or 0)
    assert [one.reason for one in trials] == [
        "its last accuracy is NaN, which is never the best",
        "",
        "its last accuracy is Infinity, which is never the best",
    ]
    assert best(trials, ACCURACY) == trials[1]
    assert engine.runs.get(name).reason == ""


def test_that_the_service_calls_another_trial_the_best_is_said(waiting: Launch) -> None:
    """It may count the best value of each that it was told of, where the last counts here."""
    name = waiting.submit()
    begin(waiting, name, {0: 0.5, 1: 0.75})
    end(waiting, name, best_child_run_id=f"{name}_0", score="0.9")
    assert waiting.renew().runs.get(name).reason == (
        f"Azure ML calls {name}_0 the best (accuracy 0.9); by the last value that each trial has logged it is "
        f"{name}_1 (0.75)"
    )


def test_why_trials_failed(waiting: Launch) -> None:
    """Run history knows; and what the platform did is no failure of the trial's own."""
    name = waiting.submit()
    begin(waiting, name, {0: None, 1: 0.5}, RUNNING)
    ends = ("UserError", "User program failed with ValueError: no luck"), ("ServiceError", "The node was preempted.")
    for number, (code, told) in enumerate(ends):
        waiting.run(f"{name}_{number}").become(FAILED, error(code, told))
    end(waiting, name, FAILED)
    engine = waiting.renew()
    run, trials = engine.runs.get(name), engine.sweeps.trials(name)
    assert [(one.status, one.reason) for one in trials] == [
        (RunStatus.FAILED, "User program failed with ValueError: no luck"),
        (RunStatus.LOST, "The node was preempted."),
    ]
    assert run.status is RunStatus.FAILED


def test_it_is_cancelled_with_its_trials(place: Place) -> None:
    launched = swept(place, script=SCRIPT + 'print("begun", flush=True)\ntime.sleep(600)\n')
    name = launched.submit()
    launched.engine.runs.cancel(name)
    assert launched.run(name).wait(timeout=PATIENCE)
    run = launched.renew().runs.get(name)
    assert run.status is RunStatus.CANCELLED
    trials = launched.engine.sweeps.trials(name)
    assert {one.status for one in trials} <= {RunStatus.CANCELLED}


def test_that_somebody_has_cancelled_it_is_told(waiting: Launch) -> None:
    """In the portal, for one. It has not succeeded, whatever it had found: nobody knows whether that was meant."""
    name = waiting.submit()
    begin(waiting, name, {0: 0.5})
    begin(waiting, name, {1: 0.75}, CANCELED)
    end(waiting, name, CANCELED)
    engine = waiting.renew()
    run = engine.runs.get(name)
    assert run.status is RunStatus.CANCELLED
    found = best(engine.sweeps.trials(name), ACCURACY)
    assert found is not None
    assert found.run == f"{name}_0"


def test_a_sweep_that_was_ended_with_a_best_trial_has_succeeded_in_lists_too(waiting: Launch) -> None:
    """As when its time was over, which the service calls cancelled."""
    name = waiting.submit()
    begin(waiting, name, {0: 0.5})
    end(waiting, name, FAILED, best_child_run_id=f"{name}_0")
    engine = waiting.renew()
    (listed,) = engine.runs.list("job").runs
    assert (listed.status, listed.reason) == (RunStatus.SUCCEEDED, "1 of 3 trials ran, then it ended")
    assert engine.runs.get(name) == listed


def judged(run: Run, *trials: Trial, best: str = "") -> tuple[RunStatus, str]:
    """What has become of a sweep of five trials that has ended like this, with these."""
    seen = SeenRun(run.name, run.status, {}, run.fingerprint, sweep=SeenSweep(ACCURACY, 5, best=best))
    sweeps = AzureSweeps(None, None)  # type: ignore[arg-type]
    sweeps._over[run.name] = trials
    found = sweeps.judged(seen, run)
    return found.status, found.reason


def test_what_has_come_of_a_sweep_that_was_ended() -> None:
    """At its time limit, for one: what had succeeded by then counts."""
    good, bad = Trial(0, {}, "a_0", RunStatus.SUCCEEDED, 0.5), Trial(1, {}, "a_1", RunStatus.FAILED, reason="no disk")
    late = Run("a", "job", "f", 1, RunStatus.FAILED, "timed out after 60 s")
    assert judged(late, good, bad) == (RunStatus.SUCCEEDED, "2 of 5 trials ran, then it ended: timed out after 60 s")
    assert judged(late, bad) == (RunStatus.FAILED, "timed out after 60 s")
    lost = Run("a", "job", "f", 1, RunStatus.LOST, "AllocationFailed")
    assert judged(lost, good) == (RunStatus.LOST, "AllocationFailed")
    done = Run("a", "job", "f", 1, RunStatus.SUCCEEDED)
    assert judged(done) == (RunStatus.FAILED, "it ran no trial, as far as Azure ML tells")
    assert judged(done, bad) == (RunStatus.FAILED, "its one trial does not count: a_1: no disk")
    assert judged(done, good, bad) == (RunStatus.SUCCEEDED, "")
    equal = Trial(2, {}, "a_2", RunStatus.SUCCEEDED, 0.5)
    assert judged(done, good, equal, best="a_2") == (RunStatus.SUCCEEDED, "")


def test_parameters_as_services_and_sdks_have_written_them() -> None:
    tags = {
        "_aml_system_a-0123456789_0": '{"x": 1, "y": "b c"}',
        "a-0123456789_0": '{"x": 7}',
        "a-0123456789_1": '{"--x": 0.5, "-y": [1]}',
        "_aml_system_a-0123456789_2": "not JSON",
        "_aml_system_a-0123456789-2_3": '{"x": 3}',
        "_aml_system_max_total_jobs": "4",
    }
    run = SeenRun("a-0123456789", RunStatus.RUNNING, tags, "0123456789")
    assert parameters_in(run) == {0: {"x": 1, "y": "b c"}, 1: {"x": 0.5, "y": "[1]"}, 2: {}}


def test_what_a_service_says_of_a_sweep_is_read_in_its_forms() -> None:
    """Its goal in capitals, limits and policies that are null, environment and variables below the trial."""
    said = {
        "jobType": "Sweep",
        "status": "Running",
        "objective": {"primaryMetric": "accuracy", "goal": "Maximize"},
        "limits": {"jobLimitsType": "Sweep", "timeout": "PT50M", "maxTotalTrials": None, "trialTimeout": None},
        "earlyTermination": None,
        "trial": {"codeId": None, "environmentVariables": None, "distribution": None},
        "tags": {"_aml_system_max_total_jobs": "1", "specrun.fingerprint": "0123456789abc"},
        "properties": {"best_child_run_id": "a-0123456789_3", "score": "0.75"},
        "services": {"Studio": {"endpoint": "https://ml.azure.com/runs/a"}},
    }
    run = read_job({"name": "a-0123456789", "properties": said})
    assert run.sweep == SeenSweep(ACCURACY, 0, False, "a-0123456789_3", "0.75")
    assert (run.status, run.limit, run.single, run.fingerprint) == (RunStatus.RUNNING, 3000, True, "0123456789abc")
    policy = {"policyType": "TruncationSelection", "truncationPercentage": 40}
    limits = {**said["limits"], "maxTotalTrials": 4}
    found = read_job({"name": "a", "properties": {**said, "earlyTermination": policy, "limits": limits}}).sweep
    assert found is not None
    assert (found.policy, found.most_trials) == (True, 4)


def test_that_a_trial_was_stopped_early_or_cancelled_is_not_told_apart(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = swept(place, sweep=SWEEP + "  early_termination: {type: median_stopping}\n")
    monkeypatch.setattr(data_of(place.emulator.service).training, "start", lambda plane, run: None)
    name = launched.submit()
    begin(launched, name, {0: 0.5}, CANCELED)
    (trial,) = launched.renew().sweeps.trials(name)
    assert (trial.status, trial.value, trial.reason) == (RunStatus.CANCELLED, 0.5, sweeps.POLICY)
