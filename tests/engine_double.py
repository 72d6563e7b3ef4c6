"""An engine in memory, as slow and as unreliable as a test wants it, and specs to give to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from specrun.apply.events import Event
from specrun.apply.survey import survey
from specrun.apply.walk import Outcome, Walk
from specrun.engines.base import Conflict, Cursor, LogLine, Missing, OutputFile, Report
from specrun.plan.changes import Action, Capability, Change, Plan
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.planner import Options, Planner
from specrun.plan.resources import Kind, Resource, build_graph
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.load import load
from specrun.spec.model import Spec

HANG = "hang"
DEADLINE = 20.0


@dataclass(frozen=True)
class Accepted:
    """A write that takes effect and is answered with an error all the same (or, with HANG, never)."""

    answer: Exception | str


Fault = Exception | str | Accepted


@dataclass
class Double:
    """`faults` are used up call by call, by `begin KEY`, `observe KEY`, `runs SPEC`, `run NAME` or `logs NAME`.

    `creating` says for how many looks a resource is still being made; `statuses` what a run is at each look, the last
    for good. `calls` is all that was asked, in order.
    """

    name: str = "double"
    target: str = "a double"
    capabilities: Mapping[Kind, Capability] = field(
        default_factory=lambda: {
            "compute": Capability(frozenset({"max_instances", "tags"}), replaceable=True),
            "datastore": Capability(None),
        }
    )
    patience: float = DEADLINE
    poll: float = 0.001
    asks: bool = True
    there: dict[str, Observed] = field(default_factory=dict)
    all_runs: list[Run] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)
    identities: dict[str, Mapping[str, object]] = field(default_factory=dict)
    creating: dict[str, int] = field(default_factory=dict)
    settles_as: dict[str, Observed] = field(default_factory=dict)
    statuses: dict[str, list[RunStatus]] = field(default_factory=dict)
    lines: list[LogLine] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    on_begin: Callable[[Change], None] = lambda change: None
    on_look: Callable[[str], None] = lambda name: None
    calls: list[str] = field(default_factory=list)
    given: list[Change] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        return ()

    def sign_in(self) -> None:
        self._called("sign_in")

    def observe(self, resource: Resource) -> Observed:
        key = resource.key
        self._called(f"observe {key}")
        if self.creating.get(key, 0) > 0:
            self.creating[key] -= 1
            return Observed(Status.CREATING)
        if key in self.settles_as:
            self.there[key] = self.settles_as.pop(key)
        return self.there.get(key, Observed(Status.MISSING))

    def content(self, path: str) -> str:
        return self.contents.get(path, "")

    def begin(self, change: Change, report: Report) -> None:
        key = change.resource.key
        accepted = self._called(f"begin {key}", accepts=True)
        self.on_begin(change)
        self.given.append(change)
        if change.kind == "run":
            self._submit(change)
        elif change.action is Action.DELETE:
            self.there.pop(key)
        elif change.kind == "data":
            self._store(change)
        else:
            before = self.there.get(key, Observed(Status.MISSING)).properties
            self.there[key] = Observed(
                Status.READY, {**before, **change.resource.properties}, owner=change.resource.spec.name
            )
        if accepted is not None:
            _fail(accepted.answer)

    def runs(self, spec: str | None = None) -> Sequence[Run]:
        self._called(f"runs {spec}" if spec else "runs")
        return [run for run in reversed(self.all_runs) if spec in (None, run.spec)]

    def identity(self, name: str) -> Mapping[str, object]:
        return self.identities.get(name, {})

    def nodes(self, cluster: str) -> Mapping[str, int]:
        return {}

    def run(self, name: str) -> Run:
        self._called(f"run {name}")
        self.on_look(name)
        for number, run in enumerate(self.all_runs):
            if run.name == name:
                statuses = self.statuses.setdefault(name, [RunStatus.SUCCEEDED])
                status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
                self.all_runs[number] = replace(run, status=status)
                return self.all_runs[number]
        raise Missing(f"there is no run {name}")

    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        self._called(f"logs {name}")
        seen = cursor.get("all", 0)
        # One line at a time: whoever follows must go on reading after the end.
        return self.lines[seen : seen + 1], {"all": min(seen + 1, len(self.lines))}

    def outputs(self, name: str) -> Sequence[OutputFile]:
        return []

    def fetch(self, name: str, path: str, to: Path) -> None:
        raise Missing(path)

    def place(self, name: str) -> str:
        return f"double://{name}"

    def metrics(self, name: str) -> Mapping[str, float]:
        return {}

    def cancel(self, name: str) -> None:
        self._called(f"cancel {name}")
        self.cancelled.append(name)

    def _called(self, what: str, accepts: bool = False) -> Accepted | None:
        self.calls.append(what)
        queued = self.faults.get(what)
        fault = queued.pop(0) if queued else None
        if isinstance(fault, Accepted):
            return fault
        if fault is not None:
            _fail(fault)
        return None

    def _submit(self, change: Change) -> None:
        submission = change.submission
        assert submission is not None
        if any(run.name == submission.name for run in self.all_runs):
            raise Conflict(f"{submission.name} is taken")
        self.all_runs.append(
            Run(
                submission.name,
                submission.spec.name,
                submission.fingerprint,
                submission.attempt,
                RunStatus.QUEUED,
            )
        )
        self.identities[submission.name] = submission.identity

    def _store(self, change: Change) -> None:
        assert change.transfer is not None
        before = self.there.get(change.resource.key, Observed(Status.MISSING)).files
        sent = {f.path: StoredFile(f.size, f.md5, change.resource.spec.name) for f in change.transfer.send}
        files = {path: file for path, file in {**before, **sent}.items() if path not in change.transfer.prune}
        self.there[change.resource.key] = Observed(Status.READY, files=files)


def _fail(fault: Exception | str) -> None:
    if isinstance(fault, Exception):
        raise fault
    threading.Event().wait()  # never answers: the thread is a daemon


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


def plan_for(engine: Double, specs: Sequence[Spec], home: Path, **options: object) -> Plan:
    graph = build_graph(specs)
    assert not graph.diagnostics, graph.diagnostics
    seen = survey(engine, graph)
    assert not seen.errors, seen.errors
    cache = HashCache(home)
    chosen = Options(**options)  # type: ignore[arg-type]
    return Planner(engine, seen, engine.identity, home, cache, chosen).plan(graph)


def carry_out(
    engine: Double,
    plan: Plan,
    home: Path,
    emit: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
    **options: object,
) -> tuple[Outcome, list[Event]]:
    events: list[Event] = []

    def both(event: Event) -> None:
        events.append(event)
        if emit is not None:
            emit(event)

    outcome = Walk(plan, engine, home, both, stop or threading.Event(), **options).go()  # type: ignore[arg-type]
    return outcome, events


def change_of(plan: Plan, key: str) -> Change:
    return next(change for change in plan.changes if change.resource.key == key)


def wait_until(condition: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < give_up, f"waited {DEADLINE:g} s for {what}"
        time.sleep(0.002)
