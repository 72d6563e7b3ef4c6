"""The runs of a workspace: found, described, explained and ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import training
from emulator.dataplane import data_of
from emulator.faults import Status
from emulator.runs_state import ARTIFACTS
from specrun.engines.azure.run_marks import run_tags
from specrun.engines.azure.run_record import record_properties
from specrun.engines.base import EngineError, Missing
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.spec.sweep import Objective
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v1.place import LIST_BLOBS, Place
from tests.azureml_v2.place import LIST_JOBS

JOB = "code: src\nscript: train.py\ninputs: {digits: {data: digits}}\narguments: ['${{ inputs.digits }}']\n"
FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


def ended(launched: Launch, name: str) -> Run:
    assert launched.run(name).wait(timeout=PATIENCE)
    return launched.engine.runs.get(name)


def running(launched: Launch) -> str:
    name = launched.submit()
    assert launched.run(name).wait("Running", timeout=PATIENCE)
    return name


def test_no_workspace_and_no_experiment_have_no_runs(place: Place) -> None:
    launched = launch(place, JOB)
    assert launched.engine.runs.list().runs == []
    place.emulator.service.workspaces.clear()
    assert list(launched.renew().runs.list().runs) == []


def test_runs_are_listed_newest_first_in_one_request(place: Place) -> None:
    launched = launch(place, JOB, "print('hello')")
    first = launched.finish()
    second = launched.finish(2)
    engine = launched.renew()
    found: list[Run] = []
    assert place.routes(lambda: found.extend(engine.runs.list().runs)) == [LIST_JOBS]
    assert [(run.name, run.attempt, run.status) for run in found] == [
        (second, 2, RunStatus.SUCCEEDED),
        (first, 1, RunStatus.SUCCEEDED),
    ]
    assert engine.runs.list("job").runs == found
    assert engine.runs.list("another").runs == []


def test_what_specrun_did_not_submit_is_not_listed(place: Place) -> None:
    launched = launch(place, JOB, "print('hello')")
    name = launched.finish()
    plane = launched.plane
    for other in ("job-of-somebody", "job-0123456789"):
        plane.add_run(launched.run(name).experiment, other, "somebody", kind="azureml.scriptrun")
    assert [run.name for run in launched.renew().runs.list().runs] == [name]
    with pytest.raises(Missing, match="not submitted by specrun"):
        launched.engine.runs.get("job-0123456789")
    with pytest.raises(Missing, match="job-9876543210"):
        launched.engine.runs.get("job-9876543210")


def test_a_sweep_of_the_other_engine_is_read_and_its_trials_are_left_to_that(place: Place) -> None:
    launched = launch(place, JOB)
    plane, name = launched.plane, "job-0123456789"
    record = {"identity": {}, "sweep": {"goal": "minimize", "primary_metric": "loss", "trials": 4}}
    sweep = plane.add_run(plane.ensure_experiment("digits"), name, "somebody", kind="azureml.scriptrun")
    sweep.tags |= {**run_tags(Maker("job"), "0123456789abc"), f"_aml_system_{name}_0": '{"x": 1}'}
    sweep.properties |= record_properties(record)
    engine = launched.renew()
    run = engine.runs.get(name)
    assert (run.objective, run.most_trials) == (Objective("minimize", "loss"), 4)
    assert [(trial.run, trial.parameters) for trial in engine.sweeps.trials(name)] == [(f"{name}_0", {"x": 1})]
    with pytest.raises(Missing, match="--engine azureml"):
        engine.runs.get(f"{name}_0")


def test_an_unfinished_run_says_what_it_reads_and_where_it_runs(place: Place) -> None:
    launched = launch(place, JOB, FOREVER)
    running(launched)
    (run,) = launched.renew().runs.list().runs
    assert (run.status, run.reads, run.compute) == (RunStatus.RUNNING, ("data/default/sets/digits",), "cpu-cluster")


def test_a_run_is_found_by_its_name_with_all_that_is_known(place: Place) -> None:
    launched = launch(place, JOB, "print('hello')")
    name = launched.finish()
    run = launched.renew().runs.get(name)
    assert run.status is RunStatus.SUCCEEDED
    assert [(role.name, role.status) for role in run.roles] == [("main/0", "succeeded")]
    assert run.submitted is not None
    assert run.started is not None
    assert run.ended is not None
    assert run.submitted < run.started <= run.ended


def test_looking_at_a_run_is_one_request_and_at_an_ended_one_none(place: Place) -> None:
    launched = launch(place, JOB, FOREVER)
    name = running(launched)
    engine = launched.engine
    engine.runs.get(name)
    assert len(place.routes(lambda: engine.runs.get(name))) == 1
    cancelled = place.routes(lambda: engine.runs.cancel(name))
    assert len(cancelled) <= 3
    assert ended(launched, name).status is RunStatus.CANCELLED
    assert place.routes(lambda: engine.runs.get(name)) == []
    assert place.routes(lambda: engine.runs.cancel(name)) == []


def test_a_failed_run_names_its_role_and_why(place: Place) -> None:
    launched = launch(place, JOB, "raise SystemExit(3)")
    name = launched.finish()
    run = launched.renew().runs.get(name)
    assert (run.status, run.failed_role) == (RunStatus.FAILED, "main/0")
    assert "exited with 3" in run.reason
    (listed,) = launched.renew().runs.list().runs
    assert (listed.status, listed.reason) == (RunStatus.FAILED, "")


@pytest.mark.parametrize(
    ("mishap", "loss"), [(training.preempted(), Loss.PREEMPTED), (training.no_capacity(), Loss.NEVER_STARTED)]
)
def test_what_the_platform_ended_is_lost(place: Place, mishap: training.Mishap, loss: Loss) -> None:
    launched = launch(place, JOB, FOREVER)
    data_of(place.emulator.service).training.mishaps.append(mishap)
    run = ended(launched, launched.submit())
    assert (run.status, run.loss) == (RunStatus.LOST, loss)
    assert mishap.error is not None
    assert run.reason in " ".join(str(mishap.error["message"]).split())


def test_a_timeout_is_a_failure(place: Place) -> None:
    launched = launch(place, JOB + "limits: {timeout: 1}\n", FOREVER)
    run = ended(launched, launched.submit())
    assert (run.status, run.reason) == (RunStatus.FAILED, "timed out after 1 s")


def test_why_a_run_has_failed_is_one_request(place: Place) -> None:
    launched = launch(place, JOB, "raise SystemExit(3)")
    name = launched.finish()
    engine = launched.renew()
    engine.connection.workspace()
    engine.runs.list("job")
    assert len(place.routes(lambda: engine.runs.get(name))) == 1
    assert "exited with 3" in engine.runs.get(name).reason


def test_outputs_are_listed_and_fetched(place: Place, tmp_path: Path) -> None:
    job = "code: src\ncommand: cd / && python $OLDPWD/train.py ${{ outputs.model }}\noutputs: {model: {}}\n"
    script = """
    import os, sys
    from pathlib import Path
    assert Path(sys.argv[1]).is_dir()
    (Path(sys.argv[1]) / "deep").mkdir()
    (Path(sys.argv[1]) / "deep" / "weights.bin").write_bytes(b"1234")
    (Path(__file__).parent / "outputs" / "report.txt").write_text("fine")
    """
    launched = launch(place, job, script)
    name = launched.finish()
    engine = launched.engine
    assert engine.runs.get(name).status is RunStatus.SUCCEEDED
    assert [(file.path, file.size) for file in engine.runs.outputs(name)] == [
        ("default/report.txt", 4),
        ("model/deep/weights.bin", 4),
    ]
    engine.runs.fetch(name, "model/deep/weights.bin", tmp_path / "fetched" / "weights.bin")
    assert (tmp_path / "fetched" / "weights.bin").read_bytes() == b"1234"
    engine.runs.fetch(name, "default/report.txt", tmp_path / "fetched" / "report.txt")
    assert (tmp_path / "fetched" / "report.txt").read_text() == "fine"
    with pytest.raises(EngineError, match=r"model/nothing\.txt"):
        engine.runs.fetch(name, "model/nothing.txt", tmp_path / "fetched" / "nothing.txt")
    container = launched.plane.blobs.container(ARTIFACTS)
    container.delete_blob(f"ExperimentRun/dcid.{name}/outputs/model/deep/weights.bin")
    assert [file.path for file in engine.runs.outputs(name)] == ["default/report.txt"]
    # Who may not look at storage hears what the service has kept, as its own list has it.
    place.emulator.faults.add(LIST_BLOBS, Status(403, "AuthorizationPermissionMismatch", "no"), times=None)
    assert [(file.path, file.size) for file in launched.renew().runs.outputs(name)] == [
        ("default/report.txt", None),
        ("model/deep/weights.bin", None),
    ]


def test_metrics_are_the_last_numbers(place: Place) -> None:
    launched = launch(place, JOB, "print('hello')")
    name = launched.finish()
    run = launched.engine.connection.workspace().get_run(name)
    for value in (0.5, 0.25):
        run.log("loss", value)
    run.log("epochs", 2)
    run.log("note", "words")
    run.flush()
    last = {metric: found.value for metric, found in launched.engine.metrics.logged(name).metrics.items()}
    assert last == {"loss": 0.25, "epochs": 2.0}


def test_a_person_finds_the_run_in_the_portal(place: Place) -> None:
    launched = launch(place, JOB)
    name = launched.submit()
    assert launched.engine.runs.address(name).startswith(f"https://ml.azure.com/runs/{name}?wsid=/subscriptions/")


def test_a_lost_record_is_an_empty_identity(place: Place) -> None:
    launched = launch(place, JOB)
    name = launched.submit()
    assert launched.renew().runs.identity(name) == launched.submission().identity
    of_run = launched.run(name).properties
    for key in [key for key in of_run if key.startswith("specrun.")]:
        del of_run[key]
    assert launched.renew().runs.identity(name) == launched.submission().identity, "of the record in the store"
    container = launched.engine.connection.open_datastore(None)
    container.blob(f"specrun/runs/{name}.json").delete_blob()
    assert launched.renew().runs.identity(name) == {}
