"""Trials among the runs of this machine: in no list, read by their names, and taken by whose runs they are, too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.base import Missing
from specrun.engines.local import run_names, runs, state
from specrun.engines.local.marks import Marks
from specrun.engines.local.run_names import RunNames
from specrun.engines.local.run_notes import GOING, TRIALS
from specrun.engines.local.runs import LocalRuns
from specrun.engines.local.sweeps import request
from specrun.engines.local.sweeps.record import Record
from specrun.engines.local.sweeps.trials import GONE, LocalSweeps
from specrun.plan.attempts import run_name
from specrun.plan.makers import Maker
from specrun.plan.observed import RunStatus
from specrun.plan.trials import STOPPED_EARLY, Trial, best
from specrun.spec.sweep import Objective, Sweep
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine
from tests.local.test_sweep_values import logs

OBJECTIVE = Objective("maximize", "accuracy")
SWEEP = Sweep("grid", {"lr": {"type": "choice", "values": [1, 2, 3, 4, 5, 6]}}, OBJECTIVE)
PARENT = "tune-eeeeeeeeee"


class Folders:
    """A state folder, with runs as their supervisors leave them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.marks = Marks(home)
        self.locks: list[int] = []
        self.count = 0
        (home / "runs").mkdir(parents=True)
        self.marks.note_use()

    def run(
        self,
        digit: str,
        status: str = state.SUCCEEDED,
        reason: str = "",
        attempt: int = 1,
        spec: str = "tune",
        **record: object,
    ) -> str:
        """A run with a fingerprint of one digit; what goes on is held until the test is over."""
        self.count += 1
        folder = self.home / "runs" / run_name(spec, digit * 10, attempt)
        folder.mkdir()
        known = {"spec": spec, "fingerprint": digit * 64, "attempt": attempt, "submitted": self.count, **record}
        (folder / "run.json").write_text(json.dumps(known))
        os.utime(folder / "run.json", (self.count, self.count))
        ended = self.count + 1.0 if status in state.ENDED else None
        seen = state.State(status, reason, submitted=float(self.count), started=self.count + 0.5, ended=ended)
        if status in state.ENDED:
            seen = replace(seen, mark=self.marks.of_run(folder, state.encode(seen)))
        state.write(folder, seen)
        if status == state.RUNNING:
            lock = state.acquire(folder)
            assert lock is not None
            self.locks.append(lock)
        return folder.name

    def trial(
        self, digit: str, *values: object, status: str = state.SUCCEEDED, reason: str = "", attempt: int = 1
    ) -> str:
        name = self.run(digit, status, reason, attempt, parent=PARENT, parameters={"lr": int(digit, 16), "on": True})
        if values:
            logs(self.home / "runs" / name, "accuracy", *values)
        return name

    def sweep(self, status: str = state.SUCCEEDED) -> Record:
        noted = request.noted(SWEEP)
        folder = self.home / "runs" / self.run("e", status, sweep=noted)
        request.write(folder, request.SweepRequest(SWEEP))
        return Record(folder)

    def listed(self, spec: str | None = None) -> list[str]:
        """What a new process lists."""
        return [run.name for run in LocalRuns(self.home).list(spec).runs]


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    made = Folders(tmp_path / "home")
    yield made
    for lock in made.locks:
        os.close(lock)


def test_a_sweep_and_its_trials_are_known_by_their_records(folders: Folders) -> None:
    folders.sweep()
    runs = LocalRuns(folders.home)
    sweep, trial = runs.get(PARENT), runs.get(folders.trial("1"))
    assert (sweep.is_sweep, sweep.objective, sweep.most_trials, sweep.parent) == (True, OBJECTIVE, 6, "")
    assert (trial.is_sweep, trial.parent, trial.parameters) == (False, PARENT, {"lr": 1, "on": True})


@pytest.mark.parametrize("noted", [True, False])
def test_trials_are_in_no_list(folders: Folders, noted: bool) -> None:
    folders.run("a")
    folders.sweep()
    for digit in "123":
        name = folders.trial(digit, status=state.RUNNING if digit == "3" else state.SUCCEEDED)
        if noted:
            TRIALS.note(folders.home / "runs" / name)
    other = folders.run("b", spec="other")
    for _ in range(2):
        assert folders.listed() == [other, PARENT, "tune-aaaaaaaaaa"]
        assert folders.listed("tune") == [PARENT, "tune-aaaaaaaaaa"]
        # What was met in a list is noted, and not looked at again.
        assert len(TRIALS.noted(folders.home)) == 3


def test_a_trial_that_is_noted_costs_the_runs_of_others_no_look(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    TRIALS.note(folders.home / "runs" / folders.trial("1"))
    folders.run("a")
    looked: list[str] = []
    real = os.scandir, run_names._made, runs.read_run
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(str(path)) or real[0](path))  # type: ignore[func-returns-value]
    monkeypatch.setattr(run_names, "_made", lambda path: looked.append(str(path)) or real[1](path))  # type: ignore[func-returns-value]
    monkeypatch.setattr(runs, "read_run", lambda path, marks: looked.append(str(path)) or real[2](path, marks))  # type: ignore[func-returns-value]
    assert folders.listed() == folders.listed("tune") == ["tune-aaaaaaaaaa"]
    assert any("tune-aaaaaaaaaa" in path for path in looked)
    assert not any("tune-1111111111" in path for path in looked)


def test_one_process_sees_trials_come(folders: Folders) -> None:
    runs = LocalRuns(folders.home)
    folders.run("a")
    assert len(runs.list().runs) == 1
    TRIALS.note(folders.home / "runs" / folders.trial("1"))
    folders.trial("2")
    new = folders.run("b")
    assert [run.name for run in runs.list().runs] == [new, "tune-aaaaaaaaaa"]
    assert [run.name for run in runs.list("tune").runs] == [new, "tune-aaaaaaaaaa"]


@pytest.mark.parametrize("which", ["runs", TRIALS.folder])
def test_what_has_not_changed_is_not_looked_through_again(folders: Folders, which: str) -> None:
    """Also where the clock of the file system is coarse: what was long ago is told by when it was."""
    TRIALS.note(folders.home / "runs" / folders.trial("1"))
    names, parts = RunNames(folders.home), [folders.home / "runs", folders.home / TRIALS.folder]
    for moment, part in enumerate(parts):
        os.utime(part, (moment, moment))
    assert names.every(None, ()) == []
    (folders.home / "runs" / "tune-cccccccccc").mkdir()
    TRIALS.forget(folders.home / "runs" / "tune-1111111111")
    for moment, part in enumerate(parts):
        os.utime(part, (moment, moment))
    assert names.every(None, ()) == [], "nothing says that anything has changed"
    os.utime(folders.home / which, (7, 7))
    assert sorted(names.every(None, ())) == ["tune-1111111111", "tune-cccccccccc"]


def test_no_page_is_empty_for_being_full_of_trials(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specrun.engines.local.runs.PAGE", 2)
    for digit in "a12b34567c":
        _ = folders.trial(digit) if digit.isdigit() else folders.run(digit)
    runs = LocalRuns(folders.home)
    seen, after = list[str](), ""
    while True:
        page = runs.list("tune", after)
        assert page.runs
        seen += [run.name[-1] for run in page.runs]
        if not (after := page.following):
            break
    assert seen == ["c", "b", "a"]
    assert len(TRIALS.noted(folders.home)) == 7


def test_who_makes_a_run_of_a_trials_name_has_it_in_lists(folders: Folders) -> None:
    """A note that was left behind, as by a kill, hides no run of somebody's own for good."""
    name = folders.run("a")
    TRIALS.note(folders.home / "runs" / name)
    assert folders.listed() == []
    runs = LocalRuns(folders.home)
    assert runs.get(name).parent == ""
    assert [run.name for run in runs.list().runs] == [name]


def test_a_trial_that_was_adopted_is_listed(folders: Folders) -> None:
    TRIALS.note(folders.home / "runs" / folders.trial("1"))
    folders.trial("2")
    runs = LocalRuns(folders.home)
    assert runs.list().runs == []
    runs.adopt("tune-1111111111", "tune")
    runs.adopt("tune-2222222222", "other")
    for now in (runs, LocalRuns(folders.home)):
        assert [(run.name[-1], run.adopted) for run in now.list("tune").runs] == [("2", ("other",)), ("1", ())]
        assert [run.name[-1] for run in now.list("other").runs] == ["2"]


def test_what_goes_on_is_the_sweep_and_trials_that_have_lost_theirs(folders: Folders) -> None:
    folders.sweep(state.RUNNING)
    trial = folders.trial("1", status=state.RUNNING)
    for name in (PARENT, trial):
        GOING.note(folders.home / "runs" / name)
    assert [run.name for run in LocalRuns(folders.home).going()] == [PARENT]
    os.close(folders.locks.pop(0))
    assert [run.name for run in LocalRuns(folders.home).going()] == [trial]


def test_trials_are_deleted_with_the_runs_of_their_spec(folders: Folders) -> None:
    folders.sweep()
    TRIALS.note(folders.home / "runs" / folders.trial("1"))
    folders.trial("2")
    kept = folders.run("b", spec="tuner")
    LocalRuns(folders.home).delete(Maker("tune"), None, lambda progress: None)
    assert [folder.name for folder in (folders.home / "runs").iterdir()] == [kept]
    assert TRIALS.noted(folders.home) == set()


def test_trials_are_as_the_sweep_has_noted_them(folders: Folders) -> None:
    record = folders.sweep(state.RUNNING)
    sweeps = LocalSweeps(folders.home)
    assert sweeps.trials(PARENT) == ()
    one = Trial(0, {"lr": 1}, folders.trial("1", 0.5, status=state.RUNNING), RunStatus.RUNNING, started=1.0)
    record.append(one)
    assert list(sweeps.trials(PARENT)) == [one]
    ended = replace(one, status=RunStatus.SUCCEEDED, value=0.5, ended=2.0)
    record.append(ended)
    assert list(sweeps.trials(PARENT)) == [ended]
    with pytest.raises(Missing):
        sweeps.trials("tune-9999999999")
    with pytest.raises(Missing):
        sweeps.trials("../..")
    assert list(sweeps.trials(one.run)) == [], "it is no sweep"


def test_of_a_lost_sweep_the_trials_are_as_their_runs_are(folders: Folders) -> None:
    record = folders.sweep(state.QUEUED)  # and nobody has its lock
    runs = {
        "goes on": folders.trial("1", status=state.RUNNING),
        "succeeded": folders.trial("2", 0.25, 0.75),
        "without the metric": folders.trial("3"),
        "failed": folders.trial("4", status=state.FAILED, reason="main/0 ended with exit status 1"),
        "gone": "tune-5555555555",
        "no number": folders.trial("6", "nan"),
    }
    noted = Trial(6, {"lr": 7}, "tune-7777777777", RunStatus.SUCCEEDED, 0.5)
    for number, name in enumerate(runs.values()):
        record.append(Trial(number, {"lr": number + 1}, name, RunStatus.RUNNING))
    record.append(noted)
    found = dict(zip([*runs, "noted"], LocalSweeps(folders.home).trials(PARENT), strict=True))
    assert {name: trial.status for name, trial in found.items()} == {
        "goes on": RunStatus.RUNNING,
        "succeeded": RunStatus.SUCCEEDED,
        "without the metric": RunStatus.FAILED,
        "failed": RunStatus.FAILED,
        "gone": RunStatus.LOST,
        "no number": RunStatus.SUCCEEDED,
        "noted": RunStatus.SUCCEEDED,
    }
    assert (found["succeeded"].value, found["succeeded"].ended, found["succeeded"].reason) == (0.75, 4.0, "")
    assert found["without the metric"].reason.startswith("it has not logged accuracy")
    assert found["failed"].reason == "main/0 ended with exit status 1"
    assert found["gone"].reason == GONE
    assert found["no number"].reason == "its last accuracy is NaN, which is never the best"
    assert found["noted"] == noted
    assert best(found.values(), OBJECTIVE) == found["succeeded"]


def test_what_a_sweep_would_not_run_again(folders: Folders) -> None:
    early = f"{STOPPED_EARLY} (bandit)"
    folders.trial("1")
    folders.run("2", state.FAILED, "exit 1")
    folders.trial("3", status=state.RUNNING)
    folders.trial("4", status=state.CANCELLED, reason=early)
    folders.trial("5", status=state.CANCELLED, reason="cancelled")
    folders.trial("6", status=state.QUEUED)  # lost
    folders.run("7", state.FAILED)
    folders.run("7", state.SUCCEEDED, attempt=2)
    folders.run("7", state.CANCELLED, attempt=3)
    folders.run("8", state.FAILED)
    folders.run("8", state.QUEUED, attempt=2)
    folders.run("9", state.CANCELLED, attempt=2)
    folders.run("9", state.FAILED, attempt=10)
    folders.run("a", spec="other")
    folders.run("b")
    sweeps = LocalSweeps(folders.home)
    found = sweeps.there("tune", [digit * 64 for digit in "123456789a"])
    assert {fingerprint[0]: (run.attempt, run.status.value) for fingerprint, run in found.items()} == {
        "1": (1, "succeeded"),
        "2": (1, "failed"),
        "3": (1, "running"),
        "4": (1, "cancelled"),
        "7": (2, "succeeded"),
        "9": (10, "failed"),
    }
    assert found["4" * 64].reason == early
    assert sweeps.there("tune", ["1" * 10 + "2" * 54]) == {}, "whose name is the same, and which is another"
    assert sweeps.there("tun", ["1" * 64]) == {}
    assert LocalSweeps(folders.home / "none").there("tune", ["1" * 64]) == {}


def test_a_plain_run_that_is_a_trial_is_listed_once_it_was_applied(folders: Folders, tmp_path: Path) -> None:
    machine = Machine(folders.home)
    (spec,) = read_specs(write_spec(tmp_path, "name: tune\njob: {command: 'true'}\n"))
    planned = machine.submission(spec)
    name = folders.run("0", parent=PARENT)
    folder = folders.home / "runs" / name
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "fingerprint": planned.fingerprint}))
    folder = folder.rename(folder.with_name(planned.name))
    seen = replace(state.read(folder), mark="")
    state.write(folder, replace(seen, mark=folders.marks.of_run(folder, state.encode(seen))))
    assert folders.listed("tune") == []
    outcome = machine.apply(spec)
    assert [run.name for run in outcome.ended] == [planned.name]
    assert folders.listed("tune") == [planned.name]
