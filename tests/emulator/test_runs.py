"""Runs, with the unmodified SDK: submitted, executed in their roles, followed, cancelled, refused."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator.runs_state import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING, Run
from emulator.training import Mishap, cancelled, error, no_capacity, preempted
from tests.emulator.sdk import COMPUTE, Sdk

PATIENCE = 90.0


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def configured(folder: Path, script: str | None = None, **rest: Any) -> Any:
    """A ScriptRunConfig; `script` is the text of train.py."""
    from azureml.core import Environment, ScriptRunConfig

    environment = Environment("none")
    environment.python.user_managed_dependencies = True
    if script is not None:
        (folder / "train.py").write_text(script)
    else:  # the SDK takes an empty folder for the workspace's last snapshot, where there is none yet
        (folder / "train.py").write_text("print('hello')\n")
    what = {} if "command" in rest else {"script": "train.py"}
    return ScriptRunConfig(str(folder), compute_target=COMPUTE, environment=environment, **what, **rest)


def executed(sdk: Sdk, config: Any, run_id: str) -> tuple[Any, Run]:
    """Submit and wait for the end: the SDK's run and the emulator's."""
    run = sdk.experiment().submit(config, run_id=run_id)
    record = sdk.plane.runs[run_id]
    assert record.wait(timeout=PATIENCE), record.status
    return run, record


def logs_of(run: Any) -> dict[str, str]:
    """The driver logs by the end of their names, such as "worker_0"."""
    details = run.get_details_with_logs()
    driver = "azureml-logs/70_driver_log"
    return {name[len(driver) + 1 : -4]: text for name, text in details["logFiles"].items() if name.startswith(driver)}


ROLE = """
import json, os, socket, sys, time
config = json.loads(os.environ["TF_CONFIG"])
task, cluster = config["task"], config["cluster"]
host, port = cluster[task["type"]][task["index"]].split(":")
assert config["environment"] == "cloud" and sorted(cluster) == ["ps", "worker"], config
if task["type"] == "ps":
    with socket.create_server((host, int(port))) as server:
        print("serving", flush=True)
        while True:
            with server.accept()[0] as client:
                client.sendall(b"weights")
else:
    host, port = cluster["ps"][0].split(":")
    while True:
        try:
            with socket.create_connection((host, int(port)), timeout=20) as client:
                got = client.recv(100).decode()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    print(task["index"], "got", got, sys.argv[1:], flush=True)
    os.makedirs("outputs/parts", exist_ok=True)
    with open(f"outputs/parts/{task['index']}.txt", "w") as file:
        file.write(got)
"""


def test_a_parameter_server_serves_two_workers(sdk: Sdk, folder: Path, tmp_path: Path) -> None:
    from azureml.core.runconfig import TensorflowConfiguration

    shape = TensorflowConfiguration(worker_count=2, parameter_server_count=1)
    config = configured(folder, ROLE, arguments=["--rate", 0.5, "two words"], distributed_job_config=shape)
    run, record = executed(sdk, config, "roles-0123456789")
    assert record.status == COMPLETED, record.error
    assert record.statuses == ["Preparing", "Queued", "Starting", "Running", "Finalizing", "Completed"]
    logs = logs_of(run)
    assert logs["ps_0"] == "serving\n"
    assert logs["worker_0"] == "0 got weights ['--rate', '0.5', 'two words']\n"
    assert logs["worker_1"].startswith("1 got weights")
    run.download_files(prefix="outputs", output_directory=str(tmp_path / "got"))
    assert (tmp_path / "got" / "outputs" / "parts" / "1.txt").read_text() == "weights"
    details = run.get_details()
    assert details["startTimeUtc"] < details["endTimeUtc"]
    assert run.get_status() == COMPLETED
    assert run.properties["ContentSnapshotId"] == record.snapshot


def test_logs_grow_while_the_run_goes_on(sdk: Sdk, folder: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"""
import os, time
print('first', flush=True)
while not os.path.exists({str(gate)!r}): time.sleep(0.05)
print('last')
"""
    run = sdk.experiment().submit(configured(folder, script), run_id="growing-0123456789")
    record = sdk.plane.runs[run.id]
    assert record.wait(RUNNING, timeout=PATIENCE)
    grown = threading.Event()
    for _ in range(600):
        if "first" in logs_of(run).get("", ""):
            grown.set()
            break
        record.wait(COMPLETED, timeout=0.1)
    assert grown.is_set()
    assert logs_of(run)[""] == "first\n"
    assert run.get_status() == RUNNING
    gate.touch()
    shown = io.StringIO()
    run._stream_run_output(shown)
    assert record.wait(timeout=PATIENCE)
    assert logs_of(run)[""] == "first\nlast\n"


def test_ranges_of_a_log_can_be_read(sdk: Sdk, folder: Path) -> None:
    import requests

    run, _ = executed(sdk, configured(folder, "print('0123456789')"), "range-0123456789")
    link = run.get_details()["logFiles"]["azureml-logs/70_driver_log.txt"]
    answer = requests.get(link, headers={"Range": "bytes=4-6"}, timeout=PATIENCE)
    assert (answer.status_code, answer.text) == (206, "456")


def test_a_failing_role_is_named(sdk: Sdk, folder: Path) -> None:
    from azureml.core.runconfig import TensorflowConfiguration

    script = """
import json, os, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
if task == {"type": "worker", "index": 1}:
    sys.exit(3)
time.sleep(600)
"""
    shape = TensorflowConfiguration(worker_count=2, parameter_server_count=1)
    run, _record = executed(sdk, configured(folder, script, distributed_job_config=shape), "failing-0123456789")
    assert run.get_status() == FAILED
    told = run.get_details()["error"]["error"]
    assert told["code"] == "UserError"
    assert "worker_1 exited with 3" in told["message"]
    assert sdk.cluster_of().nodes()["running"] == 0


def test_a_command_runs_in_bash_with_the_environment(sdk: Sdk, folder: Path) -> None:
    config = configured(folder, command=["echo", "$GREETING", "$AZUREML_ARM_PROJECT_NAME", "&&", "pwd"])
    config.run_config.environment_variables = {"GREETING": "hello there"}
    run, record = executed(sdk, config, "command-0123456789")
    assert record.status == COMPLETED, record.error
    assert logs_of(run)[""].splitlines()[0] == "hello there digits"
    assert run.get_details()["runDefinition"]["environmentVariables"] == {"GREETING": "hello there"}


@pytest.mark.parametrize("kind", ["pytorch", "mpi"])
def test_ranks(sdk: Sdk, folder: Path, kind: str) -> None:
    from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration

    if kind == "pytorch":
        names, shape = (
            ["RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK"],
            PyTorchConfiguration("Gloo", process_count=4, node_count=2),
        )
        expected = {"rank_0": "0 4 0 0\n", "rank_1": "1 4 1 0\n", "rank_2": "2 4 0 1\n", "rank_3": "3 4 1 1\n"}
    else:
        names = ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"]
        shape = MpiConfiguration(process_count_per_node=2, node_count=2)
        expected = {"rank_0": "0 4 0\n", "rank_1": "1 4 1\n", "rank_2": "2 4 0\n", "rank_3": "3 4 1\n"}
    script = f"""
import os
print(*(os.environ[name] for name in {names!r}))
assert {kind!r} == 'pytorch' or 'RANK' not in os.environ
"""
    run, record = executed(sdk, configured(folder, script, distributed_job_config=shape), f"{kind}-0123456789")
    assert record.status == COMPLETED, (record.error, logs_of(run))
    assert logs_of(run) == expected


def test_cancel(sdk: Sdk, folder: Path) -> None:
    run = sdk.experiment().submit(configured(folder, "import time; time.sleep(600)"), run_id="cancel-0123456789")
    record = sdk.plane.runs[run.id]
    assert record.wait(RUNNING, timeout=PATIENCE)
    run.cancel()
    assert record.wait(timeout=PATIENCE)
    assert run.get_status() == CANCELED
    assert record.statuses[-2:] == ["CancelRequested", CANCELED]
    run.cancel()
    assert run.get_status() == CANCELED


def test_a_run_longer_than_its_limit_is_cancelled(sdk: Sdk, folder: Path) -> None:
    config = configured(folder, "import time; time.sleep(600)", max_run_duration_seconds=1)
    run, _record = executed(sdk, config, "long-0123456789")
    assert run.get_status() == CANCELED
    assert "maximum run duration of 1 seconds" in run.get_details()["error"]["error"]["message"]


@pytest.mark.parametrize(
    ("mishap", "status", "code"),
    [
        (preempted("mishap-*"), FAILED, "ServiceError"),
        (no_capacity("mishap-*"), FAILED, "ServiceError"),
        (cancelled("mishap-*"), CANCELED, None),
        (Mishap(RUNNING, error("UserError", "Out of luck.")), FAILED, "UserError"),
    ],
    ids=["preempted", "no-capacity", "cancelled", "failed"],
)
def test_mishaps(sdk: Sdk, folder: Path, mishap: Mishap, status: str, code: str | None, request: Any) -> None:
    sdk.training.mishaps.append(mishap)
    pid = folder / "pid"
    script = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    run, record = executed(sdk, configured(folder, script), f"mishap-{request.node.callspec.id}")
    assert run.get_status() == status
    assert code is None or run.get_details()["error"]["error"]["code"] == code
    assert (record.started is None) == (mishap.phase == QUEUED)
    assert not sdk.training.mishaps
    if pid.exists() and pid.read_text():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


def test_runs_wait_for_nodes(sdk: Sdk, folder: Path, tmp_path: Path) -> None:
    from azureml.core.runconfig import PyTorchConfiguration

    gate = tmp_path / "gate"
    script = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)\n"
    config = configured(folder, script, distributed_job_config=PyTorchConfiguration("Gloo", node_count=2))
    experiment = sdk.experiment()
    first = experiment.submit(config, run_id="nodes-1")
    assert sdk.plane.runs["nodes-1"].wait(RUNNING, timeout=PATIENCE)
    experiment.submit(config, run_id="nodes-2")
    second = sdk.plane.runs["nodes-2"]
    assert second.wait(QUEUED, timeout=PATIENCE)
    assert sdk.cluster_of().nodes()["running"] == 2
    assert first.get_status() == RUNNING
    assert second.status == QUEUED
    gate.touch()
    assert second.wait(timeout=PATIENCE)
    assert second.status == COMPLETED


def test_a_used_id_is_refused_and_remembered(sdk: Sdk, folder: Path) -> None:
    from azureml.exceptions import ExperimentExecutionException

    config = configured(folder)
    executed(sdk, config, "twice-0123456789")
    with pytest.raises(ExperimentExecutionException, match="exists already"):
        sdk.experiment().submit(config, run_id="twice-0123456789")
    assert [one.run for one in sdk.plane.doubled] == ["twice-0123456789"]
    assert len([run for run in sdk.plane.runs if run.startswith("twice")]) == 1


def _changed(config: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(config.run_config, name, value)
    return config


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"node_count": 9, "framework": "PyTorch", "communicator": "Nccl"}, "exceeds the maximum node count 3"),
        ({"communicator": "ParameterServer"}, "needs the framework TensorFlow"),
        ({"communicator": "Nccl"}, "needs the framework PyTorch"),
        ({"framework": "Fortran"}, "is none of Python"),
        ({"node_count": 2}, "needs a communicator"),
        ({"environment_variables": {"A": 1}}, "environmentVariables.A"),
        ({"max_run_duration_seconds": 0}, "must be positive"),
    ],
)
def test_refusals(sdk: Sdk, folder: Path, values: Mapping[str, Any], told: str) -> None:
    from azureml.exceptions import ExperimentExecutionException

    with pytest.raises(ExperimentExecutionException, match=told):
        sdk.experiment().submit(_changed(configured(folder), **values), run_id="refused-0123456789")
    assert "refused-0123456789" not in sdk.plane.runs


def test_an_unknown_datastore_is_refused(sdk: Sdk, folder: Path) -> None:
    from azureml.core.runconfig import DataReferenceConfiguration
    from azureml.exceptions import ExperimentExecutionException

    config = _changed(configured(folder), data_references={"data": DataReferenceConfiguration("nowhere")})
    with pytest.raises(ExperimentExecutionException, match="datastore nowhere was not found"):
        sdk.experiment().submit(config, run_id="refused-0123456789")


def test_the_snapshot_can_be_restored(sdk: Sdk, folder: Path, tmp_path: Path) -> None:
    import zipfile

    (folder / "pkg").mkdir()
    (folder / "pkg" / "a b.py").write_text("A = 1\n")
    executed(sdk, configured(folder), "snap-1")
    (folder / "train.py").unlink()
    run, record = executed(sdk, configured(folder, "import sys; sys.path.append('pkg'); print('again')"), "snap-2")
    assert record.status == COMPLETED, record.error
    with zipfile.ZipFile(run.restore_snapshot(path=str(tmp_path))) as archive:
        assert sorted(archive.namelist()) == ["pkg/a b.py", "train.py"]
        assert b"again" in archive.read("train.py")


def test_nothing_is_left_when_the_emulator_ends(sdk: Sdk, folder: Path) -> None:
    script = "import json, os, time\nprint(json.dumps(os.getpid()), flush=True)\ntime.sleep(600)\n"
    run = sdk.experiment().submit(configured(folder, script), run_id="left-0123456789")
    record = sdk.plane.runs[run.id]
    assert record.wait(RUNNING, timeout=PATIENCE)
    for _ in range(600):
        if logs_of(run).get(""):
            break
        record.wait(COMPLETED, timeout=0.1)
    pid = json.loads(logs_of(run)[""])
    os.kill(pid, 0)
    sdk.training.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert record.status == FAILED
