"""An engine in memory, as slow and as unreliable as a test wants it, and specs to give to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from specrun.apply.events import Event
from specrun.apply.locks import Locking
from specrun.apply.survey import outputs_there, survey
from specrun.apply.walk import Outcome, Walk
from specrun.engines.base import Conflict, Cursor, LogLine, Missing, OutputFile, Page, Report, Staged
from specrun.engines.facts import ENGINES, Facts
from specrun.engines.history import History
from specrun.engines.locks import Held, Holder, Lock, LockLost, Locks, lock_name
from specrun.engines.parts import Metrics, Models, Sweeps
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Change, Plan
from specrun.plan.graph import Graph, build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.data import Upload
from specrun.plan.machines import with_costs
from specrun.plan.makers import Maker
from specrun.plan.observed import (
    Account,
    CloudContent,
    Existing,
    Observed,
    Run,
    RunStatus,
    Status,
    StoredFile,
    Uploaded,
    Written,
)
from specrun.plan.planner import make_plan
from specrun.plan.planning import PlanOptions, View
from specrun.plan.resources import Capability, Key, Kind, Place, Resource
from specrun.plan.submission import Submission
from specrun.plan.trials import Trial
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.load import load
from specrun.spec.model import Properties, Spec

HANG = "hang"
DEADLINE = 20.0


@dataclass(frozen=True)
class Accepted:
    """A write that takes effect and is answered with an error all the same (or, with HANG, never)."""

    answer: Exception | str


Fault = Exception | str | Accepted


HERE = Place("double", title="a double")


@dataclass
class Double:
    """`faults` are used up call by call, by `begin ADDRESS`, `observe ADDRESS`, `runs SPEC`, `run NAME`, `logs NAME`.

    Lists of runs have pages of so many; without `filters` all runs come where one spec's were asked for. `unmarked` are
    the names of runs from before each was marked by its spec. `tells_going`: it
    knows without a list which go on. `creating` says for how many looks a resource is still being made; `statuses` what
    a run is at each look, the last for good. `calls` is all that was asked, in order.
    `given` are the changes and submissions that were begun.
    """

    place: Place = HERE
    capabilities: Mapping[Kind, Capability] = field(
        default_factory=lambda: {
            "compute": Capability(frozenset({"max_instances", "tags"}), replaceable=True, caseless=frozenset({"size"})),
            "datastore": Capability(None),
        }
    )
    shows_extra: bool = False
    takes_trials: bool = True
    asks: bool = True
    patience: float = DEADLINE
    poll: float = 0.001
    there: dict[str, Observed] = field(default_factory=dict)
    all_runs: list[Run] = field(default_factory=list)
    page: int = 100
    filters: bool = True
    tells_going: bool = False
    unmarked: set[str] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)
    default_datastore: str = "workspaceblobstore"
    identities: dict[str, Mapping[str, object]] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    code: dict[str, bytes] = field(default_factory=dict)
    creating: dict[str, int] = field(default_factory=dict)
    settles_as: dict[str, Observed] = field(default_factory=dict)
    statuses: dict[str, list[RunStatus]] = field(default_factory=dict)
    lines: list[LogLine] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    on_begin: Callable[[Change | Submission], None] = lambda change: None
    on_look: Callable[[str], None] = lambda name: None
    calls: list[str] = field(default_factory=list)
    given: list[Change] = field(default_factory=list)
    submitted: list[tuple[Submission, Staged]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    account: Account | None = None
    locked: dict[str, Holder] = field(default_factory=dict)
    """Who holds which lock. What a test puts here is somebody else's; what it takes away is lost to its holder."""

    def __post_init__(self) -> None:
        self.resources = DoubleResources(self)
        self.runs = DoubleRuns(self)
        self.contents = DoubleContents(self)
        self.metrics: Metrics | None = None
        self.sweeps: Sweeps | None = None
        self.models: Models | None = None
        self.nodes = None
        self.usage = None
        self.quotas = None
        self.ends = None
        self.here = None
        self.locks: Locks | None = DoubleLocks(self)
        self.accounts = DoubleAccounts(self) if self.account is not None else None

    @property
    def facts(self) -> Facts:
        says = {"asks": self.asks, "shows_extra": self.shows_extra, "takes_trials": self.takes_trials}
        return Facts("double", "", "", capabilities=self.capabilities, **says)

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        return ()

    def sign_in(self) -> None:
        self.called("sign_in")

    def called(self, what: str, accepts: bool = False) -> Accepted | None:
        self.calls.append(what)
        queued = self.faults.get(what)
        fault = queued.pop(0) if queued else None
        if isinstance(fault, Accepted):
            return fault
        if fault is not None:
            _fail(fault)
        return None


@dataclass
class DoubleResources:
    engine: Double

    def observe(self, resource: Resource) -> Observed:
        engine, address = self.engine, resource.address
        engine.called(f"observe {address}")
        if engine.creating.get(address, 0) > 0:
            engine.creating[address] -= 1
            return Observed(Status.CREATING)
        if address in engine.settles_as:
            engine.there[address] = engine.settles_as.pop(address)
        return engine.there.get(address, Observed(Status.MISSING))

    def existing(self, kind: Kind) -> list[Existing]:
        self.engine.called(f"every {kind}")
        found = {address.partition("/"): seen for address, seen in self.engine.there.items()}
        return [Existing(name, maker=seen.maker) for (of, _, name), seen in sorted(found.items()) if of == kind]

    def uploads(self, datastores: Collection[str]) -> Sequence[Uploaded]:
        self.engine.called("every data")
        seen = [(address.split("/", 2), one) for address, one in self.engine.there.items()]
        data = [(parts[1], parts[2], one.files.values()) for parts, one in seen if parts[0] == "data"]
        makers = [(store, target, dict.fromkeys(file.maker for file in files)) for store, target, files in data]
        return [Uploaded(store, target, one) for store, target, by in makers if store in datastores for one in by]

    def begin(self, change: Change, report: Report) -> None:
        engine, address = self.engine, change.key.address
        accepted = engine.called(f"begin {address}", accepts=True)
        engine.on_begin(change)
        engine.given.append(change)
        before = engine.there.get(address, Observed(Status.MISSING))
        if change.action is Action.DELETE:
            engine.there.pop(address)
        elif isinstance(change, Upload):
            sent = {f.path: StoredFile(f.size, f.md5, change.resource.maker) for f in change.transfer.send}
            files = {**before.files, **sent}
            kept = {path: file for path, file in files.items() if path not in change.transfer.prune}
            engine.there[address] = Observed(Status.READY, files=kept)
        else:
            properties = {**before.properties, **change.resource.wanted}
            engine.there[address] = Observed(Status.READY, properties, maker=change.resource.maker)
        if accepted is not None:
            _fail(accepted.answer)


@dataclass
class DoubleRuns:
    engine: Double

    def list(self, spec: str | None = None, after: str = "") -> Page:
        engine = self.engine
        engine.called(f"runs {spec}" if spec else "runs")
        start, marked = int(after or 0), spec is not None and engine.filters
        listed = [
            run
            for run in reversed(engine.all_runs)
            if not marked or (spec in run.specs and run.name not in engine.unmarked)
        ]
        part = listed[start : start + engine.page]
        following = str(start + engine.page) if len(listed) > start + engine.page else ""
        return Page([run for run in part if spec in (None, *run.specs)], following, engine.filters or spec is None)

    def get(self, name: str) -> Run:
        engine = self.engine
        engine.called(f"run {name}")
        for number, run in enumerate(engine.all_runs):
            if run.name == name:
                engine.on_look(name)
                statuses = engine.statuses.setdefault(name, [run.status if run.status.ended else RunStatus.SUCCEEDED])
                status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
                engine.all_runs[number] = replace(run, status=status)
                return engine.all_runs[number]
        raise Missing(f"there is no run {name}")

    def going(self) -> list[Run] | None:
        self.engine.called("going")
        going = [run for run in reversed(self.engine.all_runs) if not run.status.ended]
        return going if self.engine.tells_going else None

    def identity(self, name: str) -> Mapping[str, object]:
        return self.engine.identities.get(name, {})

    def kept(self, name: str) -> bytes:
        return self.engine.kept.get(name, b"")

    def fetch_code(self, name: str, path: str, to: Path) -> None:
        content = self.engine.code.get(f"{name}/{path}")
        if content is None:
            raise Missing(f"{name} has no {path}")
        to.write_bytes(content)

    def fetch_input(self, name: str, entry: str, path: str, to: Path) -> None:
        self.fetch_code(name, f"{entry}/{path}", to)

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        engine = self.engine
        accepted = engine.called(f"begin run/{submission.spec}", accepts=True)
        engine.on_begin(submission)
        engine.submitted.append((submission, staged))
        if any(run.name == submission.name for run in engine.all_runs):
            raise Conflict(f"{submission.name} is taken")
        maker = submission.maker
        run = Run(submission.name, maker.spec, submission.fingerprint, submission.attempt, RunStatus.QUEUED)
        read = {name: one.run for name, one in submission.upstream.items()}
        run = replace(run, repository=maker.repository, target=maker.target, upstream=read)
        engine.all_runs.append(run)
        engine.identities[submission.name] = submission.identity
        if accepted is not None:
            _fail(accepted.answer)

    def cancel(self, name: str, keep: Collection[str] = ()) -> None:
        self.engine.called(f"cancel {name}")
        self.engine.cancelled.append(name)

    def delete(self, maker: Maker, ended_before: float | None, report: Report) -> None:
        spec = maker.spec
        self.engine.called(f"delete {spec}" if ended_before is None else f"delete {spec} before {ended_before:g}")
        self.engine.all_runs = [run for run in self.engine.all_runs if not run.maker.is_of(maker)]

    def adopt(self, name: str, spec: str) -> None:
        self.engine.called(f"adopt {name} {spec}")
        runs = self.engine.all_runs
        number = next(number for number, run in enumerate(runs) if run.name == name)
        runs[number] = replace(runs[number], adopted=(*runs[number].adopted, spec))

    def logs(self, name: str, cursor: Cursor, timed: bool = False) -> tuple[Sequence[LogLine], Cursor]:
        self.engine.called(f"logs {name}")
        seen, lines = cursor.get("all", 0), self.engine.lines
        # One line at a time: whoever follows must go on reading after the end.
        return lines[seen : seen + 1], {"all": min(seen + 1, len(lines))}

    def tail(self, name: str, role: str | None) -> Sequence[LogLine]:
        self.engine.called(f"tail {name}")
        return [line for line in self.engine.lines if role in (None, line.role)]

    def outputs(self, name: str) -> Sequence[OutputFile]:
        return [OutputFile(path, 1) for path in self.engine.outputs]

    def has_output(self, written: Written) -> bool:
        self.engine.called(f"output {written.output} of {written.run}")
        return any(path.startswith(f"{written.output}/") for path in self.engine.outputs)

    def fetch(self, name: str, path: str, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(path, errors="backslashreplace")

    def address(self, name: str) -> str:
        return f"double://{name}"


@dataclass
class DoubleSweeps:
    """`looks` are the trials of each sweep at each look, the last for good."""

    engine: Double
    looks: dict[str, list[Sequence[Trial]]] = field(default_factory=dict)

    def trials(self, name: str) -> Sequence[Trial]:
        self.engine.called(f"trials {name}")
        looks = self.looks.get(name, [()])
        return looks.pop(0) if len(looks) > 1 else looks[0]

    def there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        self.engine.called(f"trials there {spec}")
        return {}


@dataclass
class DoubleContents:
    engine: Double

    def digest(self, content: CloudContent) -> str:
        return self.engine.digests.get(content.uri, "")

    def default_datastore(self) -> str:
        return self.engine.default_datastore


@dataclass
class DoubleAccounts:
    engine: Double

    def current(self) -> Account:
        self.engine.called("account")
        assert self.engine.account is not None
        return self.engine.account


@dataclass
class DoubleLocks:
    engine: Double
    lapses: float = 60.0

    def name(self, resource: Resource) -> str:
        return lock_name(resource, self.engine.default_datastore)

    def acquire(self, resource: Resource, holder: Holder) -> Lock:
        name = self.name(resource)
        self.engine.called(f"lock {name}")
        if (other := self.engine.locked.setdefault(name, holder)) is not holder:
            raise Held(other)
        return DoubleLock(self.engine, name, holder)

    def holders(self) -> Mapping[str, Holder]:
        self.engine.called("locks")
        return dict(self.engine.locked)

    def free(self, name: str) -> None:
        self.engine.called(f"free {name}")
        self.engine.locked.pop(name, None)


@dataclass
class DoubleLock:
    engine: Double
    name: str
    holder: Holder

    def check(self) -> None:
        if self.engine.locked.get(self.name) is not self.holder:
            raise LockLost(f"the lock of {self.name} was lost")

    def release(self) -> None:
        self.engine.called(f"unlock {self.name}")
        if self.engine.locked.get(self.name) is self.holder:
            del self.engine.locked[self.name]


def _fail(fault: Exception | str) -> None:
    if isinstance(fault, Exception):
        raise fault
    threading.Event().wait()  # never answers: the thread is a daemon


OFFERED: dict[Place, Double] = {}
"""The doubles that the command line finds, by place: see `offer`."""


def offer(monkeypatch: pytest.MonkeyPatch, name: str, *doubles: Double, by_workspace: bool = False) -> None:
    """Have the command line find doubles under an engine's name: one, or one for each workspace."""
    here = "tests.engine_double"
    facts = Facts(name, f"{here}:offered", f"{here}:nothing_wrong", find_place=f"{here}:place_of" * by_workspace)
    monkeypatch.setitem(ENGINES, name, facts)  # type: ignore[misc]
    for double in doubles:
        double.place = Place(name, double.place.workspace, double.place.title)
        monkeypatch.setitem(OFFERED, double.place, double)


def nothing_wrong(spec: Spec) -> Iterable[Diagnostic]:
    """What a double says of a spec."""
    return ()


def offered(place: Place, *_: object) -> Double:
    return OFFERED[place]


def place_of(engine: str, workspace: Properties | None) -> Place:
    name = str(workspace["name"]) if workspace is not None else ""
    return Place(engine, name, f"workspace {name}")


def write_spec(folder: Path, text: str, file: str = "job.yaml", **files: str) -> Path:
    """A spec (without its first line) and files beside it, a double underscore in a name standing for a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        place = folder / name.replace("__", "/").replace("_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    path = folder / file
    path.write_text(f"apiVersion: specrun/v1\n{text}")
    return path


def read_specs(*files: Path, **options: object) -> tuple[Spec, ...]:
    loaded = load([str(file) for file in files], **options)  # type: ignore[arg-type]
    assert loaded.ok, loaded.diagnostics
    return loaded.specs


def graph_for(specs: Sequence[Spec], home: Path, place: Place = HERE) -> Graph:
    return build_graph(specs, lambda spec: place, HashCache(home))


def addresses(graph: Graph) -> dict[str, Resource]:
    return {key.address: resource for key, resource in graph.resources.items()}


def plan_for(engine: Double, specs: Sequence[Spec], home: Path, **options: object) -> Plan:
    graph = graph_for(specs, home, engine.place)
    assert not graph.diagnostics, graph.diagnostics
    return with_costs(plan_graph(engine, graph, home, **options), specs)


def view_of(engine: Double, graph: Graph) -> View:
    reliable = Reliable(engine)
    seen = survey({engine.place: reliable}, graph)[engine.place]
    assert not seen.errors, seen.errors
    return View(
        engine.capabilities,
        engine.shows_extra,
        seen,
        History(reliable),
        reliable.identity,
        engine.takes_trials,
        outputs_there=partial(outputs_there, reliable),
    )


def plan_graph(engine: Double, graph: Graph, home: Path, **options: object) -> Plan:
    chosen = PlanOptions(**options)  # type: ignore[arg-type]
    return make_plan(graph, {engine.place: view_of(engine, graph)}, chosen, home, HashCache(home))


def carry_out(
    engine: Double,
    plan: Plan,
    home: Path,
    emit: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
    detach: bool = False,
    fail_fast: bool = False,
    locking: Locking | None = None,
) -> tuple[Outcome, list[Event]]:
    events: list[Event] = []

    def both(event: Event) -> None:
        events.append(event)
        if emit is not None:
            emit(event)

    engines = {engine.place: Reliable(engine)}
    outcome = Walk(plan, engines, home, both, stop or threading.Event(), detach, fail_fast, locking or Locking()).go()
    return outcome, events


def key(address: str, place: Place = HERE) -> Key:
    return Key(place, address)


def change_of(plan: Plan, address: str) -> Any:
    """The change of an address, of whatever type: the tests say which attributes it has."""
    return next(change for change in plan.changes if change.key.address == address)


def wait_until(condition: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < give_up, f"waited {DEADLINE:g} s for {what}"
        time.sleep(0.002)
