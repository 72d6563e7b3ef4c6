"""What runs were given and what they logged: read one after the other, behind what is shown."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from specrun.engines.base import EngineError
from specrun.plan.metrics import Logged
from specrun.plan.ownership import StateRefused
from specrun.plan.parameters import parameters
from specrun.plan.run_facts import Facts
from specrun.spec.cost import Cost, cost_of
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar
from specrun.spec.repository_file import RepositoryFiles
from specrun.ui.place_runs import PlaceRuns
from specrun.ui.runs import Entry
from specrun.views.amounts import spent_text
from specrun.views.runs import changed_since

TOLD_EVERY = 0.5
"""Seconds between two times at which it is said that more is known."""

IDENTITIES = 64
"""What so many runs consisted of is kept: of each its list of files is the largest part."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What a run was given, what it logged last, and what changed since the run before; `at` is when it was read."""

    params: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    at: float = 0.0
    is_last: bool = False


NOTHING = Detail()


class Details:
    """The details of runs; `changed` is called, not too often, when more is known."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._known: dict[str, Detail] = {}
        self._wanted: dict[PlaceRuns, deque[Entry]] = {}
        self._queued: set[str] = set()
        self._reading: set[PlaceRuns] = set()
        self._metrics: dict[str, None] = {}
        self._params: dict[str, None] = {}
        self._identities: OrderedDict[str, Mapping[str, object]] = OrderedDict()
        self._repositories = RepositoryFiles()

    def of(self, entry: Entry) -> Detail:
        """What is known of a run."""
        return self._known.get(entry.run.name, NOTHING)

    def want(self, entries: Iterable[Entry], *, soon: bool) -> bool:
        """Have runs be read on, `soon` before all others; whether something of them is not known yet."""
        fresh: dict[PlaceRuns, list[Entry]] = {}
        missing = False
        for entry in entries:
            missing = missing or entry.run.name not in self._known
            if self._is_due(entry):
                fresh.setdefault(entry.place, []).append(entry)
        for place, several in fresh.items():
            self._queue(place, several, soon=soon)
        return missing

    def _is_due(self, entry: Entry) -> bool:
        known = self._known.get(entry.run.name)
        if known is None or known.is_last:
            return known is None
        age = 2.0 if entry.place.is_here else 2 * entry.place.every
        return entry.run.status.ended or time.monotonic() - known.at >= age

    def _queue(self, place: PlaceRuns, entries: list[Entry], *, soon: bool) -> None:
        with self._lock:
            queue = self._wanted.setdefault(place, deque())
            fresh = [one for one in entries if one.run.name not in self._queued]
            self._queued.update(one.run.name for one in fresh)
            if soon:  # those that wait already are met twice, and read once
                queue.extendleft(reversed(entries))
            else:
                queue.extend(fresh)
            if not queue or place in self._reading:
                return
            self._reading.add(place)
        threading.Thread(target=self._read_on, args=(place, queue), name="details of runs", daemon=True).start()

    def names(self) -> tuple[list[str], list[str]]:
        """The names of metrics and of parameters that runs have."""
        return list(self._metrics), list(self._params)

    def facts(self, entry: Entry, now: float) -> Facts:
        """What filters and sorts need of a run."""
        run, place, detail = entry.run, entry.place.engine.place, self.of(entry)
        cost = self.cost(entry, now)
        amount = float(cost.amount) if cost is not None and cost.amount is not None else None
        return Facts(run, place.title, place.engine, amount, detail.params, detail.metrics, now)

    def cost(self, entry: Entry, now: float) -> Cost | None:
        """What a run has cost until now, where its size is known."""
        run = entry.run
        seconds = run.elapsed(now) if run.instances is not None and run.started is not None else None
        if run.instances is None or seconds is None or run.is_sweep:  # which costs what its trials do
            return None
        return cost_of(run.instances, seconds, self._repositories.of(entry.source.file or run.file).prices)

    def cost_text(self, entry: Entry, now: float) -> str | None:
        """The same in words; None where there is nothing to say."""
        cost, charged = self.cost(entry, now), bool(entry.place.engine.place.workspace)
        return spent_text(cost, charged=charged) if cost is not None and (charged or cost.hour is not None) else None

    def logged(self, entry: Entry) -> Logged:
        """What a run has logged. Raises EngineError."""
        return entry.place.engine.logged(entry.run.name)

    def _read_on(self, place: PlaceRuns, queue: deque[Entry]) -> None:
        told = time.monotonic()
        while True:
            with self._lock:
                entry = queue.popleft() if queue else None
                if entry is None:
                    self._reading.discard(place)
                    break
                self._queued.discard(entry.run.name)
            if self._is_due(entry):
                found = self._known[entry.run.name] = self._read(entry)
                self._metrics.update(dict.fromkeys(found.metrics))
                self._params.update(dict.fromkeys(found.params))
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                self._changed()
        self._changed()

    def _read(self, entry: Entry) -> Detail:
        run, engine = entry.run, entry.place.engine
        is_last = run.status.ended
        try:
            logged = engine.logged(run.name)
        except (EngineError, StateRefused):
            logged, is_last = Logged(), run.status.ended and entry.place.is_here
        identity = self._identity(entry, run.name)
        before = [entry.before] if entry.before is not None else []
        changes = changed_since(run, before, lambda name: self._identity(entry, name))
        metrics = {name: last.value for name, last in logged.main.items()}
        return Detail(parameters(run, identity, logged.params), metrics, changes, time.monotonic(), is_last)

    def _identity(self, entry: Entry, name: str) -> Mapping[str, object]:
        if name not in self._identities:
            self._identities[name] = entry.place.engine.identity(name)
            while len(self._identities) > IDENTITIES:
                self._identities.popitem(last=False)
        return self._identities.get(name, {})
