"""The locks of an apply: when they are taken and given back, who waits for whom, and what is done without."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.apply import locks, operations, walk
from specrun.apply.events import Event, LockAwaited, LocksDenied, OperationSettled
from specrun.apply.locks import Locking, LockRequired, check_required, needs_lock, told
from specrun.engines import calls
from specrun.engines.base import Denied, EngineError, Missing, Transient
from specrun.engines.locks import Holder, holder_in, lock_name, words_of
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Plan, ResourceChange
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, RunStatus, Status, StoredFile
from specrun.plan.resources import Place
from tests.engine_double import (
    HERE,
    Double,
    addresses,
    carry_out,
    change_of,
    graph_for,
    plan_for,
    read_specs,
    wait_until,
    write_spec,
)

TEXT = """\
name: job
compute: {name: GPU, max_instances: 2}
data: {d: {path: data}}
job: {code: src, command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
CLUSTER = "name: job\ncompute: {name: GPU, max_instances: 2}\n"
GPU, DATA = "compute/GPU", "data/default/d"
ADA = Holder("ada", "https://ci.example/7", "update compute/gpu (other)", 1_000_000_000.0, 7)


class Waits(threading.Event):
    """Time that passes only when somebody waits: the clock of the locks, and what they wait with."""

    def __init__(self, then: Callable[[float], None] = lambda now: None) -> None:
        super().__init__()
        self.now = 0.0
        self.then = then

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_000_000_060.0 + self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        self.then(self.now)
        return self.is_set()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "FIRST_POLL", 0.001)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(walk, "TICK", 0.01)
    monkeypatch.setattr(locks, "who_asks", lambda: ("grace", ""))


@pytest.fixture
def engine() -> Double:
    return Double()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Waits:
    made = Waits()
    monkeypatch.setattr(locks.time, "monotonic", made.monotonic)
    return made


def plan_of(folder: Path, engine: Double, text: str = TEXT, file: str = "job.yaml") -> Plan:
    path = write_spec(folder, text, file, src__train_py="pass\n", data__a_csv="1\n")
    return plan_for(engine, read_specs(path), folder / "home")


def settled(events: list[Event]) -> dict[str, OperationSettled]:
    return {event.key.address: event for event in events if isinstance(event, OperationSettled)}


def of_locks(engine: Double) -> list[str]:
    words = ("lock ", "unlock ", "begin ", "run ")
    return [call for call in engine.calls if call.startswith(words) and "environment" not in call]


def test_a_lock_is_held_from_just_before_the_look_until_it_has_settled(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.creating[GPU] = 3
    engine.calls.clear()
    seen: list[Holder] = []
    engine.on_begin = lambda _: seen.extend(engine.locked.values())
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert not outcome.stale
    assert engine.calls[:3] == ["lock compute/gpu", f"observe {GPU}", f"observe {GPU}"]
    assert (engine.calls[-1], engine.locked) == ("unlock compute/gpu", {})
    assert [call for call in engine.calls if call.startswith("lock")] == ["lock compute/gpu"]


def test_it_says_who_has_it_from_where_and_for_what(tmp_path: Path, engine: Double, monkeypatch: Any) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    seen: list[Holder] = []
    engine.on_begin = lambda _: seen.extend(engine.locked.values())
    monkeypatch.setattr(locks.time, "time", lambda: 5.0)
    carry_out(engine, plan, tmp_path / "home")
    (holder,) = seen
    assert (holder.who, holder.doing, holder.since) == ("grace", f"create {GPU} (job)", 5.0)
    assert all((holder.where, holder.process))
    assert holder_in(words_of(holder)) == holder


def test_a_run_is_followed_without_any(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    held: list[list[str]] = []
    engine.on_look = lambda name: held.append(list(engine.locked))
    engine.statuses[f"job-{plan.fingerprints['job'][:10]}"] = [RunStatus.RUNNING] * 3 + [RunStatus.SUCCEEDED]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.ended
    assert len(held) > 3
    assert not any(held)
    taken = [call for call in engine.calls if call.startswith("lock ")]
    assert sorted(taken) == ["lock compute/gpu", "lock data/workspaceblobstore/d"]


def test_what_is_as_declared_takes_none(tmp_path: Path, engine: Double) -> None:
    carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home")
    plan = plan_of(tmp_path, engine)
    engine.calls.clear()
    carry_out(engine, plan, tmp_path / "home")
    assert not any("lock" in call for call in engine.calls)
    assert not any(map(needs_lock, plan.changes))


def test_they_are_taken_in_the_order_of_their_keys(tmp_path: Path, engine: Double) -> None:
    entries = "data: {z: {path: data}, b: {path: data}, k: {path: data}}"
    text = f"name: job\n{entries}\ncompute: {{name: cpu, max_instances: 1}}\n"
    plan = plan_of(tmp_path, engine, text)
    engine.calls.clear()
    going = walk.Walk(plan, {HERE: Reliable(engine)}, tmp_path / "home", lambda _: None, threading.Event(), False)
    going._slots = threading.Semaphore(1)
    going.go()
    store = "lock data/workspaceblobstore"
    assert [call for call in engine.calls if call.startswith("lock ")] == [
        "lock compute/cpu",
        f"{store}/b",
        f"{store}/k",
        f"{store}/z",
    ]


def test_who_waits_is_told_by_whom_and_goes_on_when_it_is_free(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.locked["compute/gpu"] = ADA

    def emit(event: Event) -> None:
        if isinstance(event, LockAwaited):
            assert event.holder == ADA
            engine.locked.clear()

    outcome, events = carry_out(engine, plan, tmp_path / "home", emit)
    assert (outcome.stale, outcome.failed) == ([], [])
    assert settled(events)[GPU].error == ""
    assert len([event for event in events if isinstance(event, LockAwaited)]) == 1


@pytest.mark.parametrize(("most", "stale"), [(2, False), (9, True)])
def test_what_another_made_meanwhile_counts_if_it_is_as_planned(
    tmp_path: Path, engine: Double, most: int, stale: bool
) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.locked["compute/gpu"] = ADA

    def emit(event: Event) -> None:
        if isinstance(event, LockAwaited):
            properties = {"name": "GPU", "max_instances": most}
            engine.there[GPU] = Observed(Status.READY, properties, maker=Maker("job"))
            engine.locked.clear()

    outcome, _ = carry_out(engine, plan, tmp_path / "home", emit)
    assert (outcome.stale, "begin compute/GPU" in engine.calls) == ([GPU] if stale else [], False)


@pytest.mark.parametrize(("timeout", "words"), [(0.0, "not waited"), (90.0, "waited 90 s")])
def test_patience_has_an_end(tmp_path: Path, engine: Double, clock: Waits, timeout: float, words: str) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.locked["compute/gpu"] = ADA
    engine.poll = 5.0
    outcome, events = carry_out(engine, plan, tmp_path / "home", stop=clock, locking=Locking(timeout))
    assert (outcome.stale, outcome.failed, outcome.interrupted) == ([GPU], [], False)
    assert clock.now == timeout
    error = settled(events)[GPU].error
    assert error.startswith(f"locked by {told(ADA)}; {words}. A longer --lock-timeout")
    assert engine.locked == {"compute/gpu": ADA}
    # As often as the engine's pace allows: sooner at first, and once more at the end.
    assert engine.calls.count("lock compute/gpu") <= 60


def test_an_interrupt_ends_the_waiting_at_once(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.locked["compute/gpu"] = ADA
    stop = threading.Event()

    def emit(event: Event) -> None:
        if isinstance(event, LockAwaited):
            stop.set()

    engine.poll = 3600.0
    outcome, events = carry_out(engine, plan, tmp_path / "home", emit, stop)
    assert outcome.interrupted
    assert settled(events)[GPU].error == "it was waiting for its lock, nothing was changed"
    assert "begin compute/GPU" not in engine.calls


TWO = """\
name: job
compute: {name: GPU, max_instances: 2}
datastores: {s: {type: azure_blob, account_name: acc, container_name: con}}
data: {d: {path: data, datastore: s}}
"""


def test_with_a_lock_that_is_lost_nothing_new_begins(tmp_path: Path, engine: Double) -> None:
    """What is under way ends; what has not begun is left alone, with the reason."""
    plan = plan_of(tmp_path, engine, TWO)

    def begin(change: Any) -> None:
        if change.key.address == "datastore/s":
            del engine.locked["datastore/s"]

    engine.on_begin = begin
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert "datastore/s" in engine.there
    assert outcome.stale == ["datastore/s"]
    said = settled(events)
    assert said["datastore/s"].error.startswith("the lock of datastore/s was lost")
    assert "begin data/s/d" not in engine.calls
    assert engine.locked == {}


def test_what_fails_when_the_lock_is_lost_is_a_loss(tmp_path: Path, engine: Double) -> None:
    """A network that goes silent takes both."""
    plan = plan_of(tmp_path, engine, CLUSTER)

    def begin(change: Any) -> None:
        engine.locked.clear()
        raise EngineError("no answer")

    engine.on_begin = begin
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, outcome.failed) == ([GPU], [])
    assert settled(events)[GPU].error.startswith("the lock of compute/gpu was lost")


def test_a_loss_is_noticed_while_it_is_under_way(tmp_path: Path, engine: Double) -> None:
    """Of two that go side by side one is lost: what would follow the other one does not begin."""
    plan = plan_of(tmp_path, engine, TWO)
    engine.patience = 60.0  # or the one that is kept waiting would notice by itself
    begun, go_on = threading.Event(), threading.Event()

    def begin(change: Any) -> None:
        if change.key.address == GPU:
            engine.locked.pop("compute/gpu")
            begun.set()
            assert go_on.wait(20.0)
        elif change.key.address == "datastore/s":
            assert begun.wait(20.0)
            wait_until(lambda: going._lost_lock, "the loss to be noticed")

    engine.on_begin = begin
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, OperationSettled) and event.key.address == "data/s/d":
            go_on.set()

    going = walk.Walk(plan, {HERE: Reliable(engine)}, tmp_path / "home", emit, threading.Event(), False)
    outcome = going.go()
    said = settled(events)
    assert said["data/s/d"].skipped == "the lock of compute/gpu was lost"
    assert said["datastore/s"].error == ""
    assert outcome.stale == [GPU]


def test_a_try_that_failed_is_not_repeated_without_the_lock(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.faults[f"begin {GPU}"] = [Transient("busy")]
    real = engine.called

    def called(what: str, **options: Any) -> Any:
        if what.startswith("begin"):
            engine.locked.clear()
        return real(what, **options)

    engine.called = called  # type: ignore[method-assign]
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.stale == [GPU]
    assert engine.calls.count(f"begin {GPU}") == 1


def test_a_run_that_was_submitted_is_followed_all_the_same(tmp_path: Path, engine: Double) -> None:
    carry_out(engine, plan_of(tmp_path, engine), tmp_path / "home", detach=True)
    name = engine.all_runs[0].name
    engine.statuses[name] = [RunStatus.RUNNING] * 4 + [RunStatus.SUCCEEDED]
    engine.all_runs[0] = replace(engine.all_runs[0], status=RunStatus.RUNNING)
    plan = plan_of(tmp_path, engine, TEXT.replace("max_instances: 2", "max_instances: 3"))
    engine.on_begin = lambda change: engine.locked.clear()
    outcome, _ = carry_out(engine, plan, tmp_path / "home")
    assert outcome.stale == [GPU]
    assert [run.name for run in outcome.ended] == [name]


DENIED = Denied("no right to write blobs there")


def test_without_the_right_to_lock_it_is_said_once_and_done(tmp_path: Path, engine: Double, monkeypatch: Any) -> None:
    plan = plan_of(tmp_path, engine)
    monkeypatch.setattr(engine.locks, "acquire", denied)
    outcome, events = carry_out(engine, plan, tmp_path / "home")
    assert (outcome.stale, outcome.failed, outcome.refused) == ([], [], [])
    assert [event for event in events if isinstance(event, LocksDenied)] == [LocksDenied(HERE, str(DENIED))]
    assert f"begin {GPU}" in engine.calls


def denied(*_: object) -> Any:
    raise DENIED


def test_what_the_rules_want_locked_is_not_changed_without(tmp_path: Path, engine: Double, monkeypatch: Any) -> None:
    plan = plan_of(tmp_path, engine)
    monkeypatch.setattr(engine.locks, "acquire", denied)
    engines = {HERE: Reliable(engine)}
    check_required(plan, engines, frozenset())
    check_required(plan, engines, {Place("another")})
    with pytest.raises(LockRequired, match=r"^compute/GPU: .*lock: required.*no right to write blobs there$"):
        check_required(plan, engines, {HERE})
    # Where it turns out only then, since the plan made what locks are kept in.
    outcome, events = carry_out(engine, plan, tmp_path / "home", locking=Locking(required={HERE}))
    assert sorted(outcome.refused) == [GPU, DATA]
    assert not any(call.startswith("begin") and "environment" not in call for call in engine.calls)
    assert settled(events)["run/job"].skipped


def test_where_locks_are_wanted_one_is_tried_beforehand(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine)
    engine.calls.clear()
    check_required(plan, {HERE: Reliable(engine)}, {HERE})
    assert engine.calls == ["lock compute/gpu", "unlock compute/gpu"]
    engine.locked["compute/gpu"] = ADA
    check_required(plan, {HERE: Reliable(engine)}, {HERE})  # who may ask for it may take it
    engine.faults["lock compute/gpu"] = [Missing("the workspace is not there yet")]
    check_required(plan, {HERE: Reliable(engine)}, {HERE})


def test_while_there_is_nothing_to_keep_locks_in_there_are_none(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    engine.faults["lock compute/gpu"] = [Missing("the workspace is not there yet")]
    outcome, events = carry_out(engine, plan, tmp_path / "home", locking=Locking(required={HERE}))
    assert (outcome.stale, outcome.failed, outcome.refused) == ([], [], [])
    assert not any(isinstance(event, LocksDenied) for event in events)


def test_two_plans_in_opposite_order_both_end(tmp_path: Path) -> None:
    """Each has what the other one wants next: nobody waits for a lock while having one."""
    one, other = Double(), Double()
    other.locked, other.there = one.locked, one.there
    stores = ("a", "b", "c", "d")
    head = "name: job\ndatastores:\n"
    text = "".join(f"  {name}: {{type: azure_blob, account_name: acc, container_name: con}}\n" for name in stores)
    turned = "".join(reversed(text.splitlines(keepends=True)))
    plans = [plan_of(tmp_path, one, head + text), plan_of(tmp_path, other, head + turned, "turned.yaml")]
    results: dict[int, Any] = {}

    def go(number: int, engine: Double) -> None:
        results[number] = carry_out(engine, plans[number], tmp_path / "home")[0]

    threads = [threading.Thread(target=go, args=(number, engine)) for number, engine in enumerate((one, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert [(outcome.stale, outcome.failed) for outcome in results.values()] == [([], []), ([], [])]
    begun = [call for engine in (one, other) for call in engine.calls if call.startswith("begin datastore")]
    assert sorted(begun) == [f"begin datastore/{name}" for name in stores]
    assert one.locked == {}


def test_a_lock_has_one_name_for_all_who_change_the_same(tmp_path: Path) -> None:
    text = "name: job\ncompute: {name: Gpu, max_instances: 1}\ndata:\n  d: {path: data, target: T/x}\n"
    found = addresses(graph_for(read_specs(write_spec(tmp_path, text, data__a="1")), tmp_path))
    by_name = text.replace("target: T/x", "target: T/x, datastore: WorkspaceBlobStore")
    named = addresses(graph_for(read_specs(write_spec(tmp_path, by_name, "b.yaml")), tmp_path))
    ours = {lock_name(resource, "workspaceblobstore") for resource in found.values()}
    assert ours == {"compute/gpu", "data/workspaceblobstore/t/x"}
    assert ours == {lock_name(resource, "workspaceblobstore") for resource in named.values()}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("", "somebody"),
        ("[1]", "somebody"),
        ('{"who": ["x"], "since": "soon", "process": 1e99}', "somebody"),
        ('{"since": Infinity, "process": true}', "somebody"),
        ('{"who": "eve", "where": "https://u:pa55word@ci.example/1"}', "eve at https://u:********@ci.example/1"),
    ],
)
def test_a_holders_words_are_somebodys(written: str, shown: str) -> None:
    assert told(holder_in(written)) == shown


def test_a_holders_words_have_an_end() -> None:
    assert len(told(holder_in(words_of(Holder("w" * 10_000, "x" * 10_000, "y" * 10_000))))) < 1000


def test_what_is_deleted_is_locked_too(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, CLUSTER)
    seen = engine.there[GPU] = Observed(Status.READY, {"name": "GPU", "max_instances": 2}, maker=Maker("job"))
    change = ResourceChange(change_of(plan, GPU).resource, Action.DELETE, "made by job", seen)
    engine.calls.clear()
    carry_out(engine, replace(plan, changes=(change,)), tmp_path / "home")
    assert of_locks(engine) == ["lock compute/gpu", f"begin {GPU}", "unlock compute/gpu"]


def test_a_data_target_is_locked_while_it_is_sent(tmp_path: Path, engine: Double) -> None:
    plan = plan_of(tmp_path, engine, "name: job\ndata: {d: {path: data}}\n")
    engine.there[DATA] = Observed(Status.READY, files={"b": StoredFile(1, "m", Maker("job"))})
    plan = plan_of(tmp_path, engine, "name: job\ndata: {d: {path: data}}\n")
    engine.calls.clear()
    carry_out(engine, plan, tmp_path / "home")
    name = "data/workspaceblobstore/d"
    assert of_locks(engine) == [f"lock {name}", f"begin {DATA}", f"unlock {name}"]


def test_what_is_given_back_is_not_lost(tmp_path: Path, engine: Double) -> None:
    """Whoever watches over the locks meets one that is just being given back."""
    change = change_of(plan_of(tmp_path, engine, CLUSTER), GPU)
    held = locks.LocksOfApply(Locking(), lambda _: None, threading.Event(), str)
    checking, released, seen = threading.Event(), threading.Event(), list[bool]()

    class Slow:
        def check(self) -> None:
            checking.set()
            seen.append(released.wait(0.05))

        def release(self) -> None:
            released.set()

    engine.locks.acquire = lambda *_: Slow()  # type: ignore[union-attr,method-assign,assignment,return-value]
    with held.over(change, Reliable(engine)):
        watching = threading.Thread(target=held.lost)
        watching.start()
        assert checking.wait(20.0)
    watching.join()
    assert (seen, held.lost()) == ([False], "")
