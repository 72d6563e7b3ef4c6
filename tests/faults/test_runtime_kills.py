"""SIGKILL of a run's processes, each alone and several at once: the run ends, says why, and leaves no process."""

from __future__ import annotations

import os
import signal

import pytest

from specrun.engines.local import processes, state
from tests.local.runs import PS_AND_2_WORKERS, Run, Runs, kill_at_once, needs_proc, wait_until, with_argument

pytestmark = needs_proc

# Each role has a child in a session of its own whose parent is gone, and which ignores SIGTERM.
STUBBORN = "(setsid bash -c 'trap \"\" TERM; sleep 600 & echo ready; while :; do sleep 600; done' &); sleep 600; true"


@pytest.fixture
def run(runs: Runs) -> Run:
    return runs.start(STUBBORN, distribution=PS_AND_2_WORKERS).running()


def test_the_check_for_what_is_left_can_fail(run: Run) -> None:
    left = run.left()
    names = [line.split()[1] for line in left]
    assert len(left) >= 1 + 3 + 3 * 3, left  # the supervisor, the guards, and each role's shell, sleep, far child …
    assert names.count("sleep") >= 6, left


@pytest.mark.parametrize("role", ["worker/1", "ps/0"])
def test_killed_role(run: Run, role: str) -> None:
    os.kill(run.process(role), signal.SIGKILL)
    end = run.ended()
    assert (end.status, end.failed_role) == (state.FAILED, role)
    assert end.reason == f"{role} was killed by SIGKILL (9)"
    assert (end.roles[role].status, end.roles[role].signal) == ("failed", 9)
    assert {each.status for name, each in end.roles.items() if name != role} == {"stopped"}
    run.nothing_left()


def test_of_two_killed_roles_the_first_takes_the_blame(run: Run) -> None:
    os.kill(run.supervisor(), signal.SIGSTOP)  # it hears of both at once
    for role in ("worker/1", "ps/0"):
        guard, process = run.guard(role), run.process(role)
        os.kill(process, signal.SIGKILL)
        wait_until(lambda guard=guard, process=process: process not in run.children(guard), "the guard to have noticed")
    os.kill(run.supervisor(), signal.SIGCONT)
    end = run.ended()
    assert end.failed_role == "worker/1"
    assert end.roles["ps/0"].status == "failed"
    run.nothing_left()


def test_killed_guard(run: Run) -> None:
    os.kill(run.guard("worker/0"), signal.SIGKILL)
    end = run.ended()
    assert (end.status, end.failed_role) == (state.FAILED, "worker/0")
    assert end.reason == "the guard of worker/0 was killed by SIGKILL (9), and worker/0 with it"
    run.nothing_left()


def test_killed_guard_whose_orphan_has_no_marker(runs: Runs) -> None:
    name = f"{1_000_000 + os.getpid()}.25"
    run = runs.start(f"(env -i setsid sleep {name} &); echo ready; sleep 600; true").running()
    assert wait_until(lambda: with_argument(name), "the orphan")
    os.kill(run.guard("main/0"), signal.SIGKILL)
    assert run.ended().status == state.FAILED
    assert not with_argument(name)


def test_all_guards_killed(run: Run) -> None:
    kill_at_once(*run.guards())
    assert run.ended().status == state.FAILED
    run.nothing_left()


def test_killed_supervisor(run: Run) -> None:
    os.kill(run.supervisor(), signal.SIGKILL)
    assert run.ended().status == state.LOST
    assert state.read(run.folder).status == state.RUNNING
    run.nothing_left()


def test_a_killed_supervisors_lock_is_free_only_when_its_processes_are_gone(run: Run) -> None:
    stopped = run.guard("worker/0")
    os.kill(stopped, signal.SIGSTOP)
    os.kill(run.supervisor(), signal.SIGKILL)
    wait_until(lambda: len(run.guards()) == 1, "the other guards to clean up")
    assert state.held(run.folder)
    assert run.state().status == state.RUNNING
    os.kill(stopped, signal.SIGCONT)
    assert run.ended().status == state.LOST
    assert not run.left(own=False)


def test_supervisor_and_a_guard_killed_at_once(run: Run) -> None:
    kill_at_once(run.supervisor(), run.guard("worker/0"))
    assert run.ended().status == state.LOST
    run.nothing_left()


def test_supervisor_and_all_guards_killed_at_once(run: Run) -> None:
    roles = [run.process(role) for role in run.state().roles]
    kill_at_once(run.supervisor(), *run.guards())
    assert run.ended().status == state.LOST
    wait_until(lambda: not {f"{pid}" for pid in roles} & {line.split()[0] for line in run.left()}, "the roles' end")
    assert run.left(), "nobody is left to kill what had gone far away"
    assert processes.sweep(run.marker)
    run.nothing_left()
    assert processes.sweep(run.marker) == ()


def test_supervisor_and_all_processes_of_a_role_killed(run: Run) -> None:
    kill_at_once(run.supervisor(), run.process("worker/0"))
    assert run.ended().status == state.LOST
    run.nothing_left()


def test_sweep_spares_other_runs(runs: Runs, run: Run) -> None:
    other = runs.start("echo ready; sleep 600; true", "run-2").running()
    assert processes.sweep("no such run") == ()
    os.kill(run.supervisor(), signal.SIGKILL)
    run.ended()
    run.nothing_left()
    assert other.state().status == state.RUNNING
    state.cancel(other.folder)
    assert other.ended().status == state.CANCELLED
    other.nothing_left()
