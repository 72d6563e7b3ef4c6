"""One run, for programs and notebooks: where it is, what it wrote and logged, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

from specrun.api import display
from specrun.api.difference import Difference
from specrun.api.lines import Lines, written
from specrun.api.outputs import Outputs
from specrun.api.shown import moment
from specrun.apply.lineage import registered_of
from specrun.apply.runs_of import RunsOf
from specrun.apply.submitted import Submitted
from specrun.apply.watch import FIRST_POLL, code_of
from specrun.engines.base import LogLine, Missing
from specrun.plan.metrics import Logged
from specrun.plan.observed import Run as ObservedRun
from specrun.plan.observed import RunStatus
from specrun.plan.parameters import parameters
from specrun.spec.errors import Error, Refused
from specrun.spec.model import Scalar
from specrun.views.markdown_text import fenced

if TYPE_CHECKING:
    from specrun.api.models import Models
    from specrun.api.trials import Trial, Trials

FIELDS = ("name", "spec", "status", "place", "engine", "target", "submitted", "started", "ended", "elapsed")
"""The columns that every run has."""


class RunFailed(Error):
    """A run has not succeeded. `run` is that one."""

    def __init__(self, run: Run) -> None:
        why = f": {run.reason}" if run.reason else ""
        super().__init__(f"{run.name} is {run.status}{why}")
        self.run = run
        self.code = code_of(run.observed) if run.done else Error.code


class Metrics(dict[str, float]):
    """The last value of each metric. `notes` say why there is none, or what was left out."""

    notes: tuple[str, ...] = ()


class Run(Mapping[str, object]):
    """One run. As a mapping it is a row of a table: name, spec, status, place, engine, moments, elapsed seconds, and
    under their own names its metrics and parameters. Each look at one that goes on asks its place again, but no more
    often than that likes; one that has ended is asked about once. Every call may raise EngineError.
    """

    def __init__(self, runs: RunsOf, run: ObservedRun) -> None:
        self._runs = runs
        self._engine = runs.engine
        self._run = run
        self._looked = time.monotonic()
        self._logged: tuple[float, Logged] | None = None
        """What it has logged, and until when (monotonic seconds) that is not asked for again."""

    @property
    def source(self) -> RunsOf:
        """Whose it is, and the engine that has it."""
        return self._runs

    @property
    def observed(self) -> ObservedRun:
        """All that its engine says of it, as it was seen last."""
        return self._run

    @property
    def name(self) -> str:
        """Its name, SPEC-FINGERPRINT."""
        return self._run.name

    @property
    def spec(self) -> str:
        """The name of its spec."""
        return self._run.spec

    @property
    def status(self) -> str:
        """queued, running, succeeded, failed, cancelled or lost."""
        return self.now().status.value

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.now().status.ended

    @property
    def reason(self) -> str:
        """Why it ended as it did, or waits for what; "" where nobody says."""
        if self._run.status.ended and not self._run.reason:
            self._look()  # a list may leave it out
        return self.now().why

    @property
    def submitted(self) -> datetime | None:
        """When it was submitted, in UTC."""
        return moment(self._run.submitted)

    @property
    def started(self) -> datetime | None:
        """When its job began, in UTC."""
        return moment(self.now().started)

    @property
    def ended(self) -> datetime | None:
        """When it ended, in UTC."""
        return moment(self.now().ended)

    @property
    def elapsed(self) -> float | None:
        """Seconds that it took, or has taken until now."""
        return self.now().elapsed(time.time())

    @property
    def params(self) -> Mapping[str, Scalar]:
        """Its parameters: `vars` of its spec, flags of its command, and what it logged as such."""
        return parameters(self._run, self._identity, self.logged().params)

    @overload
    def metrics(self) -> Metrics: ...

    @overload
    def metrics(self, name: str) -> dict[str, list[float]]: ...

    def metrics(self, name: str | None = None) -> Metrics | dict[str, list[float]]:
        """The last value of each metric; or of one its history, as columns step, time (Unix seconds) and value.

        Raises KeyError where nothing of that name was logged.
        """
        logged = self.logged()
        if name is None:
            found = Metrics({one: last.value for one, last in logged.main.items()})
            found.notes = logged.notes
            return found
        series = self._engine.history(self.name, name)
        if not series.values and name not in logged.metrics:
            raise KeyError(f"{self.name} has logged no {name}: there is {', '.join(logged.metrics) or 'nothing'}")
        return {"step": [*series.steps], "time": [*series.times], "value": [*series.values]}

    @overload
    def logs(self, *, role: str = ..., tail: int | None = ..., follow: Literal[False] = ...) -> Lines: ...

    @overload
    def logs(self, *, role: str = ..., tail: int | None = ..., follow: Literal[True]) -> Iterator[LogLine]: ...

    def logs(self, *, role: str = "", tail: int | None = None, follow: bool = False) -> Lines | Iterator[LogLine]:
        """What its roles wrote, of a `role` such as worker/0 or worker alone, of each the last `tail` lines.

        With `follow` an iterator that goes on until the run has ended.
        """
        over = lambda: self._run.status.ended or self._look().status.ended  # noqa: E731
        lines = written(self._engine, self.name, role, over, follow=follow)
        return lines if follow else Lines(lines, tail)

    @cached_property
    def outputs(self) -> Outputs:
        """The files that it wrote, as they are when they are looked at."""
        return Outputs(self._engine, self.name, lambda: self.done)

    @property
    def trials(self) -> Trials:
        """Those of a sweep, best first, as they are now; of another run there are none."""
        from specrun.api.trials import Trials  # late: they are made of runs

        return Trials(self._runs, self.now(), self._engine.trials(self.name) if self._run.is_sweep else ())

    @property
    def best_trial(self) -> Trial | None:
        """The best of those of a sweep that have succeeded; None where there is none."""
        return self.trials.best

    @property
    def registered(self) -> Models:
        """The versions of models that its outputs are: of those outputs that its spec registers now, as it has
        succeeded.
        """
        from specrun.api.models import Model, Models  # late: they are made of runs

        unread: dict[str, str] = {}
        found = registered_of(self._runs, self.now(), unread)
        return Models(
            (Model(self._runs, one) for one in found.values()), [f"{what}: {why}" for what, why in unread.items()]
        )

    @property
    def link(self) -> str:
        """Where a person finds what it wrote: a page of the portal, or a folder; "": it wrote nothing."""
        return self._engine.address(self.name)

    def wait(self, timeout: float | None = None) -> Run:
        """Return once it has ended; see `check`. Raises TimeoutError after so many seconds."""
        begun = time.monotonic()
        wake = None if self.done else self._engine.ended(self.name)
        while not self._run.status.ended:
            lasted = time.monotonic() - begun
            if timeout is not None and lasted >= timeout:
                raise TimeoutError(f"{self.name} is {self._run.status.value} after {timeout:g} s")
            pause = self._engine.poll if wake is not None else min(self._engine.poll, max(FIRST_POLL, lasted / 50))
            (wake or threading.Event()).wait(pause if timeout is None else min(pause, timeout - lasted))
            wake = None if wake is not None and wake.is_set() else wake
            self._look()
        return self

    def check(self) -> Run:
        """Return it where it has succeeded. Raises RunFailed, with the exit status that `apply` has for it."""
        if self.status != RunStatus.SUCCEEDED.value:
            raise RunFailed(self)
        return self

    def cancel(self, *, wait: bool = True) -> Run:
        """Ask for its end, if it has not come; without `wait` it may go on for a while.

        Raises Refused where it was made in another repository, or for another target.
        """
        if not self.done:
            if why := self._runs.not_own(self._run):
                raise Refused((), why)
            self._engine.cancel(self.name)
            self._look()
        return self.wait() if wait else self

    def diff(self, other: Run | None = None) -> Difference:
        """What has changed in it since another run (None: the one before it of its spec), and what became of both.

        Raises Missing where there is none before it.
        """
        older = other or self._before()
        return Difference(Submitted(older._engine, older.now()), Submitted(self._engine, self.now()))

    def row(self) -> dict[str, object]:
        """The row of a table that it is; a field counts before a metric of its name, that before a parameter."""
        run = self.now()
        return {
            **self.params,
            **self.metrics(),
            "name": run.name,
            "spec": run.spec,
            "status": run.status.value,
            "place": self._engine.place.title,
            "engine": self._engine.place.engine,
            "target": run.target,
            "submitted": moment(run.submitted),
            "started": moment(run.started),
            "ended": moment(run.ended),
            "elapsed": run.elapsed(time.time()),
        }

    def __getitem__(self, key: str) -> object:
        return self.row()[key]

    def __iter__(self) -> Iterator[str]:
        fields, row = FIELDS, self.row()
        return iter([*fields, *(name for name in row if name not in fields)])

    def __len__(self) -> int:
        return len(self.row())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.name, self._runs.where) == (other.name, other._runs.where)

    def __hash__(self) -> int:
        return hash((self.name, self._runs.where))

    def __repr__(self) -> str:
        return display.run_text(self)

    def _repr_html_(self) -> str:
        return display.run_html(self)

    def _repr_markdown_(self) -> str:
        return fenced(repr(self), "text")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None, **_: object) -> Any:
        """What a notebook shows: a live run where it has what draws one, and the run as it is now beside it."""
        return display.run_bundle(self)

    def _before(self) -> Run:
        if (found := self._runs.before(self._run)) is None:
            raise Missing(f"{self.name} is the first run of {self.spec}: name another one to compare it with")
        return Run(self._runs, found)

    def logged(self) -> Logged:
        """What it has logged, asked for again as long as it goes on."""
        if self._logged is None or self._logged[0] <= time.monotonic():
            fresh = float("inf") if self._run.status.ended else time.monotonic() + self._engine.poll
            self._logged = fresh, self._engine.logged(self.name)
        return self._logged[1]

    @cached_property
    def _identity(self) -> Mapping[str, object]:
        return self._engine.identity(self.name)

    def now(self) -> ObservedRun:
        """The same, looked at again where that may have changed."""
        if not self._run.status.ended and time.monotonic() - self._looked >= self._engine.poll:
            self._look()
        return self._run

    def _look(self) -> ObservedRun:
        self._run = self._engine.run(self.name)
        self._looked = time.monotonic()
        return self._run
