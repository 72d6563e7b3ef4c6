"""An engine that can be relied on: whatever is asked of it has a deadline, and its reads are tried again (`calls`)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from specrun.engines.base import (
    Cursor,
    Engine,
    EngineError,
    LogLine,
    Missing,
    OutputFile,
    Page,
    Progress,
    Report,
    Runs,
    Staged,
    Transient,
)
from specrun.engines.calls import AT_ONCE, Call, Read, T, Touch, retried
from specrun.engines.facts import Facts
from specrun.engines.parts import Models
from specrun.engines.reliable_locks import ReliableLocks
from specrun.plan.changes import Change
from specrun.plan.makers import Maker
from specrun.plan.metrics import Logged, Series
from specrun.plan.models import ModelOfRun, RegisteredModel, Registration
from specrun.plan.observed import Account, CloudContent, Existing, Observed, Run, Uploaded, Used, Written
from specrun.plan.quota import Allowance, Sku
from specrun.plan.resources import Kind, Place, Resource
from specrun.plan.submission import Submission
from specrun.plan.trials import Trial
from specrun.plan.under_way import under_way
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import ModelVersion, Spec

QUOTAS = 10.0
"""Seconds for which quotas are waited for."""


class Reliable:
    """An engine, made so that it can be relied on. Its reads are tried again; its writes are not, for they may have
    been accepted: whoever asks for one looks first. Of both at most `AT_ONCE` are under way.
    """

    def __init__(self, engine: Engine) -> None:
        self.facts: Facts = engine.facts
        self.place: Place = engine.place
        self.poll = engine.poll
        self.patience = engine.patience
        self.here = engine.here
        self._engine = engine
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self.locks = ReliableLocks(engine.locks, self.patience, self._slots, self._read)

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What the engine cannot do of a spec, or needs besides."""
        return self._engine.check(spec)

    def sign_in(self) -> None:
        """Wait for a person who signs in, as long as that takes."""
        with under_way(f"signing in to {self.place.title}"):
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

    @property
    def has_account(self) -> bool:
        """Whether somebody has to sign in."""
        return self._engine.accounts is not None

    def account(self) -> Read[Account]:
        """Reading of who is signed in, to be done together with others."""
        accounts = self._engine.accounts
        return self._reading("who is signed in", accounts.current if accounts is not None else Account)

    @property
    def has_quotas(self) -> bool:
        """Whether the place limits how many instances clusters have."""
        return self._engine.quotas is not None

    def allowances(self, skus: Collection[Sku]) -> Read[Mapping[Sku, Allowance]]:
        """Reading of what may be used of these, to be done together with others: once, and nobody waits long for it."""
        quotas = self._engine.quotas

        def once() -> Mapping[Sku, Allowance]:
            try:
                return quotas.allowances(skus) if quotas is not None else {}
            except Transient as error:
                raise EngineError(str(error)) from error  # a plan goes without

        return Read(self.place, "quotas", min(self.patience, QUOTAS), once)

    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        return self._read(f"observing {resource.address}", partial(self._engine.resources.observe, resource))

    def existing(self, kind: Kind) -> Sequence[Existing]:
        """All that there is of a kind, clusters or datastores, whoever made it."""
        return self._read(f"listing every {kind}", partial(self._engine.resources.existing, kind))

    def listed(self, kind: Kind) -> Read[Sequence[Existing]]:
        """Reading of the same, to be done together with others."""
        return self._reading(f"every {kind}", partial(self._engine.resources.existing, kind))

    def uploads(self, datastores: Collection[str]) -> Read[Sequence[Uploaded]]:
        """Reading of the targets of data that are known on some datastores."""
        return self._reading("every data", partial(self._engine.resources.uploads, datastores))

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

    def cancel(self, name: str, keep: Collection[str] = ()) -> None:
        """Ask for a run's end: asking twice is asking once. `keep`: the trials that go on."""
        self._read(f"cancelling {name}", partial(self._engine.runs.cancel, name, keep))

    def run(self, name: str) -> Run:
        """One run as it is now. Raises Missing."""
        return self._read(name, partial(self._engine.runs.get, name))

    def going(self) -> Sequence[Run] | None:
        """All runs that go on; None where only a list of all runs tells."""
        return self._read("the runs that go on", self._engine.runs.going)

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of; {} when nobody can say: it only explains, nothing depends on it."""
        try:
            return self._read(f"what {name} was", partial(self._engine.runs.identity, name))
        except EngineError:
            return {}

    def kept(self, name: str) -> bytes:
        """The spec as it ran and what belongs to it, packed; b"" when it was not kept."""
        return self._read(f"the spec of {name}", partial(self._engine.runs.kept, name))

    def fetch_code(self, name: str, path: str, to: Path) -> None:
        """Copy a file of a run's code."""
        self._read(f"fetching {path} of {name}", partial(self._engine.runs.fetch_code, name, path, to))

    def fetch_input(self, name: str, entry: str, path: str, to: Path) -> None:
        """Copy a file that an input of a run reads, and its spec has sent."""
        self._read(f"fetching {path} of {name}", partial(self._engine.runs.fetch_input, name, entry, path, to))

    def logs(self, name: str, cursor: Cursor, timed: bool = False) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor, and where to go on; `timed`: with when they were written."""
        return self._read(f"logs of {name}", partial(self._engine.runs.logs, name, cursor, timed))

    def tail(self, name: str, role: str | None) -> Sequence[LogLine]:
        """What a role wrote last, or each role (None): the ends of their logs."""
        return self._read(f"last lines of {name}", partial(self._engine.runs.tail, name, role))

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        return self._read(f"outputs of {name}", partial(self._engine.runs.outputs, name))

    def has_output(self, written: Written) -> Read[bool]:
        """Reading of whether anything is there of what a run wrote to an output, to be done together with others."""
        return self._reading(f"{written.output} of {written.run}", partial(self._engine.runs.has_output, written))

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files, however long that takes."""
        with under_way(f"fetching {path}"):
            self._engine.runs.fetch(name, path, to)

    def address(self, name: str) -> str:
        """Where a person finds what a run wrote; "" where it wrote nothing."""
        return self._read(f"where {name} is", partial(self._engine.runs.address, name))

    def logged(self, name: str) -> Logged:
        """What a run has logged: last values and parameters; nothing where nobody keeps that."""
        metrics = self._engine.metrics
        return Logged() if metrics is None else self._read(f"metrics of {name}", partial(metrics.logged, name))

    def logging(self, name: str) -> Read[Logged]:
        """Reading of the same, to be done together with others."""
        metrics = self._engine.metrics
        return self._reading(f"metrics of {name}", partial(metrics.logged, name) if metrics is not None else Logged)

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        """The points of a run's metric but for the first `after`."""
        metrics = self._engine.metrics
        read = partial(metrics.history, name, metric, after) if metrics is not None else None
        return self._read(f"{metric} of {name}", read) if read is not None else Series(metric)

    def telling(self, name: str, metric: str) -> Read[Series]:
        """Reading of all of them, to be done together with others."""
        metrics = self._engine.metrics
        told = partial(metrics.history, name, metric) if metrics is not None else partial(Series, metric)
        return self._reading(f"{metric} of {name}", told)

    def usage(self, name: str) -> Mapping[str, Used]:
        """What each role of a run that goes on uses; {} where nobody can look."""
        usage = self._engine.usage
        return self._read(f"what {name} uses", partial(usage.read, name)) if usage is not None else {}

    def trials(self, name: str) -> Sequence[Trial]:
        """All trials that a sweep has begun so far, by their numbers; none where the place has no sweeps."""
        sweeps = self._engine.sweeps
        return self._read(f"the trials of {name}", partial(sweeps.trials, name)) if sweeps is not None else ()

    def sweeping(self, name: str) -> Read[Sequence[Trial]]:
        """Reading of the same, to be done together with others."""
        sweeps = self._engine.sweeps
        return self._reading(f"the trials of {name}", partial(sweeps.trials, name) if sweeps is not None else tuple)

    def trials_there(self, spec: str, fingerprints: Collection[str]) -> Read[Mapping[str, Run]]:
        """Reading of the runs of these fingerprints that a sweep of the spec would not run again."""
        sweeps = self._engine.sweeps
        there = partial(sweeps.there, spec, fingerprints) if sweeps is not None else dict
        return self._reading(f"trials of {spec}", there)

    def nodes(self, cluster: str) -> Mapping[str, int]:
        """How many of a cluster's instances are running, idle, …; {} where there is no cluster."""
        nodes = self._engine.nodes
        if nodes is None:
            return {}
        return self._read(f"nodes of {cluster}", partial(nodes.count, cluster))

    def ended(self, name: str) -> threading.Event | None:
        """What is set as soon as a run that goes on has ended; None where nobody hears of that."""
        ends = self._engine.ends
        if ends is None:
            return None
        event = threading.Event()
        ends.tell(name, event.set)
        return event

    def models(self, what: str, look: Callable[[Models], T], otherwise: T) -> Read[T]:
        """Reading of something about the models of the place; `otherwise` where it keeps none."""
        models = self._engine.models
        return self._reading(what, partial(look, models) if models is not None else lambda: otherwise)

    def find_model(self, wanted: ModelVersion) -> Read[RegisteredModel | None]:
        """Reading of a version of a model; None where there is none."""

        def find(models: Models) -> RegisteredModel | None:
            with contextlib.suppress(Missing):
                return models.find(wanted)
            return None

        return self.models(f"the model {wanted}", find, None)

    def model_of_run(self, wanted: ModelOfRun) -> Read[RegisteredModel | None]:
        """Reading of the version of a model that is an output of a run; None where there is none."""
        return self.models(f"what {wanted.model} has of {wanted.run}", lambda models: models.of_run(*wanted), None)

    def register(self, registration: Registration) -> RegisteredModel:
        """Register a version of a model: asking twice is asking once."""
        models = self._engine.models
        if models is None:
            raise EngineError(f"model/{registration.model}: {self.place.title} keeps no models")
        return self._read(f"registering {registration.model}", partial(models.register, registration))

    def _reading(self, what: str, work: Callable[[], T]) -> Read[T]:
        return Read(self.place, what, self.patience, work)

    def _read(self, what: str, work: Callable[[], T]) -> T:
        title = self.place.title
        doing = f"{what} on {title}" if what.partition(" ")[0].endswith("ing") else f"looking at {title}: {what}"
        with self._slots, under_way(doing):
            return Call(partial(retried, work)).wait(self.patience, what)

    def _write(self, work: Callable[[Report], None], report: Report, what: str) -> None:
        def reporting(touch: Touch) -> None:
            def alive(progress: Progress) -> None:
                touch(0.0)
                report(progress)

            work(alive)

        with self._slots:
            Call(reporting).wait(self.patience, what)
