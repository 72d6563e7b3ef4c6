"""An engine whose every call has a deadline, is one of a few at a time, and is tried again when that may help.

A call runs in a thread of its own and not in a pool: one that hangs must keep neither the program nor its exit waiting.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from specrun.engines.background import in_background
from specrun.engines.base import (
    Cursor,
    Engine,
    EngineError,
    LogLine,
    OutputFile,
    Page,
    Progress,
    Report,
    Runs,
    Staged,
    Transient,
)
from specrun.engines.facts import Facts
from specrun.plan.changes import Change
from specrun.plan.kinds.run import Submission
from specrun.plan.makers import Maker
from specrun.plan.observed import CloudContent, Observed, Run
from specrun.plan.resources import Place, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

AT_ONCE = 16
"""Calls at the same time, however much there is to ask."""

ATTEMPTS = 5
"""How often something is tried that may go right the next time."""

FIRST_PAUSE = 0.2
"""Seconds before something is tried again; twice as many each time, unless the service says how many."""


class Abandoned(EngineError):
    """A call gave no sign of life for too long. A write may have been accepted: observe before trying again."""


def pause_after(error: EngineError, attempt: int) -> float:
    """Seconds to wait before the next attempt; `attempt` counts from 0."""
    after = error.after if isinstance(error, Transient) else None
    return after or FIRST_PAUSE * 2**attempt


Touch = Callable[[float], None]
"""A sign of life, with the seconds for which there will be no other."""


class _Call(Generic[T]):
    """One call in its own thread, and when it last gave a sign of life. `over` is done when it is."""

    def __init__(self, work: Callable[[Touch], T], over: Callable[[], None] = lambda: None) -> None:
        self._alive = time.monotonic()
        self._future = in_background(lambda: work(self._touch))
        self._future.add_done_callback(lambda _: over())

    def _touch(self, ahead: float = 0.0) -> None:
        self._alive = time.monotonic() + ahead

    @property
    def is_done(self) -> bool:
        return self._future.done()

    def left(self, patience: float) -> float:
        """Seconds until it counts as hanging."""
        return max(0.0, self._alive + patience - time.monotonic())

    def wait(self, patience: float, what: str) -> T:
        while not wait([self._future], left := self.left(patience)).done:
            if not left:
                raise Abandoned(f"{what}: no answer for {patience:g} s")
        return self._future.result()


@dataclass(frozen=True, slots=True)
class Read(Generic[T_co]):
    """Something that only reads: where, what in words, and how many seconds each attempt may be silent."""

    place: Place
    what: str
    patience: float
    work: Callable[[], T_co]


def read_all(reads: Iterable[Read[T]]) -> list[T | EngineError]:
    """Do several reads, `AT_ONCE` at a time; each result or its error, in their order.

    Each place has its share of them: one that hangs does not keep the others waiting.
    """
    waiting: dict[Place, deque[tuple[int, Read[T]]]] = {}
    for number, one in enumerate(reads):
        waiting.setdefault(one.place, deque()).append((number, one))
    share = max(1, AT_ONCE // max(1, len(waiting)))
    results: dict[int, T | EngineError] = {}
    running: dict[int, tuple[Read[T], _Call[T]]] = {}
    over = threading.Event()
    while running or any(waiting.values()):
        for place, left in waiting.items():
            while left and sum(one.place == place for one, _ in running.values()) < share:
                number, one = left.popleft()
                running[number] = one, _Call(partial(_retried, one.work), over.set)
        over.wait(min(call.left(one.patience) for one, call in running.values()))
        over.clear()
        for number, (one, call) in list(running.items()):
            if call.is_done or not call.left(one.patience):
                del running[number]
                try:
                    results[number] = call.wait(one.patience, one.what)
                except EngineError as error:
                    results[number] = error
    return [results[number] for number in range(len(results))]


def _retried(work: Callable[[], T], touch: Touch) -> T:
    for attempt in range(ATTEMPTS):
        touch(0.0)
        try:
            return work()
        except Transient as error:
            if attempt == ATTEMPTS - 1:
                raise
            wait = pause_after(error, attempt)
            touch(wait)
            time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


class Reliable:
    """An engine, made so that it can be relied on. Its reads are tried again; its writes are not, for they may have
    been accepted: whoever asks for one looks first. Of both at most `AT_ONCE` are under way.
    """

    def __init__(self, engine: Engine) -> None:
        self.facts: Facts = engine.facts
        self.place: Place = engine.place
        self.poll = engine.poll
        self.patience = engine.patience
        self._engine = engine
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What the engine cannot do of a spec, or needs besides."""
        return self._engine.check(spec)

    def sign_in(self) -> None:
        """Wait for a person who signs in, as long as that takes."""
        self._engine.sign_in()

    def observation(self, resource: Resource) -> Read[Observed]:
        """Reading of a resource, to be done together with others."""
        return self._reading(resource.address, partial(self._engine.resources.observe, resource))

    def listing(self, spec: str | None = None, after: str = "") -> Read[Page]:
        """Reading of a page of a spec's runs, or of all."""
        what = f"runs of {spec}" if spec else "the runs so far"
        return self._reading(what, partial(self._engine.runs.list, spec, after))

    def looking(self, what: str, look: Callable[[Runs], T]) -> Read[T]:
        """Reading of something about runs that takes several looks at them."""
        return self._reading(what, partial(look, self._engine.runs))

    def content(self, content: CloudContent) -> Read[str]:
        """Reading of what lies in the cloud; "" where the engine cannot look."""
        contents = self._engine.contents
        return self._reading(content.uri, partial(contents.digest, content) if contents is not None else str)

    def default_datastore(self) -> Read[str]:
        """Reading of what the place calls its default datastore; "" where it calls it nothing."""
        contents = self._engine.contents
        return self._reading("the default datastore", contents.default_datastore if contents is not None else str)

    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        return self._read(f"observing {resource.address}", partial(self._engine.resources.observe, resource))

    def begin(self, change: Change, report: Report) -> None:
        """Start a change and return once it is accepted."""
        self._write(lambda alive: self._engine.resources.begin(change, alive), report, change.key.address)

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Submit a run and return once it is accepted."""
        self._write(lambda alive: self._engine.runs.submit(submission, staged, alive), report, submission.name)

    def delete_runs(self, maker: Maker, ended_before: float | None, report: Report) -> None:
        """Delete a spec's runs, or those that ended before a moment."""
        what = f"the runs of {maker.spec}"
        self._write(lambda alive: self._engine.runs.delete(maker, ended_before, alive), report, what)

    def adopt(self, name: str, spec: str) -> None:
        """Have a run be one of another spec's, too: asking twice is asking once."""
        self._read(f"adopting {name}", partial(self._engine.runs.adopt, name, spec))

    def cancel(self, name: str) -> None:
        """Ask for a run's end: asking twice is asking once."""
        self._read(f"cancelling {name}", partial(self._engine.runs.cancel, name))

    def run(self, name: str) -> Run:
        """One run as it is now. Raises Missing."""
        return self._read(name, partial(self._engine.runs.get, name))

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of; {} when nobody can say: it only explains, nothing depends on it."""
        try:
            return self._read(f"what {name} was", partial(self._engine.runs.identity, name))
        except EngineError:
            return {}

    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor, and where to go on."""
        return self._read(f"logs of {name}", partial(self._engine.runs.logs, name, cursor))

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        return self._read(f"outputs of {name}", partial(self._engine.runs.outputs, name))

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files, however long that takes."""
        self._engine.runs.fetch(name, path, to)

    def address(self, name: str) -> str:
        """Where a person finds a run's outputs."""
        return self._read(f"where {name} is", partial(self._engine.runs.address, name))

    def metrics(self, name: str) -> Mapping[str, float]:
        """What a run logged last under each name; {} where nobody keeps that."""
        metrics = self._engine.metrics
        if metrics is None:
            return {}
        return self._read(f"metrics of {name}", partial(metrics.latest, name))

    def nodes(self, cluster: str) -> Mapping[str, int]:
        """How many of a cluster's instances are running, idle, …; {} where there is no cluster."""
        nodes = self._engine.nodes
        if nodes is None:
            return {}
        return self._read(f"nodes of {cluster}", partial(nodes.count, cluster))

    def _reading(self, what: str, work: Callable[[], T]) -> Read[T]:
        return Read(self.place, what, self.patience, work)

    def _read(self, what: str, work: Callable[[], T]) -> T:
        with self._slots:
            return _Call(partial(_retried, work)).wait(self.patience, what)

    def _write(self, work: Callable[[Report], None], report: Report, what: str) -> None:
        def reporting(touch: Touch) -> None:
            def alive(progress: Progress) -> None:
                touch(0.0)
                report(progress)

            work(alive)

        with self._slots:
            _Call(reporting).wait(self.patience, what)
