"""Runs submitted through the SDK: once, whatever happens, and as they were planned."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from emulator import faults
from emulator.snapshots import files_of
from specrun.engines.azure.records import lease
from specrun.engines.azure.run_marks import record_path
from specrun.engines.base import Conflict, EngineError
from specrun.plan.observed import RunStatus
from specrun.spec.model import SecretUnset
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v1.place import Place

JOB = """
code: src
command: python train.py ${{ inputs.digits }} ${{ outputs.model }}
inputs: {digits: {data: digits}}
outputs: {model: {}}
tags: {team: vision}
"""
SNAPSHOTRUN = "snapshotrun"


def route(part: str) -> Callable[[Any, str], bool]:
    return lambda request, name: part in name


def snapshot_of(launched: Launch, name: str) -> set[str]:
    return {path for path, _ in files_of(launched.plane.snapshots[str(launched.run(name).snapshot)].tree)}


def test_a_run_is_submitted_as_planned(place: Place) -> None:
    launched = launch(place, JOB)
    name = launched.submit()
    run = launched.run(name)
    submission = launched.submission()
    assert run.definition is not None
    assert run.definition["environmentVariables"] == {"SPECRUN_FINGERPRINT": submission.fingerprint}
    assert run.experiment.name == "digits"
    assert run.target == "cpu-cluster"
    assert {key: run.tags[key] for key in ("team", "specrun", "specrun.fingerprint")} == {
        "team": "vision",
        "specrun": "job",
        "specrun.fingerprint": submission.fingerprint,
    }
    assert snapshot_of(launched, name) == {"train.py"}
    assert launched.engine.runs.identity(name) == submission.identity


def test_how_many_requests_a_submission_takes(place: Place) -> None:
    launched = launch(place, JOB)
    engine = launched.engine
    engine.runs.list()  # as planning does
    engine.connection.datastore(None)
    first = place.routes(launched.submit)
    assert len(first) <= 18, first
    again = place.routes(lambda: launched.submit(2))
    assert len(again) <= 10, again


def test_a_description_and_a_name_to_show(place: Place) -> None:
    launched = launch(place, JOB + "display_name: Digits\ndescription: handwritten\n")
    run = launched.run(launched.submit())
    assert (run.shown, run.description) == ("Digits", "handwritten")


def test_a_taken_name_is_a_conflict(place: Place) -> None:
    launched = launch(place, JOB)
    name = launched.submit()
    launched.renew()
    with pytest.raises(Conflict, match=name):
        launched.submit()
    assert not launched.plane.doubled


def test_of_two_at_once_one_submits(place: Place) -> None:
    launched = launch(place, JOB)
    submission = launched.submission()
    staged = [launched.staged(submission), launched.staged(submission)]
    engines = [launched.engine, launched.place.engine(launched.spec)]

    def attempt(number: int) -> bool:
        try:
            engines[number].runs.submit(submission, staged[number], place.reports.append)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, (0, 1))) == [False, True]
    assert not launched.plane.doubled


def test_a_lost_answer_is_no_second_run(place: Place) -> None:
    launched = launch(place, JOB)
    place.emulator.faults.add(route(SNAPSHOTRUN), faults.LostAnswer(), times=1)
    name = launched.submit()
    assert list(launched.plane.runs) == [name]
    assert launched.engine.runs.get(name).name == name


@pytest.mark.slow
@pytest.mark.parametrize("part", ["/runs/{run}", SNAPSHOTRUN, "getblob", "comp=lease"])
def test_what_fails_once_is_tried_again(place: Place, part: str) -> None:
    launched = launch(place, JOB)
    place.emulator.faults.add(route(part), faults.Status(503, retry_after=0), times=1)
    name = launched.submit()
    assert launched.run(name).tags["specrun"] == "job"


def test_a_submission_that_is_refused_says_why(place: Place) -> None:
    launched = launch(place, JOB)
    place.emulator.faults.add(route(SNAPSHOTRUN), faults.Status(400, "UserError", "The moon is in the way."))
    with pytest.raises(EngineError, match=r"submit the run job-.*The moon is in the way"):
        launched.submit()
    assert not launched.plane.runs


def test_killed_between_the_run_and_its_tags_it_is_known_by_its_definition(place: Place) -> None:
    launched = launch(place, JOB)
    name = launched.submit()
    launched.run(name).tags.clear()
    launched.run(name).properties.clear()
    run = launched.renew().runs.get(name)
    submission = launched.submission()
    assert (run.name, run.fingerprint, run.spec) == (name, submission.fingerprint, "job")
    assert run.submitted is not None
    with pytest.raises(Conflict):
        launched.submit()


def test_who_holds_the_lease_is_waited_for(place: Place) -> None:
    launched = launch(place, JOB)
    submission = launched.submission()
    container = launched.engine.connection.open_datastore(None)
    refused = threading.Event()

    def see(number: int, request: Any, phase: str) -> None:
        if request.path.endswith(".json") and request.query.get("comp") == "lease" and phase == "after":
            refused.set()

    with ThreadPoolExecutor(1) as pool:
        with lease(container, record_path(submission.name)):
            place.emulator.on_request = see
            staged = launched.staged(submission)
            waiting = pool.submit(launched.engine.runs.submit, submission, staged, place.reports.append)
            assert refused.wait(PATIENCE)
            assert not launched.plane.runs
        waiting.result(PATIENCE)
    assert list(launched.plane.runs) == [submission.name]


def test_killed_between_the_record_and_the_run_it_is_submitted_again(place: Place) -> None:
    launched = launch(place, JOB)
    place.emulator.faults.add(route(SNAPSHOTRUN), faults.Status(400), times=1)
    with pytest.raises(EngineError):
        launched.submit()
    assert launched.run(launched.submit())


def test_an_unset_secret_leaves_nothing_behind(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush-hush")
    launched = launch(place, JOB + 'environment_variables: {HUB: "${{ secrets.HUB_TOKEN }}"}\n')
    submission = launched.submission()
    staged = launched.staged(submission)
    monkeypatch.delenv("HUB_TOKEN")

    def refused() -> None:
        with pytest.raises(SecretUnset, match="HUB_TOKEN"):
            launched.engine.runs.submit(submission, staged, place.reports.append)

    assert place.routes(refused) == []


def test_a_secret_is_in_the_run_and_not_in_its_record(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush-hush")
    launched = launch(place, JOB + 'environment_variables: {HUB: "${{ secrets.HUB_TOKEN }}"}\n')
    name = launched.submit()
    definition = launched.run(name).definition
    assert definition is not None
    assert definition["environmentVariables"]["HUB"] == "hush-hush"
    assert "hush-hush" not in json.dumps(dict(launched.engine.runs.identity(name)), default=str)


def test_ignore_files_in_the_code_ignore_nothing_once_more(place: Place) -> None:
    """The code's own files re-include what the topmost ignores; the SDK reads the topmost only."""
    launched = launch(place, JOB)
    submission = launched.submission()
    staged = launched.staged(submission)
    (staged.code / ".gitignore").write_text("*.csv\nmodels/\n")
    (staged.code / "models").mkdir()
    (staged.code / "models" / "a.csv").write_text("1")
    launched.engine.runs.submit(submission, staged, place.reports.append)
    assert {"models/a.csv", ".gitignore", "train.py"} <= snapshot_of(launched, submission.name)


def test_a_job_without_code(place: Place) -> None:
    launched = launch(place, "command: echo hello")
    name = launched.finish()
    assert launched.engine.runs.get(name).status is RunStatus.SUCCEEDED


def test_the_working_directory_stays(place: Place) -> None:
    before = Path.cwd()
    launch(place, JOB).submit()
    assert Path.cwd() == before
