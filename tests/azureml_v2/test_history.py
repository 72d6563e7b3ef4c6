"""The runs of a workspace: found, described, explained and ended."""

from __future__ import annotations

import pytest

from emulator import faults, training
from emulator.dataplane import data_of
from specrun.engines.azureml_v1 import engine as v1
from specrun.engines.base import Missing, Page, Transient
from specrun.plan.changes import Action
from specrun.plan.observed import Loss, Run, RunStatus
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v2.place import CANCEL_JOB, GET_DETAILS, GET_JOB, LIST_JOBS, Place, asked, resource

JOB = "code: src\nscript: train.py\ninputs: {digits: {data: digits}}\narguments: ['${{ inputs.digits }}']\n"
BARE = "command: echo hello\nenvironment: {image: 'python:3.11'}\n"
FOREVER = "command: echo begun && sleep 600\nenvironment: {image: 'python:3.11'}\n"


def ended(launched: Launch, name: str) -> Run:
    assert launched.run(name).wait(timeout=PATIENCE)
    return launched.engine.runs.get(name)


def running(launched: Launch) -> str:
    name = launched.submit()
    assert launched.run(name).wait("Running", timeout=PATIENCE)
    return name


def test_no_workspace_and_no_job_have_no_runs(place: Place) -> None:
    launched = launch(place, BARE)
    assert launched.engine.runs.list().runs == []
    place.emulator.service.workspaces.clear()
    assert list(launched.renew().runs.list().runs) == []


def test_runs_are_listed_newest_first_in_one_request(place: Place) -> None:
    launched = launch(place, BARE)
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


def test_a_list_has_pages(place: Place) -> None:
    data_of(place.emulator.service).training.starved = True
    launched = launch(place, BARE)
    names = [launched.submit(attempt) for attempt in range(1, 6)]
    launched.plane.page_size = 2
    engine, pages = launched.renew(), [Page(following="")]
    while pages[-1].following or len(pages) == 1:
        after = pages[-1].following
        assert place.routes(lambda: pages.append(engine.runs.list("job", after))) == [LIST_JOBS]  # noqa: B023
    assert [[run.name for run in page.runs] for page in pages[1:]] == [names[:2:-1], names[2:0:-1], names[:1]]


def test_an_archived_run_counts_still(place: Place) -> None:
    launched = launch(place, BARE)
    name = launched.finish()
    launched.engine.connection.sdk.client.jobs.archive(name)
    assert launched.run(name).hidden
    assert [run.name for run in launched.renew().runs.list().runs] == [name]


def test_runs_of_other_specs_are_told_apart(place: Place) -> None:
    data_of(place.emulator.service).training.starved = True
    launched = launch(place, BARE)
    name = launched.submit()
    other = launch(place, BARE.replace("hello", "other"))
    tags = other.run(name).tags
    tags["specrun"], tags["specrun.spec.theirs"] = "theirs", tags.pop("specrun.spec.job")
    ours = other.submit()
    assert [run.name for run in other.renew().runs.list("job").runs] == [ours]
    assert [run.name for run in other.engine.runs.list("theirs").runs] == [name]
    assert {run.name for run in other.engine.runs.list().runs} == {name, ours}


def test_what_specrun_did_not_submit_is_not_listed(place: Place) -> None:
    launched = launch(place, BARE)
    name = launched.finish()
    from azure.ai.ml import command

    for other in ("job-of-somebody", "job-0123456789"):
        environment = "azureml:AzureML-tensorflow-2.12-cuda11@latest"
        theirs = command(
            name=other, command="echo", environment=environment, compute="cpu-cluster", tags={"specrun": "x"}
        )
        launched.engine.connection.sdk.client.jobs.create_or_update(theirs)
    assert [run.name for run in launched.renew().runs.list().runs] == [name]
    with pytest.raises(Missing, match="not submitted by specrun"):
        launched.engine.runs.get("job-0123456789")
    with pytest.raises(Missing, match="job-9876543210"):
        launched.engine.runs.get("job-9876543210")


def test_an_unfinished_run_says_what_it_reads_and_where_it_runs(place: Place) -> None:
    launched = launch(place, f"{FOREVER}inputs: {{digits: {{data: digits}}}}\n")
    place.change(launched.engine, Action.CREATE, resource(launched.spec, "data/default/sets/digits"))
    running(launched)
    (run,) = launched.renew().runs.list().runs
    assert (run.status, run.compute) == (RunStatus.RUNNING, "cpu-cluster")
    assert run.reads[0] == "data/default/sets/digits"
    assert run.reads[1].startswith("environment/")
    assert run.started is None, "a list does not say that"


def test_a_run_is_found_by_its_name_with_all_that_is_known(place: Place) -> None:
    launched = launch(place, BARE)
    name = launched.finish()
    run = launched.renew().runs.get(name)
    assert run.status is RunStatus.SUCCEEDED
    assert [(role.name, role.status) for role in run.roles] == [("main/0", "succeeded")]
    assert run.submitted is not None
    assert run.started is not None
    assert run.ended is not None
    assert run.submitted <= run.started <= run.ended


def test_looking_at_a_run_is_one_request_and_at_an_ended_one_none(place: Place) -> None:
    launched = launch(place, FOREVER)
    name = running(launched)
    engine = launched.engine
    engine.runs.get(name)
    assert place.routes(lambda: engine.runs.get(name)) == [GET_JOB]
    assert asked(place, lambda: engine.runs.cancel(name)) == [GET_JOB, CANCEL_JOB]
    assert ended(launched, name).status is RunStatus.CANCELLED
    assert place.routes(lambda: engine.runs.get(name)) == []
    assert place.routes(lambda: engine.runs.cancel(name)) == []


def test_a_run_that_nobody_has_heard_of_yet_may_be_asked_for_again(place: Place) -> None:
    data_of(place.emulator.service).training.starved = True
    launched = launch(place, BARE)
    name = launched.submit()
    place.emulator.faults.add(GET_JOB, faults.missing("UserError", f"Job {name} was not found."))
    with pytest.raises(Transient):
        launched.engine.runs.get(name)
    assert launched.engine.runs.get(name).status is RunStatus.QUEUED


def test_a_failed_run_names_its_role_and_why(place: Place) -> None:
    launched = launch(place, "command: exit 3\nenvironment: {image: 'python:3.11'}\n")
    name = launched.finish()
    run = launched.engine.runs.get(name)
    assert (run.status, run.failed_role) == (RunStatus.FAILED, "main/0")
    assert "exited with status code 3" in run.reason
    (listed,) = launched.renew().runs.list().runs
    assert (listed.status, listed.reason) == (RunStatus.FAILED, "")


@pytest.mark.parametrize(
    ("mishap", "loss"), [(training.preempted(), Loss.PREEMPTED), (training.no_capacity(), Loss.NEVER_STARTED)]
)
def test_what_the_platform_ended_is_lost(place: Place, mishap: training.Mishap, loss: Loss) -> None:
    launched = launch(place, FOREVER)
    data_of(place.emulator.service).training.mishaps.append(mishap)
    run = ended(launched, launched.submit())
    assert (run.status, run.loss) == (RunStatus.LOST, loss)
    assert mishap.error is not None
    assert run.reason in " ".join(str(mishap.error["message"]).split())
    assert launched.renew().runs.get(run.name).status is RunStatus.LOST


def test_a_timeout_is_a_failure(place: Place) -> None:
    launched = launch(place, FOREVER + "limits: {timeout: 1}\n")
    run = ended(launched, launched.submit())
    assert (run.status, run.reason) == (RunStatus.FAILED, "timed out after 1 s")


def test_why_a_run_has_failed_is_asked_for_and_not_listed(place: Place) -> None:
    launched = launch(place, "command: exit 3\nenvironment: {image: 'python:3.11'}\n")
    name = launched.finish()
    engine = launched.renew()
    engine.connection.workspace()  # where its services are is known then
    assert place.routes(lambda: engine.runs.list("job")) == [LIST_JOBS]
    assert place.routes(lambda: engine.runs.get(name)) == [GET_DETAILS]
    assert place.routes(lambda: engine.runs.get(name)) == []
    place.emulator.faults.add(GET_DETAILS, faults.Status(503), times=None)
    with pytest.raises(Transient, match="read the details of the run job-"):
        launched.renew().runs.get(name)


def test_a_run_of_sdk_v1_is_one_of_ours(place: Place) -> None:
    launched = launch(place, JOB, "print('hello')")
    through_v1 = place.engine(launched.spec, v1.open_engine)
    name = launched.finish(engine=through_v1)
    engine = launched.renew()
    (run,) = engine.runs.list().runs
    submission = launched.submission()
    assert (run.name, run.spec, run.fingerprint) == (name, "job", submission.fingerprint)
    assert (run.status, run.compute) == (RunStatus.SUCCEEDED, "cpu-cluster")
    assert [role.name for role in engine.runs.get(name).roles] == ["main/0"]
    assert [(line.role, line.text) for line in engine.runs.logs(name, {})[0]] == [("main/0", "hello")]
    assert engine.runs.identity(name) == submission.identity


def test_an_unfinished_run_of_sdk_v1_says_what_it_reads(place: Place) -> None:
    launched = launch(place, JOB, "import time\ntime.sleep(600)")
    name = launched.submit(engine=place.engine(launched.spec, v1.open_engine))
    assert launched.run(name).wait("Running", timeout=PATIENCE)
    (run,) = launched.renew().runs.list().runs
    assert (run.status, run.reads) == (RunStatus.RUNNING, ("data/default/sets/digits",))
    # As older versions have left it: with a record in the store alone.
    of_job = launched.run(name).properties
    for key in [key for key in of_job if key.startswith("specrun.")]:
        del of_job[key]
    assert launched.renew().runs.list().runs[0].reads == run.reads
    container = launched.engine.connection.open_datastore(None)
    container.blob(f"specrun/runs/{name}.json").delete_blob()
    assert launched.renew().runs.list().runs[0].reads == ()


def test_a_failed_run_of_sdk_v1_says_why(place: Place) -> None:
    launched = launch(place, JOB, "raise SystemExit(3)")
    name = launched.finish(engine=place.engine(launched.spec, v1.open_engine))
    run = launched.renew().runs.get(name)
    assert (run.status, run.failed_role) == (RunStatus.FAILED, "main/0")
    assert "exited with 3" in run.reason


def test_a_run_of_sdk_v1_is_cancelled(place: Place) -> None:
    launched = launch(place, JOB, "import time\ntime.sleep(600)")
    name = launched.submit(engine=place.engine(launched.spec, v1.open_engine))
    assert launched.run(name).wait("Running", timeout=PATIENCE)
    launched.engine.runs.cancel(name)
    assert ended(launched, name).status is RunStatus.CANCELLED
