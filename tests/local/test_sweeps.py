"""Sweeps on this machine: each trial a run, none twice and none missed, and whatever ends a sweep is told."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.apply.project import open_project
from specrun.engines.local import state, supervisor
from specrun.engines.local.request import Cluster, Request, Withheld
from specrun.engines.local.sweeps.record import read_trials
from specrun.engines.local.sweeps.room import refusal, room
from specrun.plan.observed import RunStatus
from specrun.plan.planning import PlanOptions
from specrun.plan.trials import STOPPED_EARLY
from specrun.spec.model import Spec
from specrun.spec.sweep import Objective, Sweep
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine
from tests.local.runs import kill_at_once, needs_proc, wait_until, with_argument
from tests.local.sweeps import LOGS, Place

SCORE = "log accuracy ${{ search_space.x }}"
TWO = {"limits": {"max_concurrent_trials": 2}}
SUCCEEDED, FAILED, CANCELLED = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.end_all()


def held(value: object, folder: Path) -> str:
    """A piece of a command: a trial of this value waits for a file."""
    return f"if [ ${{{{ search_space.x }}}} = {value} ]; then until [ -e {folder}/go ]; do sleep 0.01; done; fi\n"


def test_each_trial_is_a_run_and_a_sweep_is_applied_once(place: Place) -> None:
    spec = place.spec(SCORE)
    run = place.apply(spec)
    assert (run.status, run.reason, place.best(run.name)) == (SUCCEEDED, "", 3)
    trials = place.trials(run.name)
    assert [(x, one.number, one.status, one.value) for x, one in trials.items()] == [
        (1, 0, SUCCEEDED, 1.0),
        (2, 1, SUCCEEDED, 2.0),
        (3, 2, SUCCEEDED, 3.0),
    ]
    of_two = place.machine.engine.runs.get(trials[2].run)
    assert (of_two.parent, of_two.parameters, of_two.status) == (run.name, {"x": 2}, SUCCEEDED)
    assert place.apply(spec).name == run.name
    assert place.counts() == {"1": 1, "2": 1, "3": 1}
    assert not list((place.machine.home / "going").iterdir())
    assert not list((place.machine.home / "staging").iterdir())
    assert (place.folder_of(run.name) / supervisor.LOG).read_text() == ""


def test_values_get_to_the_job_as_they_are(place: Place) -> None:
    nasty = 'it\'s "a" $HOME `b` \\ ;c'
    spec = place.spec(
        f'printf "%s|" ${{{{ search_space.x }}}} "$VALUE" "$SPECRUN_FINGERPRINT" > outputs/said; {SCORE[:-22]} 1',
        [nasty, 0.5, True, "a b"],
    )
    assert spec.job is not None
    text = (place.folder / "spec" / "job.yaml").read_text()
    (place.folder / "spec" / "job.yaml").write_text(
        text.replace("job:\n", "job:\n  environment_variables: {VALUE: '<${{ search_space.x }}>'}\n")
    )
    (spec,) = read_specs(place.folder / "spec" / "job.yaml", engine="local")
    run = place.apply(spec)
    assert run.status is SUCCEEDED, run.reason
    said = {}
    for x, trial in place.trials(run.name).items():
        own = place.machine.engine.runs.get(trial.run)
        said[x] = (place.folder_of(trial.run) / "outputs" / "default" / "said").read_text().split("|")
        assert said[x].pop(2) == own.fingerprint
    assert said == {
        x: [text, f"<{text}>", ""] for x, text in ((nasty, nasty), (0.5, "0.5"), (True, "true"), ("a b", "a b"))
    }


def test_a_plain_run_of_the_same_is_the_trial(place: Place) -> None:
    spec = place.spec(SCORE)
    run = place.apply(spec)
    command = (spec.job.command if spec.job else "").replace("${{ search_space.x }}", "2")
    file = write_spec(place.folder / "plain", f"name: tune\njob: {{command: {json.dumps(command)}}}\n")
    (plain,) = read_specs(file, engine="local")
    assert place.apply(plain).name == place.trials(run.name)[2].run
    assert place.counts()["2"] == 1


def test_a_widened_sweep_runs_what_is_missing(place: Place) -> None:
    first = place.apply(place.spec(SCORE))
    second = place.apply(place.spec(SCORE, [3, 4, 2]))
    assert first.name != second.name
    assert place.best(second.name) == 4
    assert place.counts() == {"1": 1, "2": 1, "3": 1, "4": 1}
    assert {x: bool(trial.notes) for x, trial in place.trials(second.name).items()} == {3: True, 4: False, 2: True}


def test_what_failed_is_run_again_when_that_is_asked_for(place: Place) -> None:
    command = f"if [ ${{{{ search_space.x }}}} = 2 ]; then [ -e {place.folder}/mended ]; fi; {SCORE}"
    run = place.apply(place.spec(command))
    assert (run.status, place.best(run.name)) == (SUCCEEDED, 3)
    assert place.trials(run.name)[2].status is FAILED
    assert "exited with status 1" in place.trials(run.name)[2].reason
    (place.folder / "mended").touch()
    wider = place.apply(place.spec(command, [1, 2, 4]))
    assert place.trials(wider.name)[2].status is FAILED, "what failed by itself is not run again by itself"
    again = place.apply(place.spec(command), rerun=True)
    assert place.trials(again.name)[2].status is SUCCEEDED
    assert place.counts() == {"1": 1, "2": 2, "3": 1, "4": 1}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("log loss 1", "it has not logged accuracy (sweep.objective.primary_metric); logged: loss"),
        ("log accuracy nan", "its last accuracy is NaN"),
        ("exit 3", "main/0 exited with status 3"),
    ],
)
def test_a_sweep_without_a_best_trial_has_failed_and_says_why(place: Place, command: str, told: str) -> None:
    run = place.apply(place.spec(command, [1, 2]))
    assert run.status is FAILED
    what = "has a finite accuracy" if "nan" in command else "has succeeded"
    assert re.match(rf"none of 2 trials {what}: trial \d \(tune-\w+\): ", run.reason), run.reason
    trials = read_trials(place.folder_of(run.name))
    assert all(told in trial.reason for trial in trials)
    values = {trial.value is not None and math.isnan(trial.value) for trial in trials}
    assert values == {"nan" in command}


def test_a_sweep_of_one_trial_that_failed_says_so_of_one(place: Place) -> None:
    run = place.apply(place.spec("exit 3", [1]))
    assert re.match(r"not one trial has succeeded: trial 0 \(tune-\w+\): main/0 exited", run.reason), run.reason


def test_more_failures_than_there_may_be_end_it(place: Place) -> None:
    command = f"case ${{{{ search_space.x }}}} in 1) {SCORE};; 4) sleep 600;; *) exit 1;; esac"
    spec = place.spec(
        command, [1, 2, 4, 3, 5, 6], sweep={"limits": {"max_failed_trials": 1, "max_concurrent_trials": 2}}
    )
    run = place.apply(spec)
    assert run.status is SUCCEEDED
    assert (
        run.reason
        == "3 of 6 trials ran (limits.max_failed_trials (1)): --rerun runs what is missing, and again what has failed"
    )
    trials = place.trials(run.name)
    assert trials[4].status is CANCELLED
    assert trials[4].reason == f"its sweep {run.name} ended: limits.max_failed_trials (1)"
    assert 6 not in trials
    before = place.counts()
    place.apply(spec, rerun=True)
    again = {x: count - before.get(x, 0) for x, count in place.counts().items()}
    assert (again["1"], again["2"], again["3"]) == (0, 1, 1)


def test_its_time_is_up(place: Place) -> None:
    command = held(2, place.folder) + SCORE
    place.apply(place.spec(command, [1]))  # nobody knows how long it takes where others are busy
    spec = place.spec(command, sweep={"limits": {"timeout": 1, "max_concurrent_trials": 1}})
    run = place.apply(spec)
    assert (run.status, place.best(run.name)) == (SUCCEEDED, 1)
    assert run.reason == "1 of 3 trials ran (limits.timeout (1 s)): --rerun runs what is missing"
    (place.folder / "go").touch()
    again = place.apply(spec, rerun=True)
    assert (again.status, place.best(again.name)) == (SUCCEEDED, 3)
    assert place.successes() == {1: 1, 2: 1, 3: 1}
    assert place.counts()["1"] == place.counts()["3"] == 1


def test_a_trial_that_takes_too_long_has_failed(place: Place) -> None:
    command = held(2, place.folder) + SCORE
    place.apply(place.spec(command, [1, 3]))
    run = place.apply(place.spec(command, sweep={"limits": {"trial_timeout": 1}}))
    assert (run.status, place.best(run.name)) == (SUCCEEDED, 3)
    assert place.trials(run.name)[2].status is FAILED
    assert "limits.trial_timeout (1 s)" in place.trials(run.name)[2].reason


def test_cancelled_with_its_trials(place: Place) -> None:
    spec = place.spec("sleep 600", sweep={"limits": {"max_concurrent_trials": 2}})
    folder = place.submit(spec)
    place.wait(lambda: len(place.counts()) == 2, "two trials")
    place.machine.engine.runs.cancel(folder.name)
    place.wait(lambda: state.observe(folder).status in state.ENDED, "its end")
    assert state.read(folder).status == state.CANCELLED
    trials = place.trials(folder.name)
    assert {trial.status for trial in trials.values()} == {CANCELLED}
    assert {trial.reason for trial in trials.values()} == {f"its sweep {folder.name} was cancelled"}
    assert len(trials) == 2
    wait_until(lambda: not place.supervisors(), "nobody to be left", place.supervisors)


@needs_proc
def test_trials_outlive_a_supervisor_that_was_killed(place: Place) -> None:
    command = held(1, place.folder) + held(2, place.folder) + SCORE
    spec = place.spec(command, sweep={"limits": {"max_concurrent_trials": 2}})
    folder = place.submit(spec)
    place.wait(lambda: len(place.counts()) == 2, "two trials")
    os.kill(place.sweeper(), signal.SIGKILL)
    place.wait(lambda: state.observe(folder).status == state.LOST, "it to be lost")
    (role,) = place.machine.engine.runs.get(folder.name).roles
    assert (role.name, role.status) == ("sweep", "lost")
    second = place.submit(spec)
    assert second.name == f"{folder.name}-2"
    place.sweeper()
    (place.folder / "go").touch()
    place.wait(lambda: state.observe(second).status in state.ENDED, "its end")
    assert state.read(second).status == state.SUCCEEDED
    assert place.counts() == {"1": 1, "2": 1, "3": 1}
    assert place.successes() == {1: 1, 2: 1, 3: 1}
    assert {trial.run for trial in read_trials(second)} >= {trial.run for trial in read_trials(folder)}


@needs_proc
def test_processes_show_whose_they_are(place: Place) -> None:
    folder = place.submit(place.spec(held(1, place.folder) + SCORE, [1]))
    place.wait(lambda: place.counts() == {"1": 1}, "the trial")
    (trial,) = read_trials(folder)
    assert with_argument(str(folder)) == [place.sweeper()]
    found = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in with_argument(str(place.folder_of(trial.run)))]
    assert sorted(found) == ["guard main/0", "specrun run"]
    (place.folder / "go").touch()
    place.wait(lambda: state.observe(folder).status in state.ENDED, "its end")


@needs_proc
def test_a_trial_whose_supervisor_was_killed_is_begun_again(place: Place) -> None:
    spec = place.spec(held(1, place.folder) + SCORE, [1])
    folder = place.submit(spec)
    place.wait(lambda: place.counts() == {"1": 1}, "the trial")
    os.kill(next(pid for name, pid in place.supervisors().items() if name.startswith("specrun run")), signal.SIGKILL)
    place.wait(lambda: place.counts() == {"1": 2}, "another attempt")
    (place.folder / "go").touch()
    place.wait(lambda: state.observe(folder).status in state.ENDED, "its end")
    (trial,) = read_trials(folder)
    assert (trial.status, trial.run[-2:], trial.number) == (SUCCEEDED, "-2", 0)
    first = place.machine.engine.runs.get(trial.run[:-2])
    assert first.status is RunStatus.LOST


@needs_proc
def test_a_shutdown_leaves_it_unfinished_and_the_next_goes_on(place: Place) -> None:
    spec = place.spec(held(2, place.folder) + SCORE, sweep={"limits": {"max_concurrent_trials": 1}})
    folder = place.submit(spec)
    place.wait(lambda: place.counts() == {"1": 1, "2": 1}, "the second trial")
    os.kill(place.sweeper(), signal.SIGTERM)
    wait_until(lambda: not place.supervisors(), "nobody to be left", place.supervisors)
    place.wait(lambda: state.observe(folder).status == state.LOST, "its lock to be free")
    assert "SIGTERM" in state.read(folder).reason
    (place.folder / "go").touch()
    run = place.apply(spec)
    assert (run.status, run.attempt, place.best(run.name)) == (SUCCEEDED, 2, 3)
    assert place.successes() == {1: 1, 2: 1, 3: 1}


def test_of_two_applies_at_once_one_submits(place: Place) -> None:
    spec = place.spec(SCORE)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(place.apply, [spec, spec]))
    assert {(run.name, run.status) for run in runs} == {(place.sweeps()[0].name, SUCCEEDED)}
    assert place.counts() == {"1": 1, "2": 1, "3": 1}


def test_two_sweeps_that_overlap_run_each_trial_once(place: Place) -> None:
    both = [place.spec(SCORE, values) for values in (range(12), range(11, -1, -1))]
    folders = [place.submit(spec) for spec in both]
    for folder in folders:
        place.wait(lambda f=folder: state.observe(f).status in state.ENDED, "its end")
        assert state.read(folder).status == state.SUCCEEDED
        assert {trial.status for trial in read_trials(folder)} == {SUCCEEDED}
        assert place.best(folder.name) == 11
    assert place.counts() == {str(x): 1 for x in range(12)}


def test_a_sweep_and_plain_runs_of_its_trials_at_once(place: Place) -> None:
    spec = place.spec(SCORE, range(4))
    commands = [(spec.job.command if spec.job else "").replace("${{ search_space.x }}", str(x)) for x in (3, 2)]
    texts = [f"name: tune\njob: {{command: {json.dumps(command)}}}\n" for command in commands]
    files = [write_spec(place.folder / f"plain-{number}", text) for number, text in enumerate(texts)]
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(place.apply, [spec, *read_specs(files[0]), *read_specs(files[1])]))
    assert {run.status for run in runs} == {SUCCEEDED}
    assert place.best(runs[0].name) == 3
    assert place.counts() == {str(x): 1 for x in range(4)}


def test_what_another_sweep_has_cancelled_is_run(place: Place) -> None:
    command = held(1, place.folder) + SCORE
    first = place.submit(place.spec(command, [1]))
    place.wait(lambda: place.counts() == {"1": 1}, "the trial")
    second = place.submit(place.spec(command, [1, 2]))
    place.wait(lambda: "2" in place.counts(), "the second sweep")
    place.machine.engine.runs.cancel(first.name)
    place.wait(lambda: place.counts()["1"] == 2, "it to be run by the other")
    (place.folder / "go").touch()
    place.wait(lambda: state.observe(second).status in state.ENDED, "its end")
    assert place.successes() == {1: 1, 2: 1}


def succession(place: Place) -> tuple[Path, Path, dict[Any, Path]]:
    """A sweep that runs and in whose place another came, which has one of its two trials, too; their folders."""
    command = held(1, place.folder) + held(2, place.folder) + held(4, place.folder) + SCORE
    first = place.submit(place.spec(command, [1, 2, 3], sweep=TWO))
    place.wait(lambda: {"1", "2"} <= {*place.counts()}, "two trials")
    runs = {x: place.folder_of(trial.run) for x, trial in place.trials(first.name).items()}
    second = place.submit(place.spec(command, [4, 2], sweep=TWO), cancel_previous=True)
    place.wait(lambda: state.observe(first).status in state.ENDED, "the end of the first")
    place.wait(lambda: len(read_trials(second)) == 2 and "4" in place.counts(), "the second")
    return first, second, runs | {4: place.folder_of(place.trials(second.name)[4].run)}


def plain_run(place: Place, x: int) -> Spec:
    """The spec of one trial."""
    job = place.spec(held(1, place.folder) + held(2, place.folder) + held(4, place.folder) + SCORE).job
    command = (job.command if job else "").replace("${{ search_space.x }}", str(x))
    (spec,) = read_specs(write_spec(place.folder / "plain", f"name: tune\njob: {{command: {json.dumps(command)}}}\n"))
    return spec


def status(folder: Path) -> str:
    return state.observe(folder).status


def test_what_takes_its_place_goes_on_with_the_trials_that_it_has_too(place: Place) -> None:
    first, second, runs = succession(place)
    assert {x: status(folder) for x, folder in runs.items()} == {1: "cancelled", 2: "running", 4: "running"}
    shown = {trial.parameters["x"]: trial.status for trial in place.machine.engine.sweeps.trials(first.name)}
    assert shown == {1: CANCELLED, 2: RunStatus.RUNNING}
    one = plain_run(place, 2)
    place.submit(one, cancel_previous=True)
    place.wait(lambda: status(second) in state.ENDED, "the end of the second")
    assert {x: status(folder) for x, folder in runs.items()} == {1: "cancelled", 2: "running", 4: "cancelled"}
    (place.folder / "go").touch()
    assert place.apply(one).name == runs[2].name
    assert place.counts() == {"1": 1, "2": 1, "4": 1}


def test_a_trial_that_was_taken_over_ends_with_the_sweep_that_has_it_now(place: Place) -> None:
    _, second, runs = succession(place)
    place.machine.engine.runs.cancel(second.name)
    place.wait(lambda: status(second) in state.ENDED, "the end of the second")
    assert {x: status(folder) for x, folder in runs.items()} == dict.fromkeys((1, 2, 4), "cancelled")


def test_a_run_that_a_sweep_would_have_is_not_cancelled_for_it(place: Place) -> None:
    one = plain_run(place, 1)
    project = open_project([one], "local", place.machine.home)
    project.carry_out(project.plan(PlanOptions()), place.machine.events.append, threading.Event(), detach=True)
    place.wait(lambda: place.counts() == {"1": 1}, "the run")
    command = held(1, place.folder) + held(2, place.folder) + held(4, place.folder) + SCORE
    folder = place.submit(place.spec(command, [1, 3]), cancel_previous=True)
    place.wait(lambda: len(read_trials(folder)) == 2, "both trials")
    assert not (place.folder_of(place.trials(folder.name)[1].run) / state.CANCEL).exists()
    (place.folder / "go").touch()
    place.wait(lambda: status(folder) in state.ENDED, "its end")
    assert place.counts() == {"1": 1, "3": 1}


def test_values_that_make_no_difference_are_one_run(place: Place) -> None:
    space = {"x": {"type": "choice", "values": [1, 2]}, "unused": {"type": "choice", "values": [1, 2, 3]}}
    run = place.apply(place.spec(SCORE, sweep={"search_space": space}))
    assert len(read_trials(place.folder_of(run.name))) == 6
    assert place.counts() == {"1": 1, "2": 1}


@pytest.mark.parametrize(("nodes", "asked", "most"), [(2, None, 2), (3, 2, 2), (1, 5, 1)])
def test_no_more_at_once_than_there_is_room_for(place: Place, nodes: int, asked: int | None, most: int) -> None:
    here = place.folder / "here"
    here.mkdir()
    count = f"touch {here}/$$; ls {here} | wc -l >> {place.folder}/seen; sleep 0.05; rm {here}/$$; {SCORE}"
    limits = {"limits": {"max_concurrent_trials": asked}} if asked else {}
    run = place.apply(place.spec(count, range(6), compute={"name": "few", "max_instances": nodes}, sweep=limits))
    assert run.status is SUCCEEDED
    assert max(map(int, (place.folder / "seen").read_text().split())) <= most


@pytest.mark.parametrize(
    ("asked", "gpus", "most", "refused"),
    [
        ({}, 0, 4, ""),
        ({"instance_count": 3}, 0, 1, ""),
        ({"instance_count": 5}, 0, 1, "it needs 5 nodes and few has at most 4 (max_instances)"),
        ({"gpu": True}, 3, 3, ""),
        ({"gpu": True}, 0, 1, "it needs 1 GPU, one for each process, and this machine has none"),
    ],
)
def test_the_room_that_there_is(asked: dict[str, Any], gpus: int, most: int, refused: str) -> None:
    request = Request("tune", "true", "slots", "m", Cluster("few", 4), **asked)
    sweep = Sweep("grid", {}, Objective("maximize", "accuracy"))
    present = tuple(map(str, range(gpus)))
    assert (room(request, sweep, present), refusal(request, present) or "") == (most, refused)
    assert room(request, replace(sweep, max_concurrent_trials=1), present) == 1


def test_a_trial_is_stopped_early_and_not_run_again(place: Place) -> None:
    command = f"{SCORE}; {SCORE}; {held(1, place.folder)}"
    policy = {"type": "bandit", "slack_factor": 0.1}
    spec = place.spec(command, [3, 1], sweep={"early_termination": policy})
    run = place.apply(spec)
    trials = place.trials(run.name)
    assert (run.status, trials[3].status, trials[1].status) == (SUCCEEDED, SUCCEEDED, CANCELLED)
    assert trials[1].reason.startswith(STOPPED_EARLY)
    assert place.machine.engine.runs.get(trials[1].run).reason == trials[1].reason
    again = place.apply(spec, rerun=True)
    assert place.trials(again.name)[1].reason == trials[1].reason
    assert place.counts() == {"3": 1, "1": 1}
    (place.folder / "go").touch()
    whole = place.apply(place.spec(command, [3, 1]))
    assert place.trials(whole.name)[1].status is SUCCEEDED, "a sweep that stops none wants its end"


def test_nothing_that_is_secret_is_on_the_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "hunter2-of-the-environment")
    said = "curl() { echo said; }; curl -u me:hunter2-of-the-command x; echo $TOKEN ${#API_TOKEN} ${{ search_space.x }}"
    variables = {
        "TOKEN": "${{ secrets.TOKEN_OF_TEST }}",
        "API_TOKEN": "hunter2-of-${{ search_space.x }}-and-more",
    }
    job = {"command": f"{LOGS}{SCORE}; {said}\n", "environment_variables": variables}
    run = place.apply(place.spec("", [1, 2], job=job))
    assert run.status is SUCCEEDED, run.reason
    searched = ["grep", "-rla", "hunter2", str(place.machine.home)]
    assert subprocess.run(searched, capture_output=True, text=True, check=False).stdout == ""
    for trial in read_trials(place.folder_of(run.name)):
        said = (place.folder_of(trial.run) / "logs" / "main-0.txt").read_text().splitlines()
        assert said[-1].split()[-2:] == ["21", str(trial.parameters["x"])], "it has run all the same"


def test_the_spec_is_edited_while_it_runs(place: Place) -> None:
    code = place.folder / "spec" / "src"
    code.mkdir(parents=True)
    (code / "score.txt").write_text("7")
    text = place.folder / "spec" / "job.yaml"
    command = f"{held(1, place.folder)}echo $(cat score.txt)-${{{{ search_space.x }}}} >> {place.began}"
    spec = place.spec("", job={"code": "src", "command": command}, sweep={"limits": {"max_concurrent_trials": 1}})
    folder = place.submit(spec)
    wait_until(lambda: list(place.machine.home.glob("runs/*/logs/main-0.txt")), "the first trial")
    (code / "score.txt").write_text("8")
    text.write_text("name: [")
    (place.folder / "go").touch()
    place.wait(lambda: state.observe(folder).status in state.ENDED, "its end")
    assert place.counts() == {"7-1": 1, "7-2": 1, "7-3": 1}


@needs_proc
def test_a_disk_that_is_full_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small file system takes root")
    place = Place(tmp_path, Machine(disk / "home"))
    try:
        once = f"[ ${{{{ search_space.x }}}} = 3 -a ! -e {tmp_path}/once ]"
        command = (
            f"if {once}; then touch {tmp_path}/once; cat /dev/zero > {disk}/full || true; fi 2> /dev/null; {SCORE}"
        )
        spec = place.spec(command, [1, 2, 3, 4, 5], sweep={"limits": {"max_concurrent_trials": 1}})
        run = place.apply(spec)
        assert run.status is FAILED
        assert "the disk is full" in run.reason
        (disk / "full").unlink()
        again = place.apply(spec, rerun=True)
        assert (again.status, again.reason, place.best(again.name)) == (SUCCEEDED, "", 5)
        assert place.counts() | {"3": 1, "4": 1} == {str(x): 1 for x in range(1, 6)}
        assert place.successes() == dict.fromkeys(range(1, 6), 1)
    finally:
        place.end_all()
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_sweep_that_does_not_know_its_trials_is_not_started(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has started it was killed before it had said what it is."""
    spec = place.spec(SCORE)
    with monkeypatch.context() as patched:
        patched.setattr(supervisor, "start", lambda folder, withheld: None)
        folder = place.submit(spec)
    with pytest.raises(supervisor.NotStarted, match="did not arrive"):
        supervisor.start(folder, Withheld())
    assert place.apply(spec).name == folder.name
    assert place.counts() == {"1": 1, "2": 1, "3": 1}
    assert place.successes() == {1: 1, 2: 1, 3: 1}


def test_what_goes_wrong_in_a_supervisor_is_told_and_not_begun_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(supervisor, "start", lambda folder, withheld: None)
        folder = place.submit(place.spec(SCORE))
    file = folder / "sweep.json"
    file.write_text(file.read_text().replace('"choice"', '"of next year"').replace('"grid"', '"random"'))
    supervisor.start(folder, Withheld(identity={"command": "true"}))
    place.wait(lambda: state.observe(folder).status in state.ENDED, "its end")
    assert state.read(folder).status == state.FAILED
    assert re.match(r"it went wrong \(\w+: .*\); see .*supervisor\.log", state.read(folder).reason)
    assert "Traceback" in (folder / supervisor.LOG).read_text()


@needs_proc
def test_a_machine_that_restarts(place: Place) -> None:
    spec = place.spec(
        held(2, place.folder) + held(3, place.folder) + SCORE,
        [1, 2, 3, 4],
        sweep={"limits": {"max_concurrent_trials": 2}},
    )
    place.submit(spec)
    place.wait(lambda: {"2", "3"} <= {*place.counts()}, "two trials")
    kill_at_once(*place.supervisors().values())
    wait_until(lambda: not place.supervisors(), "nobody to be left", place.supervisors)
    (place.folder / "go").touch()
    run = place.apply(spec)
    assert (run.status, run.attempt, place.best(run.name)) == (SUCCEEDED, 2, 4)
    assert place.successes() == {1: 1, 2: 1, 3: 1, 4: 1}
