"""Runs as they should be: what roles are told, how they end, and who waits for whom."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from specrun.engines.local import state, supervisor
from specrun.engines.local.logged import kept_logged
from specrun.engines.local.request import Cluster, Team, Withheld
from specrun.engines.local.role_logs import read_times
from tests.local.runs import IS_PS, IS_WORKER_1, PS_AND_2_WORKERS, Runs, needs_proc, wait_until

HOLD = "echo ready; until [ -e ../inputs/go ]; do sleep 0.01; done"
SERVE = f"if {IS_PS}; then sleep 600; fi; until [ -s ../logs/ps-0.txt ]; do sleep 0.01; done"
TWO_NODES = Cluster("gpu-cluster", 2)


def go(folder: Path) -> None:
    (folder / "inputs" / "go").touch()


LOGS = 'd=${MLFLOW_TRACKING_URI#file://}/0/a; mkdir -p $d/metrics; echo "start_time: 1" > $d/meta.yaml; '


def test_what_roles_have_logged_is_kept_as_the_run_ends(runs: Runs) -> None:
    logged = "if [ $RANK = 0 ]; then touch ../inputs/logged; fi; until [ -e ../inputs/logged ]; do sleep 0.01; done"
    script = f'{LOGS} echo "1000 $RANK 7" > $d/metrics/loss; {logged}; exit $RANK'  # the failing role ends the other
    run = runs.start(script, distribution=Team("pytorch", process_count_per_instance=2))
    assert run.ended().status == state.FAILED
    kept = kept_logged(run.folder)
    assert kept is not None
    assert {name: (last.value, last.step) for name, last in kept.metrics.items() if not last.role} == {"loss": (0, 7)}
    assert kept.metrics["worker/1/loss"].value == 1


def test_parameter_server_run(runs: Runs) -> None:
    run = runs.start(f'echo "$TF_CONFIG"; {SERVE}', distribution=PS_AND_2_WORKERS)
    end = run.ended()
    assert (end.status, end.reason, end.failed_role) == (state.SUCCEEDED, "", None)
    assert end.submitted is not None
    assert end.started is not None
    assert end.ended is not None
    assert end.submitted <= end.started <= end.ended
    for role in end.roles.values():
        assert role.pid is None
        assert end.started <= (role.started or 0) <= (role.ended or 0) <= end.ended
    assert {name: role.status for name, role in end.roles.items()} == {
        "ps/0": "stopped",
        "worker/0": "succeeded",
        "worker/1": "succeeded",
    }
    told = {role: json.loads(run.log(role)) for role in end.roles}
    for role, config in told.items():
        kind, index = role.split("/")
        assert list(config) == ["cluster", "task", "environment"]
        assert config["task"] == {"type": kind, "index": int(index)}
        assert config["environment"] == "cloud"
        assert config["cluster"] == told["ps/0"]["cluster"]
    cluster = told["ps/0"]["cluster"]
    assert {kind: len(addresses) for kind, addresses in cluster.items()} == {"worker": 2, "ps": 1}
    assert len({*cluster["worker"], *cluster["ps"]}) == 3


def test_pytorch_run(runs: Runs) -> None:
    run = runs.start(
        "echo $MASTER_ADDR:$MASTER_PORT $WORLD_SIZE $RANK $LOCAL_RANK $NODE_RANK",
        distribution=Team("pytorch", process_count_per_instance=2),
        instance_count=2,
    )
    assert run.ended().status == state.SUCCEEDED
    said = [run.log(f"worker/{rank}").split() for rank in range(4)]
    assert len({words[0] for words in said}) == 1
    assert [words[1:] for words in said] == [f"4 {r} {r % 2} {r // 2}".split() for r in range(4)]


def test_single_process(runs: Runs) -> None:
    (runs.home / "bin").mkdir()
    tool = runs.home / "bin" / "a-tool"
    tool.write_text("#!/bin/bash\necho $PWD $GREETING $AZUREML_RUN_ID $PYTHONUNBUFFERED")
    tool.chmod(0o755)
    run = runs.start("a-tool; cat", environment_variables={"GREETING": "hello"}, path=(str(tool.parent),))
    assert run.ended().status == state.SUCCEEDED
    assert run.log("main/0").split() == [str(run.folder / "code"), "hello", "run-1", "1"]
    ((size, moment),) = (read_times(run.folder) or {})["main/0"]
    written = (run.folder / "logs/main-0.txt").stat()
    assert (size, moment) == (written.st_size, pytest.approx(written.st_mtime, abs=0.001))


@pytest.mark.parametrize(
    ("script", "how", "exit_", "signal"),
    [
        ("exit 1", "exited with status 1", 1, None),
        ("kill -SEGV $$", "was killed by SIGSEGV (11)", None, 11),
        ("bash -c 'kill -9 $$'; exit $?", "exited with status 137, as after SIGKILL (9)", 137, None),
        ("exec no-such-program", "exited with status 127", 127, None),
    ],
)
def test_failing_role_fails_the_run(runs: Runs, script: str, how: str, exit_: int | None, signal: int | None) -> None:
    run = runs.start(f"if {IS_WORKER_1}; then {script}; fi; sleep 600", distribution=PS_AND_2_WORKERS)
    end = run.ended()
    assert (end.status, end.reason, end.failed_role) == (state.FAILED, f"worker/1 {how}", "worker/1")
    failed = end.roles["worker/1"]
    assert (failed.status, failed.exit, failed.signal) == ("failed", exit_, signal)
    assert {end.roles[name].status for name in ("ps/0", "worker/0")} == {"stopped"}


def test_the_first_to_fail_takes_the_blame(runs: Runs) -> None:
    script = f"if {IS_WORKER_1}; then exit 3; fi; trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done"
    end = runs.start(script, distribution=PS_AND_2_WORKERS).ended()
    assert end.failed_role == "worker/1"


def test_timeout(runs: Runs) -> None:
    end = runs.start("sleep 600", timeout=0.3).ended()
    assert (end.status, end.reason) == (state.FAILED, "ran longer than limits.timeout (0.3 s)")
    assert end.roles["main/0"].status == "stopped"


def test_sigterm_lets_a_script_finish(runs: Runs) -> None:
    run = runs.start("trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done", grace=20.0).running()
    state.cancel(run.folder)
    assert run.ended().status == state.CANCELLED
    assert "saved" in run.log("main/0").split()


def test_cancelled_before_its_start(runs: Runs) -> None:
    run = runs.prepare("echo ran")
    state.cancel(run.folder)
    assert run.start().ended().status == state.CANCELLED
    assert not list((run.folder / "logs").iterdir())


def test_code_folder_that_is_gone(runs: Runs) -> None:
    run = runs.prepare("true")
    (run.folder / "code").rmdir()
    end = run.start().ended()
    assert (end.status, end.failed_role) == (state.FAILED, "main/0")
    assert "code" in run.log("main/0")


def test_log_that_cannot_be_written(runs: Runs) -> None:
    run = runs.prepare("true")
    (run.folder / "logs" / "main-0.txt").mkdir()
    end = run.start().ended()
    assert (end.status, end.reason) == (state.FAILED, "main/0 could not be started: Is a directory")


def test_a_full_cluster_queues_in_order_of_arrival(runs: Runs) -> None:
    first = runs.start(HOLD, "first", cluster=TWO_NODES, instance_count=2).running()
    second = runs.start(HOLD, "second", cluster=TWO_NODES, instance_count=2)
    wait_until(lambda: second.state().status == state.QUEUED, "the second run to be queued")
    third = runs.start(HOLD, "third", cluster=TWO_NODES)
    wait_until(lambda: third.state().status == state.QUEUED, "the third run to be queued")
    elsewhere = runs.start("true", "elsewhere", cluster=Cluster("other", 1))
    assert elsewhere.ended().status == state.SUCCEEDED
    assert second.state().reason == "2 of 2 nodes of gpu-cluster are in use by run first"
    assert second.state().started is None
    go(first.folder)
    second.running()
    assert third.state().status == state.QUEUED
    go(second.folder)
    go(third.folder)
    ends = [run.ended() for run in (first, second, third)]
    assert [end.status for end in ends] == [state.SUCCEEDED] * 3
    assert [end.reason for end in ends] == [""] * 3
    assert not list((runs.home / "slots").glob("*.json"))


def test_cancel_while_queued(runs: Runs) -> None:
    first = runs.start(HOLD, "first", cluster=Cluster("c", 1)).running()
    second = runs.start(HOLD, "second", cluster=Cluster("c", 1))
    wait_until(lambda: second.state().status == state.QUEUED, "the second run to be queued")
    state.cancel(second.folder)
    end = second.ended()
    assert (end.status, end.started) == (state.CANCELLED, None)
    assert first.state().status == state.RUNNING


@needs_proc
def test_killed_runs_free_their_nodes(runs: Runs) -> None:
    first = runs.start(HOLD, "first", cluster=Cluster("c", 1)).running()
    second = runs.start("true", "second", cluster=Cluster("c", 1))
    wait_until(lambda: second.state().status == state.QUEUED, "the second run to be queued")
    os.kill(first.supervisor(), 9)
    assert second.ended().status == state.SUCCEEDED
    first.nothing_left()


def test_more_than_the_cluster_has(runs: Runs) -> None:
    end = runs.start("true", cluster=TWO_NODES, instance_count=3).ended()
    assert end.status == state.FAILED
    assert end.reason == "it needs 3 nodes and gpu-cluster has at most 2 (max_instances)"


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nvidia"
    folder.mkdir()
    tool = folder / "nvidia-smi"
    tool.write_text("#!/bin/bash\necho '0, GPU-aaaa'\necho '1, GPU-bbbb'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("two_gpus")
def test_each_worker_has_its_own_gpu(runs: Runs) -> None:
    run = runs.start(f"echo gpu=$CUDA_VISIBLE_DEVICES; {SERVE}", distribution=PS_AND_2_WORKERS)
    end = run.ended()
    assert [run.log(role) for role in ("ps/0", "worker/0", "worker/1")] == ["gpu=\n", "gpu=0\n", "gpu=1\n"]
    assert {name: role.gpus for name, role in end.roles.items()} == {
        "ps/0": (),
        "worker/0": ("0",),
        "worker/1": ("1",),
    }


@pytest.mark.usefixtures("two_gpus")
def test_runs_share_no_gpu(runs: Runs) -> None:
    held = [runs.start(f"echo $CUDA_VISIBLE_DEVICES; {HOLD}", name).running() for name in ("first", "second")]
    third = runs.start("echo $CUDA_VISIBLE_DEVICES", "third")
    wait_until(lambda: third.state().status == state.QUEUED, "the third run to be queued")
    assert third.state().reason == "2 of 2 GPUs of this machine are in use by runs first and second"
    without = runs.start("echo none:$CUDA_VISIBLE_DEVICES", "without", gpu=False)
    assert without.ended().status == state.SUCCEEDED
    assert without.log("main/0") == "none:\n"
    go(held[1].folder)
    assert third.ended().status == state.SUCCEEDED
    assert [run.log("main/0").split()[0] for run in (*held, third)] == ["0", "1", "1"]


def test_gpu_asked_for_where_there_is_none(runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/bash\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    end = runs.start("true", gpu=True).ended()
    assert (end.status, end.reason) == (
        state.FAILED,
        "it needs 1 GPU, one for each process, and this machine has none",
    )


def test_lines_printed_without_pause(runs: Runs) -> None:
    count = 200_000
    run = runs.start(f"seq -f 'line %.0f of this role' 1 {count}", distribution=Team("tensorflow", 0, 3))
    assert run.ended().status == state.SUCCEEDED
    for role in ("worker/0", "worker/1", "worker/2"):
        assert run.log(role).splitlines() == [f"line {number} of this role" for number in range(1, count + 1)]


def test_a_secret_does_not_get_into_the_log(runs: Runs) -> None:
    # Cut in two, between a hundred thousand lines, and by what the role leaves running.
    script = (
        "printf '%s' \"${TOKEN:0:5}\"; sleep 0.01; printf '%s\\n' \"${TOKEN:5}\"; seq 1 100000; "
        '(sleep 0.05; echo "$TOKEN" >&2) &'
    )
    run = runs.prepare(script, secret_names=("TOKEN",)).start({"TOKEN": "open-sesame-42"})
    assert run.ended().status == state.SUCCEEDED
    first, *lines, last = run.log("main/0").splitlines()
    assert (first, last) == ("••••", "••••")
    assert lines == [str(number) for number in range(1, 100_001)]
    run.nothing_left()


def test_foreground(runs: Runs) -> None:
    run = runs.prepare("echo $TOKEN", secret_names=("TOKEN",))
    command = [sys.executable, "-m", "specrun.engines.local.supervisor", str(run.folder)]
    given = b'{"variables": {"TOKEN": "value"}, "hidden": ["value"]}'
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert run.state().status == state.SUCCEEDED
    assert run.log("main/0") == "••••\n"


def test_a_run_that_began_and_ended_just_before_the_lock_was_got(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.prepare("true")
    acquire = state.acquire

    def late(folder: Path) -> int | None:
        state.write(folder, state.State(state.SUCCEEDED))
        return acquire(folder)

    monkeypatch.setattr(state, "acquire", late)
    assert supervisor._lock(run.folder) is None
    assert not state.held(run.folder)


def test_starting_a_run_that_has_ended(runs: Runs) -> None:
    run = runs.start("echo once")
    end = run.ended()
    run.start()
    assert run.state() == end
    assert run.log("main/0") == "once\n"


def test_start_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(supervisor.NotStarted):
        supervisor.start(tmp_path / "nothing", Withheld())


@needs_proc
def test_an_idle_guard_sleeps(runs: Runs) -> None:
    run = runs.start("echo ready; exec sleep 600").running()
    supervisor_, guard = run.supervisor(), run.guard("main/0")
    wakes = (_switches(supervisor_), _switches(guard))
    wait_until(lambda: _switches(supervisor_) >= wakes[0] + 3, "three ticks of the supervisor")
    assert _switches(guard) == wakes[1]
    state.cancel(run.folder)
    run.ended()


def _switches(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
