"""Runs in Python: one that has ended, and one that goes on; both on this machine."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import specrun
from specrun.apply.runs_of import RunsOf
from specrun.engines.base import LogLine
from specrun.engines.reliable import Reliable
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, RunStatus
from specrun.plan.trials import Trial
from specrun.spec.sweep import Objective
from tests.engine_double import Double, DoubleSweeps

SCRIPT = """\
import pathlib, sys
print("\\033[1mstep\\033[0m <b>1</b>")
pathlib.Path(sys.argv[2], "weights.txt").write_text("42")
pathlib.Path(sys.argv[2], "<img>.txt").write_text("x")
"""
JOB = """\
apiVersion: specrun/v1
name: one
vars: {lr: 0.1}
job:
  code: src
  command: python train.py --out ${{ outputs.model }} --lr ${{ vars.lr }}
  outputs: {model: {}}
"""


def write(folder: Path, script: str, job: str = JOB) -> Path:
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text(script)
    (folder / "job.yaml").write_text(job)
    return folder / "job.yaml"


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[specrun.Specs, list[str]]]:
    """Specs that were applied, and the lines that this showed."""
    lines: list[str] = []
    job = specrun.load(write(tmp_path_factory.mktemp("ended"), SCRIPT))
    job.apply(show=lines.append)
    return job, lines


def test_an_apply_shows_what_the_command_prints(ended: tuple[specrun.Specs, list[str]]) -> None:
    job, lines = ended
    (run,) = job.runs()
    assert "Plan: 1 to submit." in lines
    assert [line for line in lines if line.startswith("main/0 | ")] != []
    assert any(line.startswith(f"✓ {run.name} succeeded") for line in lines)


def test_a_run_that_has_ended_tells_all_of_itself(ended: tuple[specrun.Specs, list[str]], tmp_path: Path) -> None:
    job, _ = ended
    (run,) = job.runs()
    assert (run.status, run.done, run.spec, run.reason) == ("succeeded", True, "one", "")
    assert run.submitted is not None
    assert run.submitted.tzinfo is not None
    assert run.params["lr"] == 0.1
    assert run.metrics() == {}
    with pytest.raises(KeyError, match="has logged no loss"):
        run.metrics("loss")
    assert [line.text for line in run.logs()] == ["\x1b[1mstep\x1b[0m <b>1</b>"]
    assert str(run.logs(role="worker")) == ""
    assert [line.role for line in run.logs(follow=True, role="main")] == ["main/0"]
    assert [one.path for one in run.outputs] == ["model/<img>.txt", "model/weights.txt"]
    assert run.outputs.open("model/weights.txt").read() == b"42"
    assert [path.name for path in run.outputs.fetch(tmp_path, "*weights*")] == ["weights.txt"]
    with pytest.raises(specrun.Missing, match="no output"):
        run.outputs.path("model/none")
    assert run.wait().check() is run
    assert run.cancel() is run
    assert job.run(run.name) == run
    with pytest.raises(specrun.Missing):
        job.run("one-0123456789")
    with pytest.raises(specrun.UsageError, match="is no run's name"):
        job.run("one")


def test_runs_are_rows_of_a_table(ended: tuple[specrun.Specs, list[str]]) -> None:
    """As pandas takes them: a sequence of mappings. The notebook of the documents makes a DataFrame of them."""
    runs = ended[0].runs()
    assert isinstance(runs, Sequence)
    assert isinstance(runs[0], Mapping)
    assert list(runs[0])[:3] == ["name", "spec", "status"]
    assert dict(runs[0]) == runs.rows()[0]
    assert (runs[0]["lr"], runs[0]["name"], len(runs[0])) == (0.1, runs[0].name, len(runs.rows()[0]))


def test_whatever_a_run_wrote_is_text_in_a_notebook(ended: tuple[specrun.Specs, list[str]]) -> None:
    (run,) = runs = ended[0].runs()
    shown = [run._repr_html_(), runs._repr_html_(), run.logs()._repr_html_(), run.outputs._repr_html_()]
    for html in shown:
        assert "<img" not in html
        assert "<b>1</b>" not in html
        assert "\x1b" not in html
    assert "&lt;b&gt;1&lt;/b&gt;" in shown[0]
    assert "prefers-color-scheme:dark" in shown[0]
    assert run.name in repr(run)
    assert run.name in repr(runs)
    assert set(run._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_what_has_run_is_not_run_again(ended: tuple[specrun.Specs, list[str]]) -> None:
    job, _ = ended
    assert [run.name for run in job.apply()] == [run.name for run in job.runs()]
    assert not job.plan().pending
    assert job.plan(rerun=True).pending


def test_a_run_is_compared_with_the_one_before_it_or_another(ended: tuple[specrun.Specs, list[str]]) -> None:
    job, _ = ended
    (run,) = job.runs()
    with pytest.raises(specrun.Missing, match="is the first run of one"):
        run.diff()
    same = run.diff(run)
    assert same.data()["before"]["name"] == run.name
    assert run.name in repr(same)


def test_an_interrupt_ends_the_waiting_and_not_the_run(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    job = specrun.load(write(tmp_path, f"print('up', flush=True)\nopen({str(fifo)!r}).read()\n"))

    def show(line: str) -> None:
        if "main/0 | up" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.apply(show=show)
    (run,) = job.runs()
    assert (run.status, run.done) == ("running", False)
    with pytest.raises(TimeoutError, match="is running after"):
        run.wait(timeout=0.01)
    with pytest.raises(specrun.RunFailed):
        run.check()
    lines = run.logs(follow=True)
    assert next(lines).text == "up"
    assert ("pip install &#x27;specrun[notebook]&#x27;" in run._repr_html_()) is ("anywidget" not in sys.modules)
    assert run.cancel().status == "cancelled"
    assert list(lines) == []
    with pytest.raises(specrun.RunFailed) as failed:
        run.check()
    assert failed.value.code == 103


def double(status: RunStatus, **more: Any) -> tuple[specrun.Run, Double]:
    engine = Double(all_runs=[Run("job-0123456789", "job", "0123456789", 1, status)], **more)
    runs = RunsOf(Maker("job"), Reliable(engine), Path("home"))
    return specrun.Run(runs, engine.all_runs[0]), engine


def test_a_run_that_has_ended_is_not_asked_about_again() -> None:
    run, engine = double(RunStatus.SUCCEEDED)
    for _ in range(3):
        assert (run.status, run.done) == ("succeeded", True)
        run.row()
    assert [call for call in engine.calls if call.startswith("run ")] == []


def test_one_that_goes_on_is_asked_about_no_more_often_than_its_place_likes() -> None:
    run, engine = double(RunStatus.RUNNING, poll=1000.0)
    assert [run.status for _ in range(5)] == ["running"] * 5
    assert engine.calls == []
    engine.poll = 0.0
    fresh, engine = double(RunStatus.RUNNING, poll=0.0)
    engine.statuses = {fresh.name: [RunStatus.SUCCEEDED]}
    assert fresh.status == "succeeded"


def test_secrets_are_not_in_what_is_read_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    from specrun.spec import secrets

    monkeypatch.setenv("A_TOKEN", "hunter2hunter2")
    secrets.note(["A_TOKEN"])
    run, engine = double(RunStatus.SUCCEEDED)
    engine.lines = [LogLine("main/0", "it is hunter2hunter2")]
    assert [line.text for line in run.logs()] == ["it is ••••"]


def test_runs_are_waited_for_in_any_thread() -> None:
    run, engine = double(RunStatus.RUNNING)
    engine.statuses = {run.name: [RunStatus.RUNNING, RunStatus.FAILED]}
    thread = threading.Thread(target=run.wait)
    thread.start()
    thread.join(60)
    assert run.status == "failed"


def swept(*trials: Trial) -> tuple[specrun.Run, Double]:
    run, engine = double(RunStatus.SUCCEEDED)
    found = replace(run.observed, objective=Objective("minimize", "loss"), most_trials=9)
    engine.all_runs = [found]
    engine.sweeps = DoubleSweeps(engine, {found.name: [trials]})
    return specrun.Run(run.source, found), engine


def test_the_trials_of_a_sweep_are_rows_best_first() -> None:
    failed = Trial(0, {"lr": 0.1}, "job-0000000000", RunStatus.FAILED, None, "has logged no `loss`", 10.0, 12.5)
    good = Trial(1, {"lr": 0.01}, "job-0000000001", RunStatus.SUCCEEDED, 0.5, "", 10.0, 11.0)
    lost = Trial(2, {"lr": 0.001}, "job-0000000002", RunStatus.SUCCEEDED, math.nan)
    sweep, engine = swept(failed, good, lost)
    trials = sweep.trials
    assert [one.name for one in trials] == [good.run, lost.run, failed.run]
    assert isinstance(trials, Sequence)
    assert isinstance(trials[0], Mapping)
    assert (trials[0]["lr"], trials[0]["value"], trials[0]["elapsed"], trials[0].params) == (
        0.01,
        0.5,
        1.0,
        {"lr": 0.01},
    )
    assert (trials[-1].status, trials[-1].reason, trials[-1].value) == ("failed", "has logged no `loss`", None)
    assert (set(trials[0]), len(trials[0])) == (set(trials.rows()[0]), len(trials.rows()[0]))
    assert [len(trials), len(trials[1:]), trials.best] == [3, 2, trials[0]]
    assert repr(trials).splitlines()[1].split()[:3] == [good.run, "succeeded", "0.5"]
    assert "has logged no `loss`" in trials._repr_html_()
    assert repr(trials) in trials._repr_markdown_()
    assert "best         loss 0.5  job-0000000001" in repr(sweep)
    assert "3 of 9 trials, 1 failed; best loss 0.5" in sweep._repr_html_()
    engine.calls.clear()
    assert sweep.best_trial is not None
    assert engine.calls == [f"trials {sweep.name}"]
    engine.all_runs.append(Run(good.run, "job", "0000000001", 1, RunStatus.SUCCEEDED))
    assert sweep.best_trial.run.name == good.run


def test_a_sweep_without_trials_and_a_run_that_is_none() -> None:
    sweep, _ = swept()
    assert (sweep.best_trial, repr(sweep.trials)) == (None, f"{sweep.name} has no trials")
    waits, _ = swept(Trial(3, {}))
    with pytest.raises(specrun.Missing, match="trial 3"):
        waits.trials[0].run  # noqa: B018 - it is looked for
    run, engine = double(RunStatus.SUCCEEDED)
    assert (len(run.trials), run.best_trial) == (0, None)
    assert not [call for call in engine.calls if call.startswith("trials")]
