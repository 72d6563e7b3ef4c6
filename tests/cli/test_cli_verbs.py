"""The verbs of the command line, in this process: exit statuses, and what is told where."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied, LogLine
from specrun.plan.changes import Change
from specrun.plan.makers import Maker
from specrun.plan.metrics import Logged
from specrun.plan.observed import Loss, Observed, Run, RunStatus, Status
from specrun.spec import tree
from tests.engine_double import Double, offer, write_spec

JOB = "name: job\njob: {command: ls}\n"
CLUSTER = "name: job\ncompute: {name: gpu, max_instances: 2}\njob: {command: ls}\n"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `--engine local` stands for here: an engine in memory that asks before it changes anything."""
    double = Double()
    offer(monkeypatch, "local", double)
    return double


def spec(text: str = JOB, file: str = "job.yaml") -> Path:
    return write_spec(Path.cwd(), text, file)


def test_an_unknown_verb_is_told_which_one_was_meant(specrun: Any) -> None:
    said = specrun("aply")
    assert said.code == 64
    assert "specrun has no verb `aply`. Did you mean `apply`?" in said.err
    assert "The verbs are init, validate," in specrun("xyzzy").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--nonsense"),
        ("plan", "-o", "xml"),
        ("plan", "--var", "x"),
        ("apply", "--max-runs", "0"),
        ("logs", "--tail", "-1"),
    ],
)
def test_wrong_usage(specrun: Any, arguments: tuple[str, ...]) -> None:
    spec()
    assert specrun(*arguments).code == 64


@pytest.mark.parametrize(
    "verb",
    [
        "init",
        "validate",
        "plan",
        "apply",
        "status",
        "logs",
        "outputs",
        "cancel",
        "runs",
        "destroy",
        "schema",
        "graph",
        "doctor",
    ],
)
def test_every_verb_explains_itself(specrun: Any, verb: str) -> None:
    said = specrun(verb, "--help")
    assert said.code == 0
    assert said.out.startswith("Usage:")
    assert verb in specrun("--help").out


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "graph", "destroy"])
def test_an_invalid_spec_is_65_with_its_place(specrun: Any, verb: str) -> None:
    spec("name: job\njob: {command: ls}\ncomputee: x\n")
    said = specrun(verb)
    assert said.code == 65
    assert "job.yaml:4:1: error[" in said.out + said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "verb", ["validate", "plan", "apply", "graph", "destroy", "status", "logs", "outputs", "cancel", "runs"]
)
def test_a_file_that_is_not_there_is_65(specrun: Any, verb: str) -> None:
    said = specrun(verb, "absent.yaml")
    assert said.code == 65
    assert "absent.yaml" in said.out + said.err


def test_every_file_is_looked_at_before_anything_happens(specrun: Any, engine: Double) -> None:
    spec()
    spec("name: other\njob: {}\n", "other.yaml")
    assert specrun("apply", "-y", "job.yaml", "other.yaml").code == 65
    assert engine.calls == []


def test_plan_and_its_exit_statuses(specrun: Any, engine: Double) -> None:
    spec(CLUSTER)
    assert specrun("plan").code == 0
    said = specrun("plan", "--exit-code")
    assert said.code == 2
    assert "Plan: 1 to create, 1 to submit." in said.out
    assert specrun("apply", "-y").code == 0
    said = specrun("plan", "--exit-code")
    assert (said.code, said.out.splitlines()[-1][:10]) == (0, "No changes")
    assert not [call for call in engine.calls if call.startswith("begin")][2:]


def test_json_and_markdown_are_data_on_standard_output(specrun: Any, engine: Double) -> None:
    spec(CLUSTER)
    assert json.loads(specrun("plan", "-o", "json").out)["engine"] == "local"
    assert specrun("plan", "-o", "markdown").out.startswith("<!-- specrun plan -->")
    said = specrun("apply", "-y", "-o", "json")
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["plan_ready", "finished"]
    assert {event["event"] for event in events} >= {"operation_started", "operation_settled"}
    for verb in ("status", "runs", "outputs"):
        json.loads(specrun(verb, "-o", "json").out)


def test_a_refused_plan_is_4_and_nothing_happens(specrun: Any, engine: Double) -> None:
    spec(CLUSTER.replace("name: gpu", "name: gpu, size: STANDARD_DS3_V2"))
    engine.there["compute/gpu"] = Observed(
        Status.READY, {"size": "STANDARD_NC6", "max_instances": 2}, maker=Maker("job")
    )
    for arguments in (("plan",), ("plan", "-o", "json"), ("apply", "-y")):
        said = specrun(*arguments)
        assert said.code == 4
        assert "error[replace]" in said.err
    assert not [call for call in engine.calls if call.startswith("begin")]
    assert specrun("apply", "-y", "--allow-replace").code == 0


def test_a_plan_that_is_impossible_is_1(specrun: Any, engine: Double) -> None:
    spec("name: job\ncompute: gpu\njob: {command: ls}\n")
    said = specrun("plan")
    assert said.code == 1
    assert "compute gpu does not exist" in said.err


def test_what_cannot_arrive_is_65_however_many_files_there_are(
    specrun: Any, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_spec(Path.cwd(), "name: job\njob: {code: src, command: ls}\n", src__train_py="")
    for number in range(3):
        Path(f"src/loop{number}").symlink_to(f"loop{number}")
    monkeypatch.setattr(tree, "MOST_ENTRIES", 1)  # the rules see nothing of it
    done = specrun("plan", str(path))
    assert (done.code, "error[link-loop]" in done.err) == (65, True)
    assert "to submit" not in done.out
    assert "? run/" in done.out


def test_what_cannot_be_observed_is_1(specrun: Any, engine: Double) -> None:
    spec(CLUSTER)
    engine.faults["observe compute/gpu"] = [Denied("no right to read clusters")]
    said = specrun("plan")
    assert (said.code, said.err) == (1, "error: compute/gpu: no right to read clusters\n")


def test_without_a_terminal_an_engine_that_asks_stops(specrun: Any, engine: Double) -> None:
    spec()
    said = specrun("apply")
    assert said.code == 1
    assert "say --yes" in said.err
    assert engine.all_runs == []
    engine.asks = False
    assert specrun("apply").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--older-than", "30d"), "goes with `--also run` alone"),
        (("--older-than", "30d", "--also", "run", "--also", "data"), "goes with `--also run` alone"),
        *(
            (("--older-than", age, "--also", "run"), "such as 30d; not")
            for age in ("30", "-3d", "d", "1.5d", "٣d", "9" * 20 + "d")
        ),
    ],
)
def test_an_age_that_is_none(specrun: Any, engine: Double, arguments: tuple[str, ...], told: str) -> None:
    spec()
    said = specrun("destroy", *arguments)
    assert (said.code, told in said.err) == (64, True)
    assert engine.calls == []


def test_old_runs_are_deleted_when_they_are_asked_for(
    specrun: Any, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec(CLUSTER)
    monkeypatch.setattr("specrun.cli.destroy.time.time", lambda: 1_000_000.0)
    engine.all_runs = [Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED)]
    assert specrun("destroy", "--also", "run", "--older-than", "1w").code == 1, "it asks"
    assert specrun("destroy", "--also", "run", "--older-than", "1w", "--yes").code == 0
    assert [call for call in engine.calls if "delete" in call] == ["delete job before 395200"]


def test_destroying_asks_on_every_engine(specrun: Any, engine: Double) -> None:
    spec(CLUSTER)
    engine.asks = False
    assert specrun("apply").code == 0
    said = specrun("destroy")
    assert (said.code, "say --yes" in said.err) == (1, True)
    assert "compute/gpu" in engine.there
    assert specrun("destroy", "--yes").code == 0
    assert "compute/gpu" not in engine.there
    assert len(engine.all_runs) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(RunStatus.SUCCEEDED, 0), (RunStatus.FAILED, 100), (RunStatus.LOST, 100), (RunStatus.CANCELLED, 103)],
)
def test_apply_ends_as_the_run_does_and_again_so_the_next_time(
    specrun: Any, engine: Double, status: RunStatus, code: int
) -> None:
    spec()
    assert specrun("plan", "-o", "json").code == 0
    engine.on_look = lambda name: engine.statuses.update({name: [status]})
    assert specrun("apply", "-y").code == code
    assert specrun("status", "--wait").code == code
    assert specrun("status").code == 0
    assert specrun("apply", "-y").code == code
    assert len(engine.all_runs) == (2 if status is RunStatus.LOST else 1)
    assert specrun("apply", "-y", "--rerun").code == code
    assert len(engine.all_runs) == (3 if status is RunStatus.LOST else 2)


def test_status_shows_the_rest_where_the_metrics_cannot_be_read(specrun: Any, engine: Double) -> None:
    class Metrics:
        def logged(self, name: str) -> Logged:
            raise Denied("who signed in may not read them")

    spec()
    assert specrun("apply", "-y").code == 0
    engine.metrics = Metrics()
    said = specrun("status")
    assert (said.code, said.err) == (0, "")
    assert "succeeded" in said.out
    assert "  metrics      cannot be read: who signed in may not read them" in said.out
    told = json.loads(specrun("status", "-o", "json").out)
    assert (told["status"], told["metrics"]) == ("succeeded", {})
    assert told["unread"] == {"metrics": "who signed in may not read them"}


def test_what_never_starts_is_submitted_three_times_and_then_on_request(specrun: Any, engine: Double) -> None:
    spec()
    engine.on_look = lambda name: engine.statuses.update({name: [RunStatus.LOST]})
    for attempt in (1, 2, 3, 3):
        assert specrun("apply", "-y").code == 100
        assert len(engine.all_runs) == attempt
        engine.all_runs = [replace(run, loss=Loss.NEVER_STARTED) for run in engine.all_runs]
    said = specrun("plan", "--exit-code")
    assert (said.code, "so nothing is submitted without --rerun" in said.out) == (0, True)
    assert specrun("apply", "-y", "--rerun").code == 100
    assert len(engine.all_runs) == 4


def test_of_several_the_first_that_applies(specrun: Any, engine: Double) -> None:
    spec()
    spec("name: bad\ncompute: {name: gpu, max_instances: 1}\njob: {command: pwd}\n", "bad.yaml")
    engine.on_look = lambda name: engine.statuses.update({name: [RunStatus.FAILED]})
    engine.faults["begin compute/gpu"] = [Denied("no")]
    said = specrun("apply", "-y", "job.yaml", "bad.yaml")
    assert said.code == 1
    assert "run/bad: skipped, since compute/gpu was not done" in said.err
    assert [run.spec for run in engine.all_runs] == ["job"]


def test_losing_sight_of_a_run_is_1(specrun: Any, engine: Double) -> None:
    spec()
    engine.on_look = lambda name: (_ for _ in ()).throw(Denied("the token has expired"))
    said = specrun("apply", "-y")
    assert said.code == 1
    assert "lost sight of job-" in said.err


def test_a_saved_plan_is_what_is_carried_out(specrun: Any, engine: Double) -> None:
    path = spec(CLUSTER)
    assert specrun("plan", "--out", "the.plan").code == 0
    made = json.loads(Path("the.plan").read_text())
    (Path.cwd() / "below").mkdir()
    assert specrun("apply", "-y", "the.plan").code == 0
    assert [run.fingerprint for run in engine.all_runs] == list(made["fingerprints"].values())
    path.write_text(path.read_text().replace("max_instances: 2", "max_instances: 3"))
    said = specrun("apply", "-y", "the.plan")
    assert said.code == 5
    assert "plan again" in said.err
    assert specrun("apply", "the.plan", "job.yaml").code == 64
    Path("the.plan").write_text(json.dumps(made | {"format": 99}))
    assert specrun("apply", "the.plan").code == 1


def test_a_saved_plan_is_stale_when_the_world_is_another(specrun: Any, engine: Double) -> None:
    spec(CLUSTER)
    specrun("plan", "--out", "the.plan")
    engine.there["compute/gpu"] = Observed(Status.READY, {"name": "gpu", "max_instances": 9})
    said = specrun("apply", "-y", "the.plan")
    assert said.code == 5
    assert engine.there["compute/gpu"].properties["max_instances"] == 9
    assert engine.all_runs == []


def test_a_saved_plan_keeps_what_the_command_line_said(
    specrun: Any, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec("name: job\nvars: {n: 1}\njob: {command: 'echo ${{ vars.n }} ${{ inputs.d }}', inputs: {d: {path: data}}}\n")
    Path(".git").mkdir()
    for folder in ("data", "more", "below"):
        Path(folder).mkdir()
        (Path(folder) / "a").write_text(folder)
    assert (
        specrun("plan", "--var", "n=2", "--input", "d=more", "--environment", "current", "--out", "the.plan").code == 0
    )
    monkeypatch.chdir("below")
    assert specrun("apply", "-y", "../the.plan").code == 0
    command = engine.identities[engine.all_runs[0].name]["command"]
    assert command == "echo 2 ${{ inputs.d }}"


def interrupt(number: int) -> Callable[[Change], None]:
    def raise_signal(change: Change) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    return raise_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_before_submission(specrun: Any, engine: Double, number: int) -> None:
    spec(CLUSTER)
    engine.on_begin, before = interrupt(number), signal.getsignal(number)
    said = specrun("apply", "-y")
    assert said.code == 130
    assert "interrupted: the next apply goes on from here" in said.err
    assert engine.all_runs == []
    assert signal.getsignal(number) is before


def test_interrupted_after_submission(specrun: Any, engine: Double) -> None:
    spec()

    def look(name: str) -> None:
        engine.statuses[name] = [RunStatus.RUNNING]
        engine.on_look = lambda name: None  # one interrupt: the next would end the program at once
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    engine.on_look = look
    said = specrun("apply", "-y")
    assert said.code == 130
    name = engine.all_runs[0].name
    assert f"{name} goes on:" in said.err
    assert f"specrun logs {name} -f\n" in said.err
    assert engine.cancelled == []


def test_detached(specrun: Any, engine: Double) -> None:
    spec()
    engine.on_look = lambda name: engine.statuses.update({name: [RunStatus.RUNNING]})
    said = specrun("apply", "-y", "--detach")
    assert said.code == 0
    assert "goes on:" in said.err


def test_a_bug_is_70_and_says_so(specrun: Any, engine: Double) -> None:
    spec(CLUSTER)
    engine.faults["begin compute/gpu"] = [ZeroDivisionError("oops")]
    said = specrun("apply", "-y")
    assert said.code == 70
    assert "This is a bug in specrun" in said.err
    assert "ZeroDivisionError" in said.err


def test_logs_by_role_and_tail(specrun: Any, engine: Double) -> None:
    spec()
    engine.all_runs = [Run("job-a", "job", "a", 1, RunStatus.SUCCEEDED)]
    engine.lines = [LogLine(f"worker/{n % 2}", f"line {n}") for n in range(6)] + [LogLine("ps/0", "bye")]
    assert specrun("logs").out.splitlines()[:2] == ["worker/0 | line 0", "worker/1 | line 1"]
    assert specrun("logs", "--role", "ps").out == "ps/0 | bye\n"
    assert specrun("logs", "--role", "worker/1").out.splitlines() == [f"worker/1 | line {n}" for n in (1, 3, 5)]
    assert specrun("logs", "--tail", "1").out.splitlines() == ["worker/0 | line 4", "worker/1 | line 5", "ps/0 | bye"]
    assert specrun("logs", "--tail", "0").out == ""
    assert specrun("logs", "--run", "absent").code == 1


def test_logs_are_followed_to_the_end(specrun: Any, engine: Double) -> None:
    spec()
    engine.all_runs = [Run("job-a", "job", "a", 1, RunStatus.RUNNING)]
    engine.statuses["job-a"] = [RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.SUCCEEDED]
    engine.lines = [LogLine("main", "one")]

    def look(name: str) -> None:
        if engine.statuses[name][0] is RunStatus.RUNNING:
            engine.lines.append(LogLine("main", f"line {len(engine.lines)}"))

    engine.on_look = look
    said = specrun("logs", "-f", "--tail", "10")
    assert said.code == 0
    assert said.out.splitlines()[0] == "main | one"
    assert len(said.out.splitlines()) == len(engine.lines)


@pytest.mark.parametrize("verb", ["status", "logs", "outputs"])
def test_no_runs_yet(specrun: Any, engine: Double, verb: str) -> None:
    spec()
    said = specrun(verb)
    assert (said.code, "`specrun apply` starts one" in said.err) == (1, True)
    assert specrun("runs").out == "no runs yet\n"


def test_cancel(specrun: Any, engine: Double) -> None:
    spec()
    assert "has no unfinished run" in specrun("cancel").out
    engine.all_runs = [
        Run("job-a", "job", "a", 1, RunStatus.SUCCEEDED),
        Run("job-b", "job", "b", 1, RunStatus.RUNNING),
        Run("other-c", "other", "c", 1, RunStatus.RUNNING),
    ]
    engine.statuses["job-b"] = [RunStatus.RUNNING, RunStatus.CANCELLED]
    said = specrun("cancel")
    assert (said.code, said.out, engine.cancelled) == (0, "job-b is cancelled\n", ["job-b"])


def test_a_spec_that_is_being_edited_still_has_its_runs(specrun: Any, engine: Double) -> None:
    spec("name: job\njob: {comand: ls}\n")
    engine.all_runs = [Run("job-a", "job", "a", 1, RunStatus.SUCCEEDED)]
    assert "job-a" in specrun("runs").out
    assert specrun("status").code == 0


def test_graph_doctor_and_schema(specrun: Any) -> None:
    spec(CLUSTER)
    assert specrun("graph").out.startswith("flowchart LR\n")
    assert specrun("graph", "-o", "dot").out.startswith("digraph specrun {\n")
    assert json.loads(specrun("schema").out)["$schema"].endswith("2020-12/schema")
    assert {finding["what"] for finding in json.loads(specrun("doctor", "-o", "json").out)} >= {"specrun", "state"}


def test_declared_differently_is_65(specrun: Any) -> None:
    spec(CLUSTER)
    spec("name: other\ncompute: {name: gpu, max_instances: 3}\n", "other.yaml")
    for verb in ("plan", "graph"):
        said = specrun(verb, "job.yaml", "other.yaml")
        assert said.code == 65
        assert [f"{file}.yaml:3:22" in said.err for file in ("job", "other")] == [True, True]
        assert said.err.count("    3 | compute: {name: gpu, max_instances: ") == 2


def test_runs_shows_the_newest_and_that_there_are_more(specrun: Any, engine: Double) -> None:
    spec()
    engine.all_runs = [Run(f"job-{n:010}", "job", f"{n:010}", 1, RunStatus.FAILED) for n in range(30)]
    engine.identities = {run.name: {"command": run.name} for run in engine.all_runs}
    said = specrun("runs", "--limit", "3")
    names = [line.split()[0] for line in said.out.splitlines() if line.startswith("job-")]
    assert names == [run.name for run in engine.all_runs[:-4:-1]]
    assert said.out.count("~ command:") == 3
    assert "job has older runs: --limit 15 shows more" in said.err
    assert [call for call in engine.calls if call.startswith("run ")] == [f"run {name}" for name in names[:2]]
    assert len(json.loads(specrun("runs", "-o", "json").out)) == 20
    assert "older runs" not in specrun("runs", "--limit", "30").err


def test_runs_asks_no_further_once_it_is_not_kept_what_a_run_was(specrun: Any, engine: Double) -> None:
    spec()
    engine.all_runs = [Run(f"job-{n:010}", "job", f"{n:010}", 1, RunStatus.SUCCEEDED) for n in range(5)]
    asked: list[str] = []
    engine.runs.identity = lambda name: asked.append(name) or {}  # type: ignore[method-assign, func-returns-value]
    assert "~" not in specrun("runs").out
    assert len(asked) == 1


INDEX = (
    "name: pw\njob:\n  command: ls\n  environment:\n    pip: ['small @ https://me:hush-hush@127.0.0.1:9/x.whl', {}]\n"
)


def test_the_password_of_a_package_index_shows_nowhere(
    specrun: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text('#!/bin/sh\nfor last; do :; done\n[ $1 = venv ] && exit 0\ncat "$last"; exit 1\n')
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    spec = write_spec(tmp_path, INDEX.format("six"))
    verbs = ["validate", "validate -o json", "plan --out the.plan", "plan -o json", "plan -o markdown", "graph"]
    verbs += ["apply -q", "apply -o json", "status", "runs -o json", "export azureml", "destroy --yes"]
    said = {verb: specrun(*verb.split()) for verb in verbs}
    assert said["apply -q"].code == 1
    assert "me:*********@127.0.0.1:9" in said["apply -q"].err
    assert [verb for verb, told in said.items() if "hush" in told.out + told.err] == []
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"hush" in path.read_bytes()] == [spec]
    spec.write_text(spec.read_text().replace("six", "'six=https://me:hush-hush@x'"))
    told = specrun("validate")
    assert (told.code, "hush" in told.out) == (65, False)
