"""One change carried out: what is done, what is left alone, and the words for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply import operations
from specrun.apply.operations import FIRST_POLL, Operation
from specrun.apply.stage import Stale
from specrun.engines import calls
from specrun.engines.base import Conflict, Denied, EngineError, Progress, Transient
from specrun.engines.calls import ATTEMPTS, Abandoned
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.hashes import md5_of
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.run import RunDeletion
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.remote import NotFetched
from tests.engine_double import HANG, Accepted, Double, Fault, change_of, plan_for, read_specs, write_spec

TEXT = """\
name: job
compute: {name: gpu, max_instances: 2}
data: {d: {path: data, prune: true}}
job: {command: ls, inputs: {d: {data: d}}}
"""
GPU, DATA, RUN = "compute/gpu", "data/default/d", "run/job"
PROPERTIES = {"name": "gpu", "max_instances": 2}
MADE = Observed(Status.READY, PROPERTIES, maker=Maker("job"))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "FIRST_POLL", 0.001)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.001)


@pytest.fixture
def engine() -> Double:
    return Double()


def operation(engine: Double, folder: Path, report: Callable[[Progress], None] = lambda _: None) -> Operation:
    return Operation(Reliable(engine), folder / "home", report, threading.Event())


def planned(engine: Double, folder: Path, address: str, text: str = TEXT, **options: object):  # type: ignore[no-untyped-def]
    path = write_spec(folder, text, data__a_csv="1\n", data__b_csv="2\n")
    return change_of(plan_for(engine, read_specs(path), folder / "home", **options), address)


def begun(engine: Double, address: str) -> int:
    return engine.calls.count(f"begin {address}")


def deletion(engine: Double, folder: Path, address: str) -> ResourceChange:
    change = planned(engine, folder, address)
    seen = engine.there.get(address, Observed(Status.READY))
    kind = RunDeletion if address == RUN else ResourceChange
    return kind(change.resource, Action.DELETE, "made by job", seen)


def test_of_runs_that_are_to_be_deleted_none_is_left(tmp_path: Path, engine: Double) -> None:
    engine.all_runs = [Run(f"{spec}-a", spec, "a", 1, RunStatus.SUCCEEDED) for spec in ("job", "other")]
    operation(engine, tmp_path).carry_out(deletion(engine, tmp_path, RUN))
    assert [run.spec for run in engine.all_runs] == ["other"]


def test_of_data_that_is_to_be_deleted_what_others_wrote_stays(tmp_path: Path, engine: Double) -> None:
    theirs = StoredFile(1, "m", Maker("other"))
    engine.there[DATA] = Observed(Status.READY, files={"ours": StoredFile(1, "m", Maker("job")), "theirs": theirs})
    change = deletion(engine, tmp_path, DATA)
    left = Observed(Status.READY, files={"theirs": theirs})
    engine.on_begin = lambda _: engine.settles_as.update({DATA: left})
    operation(engine, tmp_path).carry_out(change)
    operation(engine, tmp_path).carry_out(change)
    assert (begun(engine, DATA), engine.there[DATA]) == (1, left)


def test_a_deletion_that_did_not_take_is_a_failure(tmp_path: Path, engine: Double) -> None:
    engine.there[GPU] = MADE
    change = deletion(engine, tmp_path, GPU)
    engine.on_begin = lambda _: engine.settles_as.update({GPU: replace(MADE, reason="a lock forbids it")})
    with pytest.raises(EngineError, match=r"^compute/gpu: a lock forbids it$"):
        operation(engine, tmp_path).carry_out(change)


def test_what_was_being_deleted_and_is_there_again_is_left_alone(tmp_path: Path, engine: Double) -> None:
    engine.there[GPU] = Observed(Status.DELETING)
    change = planned(engine, tmp_path, GPU)
    engine.there[GPU] = replace(MADE, properties={"name": "gpu", "max_instances": 9})
    with pytest.raises(Stale, match=r"^compute/gpu was being deleted and is there again: plan again$"):
        operation(engine, tmp_path).carry_out(change)
    assert begun(engine, GPU) == 0


def test_what_somebody_is_changing_since_the_plan_is_left_alone(tmp_path: Path, engine: Double) -> None:
    """Only what another apply has begun to make is waited for: it would be made anyway."""
    engine.there[GPU] = replace(MADE, properties={"name": "gpu", "max_instances": 1})
    change = planned(engine, tmp_path, GPU)
    assert change.action is Action.UPDATE
    engine.creating[GPU] = 3
    with pytest.raises(Stale, match=r"^compute/gpu changed since the plan: plan again$"):
        operation(engine, tmp_path).carry_out(change)
    assert (begun(engine, GPU), engine.creating[GPU]) == (0, 2)


def test_what_is_made_is_looked_at_before_and_after(tmp_path: Path, engine: Double) -> None:
    change = planned(engine, tmp_path, GPU)
    engine.calls.clear()
    operation(engine, tmp_path).carry_out(change)
    assert engine.calls == [f"observe {GPU}", f"begin {GPU}", f"observe {GPU}"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("no quota", "no quota"), ("", "it is not as it was asked for afterwards: plan again")],
)
def test_why_it_is_not_there_afterwards(tmp_path: Path, engine: Double, reason: str, words: str) -> None:
    change = planned(engine, tmp_path, GPU)
    engine.on_begin = lambda _: engine.settles_as.update({GPU: Observed(Status.FAILED, PROPERTIES, reason=reason)})
    with pytest.raises(EngineError) as raised:
        operation(engine, tmp_path).carry_out(change)
    assert str(raised.value) == f"compute/gpu: {words}"


@pytest.mark.parametrize(
    ("seen", "error", "words"),
    [
        (Observed(Status.FAILED, reason="no quota"), EngineError, "was being made and is failed: no quota"),
        (Observed(Status.MISSING), EngineError, "was being made and is missing: plan again"),
        (
            replace(MADE, properties={"name": "gpu", "max_instances": 9}),
            Stale,
            "was being made, and is not as declared now that it is there: plan again",
        ),
        (MADE, None, ""),
    ],
)
def test_what_somebody_else_is_making(
    tmp_path: Path, engine: Double, seen: Observed, error: type[Exception] | None, words: str
) -> None:
    engine.creating[GPU] = 2
    change = planned(engine, tmp_path, GPU)
    assert change.action is Action.NO_OP
    engine.settles_as[GPU] = seen
    if error is None:
        operation(engine, tmp_path).carry_out(change)
    else:
        with pytest.raises(error) as raised:
            operation(engine, tmp_path).carry_out(change)
        assert str(raised.value) == f"compute/gpu {words}"
    assert begun(engine, GPU) == 0


def test_what_is_only_named_may_be_made_otherwise(tmp_path: Path, engine: Double) -> None:
    engine.creating[GPU] = 2
    change = planned(engine, tmp_path, GPU, "name: job\ncompute: gpu\njob: {command: ls}\n")
    engine.settles_as[GPU] = Observed(Status.READY, {"name": "another spelling"})
    operation(engine, tmp_path).carry_out(replace(change, before=Observed(Status.CREATING)))


class Hurried:
    """A clock that goes on by what is waited for, and a stop that nobody asks for."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return False


def test_what_takes_long_is_looked_at_less_and_less_often(
    tmp_path: Path, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of the time that has passed between two looks, but never more than the engine's own interval."""
    change = planned(engine, tmp_path, GPU)
    clock = Hurried()
    monkeypatch.setattr(operations, "time", clock)
    monkeypatch.setattr(operations, "FIRST_POLL", FIRST_POLL)
    engine.poll = 5.0
    engine.on_begin = lambda _: engine.creating.update({GPU: 100})
    Operation(Reliable(engine), tmp_path / "home", lambda _: None, clock).carry_out(change)  # type: ignore[arg-type]
    assert len(clock.waits) == 100
    assert clock.waits[:10] == pytest.approx([0.2] * 10)
    assert clock.waits[-10:] == [5.0] * 10
    middle = [n for n, wait in enumerate(clock.waits) if 0.2001 < wait < 4.9999]
    assert middle
    assert all(clock.waits[n] == pytest.approx(sum(clock.waits[:n]) / 10) for n in middle)


URL = "https://example.org/d.bin"
WEB = f"name: job\ndata: {{d: {{path: '{URL}', sha256: {'ab' * 32}}}}}\n"


def test_what_is_fetched_is_sent_as_it_came(tmp_path: Path, engine: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    change = planned(engine, tmp_path, DATA, WEB)
    kept = tmp_path / "d.bin"
    kept.write_bytes(b"content")

    def download(url: str, sha256: str, home: Path, report: Callable[[int, int], None]) -> Path:
        assert (url, sha256, home) == (URL, "ab" * 32, tmp_path / "home")
        report(3, 7)
        return kept

    monkeypatch.setattr(operations, "download", download)
    told: list[Progress] = []
    engine.on_begin = lambda _: engine.settles_as.update(
        {DATA: Observed(Status.READY, files={"d.bin": StoredFile(7, md5_of(kept), Maker("job"))})}
    )
    operation(engine, tmp_path, told.append).carry_out(change)
    (sent,) = engine.given
    assert isinstance(sent, Upload)
    assert [(file.path, file.size, file.md5) for file in sent.transfer.send] == [("d.bin", 7, md5_of(kept))]
    assert told == [Progress(3, 7, "fetching")]


@pytest.mark.parametrize("error", [NotFetched("it is another file"), OSError("no network")])
def test_what_cannot_be_fetched_is_a_failure(
    tmp_path: Path, engine: Double, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    change = planned(engine, tmp_path, DATA, WEB)

    def fail(*_: object) -> Path:
        raise error

    monkeypatch.setattr(operations, "download", fail)
    with pytest.raises(EngineError, match=f"^data/default/d: {error}$"):
        operation(engine, tmp_path).carry_out(change)
    assert begun(engine, DATA) == 0


BUSY = Transient("busy")


@pytest.mark.parametrize(
    ("faults", "tries"),
    [
        ([BUSY] * (ATTEMPTS - 1), ATTEMPTS),
        ([*[BUSY] * (ATTEMPTS - 1), Accepted(BUSY)], ATTEMPTS),
        ([Accepted(BUSY)], 1),
        ([Accepted(Conflict("taken"))], 1),
        ([BUSY, Accepted(Conflict("taken"))], 2),
    ],
)
@pytest.mark.parametrize("address", [GPU, RUN])
def test_what_is_done_in_the_end(tmp_path: Path, engine: Double, faults: list[Fault], tries: int, address: str) -> None:
    change = planned(engine, tmp_path, address)
    engine.faults[f"begin {address}"] = list(faults)
    if address == RUN:
        assert operation(engine, tmp_path).submit(change) == change.submission.name
        assert len(engine.all_runs) == 1
    else:
        operation(engine, tmp_path).carry_out(change)
        assert engine.there[GPU] == MADE
    assert begun(engine, address) == tries


@pytest.mark.parametrize(
    ("faults", "error", "tries"),
    [
        ([BUSY] * ATTEMPTS, "busy", ATTEMPTS),
        ([Conflict("taken")], "taken", 1),
        ([Denied("no")], "no", 1),
        ([BUSY, Denied("no")], "no", 2),
    ],
)
@pytest.mark.parametrize("address", [GPU, RUN])
def test_what_is_not_done_in_the_end(
    tmp_path: Path, engine: Double, faults: list[Fault], error: str, tries: int, address: str
) -> None:
    change = planned(engine, tmp_path, address)
    engine.faults[f"begin {address}"] = list(faults)
    here = operation(engine, tmp_path)
    with pytest.raises(EngineError, match=f"^{error}$"):
        here.submit(change) if address == RUN else here.carry_out(change)
    assert (begun(engine, address), engine.all_runs) == (tries, [])


def test_what_is_sent_again_is_of_the_same_source(tmp_path: Path, engine: Double) -> None:
    """The list of the source, which goes with each try, has what arrived with the one before."""
    change = planned(engine, tmp_path, DATA)
    first = change.transfer.new[0]
    arrived = Observed(Status.READY, files={first.path: StoredFile(first.size, first.md5)})
    engine.on_begin = lambda _: engine.settles_as.update({} if engine.given else {DATA: arrived})
    engine.faults[f"begin {DATA}"] = [Accepted(BUSY)]
    operation(engine, tmp_path).carry_out(change)
    tries = [one.transfer for one in engine.given if isinstance(one, Upload)]
    assert [[file.path for file in one.send] for one in tries] == [["a.csv", "b.csv"], ["b.csv"]]
    assert [{file.path for file in one.source} for one in tries] == [{"a.csv", "b.csv"}] * 2


def test_what_hangs_may_stand_in_its_own_way(tmp_path: Path, engine: Double) -> None:
    """The name is taken by the try before, of which nobody knows yet: that is what is told, and not the conflict."""
    change = planned(engine, tmp_path, RUN)
    engine.patience = 0.3
    engine.faults[f"begin {RUN}"] = [HANG, Conflict("taken")]
    with pytest.raises(Abandoned, match="no answer"):
        operation(engine, tmp_path).submit(change)


@pytest.mark.parametrize(
    ("attempt", "status"),
    [(1, RunStatus.FAILED), (2, RunStatus.RUNNING), (2, RunStatus.SUCCEEDED), (2, RunStatus.FAILED)],
)
def test_an_older_attempt_is_no_reason_not_to_submit(
    tmp_path: Path, engine: Double, attempt: int, status: RunStatus
) -> None:
    """A twin is of the same attempt or a later one: what ran before is why there is another."""
    name = planned(engine, tmp_path, RUN).submission
    engine.all_runs = [Run(name.name, "job", name.fingerprint, 1, RunStatus.FAILED)]
    change = planned(engine, tmp_path, RUN, rerun=True)
    assert change.submission.attempt == 2
    if attempt == 2:
        twin = Run(change.submission.name, "job", name.fingerprint, 2, status)
        engine.all_runs.append(twin)
    assert operation(engine, tmp_path).submit(change) == change.submission.name
    assert begun(engine, RUN) == 2 - attempt


def test_what_is_being_made_in_spite_of_an_error_is_waited_for(tmp_path: Path, engine: Double) -> None:
    change = planned(engine, tmp_path, GPU)
    engine.faults[f"begin {GPU}"] = [BUSY]
    seen = iter([Observed(Status.MISSING), Observed(Status.CREATING), Observed(Status.CREATING), MADE])
    engine.resources.observe = lambda resource: next(seen)  # type: ignore[method-assign]
    operation(engine, tmp_path).carry_out(change)
    assert begun(engine, GPU) == 1


def test_what_somebody_faster_is_making_is_waited_for(tmp_path: Path, engine: Double) -> None:
    change = planned(engine, tmp_path, GPU)
    engine.faults[f"begin {GPU}"] = [Conflict("taken")]
    seen = iter([Observed(Status.MISSING), Observed(Status.CREATING), Observed(Status.CREATING), MADE])
    engine.resources.observe = lambda resource: next(seen)  # type: ignore[method-assign]
    operation(engine, tmp_path).carry_out(change)
    assert begun(engine, GPU) == 1


def test_a_conflict_over_a_change_is_told_whatever_is_there_then(tmp_path: Path, engine: Double) -> None:
    engine.there[GPU] = replace(MADE, properties={"name": "gpu", "max_instances": 1})
    change = planned(engine, tmp_path, GPU)
    assert change.action is Action.UPDATE
    engine.faults[f"begin {GPU}"] = [Accepted(Conflict("somebody else was faster"))]
    with pytest.raises(Conflict, match="somebody else was faster"):
        operation(engine, tmp_path).carry_out(change)


SENT = {"a.csv": "b026324c6904b2a9cb4b88d6d61c81d1", "b.csv": "26ab0db90d72e28ad0ba1e22ee510510"}


def stored(**changed: StoredFile | None) -> Observed:
    """The target as the plan wants it, but for some files."""
    files: dict[str, StoredFile | None] = {name: StoredFile(2, md5, Maker("job")) for name, md5 in SENT.items()}
    files |= {name.replace("_", "."): file for name, file in changed.items()}
    return Observed(Status.READY, files={name: file for name, file in files.items() if file is not None})


OLD = StoredFile(2, "old", Maker("job"))


@pytest.mark.parametrize(
    ("now", "stale"),
    [
        (stored(a_csv=OLD, gone=OLD), False),  # as it was
        (stored(a_csv=OLD), False),  # another apply has removed what is to go
        (stored(gone=OLD), False),  # or has sent what is to be sent
        (stored(a_csv=StoredFile(2, "theirs", Maker("other")), gone=OLD), True),
        (stored(a_csv=None, gone=OLD), True),  # what is to be changed is gone
        (stored(a_csv=OLD, gone=StoredFile(3, "new", Maker("job"))), True),
        (stored(a_csv=OLD, gone=OLD, more=StoredFile(3, "new", Maker("other"))), True),
    ],
)
def test_of_a_target_only_what_another_apply_of_the_same_would_do_may_change(
    tmp_path: Path, engine: Double, now: Observed, stale: bool
) -> None:
    engine.there[DATA] = stored(a_csv=OLD, gone=OLD)
    change = planned(engine, tmp_path, DATA)
    assert ([file.path for file in change.transfer.changed], change.transfer.prune) == (["a.csv"], ("gone",))
    engine.there[DATA] = now
    if stale:
        with pytest.raises(Stale, match="changed since the plan"):
            operation(engine, tmp_path).carry_out(change)
    else:
        operation(engine, tmp_path).carry_out(change)
    assert begun(engine, DATA) == (0 if stale else 1)
    assert engine.there[DATA] == (now if stale else stored())
