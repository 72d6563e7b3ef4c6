"""Scripts that do not want to end: they ignore SIGTERM, double-fork, or leave children behind."""

from __future__ import annotations

import pytest

from specrun.engines.local import state
from tests.local.runs import IS_PS, PS_AND_2_WORKERS, Runs, needs_proc

pytestmark = needs_proc

DEAF = "trap '' TERM; echo ready; while :; do sleep 600; done"
DOUBLE_FORK = """
import os, signal, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("daemon", flush=True)
time.sleep(600)
"""


def test_cancel_of_a_script_that_ignores_sigterm(runs: Runs) -> None:
    run = runs.start(DEAF, distribution=PS_AND_2_WORKERS).running()
    state.cancel(run.folder)
    end = run.ended()
    assert (end.status, end.reason) == (state.CANCELLED, "cancelled")
    assert {role.signal for role in end.roles.values()} == {9}
    run.nothing_left()


def test_parameter_server_that_ignores_sigterm(runs: Runs) -> None:
    served = "until [ -s ../logs/ps-0.txt ]; do sleep 0.01; done"
    run = runs.start(f"if {IS_PS}; then {DEAF}; fi; {served}", distribution=PS_AND_2_WORKERS)
    end = run.ended()
    assert end.status == state.SUCCEEDED
    assert (end.roles["ps/0"].status, end.roles["ps/0"].signal) == ("stopped", 9)
    run.nothing_left()


@pytest.mark.parametrize(("last", "status"), [("exit 0", state.SUCCEEDED), ("exit 3", state.FAILED)])
def test_daemon_left_behind(runs: Runs, last: str, status: str) -> None:
    (runs.home / "daemon.py").write_text(DOUBLE_FORK)
    script = f"python3 {runs.home}/daemon.py; until grep -q daemon ../logs/main-0.txt; do sleep 0.01; done; {last}"
    run = runs.start(script)
    assert run.ended().status == status
    assert "daemon" in run.log("main/0")
    assert not run.left(own=False), "the run had ended, and this was still there"


def test_what_a_role_leaves_running_may_still_write(runs: Runs) -> None:
    run = runs.start("for i in {1..1000}; do echo $i; done > >(sleep 0.1; cat)")
    assert run.ended().status == state.SUCCEEDED
    assert run.log("main/0").split() == [str(i) for i in range(1, 1001)]


def test_a_storm_of_forks(runs: Runs) -> None:
    run = runs.start("for i in {1..40}; do (setsid sleep 600 &); done; echo ready; sleep 600")
    run.running()
    assert len(run.left()) > 40
    state.cancel(run.folder)
    assert run.ended().status == state.CANCELLED
    assert not run.left(own=False)
    run.nothing_left()


def test_a_script_cannot_reach_its_guard_through_its_process_group(runs: Runs) -> None:
    run = runs.start("trap 'exit 5' TERM; kill 0; wait; exit 6")
    assert run.ended().reason == "main/0 exited with status 5"
