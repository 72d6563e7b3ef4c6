"""Runs submitted through the SDK: once, whatever happens, and as they were planned."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from emulator import faults
from emulator.assets import code_blobs
from emulator.dataplane import data_of
from specrun.engines.base import Conflict, EngineError, Missing, Transient
from specrun.plan.makers import Maker
from specrun.plan.observed import RunStatus
from specrun.spec.model import SecretUnset
from tests.azure_engines.launching import Launch, launch
from tests.azureml_v2.place import PUT_JOB, Place, asked

JOB = """
code: src
command: python train.py ${{ inputs.digits }} ${{ outputs.model }}
inputs: {digits: {data: digits}}
outputs: {model: {}}
environment: {image: "python:3.11"}
"""


@pytest.fixture
def launched(place: Place) -> Launch:
    """A workspace in which nobody gets a node."""
    data_of(place.emulator.service).training.starved = True
    return launch(place, JOB, "print('hello')")


def code_of(launched: Launch, name: str) -> set[str]:
    """The paths of the code that a run has."""
    job = launched.run(name).job
    assert job is not None
    return {path for path, _, _ in code_blobs(launched.plane, job["codeId"])}


def test_a_run_is_submitted_as_planned(launched: Launch) -> None:
    name = launched.submit()
    submission = launched.submission()
    assert name == submission.name
    run = launched.run(name)
    assert run.experiment.name == "digits"
    assert code_of(launched, name) == {"train.py"}
    assert launched.engine.runs.identity(name) == submission.identity
    assert launched.renew().runs.identity(name) == submission.identity
    assert not launched.plane.doubled


def test_what_was_submitted_needs_no_look(launched: Launch) -> None:
    name = launched.submit()
    places: list[str] = []
    assert launched.place.routes(lambda: places.append(launched.engine.runs.address(name))) == []
    assert places[0].startswith(f"https://ml.azure.com/runs/{name}?wsid=/subscriptions/")


@pytest.mark.parametrize("times", [1, 3], ids=["once", "each-time"])
def test_a_lost_answer_is_no_second_run(launched: Launch, times: int) -> None:
    rule = launched.place.emulator.faults.add(PUT_JOB, faults.LostAnswer(), times=times)
    name = launched.submit()
    assert rule.hit == times
    assert list(launched.plane.runs) == [name]
    assert launched.engine.runs.get(name).name == name


def test_what_never_arrived_is_no_run(launched: Launch) -> None:
    launched.place.emulator.faults.add(PUT_JOB, faults.Status(503), times=None)
    with pytest.raises(Transient, match=r"cannot submit the run job-.*HTTP 503"):
        launched.submit()
    assert launched.plane.runs == {}


@pytest.mark.parametrize("fault", [faults.Reset(), faults.Status(503), faults.Status(429)])
def test_what_fails_once_is_tried_again(launched: Launch, fault: Any) -> None:
    rule = launched.place.emulator.faults.add(PUT_JOB, fault)
    name = launched.submit()
    assert (rule.hit, list(launched.plane.runs)) == (1, [name])


def test_a_submission_that_is_refused_says_why(launched: Launch) -> None:
    launched.place.emulator.faults.add(PUT_JOB, faults.Status(400, "UserError", "The moon is in the way."))
    with pytest.raises(EngineError, match=r"submit the run job-.*The moon is in the way"):
        launched.submit()
    assert not launched.plane.runs


def test_the_same_again_is_the_same_run(launched: Launch) -> None:
    """Who was killed before the answer came cannot know: it is there, for the same fingerprint."""
    name = launched.submit()
    launched.renew()
    assert launched.submit() == name
    assert list(launched.plane.runs) == [name]


@pytest.mark.parametrize("status", ["Canceled", "Failed", "Completed"])
def test_one_that_has_ended_is_no_fresh_submission(launched: Launch, status: str) -> None:
    """The service answers with the job as it stands when everything is as it was asked for, and starts nothing."""
    name = launched.submit()
    launched.run(name).become(status)
    launched.renew()
    with pytest.raises(Conflict, match=f"run {name} exists already"):
        launched.submit()
    assert [one.status for one in launched.place.emulator.requests if one.route == PUT_JOB] == [201, 200]


def test_runs_that_have_ended_are_deleted_and_no_others(launched: Launch) -> None:
    ended, going = launched.submit(), launched.submit(2)
    launched.run(ended).become("Completed")
    engine = launched.renew()
    routes = launched.place.routes(
        lambda: engine.runs.delete(Maker(launched.spec.name), None, launched.place.reports.append)
    )
    assert sum(route.startswith("DELETE") and "/jobs/" in route for route in routes) == 1
    assert list(launched.plane.runs) == [going]
    assert [run.name for run in engine.runs.list().runs] == [going]


def test_runs_that_ended_long_ago_are_deleted_and_no_others(launched: Launch) -> None:
    old, new = launched.submit(), launched.submit(2)
    for name in (old, new):
        launched.run(name).become("Completed")
    ended = [launched.renew().runs.get(name).ended for name in (old, new)]
    assert ended[0] is not None
    assert ended[1] is not None
    delete = launched.renew().runs.delete
    delete(Maker(launched.spec.name), ended[0], launched.place.reports.append)
    assert list(launched.plane.runs) == [old, new]
    delete(Maker(launched.spec.name), (ended[0] + ended[1]) / 2, launched.place.reports.append)
    assert list(launched.plane.runs) == [new]


def test_a_cluster_that_is_not_there_is_told_at_its_place(launched: Launch) -> None:
    added = [{"type": "InnerError", "info": {"value": {"code": "BadArgument", "innerError": None}}}]
    said = {"code": "UserError", "message": "Unknown compute target 'cpu-cluster'.", "additionalInfo": added}
    refusal = faults.Status(400, body=json.dumps({"error": said}).encode())
    launched.place.emulator.faults.add(PUT_JOB, refusal)
    with pytest.raises(Missing, match="there is no compute cpu-cluster in the workspace") as caught:
        launched.submit()
    assert caught.value.about == ("compute",)


def test_of_two_at_once_one_run_comes(launched: Launch) -> None:
    engines = [launched.engine, launched.place.engine(launched.spec)]
    submission = launched.submission()
    copies = [launched.staged(submission), launched.staged(submission)]

    def submit(number: int) -> None:
        engines[number].runs.submit(submission, copies[number], lambda progress: None)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(submit, (0, 1)))
    assert len(launched.plane.runs) == 1


def test_another_run_of_ours_has_the_name(launched: Launch) -> None:
    """Two fingerprints that begin alike: nobody has seen that yet."""
    name = launched.submit()
    job = launched.run(name).job
    assert job is not None
    job["environmentVariables"]["SPECRUN_FINGERPRINT"] = name.rpartition("-")[2].ljust(64, "0")
    launched.renew()
    with pytest.raises(Conflict, match=f"run {name} exists already"):
        launched.submit()


def test_a_job_of_somebody_else_has_the_name(launched: Launch) -> None:
    from azure.ai.ml import command

    name = launched.submission().name
    environment = "azureml:AzureML-tensorflow-2.12-cuda11@latest"
    theirs = command(name=name, command="echo", environment=environment, compute="cpu-cluster")
    launched.engine.connection.sdk.client.jobs.create_or_update(theirs)
    with pytest.raises(EngineError, match=f"(?s)a job of that name is there, which specrun did not submit.*{name}"):
        launched.submit()
    job = launched.run(name).job
    assert job is not None
    assert job["command"] == "echo"


def test_an_unset_secret_leaves_nothing_behind(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush-hush")
    launched = launch(place, JOB + 'environment_variables: {HUB: "${{ secrets.HUB_TOKEN }}"}\n')
    monkeypatch.delenv("HUB_TOKEN")

    def refused() -> None:
        with pytest.raises(SecretUnset, match="HUB_TOKEN"):
            launched.submit()

    assert asked(place, refused) == []


@pytest.mark.parametrize("name", [".gitignore", ".amlignore"])
def test_ignore_files_in_the_code_ignore_nothing_once_more(launched: Launch, name: str) -> None:
    """The code's own files re-include what the topmost ignores; the SDK reads the topmost only."""
    submission = launched.submission()
    staged = launched.staged(submission)
    (staged.code / name).write_text("*.csv\nmodels/\n")
    (staged.code / "models").mkdir()
    (staged.code / "models" / "a.csv").write_text("1")
    launched.engine.runs.submit(submission, staged, lambda progress: None)
    sent = code_of(launched, submission.name)
    assert {"models/a.csv", "train.py"} <= sent
    assert name in sent


def test_an_ignore_file_around_the_code_counts_no_more(launched: Launch) -> None:
    (launched.place.folder / "staged").mkdir(exist_ok=True)
    (launched.place.folder / ".gitignore").write_text("*.py\n")
    (launched.place.folder / ".amlignore").write_text("*.py\n")
    assert code_of(launched, launched.submit()) == {"train.py"}


@pytest.mark.parametrize("code", ["", "code: empty\n"])
def test_a_job_without_code(place: Place, code: str) -> None:
    (place.folder / "empty").mkdir()
    launched = launch(place, f"{code}command: echo hello\n")
    name = launched.finish()
    assert launched.engine.runs.get(name).status is RunStatus.SUCCEEDED


def test_the_same_code_is_sent_once(launched: Launch) -> None:
    first = launched.submit()
    routes = launched.place.routes(lambda: launched.submit(2))
    assert [route for route in routes if route.startswith("PUT blob")] == []
    assert len({run.job["codeId"] for run in launched.plane.runs.values() if run.job}) == 1
    assert first in launched.plane.runs


def test_the_working_directory_stays(launched: Launch) -> None:
    before = Path.cwd()
    launched.submit()
    assert Path.cwd() == before


def test_the_sdk_says_nothing(launched: Launch, capfd: pytest.CaptureFixture[str]) -> None:
    launched.submit()
    launched.place.emulator.faults.add(PUT_JOB, faults.Status(400, "UserError", "No."))
    with pytest.raises(EngineError):
        launched.submit(2)
    assert capfd.readouterr() == ("", "")
