"""Starting: at once, twice, by someone who dies, over a state that is damaged or whose processes are gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from specrun.engines.local import state, supervisor
from specrun.engines.local.request import Withheld
from specrun.spec.secrets import MASK
from tests.local.runs import Run, Runs, needs_proc, wait_until

STARTER = """
import sys, pathlib
from specrun.engines.local import supervisor
from specrun.engines.local.request import Withheld
sys.stdin.readline()
supervisor.start(pathlib.Path(sys.argv[1]), Withheld())
print("started", flush=True)
sys.stdin.readline()
"""


def starter(run: Run) -> subprocess.Popen[str]:
    """A process that starts the run once it reads a line, and then waits for another one."""
    command = [sys.executable, "-c", STARTER, str(run.folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_starters_at_once_one_runs_the_roles(runs: Runs) -> None:
    run = runs.prepare("echo once; echo ran >> ../outputs/count")
    starters = [starter(run) for _ in range(4)]
    for process in starters:
        tell(process)
    assert [process.communicate("\n")[0] for process in starters] == ["started\n"] * 4
    assert run.ended().status == state.SUCCEEDED
    assert (run.folder / "outputs" / "count").read_text() == "ran\n"
    assert run.log("main/0") == "once\n"


@needs_proc
def test_the_run_goes_on_when_its_starter_is_killed(runs: Runs) -> None:
    run = runs.prepare("echo ready; until [ -e ../inputs/go ]; do sleep 0.01; done")
    process = starter(run)
    tell(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    assert state.held(run.folder)
    process.kill()
    process.communicate()
    run.running()
    (run.folder / "inputs" / "go").touch()
    assert run.ended().status == state.SUCCEEDED
    run.nothing_left()


@needs_proc
@pytest.mark.parametrize("delay", [0.0, 0.005, 0.015, 0.03, 0.045, 0.06])
def test_starter_killed_at_any_moment_then_started_again(runs: Runs, delay: float) -> None:
    run = runs.prepare("echo ran >> ../outputs/count; echo $S", secret_names=("S",))
    body = "import sys, pathlib\nfrom specrun.engines.local import request, supervisor\nprint(flush=True)\n"
    body += "withheld = request.Withheld({'S': 'x' * 100_000}, ('x' * 100_000,))\n"
    body += "supervisor.start(pathlib.Path(sys.argv[1]), withheld)"
    process = subprocess.Popen([sys.executable, "-c", body, str(run.folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired) if delay < 0.02 else _either():
        process.wait(delay)
    process.kill()
    process.communicate()
    supervisor.start(run.folder, Withheld({"S": "y"}, ("y",)))
    assert run.ended().status == state.SUCCEEDED
    assert (run.folder / "outputs" / "count").read_text() == "ran\n"
    assert run.log("main/0").strip() in ("y", MASK)  # too short to be masked, or long enough
    run.nothing_left()


class _either:
    def __enter__(self) -> None: ...
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is None or issubclass(kind, subprocess.TimeoutExpired)


def test_machine_restarted_in_the_middle(runs: Runs) -> None:
    run = runs.prepare("echo ran")
    running = state.State(state.RUNNING, submitted=1.0, started=2.0, roles={"main/0": state.RoleState("running")})
    state.write(run.folder, running)
    assert run.state().status == state.LOST
    assert run.state().reason
    run.start()
    assert state.read(run.folder).status == state.RUNNING
    assert run.state().status == state.LOST
    assert not list((run.folder / "logs").iterdir())


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"\x00" * 512, b"\xff\xfe", b'{"format": 1}', b'{"format": 2}', b"[" * 100_000),
        b'{"format": 1, "status": "paused", "reason": "", "failed_role": null, "roles": {}}',
        b'{"format": 1, "status": "running", "reason": "", "failed_role": null, "roles": []}',
        b'{"format": 1, "status": "running", "reason": "", "failed_role": null, "submitted": "x", "roles": {}}',
    ],
)
def test_damaged_state(runs: Runs, content: bytes) -> None:
    run = runs.prepare("echo ran")
    (run.folder / "state.json").write_bytes(content)
    assert state.read(run.folder).status == state.CORRUPTED
    assert str(run.folder) in run.state().reason
    run.start()
    assert (run.folder / "state.json").read_bytes() == content
    assert not list((run.folder / "logs").iterdir())


def test_state_damaged_while_the_run_goes_on(runs: Runs) -> None:
    run = runs.start("echo ready; until [ -e ../inputs/go ]; do sleep 0.01; done").running()
    (run.folder / "state.json").write_bytes(b"\x00")
    assert run.state().status == state.CORRUPTED
    (run.folder / "inputs" / "go").touch()
    assert run.ended().status == state.SUCCEEDED


def test_damaged_request(runs: Runs) -> None:
    run = runs.prepare("echo ran")
    (run.folder / "request.json").write_text('{"format": 1}')
    with pytest.raises(supervisor.NotStarted, match=r"request\.json"):
        run.start()
    assert run.state().status == state.PREPARED


def test_a_look_at_the_lock_does_not_keep_a_run_from_starting(runs: Runs) -> None:
    run = runs.prepare("echo ran")
    looker = "import sys, pathlib\nfrom specrun.engines.local import state\nprint(flush=True)\n"
    looker += "while True: state.held(pathlib.Path(sys.argv[1]))"
    process = subprocess.Popen([sys.executable, "-c", looker, str(run.folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        run.start()
        assert run.ended().status == state.SUCCEEDED
    finally:
        process.kill()
        process.communicate()


def test_a_lock_that_somebody_has_for_nothing_is_said(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.prepare("echo ran")
    lock = state.acquire(run.folder)
    assert lock is not None
    monkeypatch.setattr(supervisor, "_LOCK_PATIENCE", 0.0)
    with pytest.raises(supervisor.NotStarted, match=r"another process has .*/lock and does not start the run"):
        supervisor._lock(run.folder)
    os.close(lock)
    run.start()
    assert run.ended().status == state.SUCCEEDED


@needs_proc
def test_shutdown_leaves_the_run_to_be_submitted_again(runs: Runs) -> None:
    run = runs.start("echo ready; sleep 600; true").running()
    os.kill(run.supervisor(), signal.SIGTERM)
    end = run.ended()
    assert (end.status, "SIGTERM" in end.reason) == (state.LOST, True)
    run.nothing_left()


@needs_proc
def test_shutdown_that_ends_the_role_first(runs: Runs) -> None:
    run = runs.start("echo ready; sleep 600; true").running()
    os.kill(run.supervisor(), signal.SIGSTOP)
    os.kill(run.process("main/0"), signal.SIGTERM)
    os.kill(run.supervisor(), signal.SIGTERM)
    os.kill(run.supervisor(), signal.SIGCONT)
    assert run.ended().status == state.LOST
    run.nothing_left()


@needs_proc
def test_starting_leaves_no_child_to_its_caller(runs: Runs) -> None:
    run = runs.start("true")
    run.ended()
    wait_until(lambda: not run.left(), "the supervisor's exit")
    # Other tests' servers may be children of this process, and alive; of the supervisor nothing is to be collected.
    with contextlib.suppress(ChildProcessError):
        assert os.waitpid(-1, os.WNOHANG) == (0, 0)
