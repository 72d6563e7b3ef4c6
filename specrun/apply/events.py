"""What happens during an apply, as values: views turn them into text, the journal into JSON lines.

What is told of a run that is followed has the `key` of the job that it is of: in two places runs may have one name.
"""

from __future__ import annotations

from typing import TypeAlias

from specrun.engines.base import LogLine, Progress
from specrun.engines.locks import Holder
from specrun.plan.changes import Action, Plan
from specrun.plan.observed import Run
from specrun.plan.resources import Key, Place
from specrun.plan.trials import Trial
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class PlanReady:
    """The plan that is about to be carried out."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class OperationStarted:
    """Work on a resource begins."""

    key: Key
    action: Action


@dataclass(frozen=True, slots=True)
class OperationProgressed:
    """An operation is this far."""

    key: Key
    progress: Progress


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """Somebody else has the lock of a resource; told again when it is another who has it. Their words are not ours."""

    key: Key
    holder: Holder


@dataclass(frozen=True, slots=True)
class LocksDenied:
    """Locks may not be taken in a place: what is changed there is changed without. Told once."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class OperationSettled:
    """Work on a resource is over. `error` says why it failed, `skipped` why it was not tried; both empty: done.

    Where the reason is a mistake in a file, `diagnostic` shows it there.
    """

    key: Key
    action: Action
    seconds: float
    error: str = ""
    skipped: str = ""
    diagnostic: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A run that is followed is in another state."""

    run: Run
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """A run that is followed was looked at, and goes on: told after every look, whether anything has changed or not."""

    run: Run
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines that a followed run's roles wrote, in the order in which each role wrote them."""

    run: str
    lines: tuple[LogLine, ...]
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class OpenLines:
    """What roles of a followed run have written and are still rewriting: progress bars, as they stand."""

    run: str
    lines: tuple[LogLine, ...]
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class TrialsSeen:
    """The trials of a sweep that is followed, all that have been begun: told after every look at them."""

    run: Run
    trials: tuple[Trial, ...]
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial of a sweep that is followed has ended. Told of each once, and of those first that ended before."""

    run: str
    trial: Trial
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class BestChanged:
    """Another trial of a sweep that is followed is the best now, of those that have ended."""

    run: str
    trial: Trial
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class ModelRegistered:
    """The `output` of a run is a version of a model now, or somebody else has registered it since the plan."""

    key: Key
    model: str
    version: str
    run: str
    output: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A followed run has ended. `outputs` is where a person finds what it wrote ("": it wrote nothing).

    Of one that failed, `last_lines` are those of the `role` that did (""; of all: nobody knows which), with a `hint`.
    Of a sweep, they are those of the `trial` of that name, and `trials` are all that it has begun.
    """

    run: Run
    outputs: str
    last_lines: tuple[LogLine, ...] = ()
    key: Key | None = None
    role: str = ""
    hint: str = ""
    trial: str = ""
    trials: tuple[Trial, ...] = ()


Event: TypeAlias = (
    PlanReady
    | OperationStarted
    | OperationProgressed
    | LockAwaited
    | LocksDenied
    | OperationSettled
    | StatusChanged
    | Looked
    | LogLines
    | TrialsSeen
    | TrialEnded
    | BestChanged
    | OpenLines
    | ModelRegistered
    | Finished
)
