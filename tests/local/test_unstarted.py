"""A run that was made and never started: the next apply makes it anew, and runs what was planned, once."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.apply.stage import stage
from specrun.engines.base import Conflict
from specrun.engines.local import appearing, state, submission, supervisor
from specrun.plan.home import scratch
from specrun.plan.observed import RunStatus
from specrun.plan.submission import Submission
from specrun.spec.model import Spec
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine
from tests.local.runs import wait_until


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    text = "name: job\njob: {code: src, command: cat say.txt; echo ran >> ../ran}\n"
    (spec,) = read_specs(write_spec(tmp_path, text, src__say_txt="reviewed\n"))
    return spec


@pytest.fixture
def unstarted(spec: Spec, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose apply was killed before it started it."""
    with monkeypatch.context() as patch:
        patch.setattr(supervisor, "start", lambda *_: None)
        submit(machine, machine.submission(spec))
    (folder,) = (machine.home / "runs").iterdir()
    assert state.read(folder).status == state.PREPARED
    return folder


def submit(machine: Machine, planned: Submission) -> None:
    with scratch(machine.home) as aside:
        submission.submit(machine.home, planned, stage(planned, aside))


def another_command(run: Path) -> None:
    values = json.loads((run / "request.json").read_text())
    (run / "request.json").write_text(json.dumps(values | {"command": "echo planted", "path": ["/tmp"]}))


def another_code(run: Path) -> None:
    (run / "code/say.txt").write_text("planted\n")


def another_identity(run: Path) -> None:
    (run / "identity.json").write_text("{}")


def more_inputs(run: Path) -> None:
    (run / "code/sitecustomize.py").write_text("print('planted')\n")


@pytest.mark.parametrize(
    "change", [another_command, another_code, another_identity, more_inputs], ids=lambda change: change.__name__
)
def test_what_was_planned_is_what_runs(
    unstarted: Path, spec: Spec, machine: Machine, change: Callable[[Path], None]
) -> None:
    change(unstarted)
    ended = machine.apply(spec).ended
    assert [(run.name, run.status) for run in ended] == [(unstarted.name, RunStatus.SUCCEEDED)]
    assert machine.said() == ["reviewed"]
    assert sorted(path.name for path in (unstarted / "code").iterdir()) == ["outputs", "say.txt"]
    assert json.loads((unstarted / "identity.json").read_text())["command"]


def test_one_that_was_asked_to_end_is_not_run(unstarted: Path, spec: Spec, machine: Machine) -> None:
    state.cancel(unstarted)
    assert [run.status for run in machine.apply(spec).ended] == [RunStatus.CANCELLED]


def test_a_link_in_its_place_is_left_alone(unstarted: Path, spec: Spec, machine: Machine) -> None:
    planned = machine.submission(spec)
    elsewhere = unstarted.rename(machine.home.parent / "elsewhere")
    unstarted.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(Conflict, match="exists already"):
        submit(machine, planned)
    assert sorted(elsewhere.rglob("*")) == before
    assert state.read(elsewhere).status == state.PREPARED
    assert [run.name for run in machine.apply(spec).ended] == [f"{unstarted.name}-2"]


def test_one_that_is_being_started_stays(
    unstarted: Path, spec: Spec, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appearing, "PATIENCE", 0.05)
    lock = state.acquire(unstarted)
    assert lock is not None
    with pytest.raises(Conflict):
        submit(machine, machine.submission(spec))
    os.close(lock)


def test_a_lock_that_was_taken_away_is_nobodys(unstarted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened while the run was there, and had when another one is in its place."""
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        unstarted.rename(unstarted.with_name("gone"))
        unstarted.mkdir()
        (unstarted / state.LOCK).write_text("")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    assert state.acquire(unstarted) is None
    assert state.acquire(unstarted.with_name("nowhere")) is None


def test_several_applies_at_once_have_one_run(unstarted: Path, spec: Spec, machine: Machine) -> None:
    planned = machine.submission(spec)
    barrier, refused = threading.Barrier(4), []

    def apply() -> None:
        barrier.wait()
        try:
            submit(machine, planned)
        except Conflict as conflict:
            refused.append(conflict)

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: state.read(unstarted).status == state.SUCCEEDED, "the run's end")
    assert (unstarted / "ran").read_text() == "ran\n"
    assert len(refused) < 4
    assert [path.name for path in (machine.home / "runs").iterdir()] == [unstarted.name]
