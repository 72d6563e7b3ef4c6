"""What goes wrong in the middle of a sweep: it is told, nothing is lost, and the next one goes on with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.local import state, supervisor
from specrun.engines.local.request import Withheld
from specrun.engines.local.sweeps.record import read_trials
from specrun.plan.observed import RunStatus
from tests.local.runs import needs_proc
from tests.local.sweeps import Place
from tests.local.test_sweeps import SCORE

ROOT = Path(__file__).parents[2]
NO_MORE_PROCESSES = """
fork, count, pid = os.fork, [0], os.getpid()
def failing():
    count[0] += os.getpid() == pid
    if {when}:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()
os.fork = failing
"""
NO_OPTUNA = """
import importlib.abc
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "optuna":
            raise ImportError("No module named 'optuna'")
sys.meta_path.insert(0, Without())
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.end_all()


def starting(fault: str) -> Callable[[Path, Withheld], None]:
    """A start of supervisors in which something is amiss; each runs to its end."""

    def start(folder: Path, withheld: Withheld) -> None:
        script = f"import os, sys\n{fault}\nfrom specrun.engines.local import supervisor\nsupervisor.main(sys.argv[1:])"
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with (folder / supervisor.LOG).open("ab") as log:
            command = [sys.executable, "-c", script, str(folder)]
            subprocess.run(command, input=withheld.encode(), stdout=log, stderr=log, env=environment, check=True)

    return start


def applied(place: Place, monkeypatch: pytest.MonkeyPatch, fault: str, spec: Any, **options: Any) -> Path:
    with monkeypatch.context() as patched:
        patched.setattr(supervisor, "start", starting(fault))
        return place.submit(spec, **options)


def test_where_no_process_can_be_had_it_ends_and_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = place.spec(SCORE, range(1, 7), sweep={"limits": {"max_concurrent_trials": 1}})
    folder = applied(place, monkeypatch, NO_MORE_PROCESSES.format(when="count[0] > 2 and os.getpid() == pid"), spec)
    ended = state.read(folder)
    assert ended.status == state.FAILED
    assert ended.reason == (
        "no process could be had for trial 2: Resource temporarily unavailable; "
        "2 of 6 trials ran: --rerun runs what is missing"
    )
    assert {trial.status for trial in read_trials(folder)} == {RunStatus.SUCCEEDED, RunStatus.CANCELLED}
    run = place.apply(spec, rerun=True)
    assert (run.status, run.reason, place.best(run.name)) == (RunStatus.SUCCEEDED, "", 6)
    assert place.counts() == {str(x): 1 for x in range(1, 7)}


def test_where_a_trial_has_no_process_for_its_job_it_has_failed_and_others_go_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its supervisor was to be had, and then no other."""
    spec = place.spec(SCORE, sweep={"limits": {"max_concurrent_trials": 1}})
    fault = NO_MORE_PROCESSES.format(when="count[0] == 2 and os.getpid() != pid")
    folder = applied(place, monkeypatch, fault, spec)
    trials = place.trials(folder.name)
    assert [trial.status for trial in trials.values()] == [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.SUCCEEDED]
    assert "Resource temporarily unavailable" in trials[2].reason, trials[2]
    assert place.apply(spec, rerun=True).status is RunStatus.SUCCEEDED
    assert place.counts() == {"1": 1, "2": 1, "3": 1}


@needs_proc
def test_a_bayesian_sweep_without_optuna_says_so_and_goes_on_once_it_is_there(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed in the middle, and Optuna was taken away."""
    pytest.importorskip("optuna")
    changes = {"sampling_algorithm": "bayesian", "limits": {"max_concurrent_trials": 1, "max_total_trials": 3}}
    second_waits = f"if [ $(wc -l < {place.began}) = 2 ]; then until [ -e {place.folder}/go ]; do sleep 0.01; done; fi"
    spec = place.spec(f"{SCORE}; {second_waits}", sweep=changes)
    first = place.submit(spec)
    place.wait(lambda: sum(place.counts().values()) == 2, "the second trial")
    os.kill(place.sweeper(), signal.SIGKILL)
    place.wait(lambda: state.observe(first).status == state.LOST, "it to be lost")
    second = applied(place, monkeypatch, NO_OPTUNA, spec)
    ended = state.read(second)
    assert (ended.status, second.name) == (state.FAILED, f"{first.name}-2")
    assert ended.reason.startswith("bayesian sampling needs Optuna, which ")
    (place.folder / "go").touch()
    run = place.apply(spec, rerun=True)
    assert (run.status, run.attempt, run.reason) == (RunStatus.SUCCEEDED, 3, "")
    assert place.counts() == {"1": 1, "2": 1, "3": 1}
    assert place.successes() == {1: 1, 2: 1, 3: 1}
