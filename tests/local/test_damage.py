"""One damaged file of the state folder is one lost run, said as that; every other run and the next apply go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.cli.main import run as specrun
from specrun.engines.base import Missing
from specrun.engines.local import state
from specrun.plan.changes import Action
from specrun.plan.observed import RunStatus
from specrun.spec.model import Spec
from tests.engine_double import read_specs, write_spec
from tests.local.damage import WAYS, put
from tests.local.machine import Machine
from tests.local.runs import wait_until

JOB = "name: {}\ncompute: {{name: cpu, max_instances: 2}}\njob: {{command: echo hi}}\n"
WORST = ("infinite", "nested", "FIFO")
"""Ways that are tried with every verb."""

SOME = ("infinite", "nested", "other types", "folder", "FIFO")
"""Ways that are tried with every file; tests/unit/test_stored.py has all."""

EXPLAINING = ("identity.json", "request.json", "code.json", "logs/main-0.txt", "lock", "cancel", "swept")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two specs whose runs have succeeded."""
    folder = tmp_path_factory.mktemp("made")
    machine = Machine(folder / "home")
    for name in ("job", "other"):
        (spec,) = read_specs(write_spec(folder / name, JOB.format(name)))
        assert machine.apply(spec).failed == []
        run = newest(machine.home, name)
        wait_until(lambda run=run: not state.held(run), "the supervisor's exit")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which the command line sees, too."""
    monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "copy" / "home"))
    return shutil.copytree(made, tmp_path / "copy", symlinks=True)


def spec_of(folder: Path, name: str) -> Spec:
    (spec,) = read_specs(folder / name / "job.yaml")
    return spec


def newest(home: Path, spec: str) -> Path:
    return max((home / "runs").glob(f"{spec}-*"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", ["run.json", "state.json"])
def test_that_run_alone_is_lost_and_the_next_attempt_goes_on(
    folder: Path, file: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(folder / "home")
    run = newest(machine.home, "job")
    put(run / file, way)
    assert {one.spec: one.status for one in machine.engine.runs.list().runs} == {
        "job": RunStatus.LOST,
        "other": RunStatus.SUCCEEDED,
    }
    (lost,) = machine.engine.runs.list("job").runs
    assert str(run / file) in lost.reason
    change = machine.change("run/job", spec_of(folder, "job"))
    assert (change.action, change.submission.attempt) == (Action.SUBMIT, 2)
    assert change.reason.startswith(f"{run.name} is lost: ")
    assert f"{run / file}" in change.reason
    assert machine.change("run/other", spec_of(folder, "other")).action is Action.NO_OP
    if way in WORST:
        every_verb(folder, run.name)
        assert f"{run / file}" in capsys.readouterr().out


def every_verb(folder: Path, name: str) -> None:
    """None of them takes damage for a bug of its own."""
    job, other = f"{folder / 'job' / 'job.yaml'}", f"{folder / 'other' / 'job.yaml'}"
    for verb in ("runs", "status", "logs", "outputs", "cancel"):
        for output in [[], ["-o", "json"]] if verb in ("runs", "status") else [[]]:
            assert specrun([verb, job, *output]) in (0, 1, 4), verb
            assert specrun([verb, other, *output]) in (0, 1), verb
        assert verb == "runs" or specrun([verb, job, "--run", name]) in (0, 1, 4), verb
    assert specrun(["plan", job, other]) in (0, 1, 2)


@pytest.mark.parametrize("way", SOME)
@pytest.mark.parametrize("file", EXPLAINING)
def test_what_only_explains_a_run_is_not_missed(folder: Path, file: str, way: str) -> None:
    machine = Machine(folder / "home")
    run = newest(machine.home, "job")
    put(run / file, way)
    assert machine.plan(spec_of(folder, "job"), spec_of(folder, "other")).pending == ()
    if way in WORST:
        every_verb(folder, run.name)
    assert specrun(["destroy", f"{folder / 'job' / 'job.yaml'}", "--also", "run", "--yes"]) == 0
    assert not run.exists()


@pytest.mark.parametrize("way", ["infinite", "folder", "FIFO"])
@pytest.mark.parametrize("file", ["run.json", "state.json"])
def test_the_next_apply_runs_it_again_and_destroy_deletes_it(folder: Path, file: str, way: str) -> None:
    machine = Machine(folder / "home")
    run = newest(machine.home, "job")
    put(run / file, way)
    outcome = machine.apply(spec_of(folder, "job"), spec_of(folder, "other"))
    assert [(one.name, one.status) for one in outcome.ended if one.spec == "job"] == [
        (f"{run.name}-2", RunStatus.SUCCEEDED)
    ]
    assert specrun(["destroy", f"{folder / 'job' / 'job.yaml'}", "--also", "run", "--yes"]) == 0
    assert [one.name for one in (machine.home / "runs").iterdir()] == [newest(machine.home, "other").name]


def as_file(run: Path) -> None:
    shutil.rmtree(run)
    run.write_text("")


def as_empty_folder(run: Path) -> None:
    shutil.rmtree(run)
    run.mkdir()


def as_link(run: Path) -> None:
    run.rename(run.parent.parent / "away")
    run.symlink_to(run.parent.parent / "away")


@pytest.mark.parametrize("become", [as_file, as_empty_folder, as_link])
def test_a_run_whose_folder_is_none(folder: Path, become: Callable[[Path], None]) -> None:
    machine = Machine(folder / "home")
    run = newest(machine.home, "job")
    become(run)
    assert machine.engine.runs.list("job").runs[0].status is RunStatus.LOST
    every_verb(folder, run.name)
    assert machine.change("run/job", spec_of(folder, "job")).submission.attempt == 2
    assert specrun(["destroy", f"{folder / 'job' / 'job.yaml'}", "--also", "run", "--yes"]) == 0
    assert not run.exists()
    assert machine.engine.runs.list("other").runs[0].status is RunStatus.SUCCEEDED


def test_a_run_whose_supervisor_was_killed_just_after_its_start_is_said_as_that_and_started_again(folder: Path) -> None:
    machine = Machine(folder / "home")
    run = newest(machine.home, "job")
    state.write(run, state.State(state.PREPARED))
    with pytest.raises(Missing, match=f"{run.name}: its supervisor was killed just after its start"):
        machine.engine.runs.get(run.name)
    assert machine.engine.runs.list("job").runs == []
    outcome = machine.apply(spec_of(folder, "job"))
    assert [(one.name, one.status) for one in outcome.ended] == [(run.name, RunStatus.SUCCEEDED)]


def test_a_run_made_ready_whose_record_is_damaged_is_not_started(folder: Path) -> None:
    machine = Machine(folder / "home")
    run = newest(machine.home, "job")
    state.write(run, state.State(state.PREPARED))
    put(run / "run.json", "cut off")
    assert machine.change("run/job", spec_of(folder, "job")).submission.name == f"{run.name}-2"


@pytest.mark.parametrize("way", SOME)
@pytest.mark.parametrize("place", ["compute/cpu.json", "data/x.json", "slots"])
def test_a_damaged_record_of_a_resource_concerns_it_alone(folder: Path, place: str, way: str) -> None:
    home = folder / "home"
    put(home / ("slots/000000000001-x.json" if place == "slots" else f"resources/{place}"), way)
    job = f"{folder / 'job' / 'job.yaml'}"
    assert specrun(["plan", job]) in (0, 1)
    assert specrun(["runs", job]) == 0


@pytest.mark.parametrize("name", ["../../../../victim", "x", "../" + "0" * 32, "0" * 31, "/etc/passwd", ["a"], None, 3])
def test_a_note_of_code_deletes_nothing_but_kept_code(folder: Path, name: object) -> None:
    run = newest(folder / "home", "job")
    victim = folder / "victim"
    victim.write_text("precious")
    (run / "code.json").write_text(json.dumps({"a": [name, 1, 2, 3, 4], "b": name, "c": []}))
    assert specrun(["destroy", f"{folder / 'job' / 'job.yaml'}", "--also", "run", "--yes"]) == 0
    assert victim.read_text() == "precious"
