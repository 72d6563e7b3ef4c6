"""Jobs, with the unmodified SDK v2: submitted, found, changed, cancelled, refused; one service for both SDKs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.faults import Status
from emulator.runs_state import CANCELED, COMPLETED, ENDED, RUNNING, Run
from tests.emulator.emulated import bearer
from tests.emulator.sdk import COMPUTE, Sdk, make_workspace
from tests.emulator.sdk_v2 import open_client, own
from tests.emulator.test_runs import PATIENCE, configured

ENVIRONMENT = "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest"
PUT = "PUT management.azure.com /subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def described(name: str, command: str = "echo hello", **rest: Any) -> Any:
    """A command job on the cluster; without code unless it is given."""
    from azure.ai.ml import command as build

    asked = {"compute": COMPUTE, "environment": ENVIRONMENT, "experiment_name": "digits", **rest}
    return build(name=name, command=command, **asked)


def scripted(folder: Path, script: str, name: str, arguments: str = "", **rest: Any) -> Any:
    """A command job whose code is one train.py."""
    (folder / "train.py").write_text(script)
    return described(name, f"python train.py {arguments}", code=str(folder), **rest)


def executed(sdk: Sdk, client: Any, job: Any) -> Run:
    """Submit and wait for the end: the emulator's record."""
    client.jobs.create_or_update(job)
    record = sdk.plane.runs[job.name]
    assert record.wait(timeout=PATIENCE), record.status
    return record


def logs_of(sdk: Sdk, name: str) -> dict[str, str]:
    """What the processes of a job printed, by the end of their logs' names: "worker_0", or "" of a single one."""
    artifacts, start = sdk.plane.runs[name].artifacts, "user_logs/std_log"
    found = {path: one for path, one in artifacts.items() if path.startswith(start)}
    read = sdk.plane.blobs.read
    return {path[len(start) : -4].lstrip("_"): read(one.container, one.blob).decode() for path, one in found.items()}


def test_a_job_runs_its_code(sdk: Sdk, client: Any, folder: Path) -> None:
    script = "import os, sys\nprint('hello', sys.argv[1:], os.environ['GREETING'])\n"
    more = {"environment_variables": {"GREETING": "hi"}, "tags": {"team": "vision"}, "display_name": "Shown"}
    job = scripted(folder, script, "plain-1", "--rate 0.5", **more)
    made = client.jobs.create_or_update(job)
    assert (made.name, made.experiment_name, made.display_name) == ("plain-1", "digits", "Shown")
    assert made.status not in ENDED
    record = sdk.plane.runs["plain-1"]
    assert record.wait(timeout=PATIENCE)
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "plain-1"))
    assert record.statuses == ["Preparing", "Queued", "Starting", "Running", "Finalizing", "Completed"]
    assert logs_of(sdk, "plain-1") == {"": "hello ['--rate', '0.5'] hi\n"}
    assert [path for path in record.artifacts if path.startswith("system_logs/")]
    seen = client.jobs.get("plain-1")
    assert (seen.status, own(seen.tags), seen.environment_variables) == (
        COMPLETED,
        {"team": "vision"},
        {"GREETING": "hi"},
    )
    assert seen.compute == COMPUTE
    assert seen.services["Studio"].endpoint.startswith("https://ml.azure.com/runs/plain-1?wsid=/subscriptions/")
    assert seen.outputs["default"].path.endswith("workspaceartifactstore/ExperimentRun/dcid.plain-1")


def test_the_same_job_again_changes_what_may_be_changed(sdk: Sdk, client: Any, folder: Path) -> None:
    before = len(sdk.plane.doubled)
    executed(sdk, client, scripted(folder, "print(1)", "twice-1", tags={"a": "1"}))
    again = client.jobs.create_or_update(scripted(folder, "print(1)", "twice-1", tags={"b": "2"}, display_name="Two"))
    assert (own(again.tags), again.display_name, again.status) == ({"b": "2"}, "Two", COMPLETED)
    assert [one.run for one in sdk.plane.doubled[before:]] == ["twice-1"]
    assert len(sdk.plane.runs["twice-1"].statuses) == 6
    address = f"https://management.azure.com{sdk.plane.place.path}/jobs/twice-1?api-version=2025-01-01-preview"
    as_read = requests.get(address, headers=bearer(sdk.emulator), timeout=PATIENCE).json()
    assert requests.put(address, json=as_read, headers=bearer(sdk.emulator), timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        {"command": "echo other"},
        {"environment_variables": {"A": "1"}},
        {"instance_count": 2, "distribution": {"type": "mpi"}},
        {"experiment_name": "letters"},
        {"inputs": {"rate": 0.1}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_job_under_a_used_name_is_refused(sdk: Sdk, client: Any, other: Mapping[str, Any]) -> None:
    from azure.core.exceptions import HttpResponseError

    name = f"used-{next(iter(other))}"
    executed(sdk, client, described(name))
    before = len(sdk.plane.doubled)
    with pytest.raises(HttpResponseError, match="existing job's Settings cannot be changed") as refused:
        client.jobs.create_or_update(described(name, **other))
    assert refused.value.status_code == 400
    told = refused.value.response.json()["error"]
    inner = next(one["info"]["value"] for one in told["additionalInfo"] if one["type"] == "InnerError")
    assert inner == {"code": "Immutable", "innerError": {"code": "JobPropertyImmutable", "innerError": None}}
    assert len(sdk.plane.doubled) == before + 1
    assert sdk.plane.runs[name].definition["command"] == "echo hello"


def test_a_conflict_on_demand(sdk: Sdk, client: Any) -> None:
    from azure.core.exceptions import ResourceExistsError

    route = next(name for name in sdk.emulator.routes.names if name.startswith(PUT) and name.endswith("/jobs/{job}"))
    sdk.emulator.faults.add(route, Status(409, "Conflict", "Somebody else was first."))
    with pytest.raises(ResourceExistsError, match="Somebody else was first"):
        client.jobs.create_or_update(described("conflict-1"))
    assert "conflict-1" not in sdk.plane.runs


def test_jobs_are_listed_by_tag_in_pages_the_newest_first(sdk: Sdk, client: Any) -> None:
    names = [f"listed-{number}" for number in range(5)]
    for number, name in enumerate(names):
        tags = {"of-test": "listed", **({"odd": "yes"} if number % 2 else {})}
        executed(sdk, client, described(name, tags=tags, properties={"number": str(number)}))
    sdk.plane.page_size = 2
    since = len(sdk.emulator.requests)
    try:
        assert [job.name for job in client.jobs.list(tag="of-test")] == names[::-1]
        assert len(sdk.emulator.requests) - since == 3
        assert [job.name for job in client.jobs.list(tag="odd")] == ["listed-3", "listed-1"]
        assert [job.name for job in client.jobs.list(tag="of-test", properties="number=4")] == ["listed-4"]
        assert list(client.jobs.list(tag="nobody")) == []
        assert list(client.jobs.list(tag="of-test", job_type="Pipeline")) == []
        client.jobs.archive("listed-0")
        assert [job.name for job in client.jobs.list(tag="of-test")] == names[:0:-1]
        assert [job.name for job in client.jobs.list(tag="of-test", list_view_type="ArchivedOnly")] == ["listed-0"]
        assert [job.name for job in client.jobs.list(tag="of-test", list_view_type="All")] == names[::-1]
    finally:
        sdk.plane.page_size = 100


def test_cancel(sdk: Sdk, client: Any) -> None:
    client.jobs.create_or_update(described("cancel-1", "sleep 600"))
    record = sdk.plane.runs["cancel-1"]
    assert record.wait(RUNNING, timeout=PATIENCE)
    client.jobs.begin_cancel("cancel-1").result()
    assert record.wait(timeout=PATIENCE)
    assert client.jobs.get("cancel-1").status == CANCELED
    assert record.statuses[-2:] == ["CancelRequested", CANCELED]
    client.jobs.begin_cancel("cancel-1").result()
    assert client.jobs.get("cancel-1").status == CANCELED


def test_a_job_that_is_over_can_be_deleted(sdk: Sdk, client: Any) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    sdk.training.starved = True
    try:
        client.jobs.create_or_update(described("deleted-1"))
        with pytest.raises(HttpResponseError, match="cannot be deleted"):
            client.jobs.begin_delete("deleted-1").result()
    finally:
        sdk.training.starved = False
    assert sdk.plane.runs["deleted-1"].wait(timeout=PATIENCE)
    client.jobs.begin_delete("deleted-1").result()
    with pytest.raises(ResourceNotFoundError, match="Job deleted-1 was not found"):
        client.jobs.get("deleted-1")
    assert executed(sdk, client, described("deleted-1")).status == COMPLETED


def test_a_job_is_described_anew(sdk: Sdk, client: Any) -> None:
    executed(sdk, client, described("words-1", tags={"a": "1"}))
    changed = client.jobs.update("words-1", tags={"b": "2"}, description="New.", display_name="Named")
    assert (own(changed.tags), changed.description, changed.display_name) == ({"a": "1", "b": "2"}, "New.", "Named")
    fetched = client.jobs.get("words-1")
    fetched.tags["c"] = "3"
    assert own(client.jobs.create_or_update(fetched).tags) == {"a": "1", "b": "2", "c": "3"}
    assert "words-1" not in [one.run for one in sdk.plane.doubled]


WRONG: Mapping[str, tuple[Mapping[str, Any], int, str]] = {
    "compute": ({"compute": "nowhere"}, 400, "Unknown compute target 'nowhere'"),
    "environment": ({"environment": "azureml:nothing:1"}, 404, "Not found "),
    "instances": ({"instance_count": 9}, 400, "exceeds the maximum node count 3"),
    "no-instances": ({"instance_count": 0}, 400, "must be at least 1"),
    "workers": ({"distribution": {"type": "tensorflow", "worker_count": 2}}, 400, "one process of each kind"),
    "servers": ({"distribution": {"type": "tensorflow", "parameter_server_count": -1}}, 400, "must be positive"),
    "processes": ({"distribution": {"type": "pytorch", "process_count_per_instance": -2}}, 400, "must be positive"),
    "no-word": ({"command": "..."}, 400, "does not match"),
    "shm": ({"shm_size": "much"}, 400, "does not match"),
    "size": ({"compute": None, "instance_type": "Standard_X1"}, 400, "Standard_X1 is not supported in region"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_refusals(sdk: Sdk, client: Any, wrong: str) -> None:
    from azure.core.exceptions import HttpResponseError

    values, status, told = WRONG[wrong]
    with pytest.raises(HttpResponseError, match=told) as refused:
        client.jobs.create_or_update(described("refused-1", **values))
    assert refused.value.status_code == status
    assert "refused-1" not in sdk.plane.runs


RAW: Mapping[str, tuple[Mapping[str, Any], int, str]] = {
    "binding": ({"command": "echo ${{inputs.nothing}}"}, 400, "the job has no such input"),
    "code": ({"codeId": "/subscriptions/s/codes/c/versions/1"}, 404, "Not found "),
    "another-workspace": ({"computeId": "/subscriptions/s/computes/cpu-cluster"}, 400, "Unknown compute target"),
    "no-command": ({"command": None}, 400, "command"),
    "unknown-field": ({"colour": "red"}, 400, "colour"),
    "unknown-input": ({"inputs": {"x": {"jobInputType": "UriFolder", "uri": "a"}}}, 400, "is not one of"),
    "field-of-an-input": ({"inputs": {"x": {"jobInputType": "literal", "value": "1", "uri": "a"}}}, 400, "uri"),
    "empty-literal": ({"inputs": {"x": {"jobInputType": "literal", "value": ""}}}, 400, "inputs.x.value"),
    "number": ({"environmentVariables": {"A": 1}}, 400, "environmentVariables.A"),
    "timeout": ({"limits": {"jobLimitsType": "Command", "timeout": "60"}}, 400, "limits.timeout"),
    "type": ({"jobType": "Pipeline"}, 400, "no jobs of the type Pipeline"),
}
"""What the SDK sends to nobody."""


@pytest.mark.parametrize("wrong", RAW)
def test_refusals_of_bodies(sdk: Sdk, wrong: str) -> None:
    values, status, told = RAW[wrong]
    path = sdk.plane.place.path
    environment = f"{path}/environments/AzureML-sklearn-1.0-ubuntu20.04-py38-cpu/versions/35"
    good = {"jobType": "Command", "command": "echo", "environmentId": environment, "computeId": COMPUTE}
    answer = requests.put(
        f"https://management.azure.com{path}/jobs/refused-1?api-version=2025-01-01-preview",
        json={"properties": {**good, **values}},
        headers=bearer(sdk.emulator),
        timeout=PATIENCE,
    )
    assert (answer.status_code, told in answer.text.replace(chr(92), "")) == (status, True), answer.text
    assert "refused-1" not in sdk.plane.runs


def test_names_and_unknown_data_are_refused(sdk: Sdk, client: Any) -> None:
    from azure.ai.ml import Input
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="'-no' is not valid"):
        client.jobs.create_or_update(described("-no"))
    for path, told in (
        ("azureml://datastores/nowhere/paths/x", "Could not find datastore: nowhere"),
        ("azureml:nothing:1", "Not found data nothing"),
    ):
        with pytest.raises(HttpResponseError, match=told):
            client.jobs.create_or_update(described("refused-1", inputs={"x": Input(type="uri_folder", path=path)}))
    assert "refused-1" not in sdk.plane.runs


def test_two_put_one_name_at_once_and_one_runs(sdk: Sdk, client: Any) -> None:
    jobs = [described("race-1", "echo one"), described("race-1", "echo two")]
    ends: list[str] = []

    def put(job: Any) -> None:
        from azure.core.exceptions import HttpResponseError

        try:
            client.jobs.create_or_update(job)
            ends.append("made")
        except HttpResponseError:
            ends.append("refused")

    threads = [threading.Thread(target=put, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(ends) == ["made", "refused"]
    assert sdk.plane.runs["race-1"].wait(timeout=PATIENCE)


def test_a_run_of_v1_is_a_job(sdk: Sdk, client: Any, folder: Path) -> None:
    from azure.core.exceptions import HttpResponseError
    from azureml.core.runconfig import MpiConfiguration

    config = configured(folder, "print(1)", arguments=["--rate", 0.5], distributed_job_config=MpiConfiguration(2, 2))
    config.run_config.environment_variables = {"A": "1"}
    config.run_config.max_run_duration_seconds = 600
    sdk.experiment("letters").submit(config, run_id="of-v1", tags={"team": "audio"})
    assert sdk.plane.runs["of-v1"].wait(timeout=PATIENCE)
    seen = client.jobs.get("of-v1")
    assert (seen.status, seen.experiment_name, own(seen.tags)) == (COMPLETED, "letters", {"team": "audio"})
    assert (seen.compute, seen.environment_variables) == (COMPUTE, {"A": "1"})
    assert (seen.resources.instance_count, seen.distribution.process_count_per_instance) == (2, 2)
    assert (seen.command, seen.limits.timeout) == ("python train.py --rate 0.5", 600)
    assert [job.name for job in client.jobs.list(tag="team") if job.tags["team"] == "audio"] == ["of-v1"]
    with pytest.raises(HttpResponseError, match="already exists"):
        client.jobs.create_or_update(described("of-v1"))


def test_a_job_is_a_run_of_v1(sdk: Sdk, client: Any, folder: Path, tmp_path: Path) -> None:
    script = "open('outputs/model.txt', 'w').write('model')\nprint('said')\n"
    job = scripted(folder, script, "of-v2", tags={"team": "text"}, experiment_name="words")
    record = executed(sdk, client, job)
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "of-v2"))
    run = sdk.workspace.get_run("of-v2")
    assert (run.experiment.name, run.get_status(), own(run.get_tags())) == ("words", COMPLETED, {"team": "text"})
    details = run.get_details_with_logs()
    assert details["logFiles"]["user_logs/std_log.txt"] == "said\n"
    assert details["target"] == COMPUTE
    links = run.get_details()["logFiles"]
    assert {name.partition("/")[0] for name in links} == {"system_logs", "user_logs"}
    assert requests.get(links["user_logs/std_log.txt"], timeout=PATIENCE).text == "said\n"
    assert details["runDefinition"]["command"] == "python train.py "
    assert "outputs/model.txt" in run.get_file_names()
    run.download_file("outputs/model.txt", str(tmp_path / "model.txt"))
    assert (tmp_path / "model.txt").read_text() == "model"
    run.tag("mood", "good")
    assert own(client.jobs.get("of-v2").tags) == {"team": "text", "mood": "good"}
    assert run.id in [one.id for one in sdk.experiment("words").get_runs()]


def test_children_of_a_job(sdk: Sdk, client: Any) -> None:
    executed(sdk, client, described("parent-1", tags={"of-test": "family"}))
    child = sdk.workspace.get_run("parent-1").child_run("child")
    child.complete()
    assert [job.name for job in client.jobs.list(parent_job_name="parent-1")] == [child.id]
    assert [job.name for job in client.jobs.list(tag="of-test") if job.tags["of-test"] == "family"] == ["parent-1"]
    assert client.jobs.show_services("parent-1") is None


def test_a_job_of_v2_is_cancelled_through_v1(sdk: Sdk, client: Any) -> None:
    client.jobs.create_or_update(described("cancelled-by-v1", "sleep 600"))
    record = sdk.plane.runs["cancelled-by-v1"]
    assert record.wait(RUNNING, timeout=PATIENCE)
    sdk.workspace.get_run("cancelled-by-v1").cancel()
    assert record.wait(timeout=PATIENCE)
    assert client.jobs.get("cancelled-by-v1").status == CANCELED


def test_nothing_was_asked_for_that_nobody_serves(sdk: Sdk, client: Any) -> None:
    assert sdk.emulator.unserved == []


def test_one_name_in_two_workspaces_is_two_runs(sdk: Sdk, client: Any) -> None:
    other = make_workspace(sdk.emulator, "second")
    for plane, said in ((sdk.plane, "first"), (other, "second")):
        sdk.emulator.service.workspace(plane.place.subscription, plane.place.group, plane.place.name).computes[
            COMPUTE
        ] = sdk.cluster()
        here = client if plane is sdk.plane else open_client(sdk.emulator, "second")
        here.jobs.create_or_update(described("same-1", f"echo {said}"))
    runs = [plane.runs["same-1"] for plane in (sdk.plane, other)]

    assert all(run.wait(timeout=PATIENCE) for run in runs)

    assert [(run.status, run.error) for run in runs] == [(COMPLETED, None)] * 2
    logs = [
        plane.blobs.read("azureml", "ExperimentRun/dcid.same-1/user_logs/std_log.txt") for plane in (sdk.plane, other)
    ]
    assert logs == [b"first\n", b"second\n"]
    assert runs[0].folder != runs[1].folder
