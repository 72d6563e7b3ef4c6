"""What every engine can do. An engine is a module-level class that satisfies `Engine`; it imports its SDK when used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from specrun.plan.changes import Capability, Change
from specrun.plan.observed import Observed, Run
from specrun.plan.resources import Kind, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Properties, Spec


class EngineError(Exception):
    """Something an engine could not do; the message names the resource, the call and what to do."""


class Transient(EngineError):
    """Trying again may help. `after` is the wait in seconds that the service asked for."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Denied(EngineError):
    """Not allowed: credentials, roles, policies."""


class Quota(EngineError):
    """No room: a quota, a full disk, a size that the region does not have."""


class Missing(EngineError):
    """It is not there."""


class Conflict(EngineError):
    """Somebody else was faster, or what is there is not what the plan saw."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an operation is: `done` of `total` (bytes, or 0 of 0 when unknown), and a few words."""

    done: int = 0
    total: int = 0
    text: str = ""


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a role's output, without its end."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that a run wrote; `path` starts with its output's name. `size` in bytes, None if nobody counts them."""

    path: str
    size: int | None


Cursor = Mapping[str, int]
"""Where reading of each role's log stopped, in bytes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the specs an engine must know beforehand: one workspace, and where each spec's runs are filed.

    `workspace` is as the spec has it; `from_config` in it is relative to `folder`. `experiments` is by spec.
    """

    workspace: Properties | None = None
    folder: Path = Path()
    experiments: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """One place where specs are made real.

    Every call may raise EngineError. Calls may come from several threads at once, each for another resource. A call
    that neither returns nor reports for `patience` seconds is abandoned.
    """

    name: str
    target: str
    """Where, in words: "this machine" or a workspace."""
    capabilities: Mapping[Kind, Capability]
    patience: float
    poll: float
    """Seconds between two looks at a run that is followed."""
    asks: bool
    """Whether apply asks before it changes anything here."""

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What this engine needs and the spec lacks, or has and the engine cannot do. Offline."""

    def sign_in(self) -> None:
        """Sign in, where a person has to do it and may take their time; elsewhere that happens with the first call."""

    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now. Of a run: always missing, since a run is not a resource; see `runs`."""

    def content(self, path: str) -> str:
        """A digest of what a path on a datastore holds now; "" for a path that this engine cannot look into."""

    def begin(self, change: Change, report: Report) -> None:
        """Start a change and return once it is accepted. Raises Conflict when a run's name is taken."""

    def runs(self, spec: str | None = None) -> Sequence[Run]:
        """All attempts of a spec's runs, or of all specs' that the engine can see; newest first."""

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of; {} when it was not kept."""

    def run(self, name: str) -> Run:
        """One run as it is now. Raises Missing."""

    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor ({}: from the start), and where to go on; of an ended run the last, too."""

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files to `to`."""

    def place(self, name: str) -> str:
        """Where a person finds a run's outputs: a folder or a link."""

    def nodes(self, cluster: str) -> Mapping[str, int]:
        """How many of a cluster's instances are running, idle, …; {} where there is no cluster."""

    def metrics(self, name: str) -> Mapping[str, float]:
        """What the run logged as metrics, if the engine keeps any."""

    def cancel(self, name: str) -> None:
        """Ask for the run's end; it is over when `run` says so."""
