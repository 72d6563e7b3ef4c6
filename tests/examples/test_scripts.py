"""The examples' training scripts, run by hand: real processes with the environment that Azure ML gives, no specrun."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from specrun.engines.event_files import read_events
from tests.searching import Search

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "specs" / "examples"
DATA = EXAMPLES / "digits-ps" / "data"
TENSORFLOW_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"}
DEADLINE = 180  # seconds, for what takes ten on an idle machine


def needs(package: str, extra: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"needs {package}: pip install '.[{extra}]'")


@dataclass
class Process:
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait(self) -> None:
        """Wait for exit code 0."""
        assert self.popen.wait(DEADLINE) == 0, self.output

    @property
    def accuracies(self) -> list[float]:
        return [float(number) for number in re.findall(r"^accuracy (\d\.\d+)$", self.output, re.MULTILINE)]


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `python script arguments…` in a process of its own; what still runs after the test is killed."""
    started: list[Process] = []

    def start(script: Path, *arguments: object, env: Mapping[str, str] | None = None) -> Process:
        log = tmp_path / f"process-{len(started)}.log"
        with log.open("wb") as file:
            popen = subprocess.Popen(
                [sys.executable, str(script), *map(str, arguments)],
                env={**os.environ, **(env or {})},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started.append(Process(popen, log))
        return started[-1]

    yield start
    for process in started:
        process.popen.kill()
        process.popen.wait(DEADLINE)


def free_addresses(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def wait_until_listening(address: str, process: Process) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + DEADLINE
    while True:
        with closing(socket.socket()) as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        assert process.popen.poll() is None, process.output
        assert time.monotonic() < deadline, process.output
        time.sleep(0.05)


def start_cluster(
    start: Start, script: Path, arguments: list[object], *, workers: int = 2, late: str | None = None
) -> tuple[dict[str, Process], dict[str, list[str]]]:
    """One parameter server and `workers` workers; the `late` one starts when all others listen on their ports."""
    ps, *others = free_addresses(1 + workers)
    cluster = {"worker": others, "ps": [ps]}
    tasks = [(role, index) for role, addresses in cluster.items() for index in range(len(addresses))]
    processes: dict[str, Process] = {}
    for role, index in sorted(tasks, key=lambda task: f"{task[0]}/{task[1]}" == late):
        name = f"{role}/{index}"
        if name == late:
            for other, process in processes.items():
                other_role, other_index = other.split("/")
                wait_until_listening(cluster[other_role][int(other_index)], process)
        config = {"cluster": cluster, "task": {"type": role, "index": index}, "environment": "cloud"}
        processes[name] = start(script, *arguments, env={"TF_CONFIG": json.dumps(config), **TENSORFLOW_QUIET})
    return processes, cluster


READ_FROM_PS = """
import sys
import numpy as np
import tensorflow as tf
tf1 = tf.compat.v1
tf1.disable_eager_execution()
target, saved = sys.argv[1], np.load(sys.argv[2])
with tf1.device("/job:ps/task:0"):
    variables = {name: tf1.get_variable(name, saved[name].shape) for name in saved.files}
only_ps = tf1.ConfigProto(device_filters=["/job:ps"])  # the workers are gone: do not wait for them
with tf1.Session(target, config=only_ps) as session:
    for name, value in session.run(variables).items():
        np.testing.assert_array_equal(value, saved[name])
print("compared", len(variables))
"""


@pytest.mark.slow
@needs("tensorflow", "tensorflow")
def test_digits_ps_trains_both_workers_on_variables_that_live_on_the_ps(start: Start, tmp_path: Path) -> None:
    model = tmp_path / "model"
    board = tmp_path / "board"
    arguments = ["--data", DATA, "--model-dir", model, "--log-dir", board, "--steps", 200, "--seed", 7]
    # One that is late, as they may be: each of the others, too, with `make test-long`.
    processes, cluster = start_cluster(start, EXAMPLES / "digits-ps/src/train.py", arguments, late="ps/0")
    first, second, ps = processes["worker/0"], processes["worker/1"], processes["ps/0"]
    first.wait()
    second.wait()

    assert len(first.accuracies) == 1, first.output
    assert first.accuracies[0] >= 0.90
    assert second.accuracies == []
    for worker in (first, second):
        assert re.findall(r"^step +(\d+)/200  loss \d+\.\d+ +[\d,]+ images/s$", worker.output, re.MULTILINE) == [
            "50",
            "100",
            "150",
            "200",
        ]
    metrics = json.loads((model / "metrics.json").read_text())
    assert metrics["updates"] == 2 * 200  # one count, on the ps, to which both have added
    assert metrics["accuracy"] == pytest.approx(first.accuracies[0], abs=1e-4)
    logged = read_events(b"".join(file.read_bytes() for file in board.iterdir())).points
    assert [(one.tag, one.step) for one in logged] == [
        (name, step) for step in range(10, 201, 10) for name in ("loss", "accuracy")
    ]
    assert logged[-1].value >= 0.90

    # The workers are gone. The parameter server is not, and it still has the very weights that worker 0 has saved.
    assert ps.popen.poll() is None
    assert "the weights are kept on /job:ps/task:0\n" in first.output
    reader = tmp_path / "reader.py"
    reader.write_text(READ_FROM_PS)
    comparison = start(reader, f"grpc://{cluster['ps'][0]}", model / "weights.npz", env=TENSORFLOW_QUIET)
    comparison.wait()
    assert "compared 4" in comparison.output


@pytest.mark.long
@pytest.mark.slow
@needs("tensorflow", "tensorflow")
def test_digits_ps_waits_for_a_late_process_and_ends(start: Start, tmp_path: Path, search: Search) -> None:
    if not search.whole:
        pytest.skip("only with -m long: the test above has a late parameter server")
    for late in ("worker/0", "worker/1"):
        model = tmp_path / late
        arguments = ["--data", DATA, "--model-dir", model, "--steps", 100]
        processes, _ = start_cluster(start, EXAMPLES / "digits-ps/src/train.py", arguments, late=late)
        processes["worker/0"].wait()
        processes["worker/1"].wait()
        assert "step  100/100" in processes["worker/1"].output
        assert processes["worker/0"].accuracies[0] >= 0.90
        assert json.loads((model / "metrics.json").read_text())["updates"] == 2 * 100


@pytest.mark.slow
@needs("tensorflow", "tensorflow")
def test_mnist_gpu_trains_and_goes_on_from_its_checkpoint(start: Start, tmp_path: Path) -> None:
    data, model = tmp_path / "mnist.npz", tmp_path / "model"
    write_enlarged_digits(data)
    firsts = []
    for steps in (40, 60):
        arguments = ["--data", data, "--model-dir", model, "--steps", steps, "--batch-size", 32]
        processes, _ = start_cluster(start, EXAMPLES / "mnist-gpu/src/train.py", arguments, workers=1)
        worker = processes["worker/0"]
        worker.wait()
        firsts += re.findall(r"^step +(\d+)/", worker.output, re.MULTILINE)[:1]
    assert int(firsts[0]) < 2
    assert int(firsts[1]) >= 40
    assert worker.accuracies[0] >= 0.80  # sixty small steps
    assert (model / "checkpoint").is_file()


def write_enlarged_digits(file: Path) -> None:
    """The 8×8 digits as 28×28 images, under the names that mnist.npz uses."""
    import numpy as np

    rows = np.loadtxt(DATA / "digits.csv.gz", delimiter=",")
    images = np.zeros((len(rows), 28, 28), np.uint8)
    images[:, 2:26, 2:26] = np.kron(rows[:, :64].reshape(-1, 8, 8) * 255 / 16, np.ones((3, 3)))
    labels = rows[:, 64].astype(np.uint8)
    np.savez(file, x_train=images[360:], y_train=labels[360:], x_test=images[:360], y_test=labels[:360])


@pytest.mark.slow
@needs("torch", "pytorch")
def test_digits_pytorch_averages_over_two_processes(start: Start, tmp_path: Path) -> None:
    host, port = free_addresses(1)[0].split(":")
    arguments = ["--data", DATA, "--model-dir", tmp_path / "model"]
    processes = []
    for rank in range(2):
        env = {"MASTER_ADDR": host, "MASTER_PORT": port, "WORLD_SIZE": "2"}
        env |= {"RANK": str(rank), "LOCAL_RANK": "0", "NODE_RANK": str(rank)}
        processes.append(start(EXAMPLES / "digits-pytorch/src/train.py", *arguments, env=env))
    for process in processes:
        process.wait()
        assert "step  300/300" in process.output
    assert len(processes[0].accuracies) == 1
    assert processes[0].accuracies[0] >= 0.90
    assert processes[1].accuracies == []
    assert json.loads((tmp_path / "model/metrics.json").read_text())["processes"] == 2
    assert (tmp_path / "model/weights.pt").is_file()


@needs("numpy", "tensorflow")
def test_digits_single_needs_numpy_alone(start: Start, tmp_path: Path) -> None:
    process = start(EXAMPLES / "digits-single/src/train.py", "--data", DATA, "--model-dir", tmp_path / "model")
    process.wait()
    assert len(process.accuracies) == 1
    assert process.accuracies[0] >= 0.90
    assert json.loads((tmp_path / "model/metrics.json").read_text())["accuracy"] >= 0.90
    assert (tmp_path / "model/weights.npz").is_file()


def test_the_starter_needs_python_alone(start: Start, tmp_path: Path) -> None:
    script = ROOT / "specrun/cli/templates/src/train.py"
    process = start("-SI", script, "--model-dir", tmp_path / "model")  # -S: without site-packages
    process.wait()
    assert len(process.accuracies) == 1
    assert process.accuracies[0] >= 0.90
    assert json.loads((tmp_path / "model/model.json").read_text())["accuracy"] >= 0.90
