from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from specrun.engines import calls
from specrun.engines.base import Denied, EngineError, Missing, Progress, Report, Transient
from specrun.engines.calls import AT_ONCE, ATTEMPTS, FIRST_PAUSE, Abandoned, Read, read_all
from specrun.engines.locks import Holder, Lock
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Change, ResourceChange
from specrun.plan.metrics import Logged
from specrun.plan.observed import CloudContent, Observed, Run, RunStatus, Status
from specrun.plan.resources import Place, Resource
from tests.engine_double import HANG, HERE, Double, addresses, graph_for, read_specs, wait_until, write_spec

LONG = 20.0
RUN = Run("job-a", "job", "a", 1, RunStatus.RUNNING)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for, without making them."""
    asked: list[float] = []
    monkeypatch.setattr(calls.time, "sleep", asked.append)
    return asked


@pytest.fixture
def engine() -> Double:
    return Double(all_runs=[RUN], statuses={RUN.name: [RunStatus.RUNNING]})


@pytest.fixture
def cluster(tmp_path: Path) -> ResourceChange:
    """A cluster to be made."""
    specs = read_specs(write_spec(tmp_path, "name: job\ncompute: {name: gpu, max_instances: 2}\n"))
    resource = addresses(graph_for(specs, tmp_path))["compute/gpu"]
    return ResourceChange(resource, Action.CREATE, "it does not exist", Observed(Status.MISSING))


def tried(engine: Double, what: str = f"run {RUN.name}") -> int:
    return engine.calls.count(what)


def failing(engine: Double, *errors: Exception) -> Reliable:
    """An engine whose looks at its run end with these errors, one after the other, and are answered then."""
    engine.faults[f"run {RUN.name}"] = list(errors)
    return Reliable(engine)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("failures", range(ATTEMPTS))
def test_what_is_transient_is_tried_again(engine: Double, failures: int) -> None:
    assert failing(engine, *[Transient("busy")] * failures).run(RUN.name) == RUN
    assert tried(engine) == failures + 1


@pytest.mark.usefixtures("pauses")
def test_but_not_for_ever(engine: Double) -> None:
    with pytest.raises(Transient, match="busy"):
        failing(engine, *[Transient("busy")] * 100).run(RUN.name)
    assert tried(engine) == ATTEMPTS


def test_the_pauses_grow(engine: Double, pauses: list[float]) -> None:
    failing(engine, *[Transient("busy")] * (ATTEMPTS - 1)).run(RUN.name)
    assert pauses == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]


def test_the_service_says_how_long_to_wait_and_no_longer_is_waited(engine: Double, pauses: list[float]) -> None:
    failing(engine, Transient("busy", after=7.0), Transient("busy", after=0.5), Transient("busy")).run(RUN.name)
    assert pauses == [7.0, 0.5, FIRST_PAUSE * 4]


@pytest.mark.parametrize("error", [Denied("no"), EngineError("broken"), ValueError("a bug")])
def test_everything_else_is_raised_at_once(engine: Double, error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        failing(engine, error).run(RUN.name)
    assert raised.value is error
    assert tried(engine) == 1


READS: dict[str, Callable[[Reliable], object]] = {
    "logs job-a": lambda engine: engine.logs("job-a", {}),
    "cancel job-a": lambda engine: engine.cancel("job-a"),
}


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("what", READS)
def test_every_verb_that_reads_gets_over_one_error(engine: Double, what: str) -> None:
    engine.faults[what] = [Transient("503")]
    READS[what](Reliable(engine))
    assert tried(engine, what) == 2


def test_a_call_that_hangs_is_abandoned_and_keeps_nobody_waiting() -> None:
    before = set(threading.enumerate())
    with pytest.raises(Abandoned, match=r"job-a: no answer for 0\.05 s"):
        Reliable(Double(patience=0.05, faults={f"run {RUN.name}": [HANG]})).run(RUN.name)  # type: ignore[dict-item]
    made = set(threading.enumerate()) - before
    assert made
    assert all(thread.daemon for thread in made)


def test_a_report_is_a_sign_of_life(engine: Double, cluster: ResourceChange) -> None:
    reported: list[int] = []
    engine.patience = 0.4

    def begin(change: Change, report: Report) -> None:
        for number in range(4):
            report(Progress(number))
            threading.Event().wait(engine.patience / 2)

    engine.resources.begin = begin  # type: ignore[method-assign]
    # Twice as long as the patience altogether, and never silent for so long.
    Reliable(engine).begin(cluster, lambda progress: reported.append(progress.done))
    assert reported == [0, 1, 2, 3]


def test_a_write_is_not_tried_again_by_itself(engine: Double, cluster: ResourceChange) -> None:
    engine.faults["begin compute/gpu"] = [Transient("busy")]
    with pytest.raises(Transient):
        Reliable(engine).begin(cluster, lambda progress: None)
    assert tried(engine, "begin compute/gpu") == 1


def reads(*works: Callable[[], Any], patience: float = LONG) -> list[Read[Any]]:
    return [Read(HERE, f"read {number}", patience, work) for number, work in enumerate(works)]


def refuse(error: Exception) -> None:
    raise error


def test_reads_go_side_by_side_and_each_has_its_result_or_error() -> None:
    meeting = threading.Barrier(3, timeout=LONG)
    denied = Denied("no")

    def meet() -> int:
        return meeting.wait() * 0

    def meet_and_refuse() -> None:
        meeting.wait()
        raise denied

    assert read_all(reads(meet, meet_and_refuse, meet)) == [0, denied, 0]
    assert read_all(reads(partial(refuse, denied))) == [denied]
    assert read_all([]) == []


def test_a_bug_in_a_read_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        read_all(reads(lambda: 1 // 0, lambda: 1))


class Counted:
    """How many are in it at the same time, and at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def test_many_reads_are_a_few_at_a_time_and_come_back_in_their_order() -> None:
    inside, full = Counted(), threading.Barrier(AT_ONCE, timeout=LONG)

    def work(number: int) -> int:
        with inside:
            if number < AT_ONCE:
                full.wait()  # as many as may be are there together,
                threading.Event().wait(0.2)  # and leave time for one too many
            return number

    assert read_all(reads(*(partial(work, number) for number in range(500)))) == list(range(500))
    assert inside.most == AT_ONCE == 16


def test_reads_that_hang_are_abandoned_and_the_others_are_done() -> None:
    never = threading.Event()
    works: list[Callable[[], object]] = [never.wait] * AT_ONCE
    results = read_all([*reads(*works, patience=0.05), *reads(*[lambda: "done"] * 20)])
    assert [str(error) for error in results[:AT_ONCE]] == [f"read {n}: no answer for 0.05 s" for n in range(AT_ONCE)]
    assert all(isinstance(error, Abandoned) for error in results[:AT_ONCE])
    assert results[AT_ONCE:] == ["done"] * 20
    never.set()


def test_a_place_that_hangs_does_not_keep_the_others_waiting() -> None:
    answered = threading.Event()
    hanging = reads(*[lambda: answered.wait(LONG)] * 50, patience=10 * LONG)
    there = Read(Place("double", "there"), "it", LONG, answered.set)
    # Only once the other place has answered does this one: with all the calls taken, that would never be.
    assert read_all([*hanging, there]) == [*[True] * 50, None]


def test_single_calls_are_a_few_at_a_time(engine: Double) -> None:
    inside, go_on = Counted(), threading.Event()

    def look(name: str) -> Run:
        with inside:
            go_on.wait(LONG)
            return RUN

    engine.runs.get = look  # type: ignore[method-assign]
    shared = Reliable(engine)
    threads = [threading.Thread(target=shared.run, args=(RUN.name,)) for _ in range(3 * AT_ONCE)]
    for thread in threads:
        thread.start()
    wait_until(lambda: inside.now == AT_ONCE, "as many calls as may be")
    go_on.set()
    for thread in threads:
        thread.join(LONG)
    assert inside.most == AT_ONCE


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(calls, "time", made)
    return made


def test_a_deadline_is_for_each_attempt_and_not_for_the_pauses(engine: Double, clock: Clock) -> None:
    """A service that asks for a minute gets it, from a caller whose patience for an answer is shorter."""
    engine.patience = 20.0
    one = failing(engine, Transient("busy", 60.0), Transient("busy", 60.0))
    assert one.run(RUN.name) == RUN
    assert read_all([Read(HERE, "it", 20.0, partial(engine.runs.get, RUN.name))]) == [RUN]
    assert clock.asked == [60.0, 60.0]


def test_each_attempt_has_the_whole_deadline(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of a patience of 20 s, while a service that took 15 s to refuse is given its minute and more."""
    made, left = threading.Event(), []
    made_calls: list[calls.Call[str]] = []

    def note() -> None:
        assert made.wait(LONG)
        left.append(made_calls[0].left(20.0))

    def work() -> str:
        note()
        if len(left) > 1:
            return "done"
        clock.now += 15.0
        raise Transient("busy", 60.0)

    def oversleep(seconds: float) -> None:
        note()
        clock.now += seconds + 10.0

    monkeypatch.setattr(clock, "sleep", oversleep)
    made_calls.append(calls.Call(partial(calls.retried, work)))
    made.set()
    assert made_calls[0].wait(LONG, "it") == "done"
    assert left == [20.0, 80.0, 20.0]


@pytest.mark.parametrize("call", ["observe", "begin"])
def test_errors_name_what_was_asked(engine: Double, cluster: ResourceChange, call: str) -> None:
    engine.patience = 0.05
    engine.faults = {"observe compute/gpu": [HANG], "begin compute/gpu": [HANG]}
    resource: Resource = cluster.resource
    calls = {
        "observe": lambda: Reliable(engine).observe(resource),
        "begin": lambda: Reliable(engine).begin(cluster, lambda progress: None),
    }
    with pytest.raises(Abandoned, match=r"compute/gpu: no answer for 0\.05 s"):
        calls[call]()


def test_what_an_earlier_run_was_is_no_reason_to_fail(engine: Double) -> None:
    engine.runs.identity = lambda name: refuse(Denied("no"))  # type: ignore[method-assign, assignment, return-value]
    assert Reliable(engine).identity("job-a") == {}


def test_an_engine_may_lack_what_not_every_one_has(engine: Double) -> None:
    engine.contents = None  # type: ignore[assignment]
    shared = Reliable(engine)
    assert (
        shared.logged("job-a"),
        shared.history("job-a", "loss").values,
        shared.nodes("gpu"),
        read_all([shared.content(CloudContent("a"))]),
    ) == (
        Logged(),
        (),
        {},
        [""],
    )


def test_a_lock_that_comes_too_late_is_given_back(engine: Double, cluster: ResourceChange) -> None:
    """Nobody waits for it any more: kept up in the background, it would be held as long as this process lives."""
    go_on, locks = threading.Event(), engine.locks
    assert locks is not None

    class Slow:
        lapses = 60.0

        def acquire(self, resource: Resource, holder: Holder) -> Lock:
            assert go_on.wait(LONG)
            return locks.acquire(resource, holder)

    engine.locks = Slow()  # type: ignore[assignment]
    engine.patience = 0.02
    with pytest.raises(Abandoned, match="locking compute/gpu"):
        Reliable(engine).locks.acquire(cluster.resource, Holder("ada"))
    go_on.set()
    wait_until(lambda: "unlock compute/gpu" in engine.calls, "the lock to be given back")
    assert not engine.locked


def test_without_a_place_for_locks_there_is_none(engine: Double, cluster: ResourceChange) -> None:
    engine.faults = {"lock compute/gpu": [Missing("no workspace yet")]}
    assert Reliable(engine).locks.acquire(cluster.resource, Holder()) is None
    engine.locks = None
    assert Reliable(engine).locks.acquire(cluster.resource, Holder()) is None
