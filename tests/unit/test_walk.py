from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from specrun.apply import operations, walk
from specrun.apply.events import (
    Event,
    Finished,
    LogLines,
    OperationSettled,
    OperationStarted,
    StatusChanged,
)
from specrun.engines import calls
from specrun.engines.base import Conflict, Denied, LogLine, Missing, Report, Staged, Transient
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Change, Plan
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.run import Submit
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.submission import Submission
from tests.engine_double import (
    DEADLINE,
    HANG,
    HERE,
    Accepted,
    Double,
    Fault,
    carry_out,
    change_of,
    plan_for,
    read_specs,
    wait_until,
    write_spec,
)

TEXT = """\
name: job
compute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}
data: {d: {path: data}}
job: {code: src, command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
CLUSTER = "name: job\ncompute: {name: gpu, max_instances: 2}\n"
GPU, DATA, RUN = "compute/gpu", "data/default/d", "run/job"
NOTHING = Plan((HERE,), (), {})


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "FIRST_POLL", 0.001)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(walk, "TICK", 0.01)


@pytest.fixture
def engine() -> Double:
    return Double()


def plan_of(folder: Path, engine: Double, text: str = TEXT, **options: object) -> Plan:
    path = write_spec(folder, text, src__train_py="pass\n", data__a_csv="1\n")
    return plan_for(engine, read_specs(path), folder / "home", **options)


def begun(engine: Double) -> list[str]:
    return [what.removeprefix("begin ") for what in engine.calls if what.startswith("begin ")]


def is_of(change: Change | Submission, address: str) -> bool:
    return isinstance(change, Change) and change.key.address == address


def settled(events: list[Event]) -> dict[str, OperationSettled]:
    return {event.key.address: event for event in events if isinstance(event, OperationSettled)}


def test_everything_in_order_and_the_run_to_its_end(tmp_path: Path, engine: Double) -> None:
    engine.lines = [LogLine("worker/0", "one"), LogLine("worker/0", "two"), LogLine("worker/1", "three")]
    plan = plan_of(tmp_path, engine)
    name = f"job-{plan.fingerprints['job'][:10]}"
    engine.statuses[name] = [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.SUCCEEDED]
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert sorted(begun(engine)[:2]) == [GPU, DATA]
    assert begun(engine)[2:] == [RUN]
    assert [run.status for run in outcome.ended] == [RunStatus.SUCCEEDED]
    assert (outcome.failed, outcome.stale, outcome.going_on, outcome.interrupted) == ([], [], [], False)
    assert [e.run.status.value for e in events if isinstance(e, StatusChanged)] == ["queued", "running"]
    lines = [line.text for event in events if isinstance(event, LogLines) for line in event.lines]
    assert lines == ["one", "two", "three"]
    assert isinstance(events[-1], Finished)
    assert events[-1].outputs == f"double://{name}"
    started = [event.key.address for event in events if isinstance(event, OperationStarted)]
    assert sorted(started) == sorted([GPU, DATA, RUN])


def test_independent_resources_side_by_side(tmp_path: Path, engine: Double) -> None:
    meeting = threading.Barrier(2, timeout=DEADLINE)
    engine.on_begin = lambda change: None if isinstance(change, Submission) else meeting.wait() and None
    outcome, _ = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert outcome.failed == []
    assert not meeting.broken


def test_events_come_from_the_thread_that_walks(tmp_path: Path, engine: Double) -> None:
    threads = set()
    carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home", lambda e: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_dependents_of_what_failed_are_skipped_and_the_rest_is_done(tmp_path: Path, engine: Double) -> None:
    engine.faults[f"begin {GPU}"] = [Denied("you may not create clusters")]
    outcome, events = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert outcome.failed == [GPU]
    assert settled(events)[GPU].error == "you may not create clusters"
    assert settled(events)[RUN].skipped == f"{GPU} was not done"
    assert settled(events)[DATA] == replace(settled(events)[DATA], error="", skipped="")
    assert RUN not in begun(engine)


def test_skipping_goes_on_to_the_dependents_of_the_skipped(tmp_path: Path, engine: Double) -> None:
    ids = "resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc"
    workspace = f"workspace: {{name: wsp, {ids}, create: true}}\n"
    engine.faults["begin workspace/wsp"] = [Denied("no")]
    plan = plan_of(tmp_path, engine, TEXT.replace("compute:", f"{workspace}compute:"))
    _, events = carry_out(engine, plan, tmp_path / "home")
    assert begun(engine) == ["workspace/wsp"]
    assert {key for key, event in settled(events).items() if event.skipped} == {GPU, DATA, RUN}


def test_what_was_to_stay_as_it_is_is_not_said_to_be_skipped(tmp_path: Path, engine: Double) -> None:
    """The cluster cannot be changed: the run that was not to be touched is followed to its end all the same."""
    carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    run = engine.all_runs[0]
    engine.all_runs[0] = replace(run, status=RunStatus.RUNNING)
    engine.statuses[run.name] = [RunStatus.RUNNING, RunStatus.SUCCEEDED]
    engine.faults[f"begin {GPU}"] = [Denied("no")]
    plan = plan_of(tmp_path, engine, TEXT.replace("max_instances: 2", "max_instances: 3"))
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert outcome.failed == [GPU]
    assert [event for event in settled(events).values() if event.skipped] == []
    assert [run.status for run in outcome.ended] == [RunStatus.SUCCEEDED]


def test_a_failure_that_is_about_a_field_says_where_that_stands(tmp_path: Path, engine: Double) -> None:
    missing = Missing("there is no compute gpu")
    missing.about = ("compute",)
    engine.faults[f"begin {RUN}"] = [missing]
    _, events = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    location = read_specs(tmp_path / "job.yaml")[0].at("compute").location
    assert settled(events)[RUN].error == f"there is no compute gpu ({location.file}:{location.line}:1)"


@pytest.mark.parametrize("after", [None, 0.001])
def test_what_is_transient_is_tried_again(tmp_path: Path, engine: Double, after: float | None) -> None:
    engine.faults[f"begin {GPU}"] = [Transient("busy", after), Transient("busy", after)]
    engine.faults[f"begin {RUN}"] = [Transient("busy", after)]
    outcome, _ = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert (outcome.failed, len(outcome.ended)) == ([], 1)
    assert (begun(engine).count(GPU), begun(engine).count(RUN)) == (3, 2)


def test_but_not_for_ever(tmp_path: Path, engine: Double) -> None:
    engine.faults[f"begin {GPU}"] = [Transient("busy")] * 50
    outcome, events = carry_out(engine, plan_of(tmp_path, engine, CLUSTER), tmp_path / "home")
    assert (outcome.failed, settled(events)[GPU].error) == ([GPU], "busy")
    assert begun(engine).count(GPU) < 10


@pytest.mark.parametrize("answer", [Transient("the gateway timed out"), HANG])
def test_a_write_that_was_accepted_without_saying_so_is_done_once(
    tmp_path: Path, engine: Double, answer: Exception | str
) -> None:
    plan = plan_of(tmp_path, engine)
    engine.patience = 0.3 if answer == HANG else DEADLINE
    for key in (GPU, DATA, RUN):
        engine.faults[f"begin {key}"] = [Accepted(answer)]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, len(outcome.ended), len(engine.all_runs)) == ([], 1, 1)
    assert sorted(begun(engine)) == sorted([GPU, DATA, RUN])


def test_a_write_that_hung_and_was_not_accepted_is_tried_again(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    engine.patience = 0.3
    engine.faults[f"begin {RUN}"] = [HANG]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, len(outcome.ended), begun(engine).count(RUN)) == ([], 1, 2)


def test_each_try_gets_a_full_copy_of_the_code(tmp_path: Path, engine: Double) -> None:
    seen: list[list[str]] = []

    def take(submission: Submission, staged: Staged, report: object) -> None:
        seen.append([path.name for path in staged.code.iterdir()])
        staged.code.rename(tmp_path / f"taken{len(seen)}")
        if len(seen) == 1:
            raise Transient("busy")
        submit(submission, staged, report)  # type: ignore[arg-type]

    submit = engine.runs.submit
    engine.runs.submit = take  # type: ignore[method-assign, assignment]
    outcome, _ = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert (outcome.failed, seen) == ([], [["train.py"], ["train.py"]])
    assert list((tmp_path / "home/staging").iterdir()) == []


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.LOST])
def test_somebody_else_submitted_the_same(tmp_path: Path, engine: Double, status: RunStatus) -> None:
    plan = plan_of(tmp_path, engine)
    submission = change_of(plan, RUN).submission
    twin = Run(submission.name, "job", submission.fingerprint, 1, RunStatus.RUNNING)
    engine.on_begin = lambda change: engine.all_runs.append(twin) if isinstance(change, Submission) else None
    engine.statuses[twin.name] = [status]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert ([(run.name, run.status) for run in outcome.ended], outcome.stale) == ([(twin.name, status)], [])
    assert len(engine.all_runs) == 1


def test_what_changed_since_the_plan_is_not_overwritten(tmp_path: Path, engine: Double) -> None:
    engine.there[GPU] = Observed(Status.READY, {"name": "gpu", "max_instances": 1}, maker=Maker("job"))
    plan = plan_of(tmp_path, engine, CLUSTER)
    theirs = Observed(Status.READY, {"name": "gpu", "max_instances": 9}, maker=Maker("job"))
    engine.there[GPU] = theirs
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, outcome.failed, begun(engine)) == ([GPU], [], [])
    assert engine.there[GPU] is theirs
    assert "changed since the plan" in settled(events)[GPU].error


def test_what_somebody_made_as_planned_is_fine(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.there[GPU] = Observed(Status.READY, {"name": "gpu", "max_instances": 2}, maker=Maker("another"))
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, outcome.failed, begun(engine)) == ([], [], [])


def test_data_that_somebody_changed_is_not_overwritten(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    engine.there[DATA] = Observed(Status.READY, files={"a.csv": StoredFile(5, "theirs")})
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.stale == [DATA]
    assert DATA not in begun(engine)
    assert RUN not in begun(engine)


def test_a_conflict_is_stale(tmp_path: Path, engine: Double) -> None:
    engine.faults[f"begin {GPU}"] = [Conflict("somebody else was faster")]
    outcome, _ = carry_out(engine, plan_of(tmp_path, engine, CLUSTER), tmp_path / "home")
    assert (outcome.stale, outcome.failed) == ([GPU], [])


def test_code_edited_since_the_plan_is_not_submitted(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    (tmp_path / "src/train.py").write_text("print('edited')\n")
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, engine.all_runs) == ([RUN], [])
    assert "train.py is not what it was" in settled(events)[RUN].error


def test_what_is_being_made_is_waited_for(tmp_path: Path, engine: Double) -> None:
    engine.on_begin = lambda change: engine.creating.update({GPU: 5}) if is_of(change, GPU) else None
    outcome, _ = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert (outcome.failed, len(outcome.ended)) == ([], 1)
    last_look = max(i for i, what in enumerate(engine.calls) if what == f"observe {GPU}")
    assert engine.calls.index(f"begin {RUN}") > last_look
    assert engine.creating[GPU] == 0


def test_what_a_killed_apply_began_is_waited_for(tmp_path: Path, engine: Double) -> None:
    engine.creating[GPU] = 6
    engine.settles_as[GPU] = Observed(Status.READY, {"name": "gpu", "max_instances": 2}, maker=Maker("job"))
    plan = plan_of(tmp_path, engine, TEXT.replace("size: STANDARD_DS3_V2, ", ""))
    assert change_of(plan, GPU).action is Action.NO_OP
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, len(outcome.ended)) == ([], 1)
    assert GPU not in begun(engine)


@pytest.mark.parametrize(
    ("settles_as", "failed", "stale", "words"),
    [
        (Observed(Status.FAILED, reason="no quota"), [GPU], [], "no quota"),
        (Observed(Status.MISSING), [GPU], [], "missing"),
        (Observed(Status.READY, {"name": "gpu", "max_instances": 7}), [], [GPU], "not as declared"),
    ],
)
def test_what_was_being_made_must_be_what_was_asked_for(
    tmp_path: Path, engine: Double, settles_as: Observed, failed: list[str], stale: list[str], words: str
) -> None:
    engine.creating[GPU] = 3
    engine.settles_as[GPU] = settles_as
    outcome, events = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert (outcome.failed, outcome.stale) == (failed, stale)
    assert words in settled(events)[GPU].error
    assert RUN not in begun(engine)


def test_what_is_being_deleted_is_made_again_when_it_is_gone(tmp_path: Path, engine: Double) -> None:
    engine.there[GPU] = Observed(Status.DELETING)
    plan = plan_of(tmp_path, engine, CLUSTER)
    looks = iter([Status.DELETING, Status.DELETING, Status.DELETING, Status.MISSING])
    real = engine.resources.observe

    def observe(resource: object) -> Observed:
        status = next(looks, None)
        return real(resource) if status is None else Observed(status)  # type: ignore[arg-type]

    engine.resources.observe = observe  # type: ignore[method-assign, assignment]
    engine.there.clear()
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, outcome.stale, begun(engine)) == ([], [], [GPU])


def test_an_update_that_did_not_take_is_a_failure(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)

    def deaf(change: Change, report: object) -> None:
        engine.there[GPU] = Observed(Status.READY, {"name": "gpu", "max_instances": 1})

    engine.resources.begin = deaf  # type: ignore[method-assign, assignment]
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert outcome.failed == [GPU]
    assert "not as it was asked for" in settled(events)[GPU].error


def test_a_bug_in_an_operation_is_raised_and_not_passed_over(tmp_path: Path, engine: Double) -> None:
    engine.faults[f"begin {GPU}"] = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError):
        carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")


def test_an_interrupt_before_submission_starts_nothing_new(tmp_path: Path, engine: Double) -> None:
    stop = threading.Event()
    engine.on_begin = lambda change: stop.set()
    outcome, _ = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home", stop=stop)
    assert outcome.interrupted
    assert (engine.all_runs, outcome.going_on) == ([], [])


def test_an_interrupt_gives_calls_in_flight_their_time_and_no_more(
    tmp_path: Path, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count()  # a second goes by each time that somebody looks

    def now() -> float:
        seconds = next(clock)
        assert seconds < 30, "it waits on"
        return seconds

    monkeypatch.setattr(walk, "time", SimpleNamespace(monotonic=now))
    stop = threading.Event()
    engine.faults[f"begin {GPU}"] = [HANG]
    plan = plan_of(tmp_path, engine, CLUSTER)
    threading.Thread(
        target=lambda: (wait_until(lambda: f"begin {GPU}" in engine.calls, "the call"), stop.set()), daemon=True
    ).start()
    outcome, events = carry_out(engine, plan, tmp_path / "home", stop=stop)
    assert (outcome.interrupted, outcome.failed) == (True, [])
    assert settled(events) == {}, "the call still hangs"
    assert 10 < next(clock) < 20


def test_what_was_sent_is_not_sent_again(tmp_path: Path, engine: Double) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "second.csv").write_text("2")
    plan = plan_of(tmp_path, engine)
    first, second = change_of(plan, DATA).transfer.new

    def half(change: Change | Submission) -> None:
        if is_of(change, DATA) and DATA not in engine.there:
            engine.there[DATA] = Observed(
                Status.READY, files={first.path: StoredFile(first.size, first.md5, Maker("job"))}
            )
            raise Transient("busy")

    engine.on_begin = half
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.failed == []
    (sent,) = (change for change in engine.given if is_of(change, DATA))
    assert isinstance(sent, Upload)
    assert sent.transfer.new == (second,)
    assert set(engine.there[DATA].files) == {first.path, second.path}


def test_an_interrupt_while_something_is_being_made(tmp_path: Path, engine: Double) -> None:
    stop = threading.Event()
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.on_begin = lambda change: engine.creating.update({GPU: 10**9}) or stop.set()
    outcome, events = carry_out(engine, plan, tmp_path / "home", stop=stop)
    assert outcome.interrupted
    assert "the next apply waits for it" in settled(events)[GPU].error


def test_an_interrupt_after_submission_leaves_the_run_alone(tmp_path: Path, engine: Double) -> None:
    stop = threading.Event()
    plan = plan_of(tmp_path, engine)
    name = f"job-{plan.fingerprints['job'][:10]}"
    engine.statuses[name] = [RunStatus.RUNNING]
    engine.on_look = lambda run: stop.set()
    outcome, _ = carry_out(engine, plan, tmp_path / "home", stop=stop)
    assert (outcome.interrupted, outcome.going_on, outcome.ended) == (True, [name], [])
    assert engine.cancelled == []


def test_detached_returns_after_submission(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    name = f"job-{plan.fingerprints['job'][:10]}"
    engine.statuses[name] = [RunStatus.RUNNING]
    outcome, events = carry_out(engine, plan, tmp_path / "home", detach=True)
    assert (outcome.going_on, outcome.interrupted) == ([name], False)
    assert not [event for event in events if isinstance(event, (LogLines, StatusChanged))]


def test_losing_sight_of_a_run_is_not_its_failure(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    name = f"job-{plan.fingerprints['job'][:10]}"
    engine.faults[f"logs {name}"] = [Denied("the token has expired")]
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, outcome.ended) == ([name], [])
    assert "lost sight" in settled(events)[f"run/{name}"].error


def ended(plan: Plan, status: RunStatus, attempt: int = 1) -> Run:
    submission = change_of(plan, RUN).submission
    return Run(submission.name, "job", submission.fingerprint, attempt, status)


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_run_that_is_over_is_not_submitted_again(tmp_path: Path, engine: Double, status: RunStatus) -> None:
    engine.all_runs = [ended(plan_of(tmp_path, engine), status)]
    outcome, events = carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    assert [run.status for run in outcome.ended] == [status]
    assert RUN not in begun(engine)
    assert isinstance(events[-1], Finished)


def test_previous_runs_are_cancelled_before_the_new_one(tmp_path: Path, engine: Double) -> None:
    older = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING)
    engine.all_runs = [older]
    engine.statuses[older.name] = [RunStatus.RUNNING]
    carry_out(engine, plan_of(tmp_path, engine, cancel_previous=True), tmp_path / "home")
    assert engine.calls.index("cancel job-0123456789") < engine.calls.index(f"begin {RUN}")


def test_previous_runs_are_cancelled_where_one_is_followed_too(tmp_path: Path, engine: Double) -> None:
    older = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING)
    engine.all_runs = [older, ended(plan_of(tmp_path, engine), RunStatus.SUCCEEDED)]
    engine.statuses[older.name] = [RunStatus.RUNNING]
    carry_out(engine, plan_of(tmp_path, engine, cancel_previous=True), tmp_path / "home")
    assert engine.cancelled == [older.name]


@pytest.mark.parametrize(("most", "stale"), [(2, False), (9, True)])
def test_what_another_apply_has_begun_to_make_is_waited_for(
    tmp_path: Path, engine: Double, most: int, stale: bool
) -> None:
    """It is then as this apply wanted it, or it is not, and left alone."""
    plan = plan_of(tmp_path, engine)
    assert plan.changes[0].action is Action.CREATE
    key = plan.changes[0].key.address
    engine.creating[key] = 3
    wanted = {**plan.changes[0].resource.wanted, "max_instances": most}
    engine.settles_as[key] = Observed(Status.READY, wanted, maker=Maker("job"))
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.stale == ([key] if stale else [])
    assert f"begin {key}" not in engine.calls


@pytest.mark.parametrize("accepted", [True, False])
def test_whoever_was_faster_may_have_made_just_that(tmp_path: Path, engine: Double, accepted: bool) -> None:
    plan = plan_of(tmp_path, engine)
    key = plan.changes[0].key.address
    refusal = Conflict(f"{key} is there already")
    engine.faults[f"begin {key}"] = [Accepted(refusal) if accepted else refusal]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.stale == ([] if accepted else [key])


def test_last_lines_of_the_role_that_failed(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    name = f"job-{plan.fingerprints['job'][:10]}"
    engine.statuses[name] = [RunStatus.FAILED]
    engine.lines = [LogLine("worker/1", f"line {number}") for number in range(15)] + [LogLine("ps/0", "other")]
    real = engine.runs.get
    engine.runs.get = lambda wanted: replace(real(wanted), failed_role="worker/1")  # type: ignore[method-assign]
    _, events = carry_out(engine, plan, tmp_path / "home")
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert [line.text for line in finished.last_lines] == [f"line {number}" for number in range(5, 15)]


def test_last_lines_of_all_when_nobody_says_which_role_failed(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    name = f"job-{plan.fingerprints['job'][:10]}"
    engine.statuses[name] = [RunStatus.FAILED]
    engine.lines = [LogLine(f"worker/{number % 2}", f"line {number}") for number in range(15)]
    _, events = carry_out(engine, plan, tmp_path / "home")
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.last_lines == tuple(engine.lines[6::2] + engine.lines[5::2])


def test_a_job_that_writes_faster_than_it_is_shown_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Nobody reads: the operations wait instead of piling up events."""
    going = walk.Walk(NOTHING, {HERE: Reliable(Double())}, tmp_path, lambda _: None, threading.Event(), False)

    def write() -> None:
        while True:
            going._queue.put(LogLines("run", ()))

    threading.Thread(target=write, daemon=True).start()
    assert 0 < going._queue.maxsize < 1000
    wait_until(going._queue.full, "a full queue")
    assert going._queue.qsize() == going._queue.maxsize


def test_a_job_that_writes_without_pause_does_not_keep_the_rest_from_starting(tmp_path: Path) -> None:
    """One look at the queue ends although it never runs empty, and nothing that was taken from it is lost."""
    shown: list[Event] = []
    going = walk.Walk(NOTHING, {HERE: Reliable(Double())}, tmp_path, shown.append, threading.Event(), False)
    written = 0

    def write() -> None:
        nonlocal written
        while True:
            going._queue.put(LogLines(str(written), ()))
            written += 1

    threading.Thread(target=write, daemon=True).start()
    for _ in range(3):
        wait_until(going._queue.full, "a full queue")
        list(going._wait())
    assert [event.run for event in shown if isinstance(event, LogLines)] == [str(n) for n in range(len(shown))]
    assert len(shown) == 3 * going._queue.maxsize


def test_data_that_another_apply_is_sending_is_sent_on(tmp_path: Path, engine: Double) -> None:
    """Two applies of the same spec at once: what the other one has sent is as planned, not a change by a stranger."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "second.csv").write_text("2")
    plan = plan_of(tmp_path, engine)
    transfer = change_of(plan, DATA).transfer
    assert len(transfer.new) > 1
    first = transfer.new[0]
    engine.there[DATA] = Observed(Status.READY, files={first.path: StoredFile(first.size, first.md5, Maker("job"))})
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, outcome.failed) == ([], [])
    assert set(engine.there[DATA].files) == {file.path for file in transfer.new}


def test_data_from_https_that_another_apply_has_sent_is_not_fetched(tmp_path: Path, engine: Double) -> None:
    sha256 = "ab" * 32
    text = TEXT.replace("path: data", f"path: 'https://127.0.0.1:1/d.bin', sha256: {sha256}")
    plan = plan_of(tmp_path, engine, text)
    engine.there[DATA] = Observed(Status.READY, files={"d.bin": StoredFile(9, "m", Maker("job"), sha256)})
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, outcome.failed) == ([], [])
    assert DATA not in begun(engine)


CONDA = "name: job\njob: {command: ls, environment: {image: base, conda_file: conda.yml}}\n"
IMAGE = "name: job\njob: {command: ls, environment: {build: {path: image}}}\n"
FILES = {"conda_yml": "dependencies: [six=1.16.0]\n", "image__Dockerfile": "FROM base\n", "image__lib__a_sh": "true\n"}


def plan_environment(folder: Path, engine: Double, text: str) -> tuple[Plan, str]:
    """A plan and the address of its environment."""
    plan = plan_for(engine, read_specs(write_spec(folder, text, **FILES)), folder / "home")
    return plan, plan.changes[0].key.address


@pytest.mark.parametrize(
    ("text", "name"), [(CONDA, "conda.yml"), (IMAGE, "image/Dockerfile"), (IMAGE, "image/lib/a.sh")]
)
@pytest.mark.parametrize("built", [False, True])
def test_an_environment_edited_since_the_plan_is_stale_and_its_file_is_named(
    tmp_path: Path, engine: Double, text: str, name: str, built: bool
) -> None:
    """Also where it was built before: what the run would be submitted with is not what was planned."""
    if built:
        first, address = plan_environment(tmp_path, engine, text)
        engine.there[address] = Observed(Status.READY, first.changes[0].resource.wanted)
    plan, address = plan_environment(tmp_path, engine, text)
    (tmp_path / name).write_text("dependencies: [six=1.17.0]\n")
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    stale = RUN if built else address
    assert (outcome.stale, outcome.failed, begun(engine), engine.all_runs) == ([stale], [], [], [])
    assert "the environment changed since the plan: " in settled(events)[stale].error
    assert f"{Path(name).name} is not what it was" in settled(events)[stale].error


def test_an_environment_is_begun_with_the_bytes_that_were_planned(tmp_path: Path, engine: Double) -> None:
    """An edit in the very moment in which it begins does not get in."""
    plan, address = plan_environment(tmp_path, engine, CONDA)
    engine.on_begin = lambda change: (tmp_path / "conda.yml").write_text("edited") and None
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    (change,) = engine.given
    assert isinstance(change.resource, JobEnvironment)
    assert change.key.address == address
    assert change.resource.content.conda is not None
    assert change.resource.content.conda[1] == b"dependencies: [six=1.16.0]\n"
    assert (outcome.failed, outcome.stale) == ([], [RUN])


@pytest.mark.parametrize(("text", "name"), [(CONDA, "conda.yml"), (IMAGE, "context/lib/a.sh")])
def test_a_run_is_submitted_with_copies_of_its_environments_files(
    tmp_path: Path, engine: Double, text: str, name: str
) -> None:
    seen: list[bytes] = []
    submit = engine.runs.submit

    def look(submission: Submission, staged: Staged, report: Report) -> None:
        seen.append((staged.code.parent / name).read_bytes())
        assert staged.conda is None or staged.conda == staged.code.parent / name
        submit(submission, staged, report)

    engine.runs.submit = look  # type: ignore[method-assign]
    plan, _ = plan_environment(tmp_path, engine, text)
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, outcome.stale) == ([], [])
    assert seen == [FILES["conda_yml" if text is CONDA else "image__lib__a_sh"].encode()]


def test_what_is_replaced_is_begun_although_nothing_changed_since_the_plan(tmp_path: Path, engine: Double) -> None:
    before = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 2}
    engine.there[GPU] = Observed(Status.READY, before, maker=Maker("job"))
    plan = plan_of(tmp_path, engine, allow_replace=True)
    assert change_of(plan, GPU).action is Action.REPLACE
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, outcome.stale, begun(engine).count(GPU)) == ([], [], 1)
    assert engine.there[GPU].properties["size"] == "STANDARD_DS3_V2"


@pytest.mark.parametrize("answer", [Transient("the gateway timed out"), Accepted(Transient("the gateway timed out"))])
def test_what_is_replaced_is_replaced_once(tmp_path: Path, engine: Double, answer: Fault) -> None:
    """After an error, what is there as it was before was not replaced yet, and what is as it was planned was."""
    engine.there[GPU] = Observed(
        Status.READY, {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 2}, maker=Maker("job")
    )
    plan = plan_of(tmp_path, engine, allow_replace=True)
    engine.faults[f"begin {GPU}"] = [answer]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, begun(engine).count(GPU)) == ([], 1 if isinstance(answer, Accepted) else 2)
    assert len([change for change in engine.given if is_of(change, GPU)]) == 1


def test_what_was_sent_before_an_error_is_not_sent_again(tmp_path: Path, engine: Double) -> None:
    files = {f"data__{name}_csv": name for name in ("one", "two", "three")}
    text = "name: job\ndata: {d: {path: data}}\n"
    plan = plan_for(engine, read_specs(write_spec(tmp_path, text, **files)), tmp_path / "home")
    assert [file.path for file in change_of(plan, DATA).transfer.send] == ["one.csv", "three.csv", "two.csv"]
    sent: list[list[str]] = []

    def begin(change: Upload, report: Report) -> None:
        sent.append([file.path for file in change.transfer.send])
        if len(sent) == 1:
            first = change.transfer.send[0]
            engine.there[DATA] = Observed(
                Status.READY, files={first.path: StoredFile(first.size, first.md5, Maker("job"))}
            )
            raise Transient("the line broke")
        real(change, report)

    real = engine.resources.begin
    engine.resources.begin = begin  # type: ignore[method-assign, assignment]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, sent) == ([], [["one.csv", "three.csv", "two.csv"], ["three.csv", "two.csv"]])


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for, without making them."""
    asked: list[float] = []
    monkeypatch.setattr(operations.time, "sleep", asked.append)
    return asked


@pytest.mark.parametrize("key", [GPU, RUN])
def test_a_service_gets_the_time_that_it_asks_for_and_no_more(
    tmp_path: Path, engine: Double, waits: list[float], key: str
) -> None:
    plan = plan_of(tmp_path, engine)
    waits.clear()
    engine.faults[f"begin {key}"] = [Transient("busy", 30.0), Transient("busy", 0.5), Transient("busy")]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.failed == []
    assert waits == [30.0, 0.5, calls.FIRST_PAUSE * 4]


class Grace:
    """A clock on which a second passes with each look at it, once the stop has been asked for."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.now = 100.0

    def monotonic(self) -> float:
        self.now += 1.0 if self.stop.is_set() else 0.0
        return self.now


def test_an_interrupt_waits_some_seconds_for_calls_in_flight_and_not_for_ever(
    tmp_path: Path, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    clock = Grace(stop)
    monkeypatch.setattr(walk, "time", clock)
    monkeypatch.setattr(walk, "TICK", 0.001)
    engine.faults[f"begin {GPU}"] = [HANG]
    plan = plan_of(tmp_path, engine, CLUSTER)

    def interrupt(event: Event) -> None:
        wait_until(lambda: f"begin {GPU}" in engine.calls, "the call")
        stop.set()

    outcome, _ = carry_out(engine, plan, tmp_path / "home", interrupt, stop)
    assert (outcome.interrupted, outcome.failed) == (True, [])
    assert 105.0 < clock.now < 120.0, "ten seconds, as docs/commands.md says"


def test_a_call_in_flight_that_ends_in_its_time_is_told(tmp_path: Path, engine: Double) -> None:
    stop, answered = threading.Event(), threading.Event()
    engine.on_begin = lambda change: answered.wait(DEADLINE) and None

    def interrupt(event: Event) -> None:
        stop.set()
        answered.set()

    outcome, events = carry_out(engine, plan_of(tmp_path, engine, CLUSTER), tmp_path / "home", interrupt, stop)
    assert (outcome.interrupted, outcome.failed) == (True, [])
    assert (settled(events)[GPU].error, settled(events)[GPU].action) == ("", Action.CREATE)


def test_operations_are_a_few_at_a_time(tmp_path: Path, engine: Double) -> None:
    entries = "".join(f"  d{number:02}: {{path: data}}\n" for number in range(40))
    path = write_spec(tmp_path, f"name: job\ndata:\n{entries}", data__a_csv="1\n")
    plan = plan_for(engine, read_specs(path), tmp_path / "home")
    lock, full = threading.Lock(), threading.Barrier(walk.AT_ONCE, timeout=DEADLINE)
    now = most = 0

    def count(change: Change | Submission) -> None:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        full.wait()  # 40 are five times as many as may go on: each waits until as many are there as may be,
        threading.Event().wait(0.05)  # and leaves time for one too many
        with lock:
            now -= 1

    engine.on_begin = count
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, len(engine.given), most) == ([], 40, 8)


def test_runs_that_are_followed_leave_room_for_what_is_to_be_done(tmp_path: Path, engine: Double) -> None:
    """More runs than operations at once, none of which ends before all have been submitted."""
    count = 2 * walk.AT_ONCE
    specs = [write_spec(tmp_path / str(n), f"name: n{n}\njob: {{command: ls}}\n") for n in range(count)]
    plan = plan_for(engine, read_specs(*specs), tmp_path / "home", max_runs=count)
    get = engine.runs.get

    def look(name: str) -> Run:
        run = get(name)
        return run if len(engine.submitted) == count else replace(run, status=RunStatus.RUNNING)

    engine.runs.get = look  # type: ignore[method-assign]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.failed, len(outcome.ended)) == ([], count)


@pytest.mark.parametrize("fail_fast", [False, True])
def test_fail_fast_begins_nothing_after_the_first_run_that_fails(tmp_path: Path, fail_fast: bool) -> None:
    """What depends on it or not: `two` waits for its cluster, which is there once `one` has failed."""
    one = write_spec(tmp_path / "one", "name: one\njob: {command: ls}\n")
    two = write_spec(tmp_path / "two", "name: two\ncompute: {name: slow, max_instances: 2}\njob: {command: ls}\n")
    engine, failed = Double(), threading.Event()
    plan = plan_for(engine, read_specs(one, two), tmp_path / "home")
    (first, second) = (change.submission.name for change in plan.changes if isinstance(change, Submit))
    engine.statuses[first] = [RunStatus.FAILED]
    engine.on_begin = lambda change: None if isinstance(change, Submission) else (failed.wait(DEADLINE), None)[1]

    def emit(event: Event) -> None:
        if isinstance(event, Finished):
            failed.set()

    outcome, events = carry_out(engine, plan, tmp_path / "home", emit, fail_fast=fail_fast)
    skipped = {str(event.key): event.skipped for event in events if isinstance(event, OperationSettled)}
    assert skipped["compute/slow"] == "", "what was begun is done"
    assert skipped["run/two"] == (f"--fail-fast: {first} failed" if fail_fast else "")
    assert [run.name for run in outcome.ended] == ([first] if fail_fast else [first, second])
    assert (outcome.failed, [event.key.address for event in events if isinstance(event, Finished) and event.key]) == (
        [],
        ["run/one"] if fail_fast else ["run/one", "run/two"],
    )
