"""What jobs of the unmodified SDK v2 do: roles, data, logs, metrics, ends."""

from __future__ import annotations

import functools
import http.server
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from emulator.faults import Status
from emulator.runs_state import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING
from emulator.training import Mishap, cancelled, error, no_capacity, preempted
from tests.emulator.emulated import bearer
from tests.emulator.sdk import Sdk
from tests.emulator.sdk_v2 import own
from tests.emulator.test_runs import PATIENCE, ROLE
from tests.emulator.test_v2_jobs import described, executed, logs_of, scripted


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def put_data(sdk: Sdk, **files: str) -> None:
    """Blobs in the workspace's default datastore; their paths have __ for /."""
    store = sdk.plane.datastores["workspaceblobstore"]
    for path, text in files.items():
        sdk.plane.blobs.write(store.container, path.replace("__", "/") + ".txt", text.encode())


def data_at(sdk: Sdk, path: str) -> str:
    """A blob of the default datastore."""
    return sdk.plane.blobs.read(sdk.plane.datastores["workspaceblobstore"].container, path).decode()


def test_a_parameter_server_serves_two_workers(sdk: Sdk, client: Any, folder: Path) -> None:
    shape = {"type": "tensorflow", "parameter_server_count": 1, "worker_count": 2}
    job = scripted(
        folder, ROLE, "roles-v2", "--rate ${{inputs.rate}}", instance_count=2, distribution=shape, inputs={"rate": 0.5}
    )
    record = executed(sdk, client, job)
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "roles-v2"))
    assert logs_of(sdk, "roles-v2") == {
        "ps_0": "serving\n",
        "worker_0": "0 got weights ['--rate', '0.5']\n",
        "worker_1": "1 got weights ['--rate', '0.5']\n",
    }
    seen = client.jobs.get("roles-v2")
    assert (seen.distribution.parameter_server_count, seen.distribution.worker_count) == (1, 2)
    assert {path for path in record.artifacts if path.startswith("outputs/")} == {
        "outputs/parts/0.txt",
        "outputs/parts/1.txt",
    }


@pytest.mark.parametrize("kind", ["pytorch", "mpi"])
def test_ranks(sdk: Sdk, client: Any, folder: Path, kind: str) -> None:
    if kind == "pytorch":
        names = ["RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK"]
        expected = {
            "process_0": "0 4 0 0\n",
            "process_1": "1 4 1 0\n",
            "process_2": "2 4 0 1\n",
            "process_3": "3 4 1 1\n",
        }
    else:
        names = ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"]
        expected = {"process_0": "0 4 0\n", "process_1": "1 4 1\n", "process_2": "2 4 0\n", "process_3": "3 4 1\n"}
    script = f"""
import os
print(*(os.environ[name] for name in {names!r}))
assert {kind!r} == 'pytorch' or 'RANK' not in os.environ
"""
    shape = {"type": kind, "process_count_per_instance": 2}
    record = executed(sdk, client, scripted(folder, script, f"{kind}-v2", instance_count=2, distribution=shape))
    assert record.status == COMPLETED, (record.error, logs_of(sdk, f"{kind}-v2"))
    assert logs_of(sdk, f"{kind}-v2") == expected


def test_data_comes_and_goes(sdk: Sdk, client: Any, folder: Path) -> None:
    from azure.ai.ml import Input, Output
    from azure.ai.ml.entities import Data

    put_data(sdk, sets__one__a="a", sets__one__deep__b="b", sets__onemore__c="c")
    short = "azureml://datastores/workspaceblobstore/paths/sets/one"
    place = sdk.plane.place
    space = f"azureml://subscriptions/{place.subscription}/resourcegroups/{place.group}/workspaces/{place.name}"
    client.data.create_or_update(Data(name="train", version="1", type="uri_folder", path=short))
    inputs = {
        "mounted": Input(type="uri_folder", path=short + "/"),
        "long": Input(type="uri_folder", path=f"{space}/datastores/workspaceblobstore/paths/sets/one", mode="download"),
        "asset": Input(type="uri_folder", path="azureml:train:1"),
        "file": Input(type="uri_file", path=f"{short}/deep/b.txt"),
        "direct": Input(type="uri_folder", path=short, mode="direct"),
        "word": "two words",
    }
    outputs = {
        "model": Output(type="uri_folder"),
        "there": Output(
            type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/made/${{name}}/", mode="upload"
        ),
        "one": Output(type="uri_file", path="azureml://datastores/workspaceblobstore/paths/made/one.txt"),
    }
    script = """
import os, sys
mounted, long, asset, file, direct, word, model, there, one, default = sys.argv[1:]
for folder in (mounted, long, asset):
    assert sorted(os.listdir(folder)) == ["a.txt", "deep"], os.listdir(folder)
    assert open(folder + "/deep/b.txt").read() == "b"
assert os.environ["AZUREML_DATAREFERENCE_mounted"] == mounted
open(mounted + "/mine.txt", "w").write("not kept")
assert open(file).read() == "b"
assert direct.startswith("azureml://subscriptions/") and direct.endswith("/workspaceblobstore/paths/sets/one")
assert word == "two words"
os.makedirs(model + "/sub")
open(model + "/sub/m.txt", "w").write("model")
open(there + "/t.txt", "w").write("there")
open(one, "w").write("one")
open(default + "/d.txt", "w").write("default")
open("logs/mine.txt", "w").write("log")
"""
    names = [*(f"${{{{inputs.{name}}}}}" for name in list(inputs)[:-1]), "'${{inputs.word}}'"]
    names += [f"${{{{outputs.{name}}}}}" for name in (*outputs, "default")]
    job = scripted(folder, script, "data-v2", " ".join(names), inputs=inputs, outputs=outputs)
    record = executed(sdk, client, job)
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "data-v2"))
    assert data_at(sdk, "azureml/data-v2/model/sub/m.txt") == "model"
    assert data_at(sdk, "made/data-v2/t.txt") == "there"
    assert data_at(sdk, "made/one.txt") == "one"
    assert {"outputs/d.txt", "logs/mine.txt"} <= set(record.artifacts)
    store = sdk.plane.datastores["workspaceblobstore"]
    assert sorted(sdk.plane.blobs.paths(store.container, "sets/one/")) == ["sets/one/a.txt", "sets/one/deep/b.txt"]


def test_a_mount_for_writing_shows_what_is_there(sdk: Sdk, client: Any) -> None:
    from azure.ai.ml import Output

    put_data(sdk, shared__old="old")
    output = Output(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/shared", mode="rw_mount")
    command = "cat ${{outputs.o}}/old.txt; echo new > ${{outputs.o}}/new.txt"
    assert executed(sdk, client, described("shared-v2", command, outputs={"o": output})).status == COMPLETED
    assert logs_of(sdk, "shared-v2") == {"": "old"}
    assert data_at(sdk, "shared/new.txt") == "new\n"


def test_a_server_of_this_machine_can_be_read_and_no_other(sdk: Sdk, client: Any, tmp_path: Path) -> None:
    from azure.ai.ml import Input

    (tmp_path / "served.csv").write_text("1,2\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            path = f"http://127.0.0.1:{server.server_address[1]}/served.csv"
            job = described("web-v2", "cat ${{inputs.x}}", inputs={"x": Input(type="uri_file", path=path)})
            assert executed(sdk, client, job).status == COMPLETED
        finally:
            server.shutdown()
            thread.join()
    assert logs_of(sdk, "web-v2") == {"": "1,2\n"}
    far = Input(type="uri_file", path="https://data.example/x.csv")
    record = executed(sdk, client, described("far-v2", "cat ${{inputs.x}}", inputs={"x": far}))
    assert record.status == FAILED
    assert record.error["message"] == "Input x: data.example cannot be reached from the emulator's nodes."


def test_what_is_not_in_storage_is_not_on_the_node(sdk: Sdk, client: Any) -> None:
    from azure.ai.ml import Input

    given = Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/no/where")
    record = executed(sdk, client, described("absent-v2", "ls ${{inputs.x}}", inputs={"x": given}))
    assert (record.status, record.started) == (FAILED, None)
    assert record.error["message"] == "Input x: there is nothing at no/where in the datastore workspaceblobstore."
    assert sdk.cluster_of().nodes()["running"] == 0


def test_a_job_is_streamed(
    sdk: Sdk, client: Any, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = tmp_path / "gate"
    script = f"""
import os, time
print('first', flush=True)
while not os.path.exists({str(gate)!r}): time.sleep(0.05)
print('last')
"""
    # With what the service answers, a signature, this version of the SDK cannot stream: it signs with it as with a key.
    route = next(name for name in sdk.emulator.routes.names if name.endswith("/datastores/{name}/listSecrets"))
    key = json.dumps({"secretsType": "AccountKey", "key": sdk.plane.blobs.key}).encode()
    sdk.emulator.faults.add(route, Status(200, body=key), times=None)
    client.jobs.create_or_update(scripted(folder, script, "stream-v2"))
    record = sdk.plane.runs["stream-v2"]
    assert record.wait(RUNNING, timeout=PATIENCE)
    looked = threading.Event()

    def look(number: int, request: Any, phase: str) -> None:
        if phase == "after" and request.path.endswith("user_logs/std_log.txt") and not looked.is_set():
            looked.set()
            gate.touch()

    sdk.emulator.on_request = look
    try:
        client.jobs.stream("stream-v2")
    finally:
        sdk.emulator.faults.clear()
        sdk.emulator.on_request = None
        gate.touch()
    assert record.wait(timeout=PATIENCE)
    shown = capsys.readouterr().out
    assert looked.is_set()
    assert "Streaming user_logs/std_log.txt" in shown
    assert shown.index("first") < shown.index("last") < shown.index("Execution Summary")
    assert "Web View: https://ml.azure.com/runs/stream-v2?wsid=" in shown


def test_a_failing_job_is_streamed_with_its_reason(sdk: Sdk, client: Any, folder: Path) -> None:
    from azure.ai.ml.exceptions import JobException

    script = """
import json, os, sys, time
if json.loads(os.environ["TF_CONFIG"])["task"] == {"type": "worker", "index": 1}:
    sys.exit(3)
time.sleep(600)
"""
    shape = {"type": "tensorflow", "parameter_server_count": 1, "worker_count": 2}
    job = scripted(folder, script, "failing-v2", instance_count=2, distribution=shape)
    record = executed(sdk, client, job)
    assert record.status == FAILED
    assert record.error["code"] == "UserError"
    assert (
        "exited with status code 3. Please check log file 'user_logs/std_log_worker_1.txt'" in record.error["message"]
    )
    with pytest.raises(JobException, match=r"std_log_worker_1\.txt"):
        client.jobs.stream("failing-v2")


def test_a_job_is_downloaded(sdk: Sdk, client: Any, folder: Path, tmp_path: Path) -> None:
    from azure.ai.ml import Output

    script = """
import sys
open(sys.argv[1] + '/m.txt', 'w').write('model')
open('outputs/o.txt', 'w').write('o')
print('said')
"""
    outputs = {"model": Output(type="uri_folder")}
    job = scripted(folder, script, "download-v2", "${{outputs.model}}", outputs=outputs)
    record = executed(sdk, client, job)
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "download-v2"))
    client.jobs.download("download-v2", download_path=tmp_path / "all", all=True)
    assert (tmp_path / "all" / "named-outputs" / "model" / "m.txt").read_text() == "model"
    assert (tmp_path / "all" / "artifacts" / "outputs" / "o.txt").read_text() == "o"
    assert (tmp_path / "all" / "artifacts" / "user_logs" / "std_log.txt").read_text() == "said\n"
    client.jobs.download("download-v2", download_path=tmp_path / "one", output_name="model")
    assert [file.name for file in (tmp_path / "one").rglob("*") if file.is_file()] == ["m.txt"]


def test_a_job_longer_than_its_limit_is_cancelled(sdk: Sdk, client: Any) -> None:
    from azure.ai.ml.entities import CommandJobLimits

    job = described("long-v2", "sleep 600")
    job.limits = CommandJobLimits(timeout=1)
    record = executed(sdk, client, job)
    assert record.status == CANCELED
    assert "maximum run duration of 1 seconds" in record.error["message"]
    assert client.jobs.get("long-v2").limits.timeout == 1


@pytest.mark.parametrize(
    ("mishap", "status"),
    [
        (preempted("mishap-v2-*"), FAILED),
        (no_capacity("mishap-v2-*"), FAILED),
        (cancelled("mishap-v2-*"), CANCELED),
        (Mishap(RUNNING, error("UserError", "Out of luck."), runs="mishap-v2-*"), FAILED),
    ],
    ids=["preempted", "no-capacity", "cancelled", "failed"],
)
def test_mishaps(sdk: Sdk, client: Any, mishap: Mishap, status: str, request: Any) -> None:
    sdk.training.mishaps.append(mishap)
    record = executed(sdk, client, described(f"mishap-v2-{request.node.callspec.id}", "sleep 600"))
    assert client.jobs.get(record.id).status == status
    assert record.error == mishap.error
    assert (record.started is None) == (mishap.phase == QUEUED)


def test_serverless(sdk: Sdk, client: Any) -> None:
    job = described(
        "serverless-v2", "echo $CUDA_VISIBLE_DEVICES", compute=None, instance_type="Standard_D2_v2", instance_count=2
    )
    job.distribution = {"type": "pytorch", "process_count_per_instance": 1}
    sdk.training.starved = True
    try:
        client.jobs.create_or_update(job)
        record = sdk.plane.runs["serverless-v2"]
        assert record.wait(QUEUED, timeout=PATIENCE)
        assert sdk.cluster_of().nodes()["running"] == 0
    finally:
        sdk.training.starved = False
    assert record.wait(timeout=PATIENCE)
    assert record.status == COMPLETED, record.error
    assert sorted(logs_of(sdk, "serverless-v2")) == ["process_0", "process_1"]
    assert client.jobs.get("serverless-v2").compute is None
    assert sdk.workspace.get_run("serverless-v2").get_details()["target"] == "serverless"


def test_jobs_wait_for_nodes(sdk: Sdk, client: Any, tmp_path: Path) -> None:
    wait = f"while [ ! -e {tmp_path}/gate ]; do sleep 0.05; done"
    more = {"instance_count": 2, "distribution": {"type": "pytorch"}}
    client.jobs.create_or_update(described("nodes-v2-1", wait, **more))
    assert sdk.plane.runs["nodes-v2-1"].wait(RUNNING, timeout=PATIENCE)
    client.jobs.create_or_update(described("nodes-v2-2", wait, **more))
    second = sdk.plane.runs["nodes-v2-2"]
    assert second.wait(QUEUED, timeout=PATIENCE)
    assert sdk.cluster_of().nodes()["running"] == 2
    assert client.jobs.get("nodes-v2-2").status == QUEUED
    (tmp_path / "gate").touch()
    assert second.wait(timeout=PATIENCE)
    assert second.status == COMPLETED


MLFLOW = """
import json, os, time, urllib.request
base = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://")
def ask(path, body=None):
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(base + "/api/2.0/mlflow/" + path, data, headers)) as answer:
        return json.load(answer)
run = os.environ["MLFLOW_RUN_ID"]
assert run == os.environ["AZUREML_RUN_ID"] and os.environ["MLFLOW_EXPERIMENT_NAME"] == "digits"
now = int(time.time() * 1000)
for step, value in enumerate((0.5, 0.25)):
    ask("runs/log-metric", {"run_id": run, "key": "loss", "value": value, "timestamp": now, "step": step})
metrics = [{"key": "accuracy", "value": 0.75, "timestamp": now, "step": 1}]
more = {"params": [{"key": "rate", "value": "0.1"}], "tags": [{"key": "seen", "value": "yes"}]}
ask("runs/log-batch", {"run_id": run, "metrics": metrics, **more})
assert ask("runs/get?run_id=" + run)["run"]["info"]["status"] == "RUNNING"
"""


def mlflow(sdk: Sdk, path: str) -> Any:
    """What MLflow's REST interface answers the subscription's owner."""
    import requests

    base = sdk.plane.place.tracking.replace("azureml://", "https://")
    return requests.get(f"{base}/api/2.0/mlflow/{path}", headers=bearer(sdk.emulator), timeout=PATIENCE).json()


def test_metrics_of_mlflow_and_of_v1_are_the_same(sdk: Sdk, client: Any, folder: Path) -> None:
    record = executed(sdk, client, scripted(folder, MLFLOW, "metrics-v2"))
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "metrics-v2"))
    run = sdk.workspace.get_run("metrics-v2")
    assert run.get_metrics() == {"loss": [0.5, 0.25], "accuracy": 0.75}
    run.log("loss", 0.125, step=2)
    run.flush()
    found = mlflow(sdk, "runs/get?run_id=metrics-v2")["run"]
    assert found["info"]["status"] == "FINISHED"
    assert found["info"]["start_time"] < found["info"]["end_time"]
    latest = {one["key"]: (one["value"], one["step"]) for one in found["data"]["metrics"]}
    assert latest == {"loss": (0.125, 2), "accuracy": (0.75, 1)}
    assert found["data"]["params"] == [{"key": "rate", "value": "0.1"}]
    assert own(client.jobs.get("metrics-v2").tags) == {"seen": "yes"}
    history = mlflow(sdk, "metrics/get-history?run_id=metrics-v2&metric_key=loss")["metrics"]
    assert [one["value"] for one in history] == [0.5, 0.25, 0.125]
    assert all(abs(one["timestamp"] - found["info"]["start_time"]) < 600_000 for one in history)


def test_plain_mlflow_logs_as_with_azureml_mlflow_on_a_real_node(sdk: Sdk, client: Any, folder: Path) -> None:
    script = "import mlflow\nmlflow.log_param('rate', 0.1)\nfor n in 1, 2:\n    mlflow.log_metric('loss', 1 / n, n)\n"
    before = list(sdk.emulator.unserved)
    record = executed(sdk, client, scripted(folder, script, "plain-mlflow-v2"))
    assert record.status == COMPLETED, (record.error, logs_of(sdk, "plain-mlflow-v2"))
    found = mlflow(sdk, "runs/get?run_id=plain-mlflow-v2")["run"]["data"]
    assert [(one["key"], one["value"], one["step"]) for one in found["metrics"]] == [("loss", 0.5, 2)]
    assert found["params"] == [{"key": "rate", "value": "0.1"}]
    assert sdk.emulator.unserved == before


def test_a_run_token_opens_nothing_of_another_owner(sdk: Sdk, client: Any) -> None:
    command = "env | grep -c -E '^(AZURE_CLIENT_SECRET|MLFLOW_TRACKING_TOKEN)='"
    record = executed(sdk, client, described("secrets-v2", command))
    assert (record.status, logs_of(sdk, "secrets-v2")) == (COMPLETED, {"": "1\n"})


def test_nothing_is_left_of_a_cancelled_job(sdk: Sdk, client: Any) -> None:
    client.jobs.create_or_update(described("left-v2", "echo $$; sleep 600"))
    record = sdk.plane.runs["left-v2"]
    assert record.wait(RUNNING, timeout=PATIENCE)
    for _ in range(600):
        if logs_of(sdk, "left-v2").get(""):
            break
        record.wait(COMPLETED, timeout=0.1)
    pid = int(logs_of(sdk, "left-v2")[""])
    os.kill(pid, 0)
    client.jobs.begin_cancel("left-v2").result()
    assert record.wait(timeout=PATIENCE)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_was_asked_for_that_nobody_serves(sdk: Sdk, client: Any) -> None:
    assert sdk.emulator.unserved == []
