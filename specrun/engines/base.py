"""What an engine is: small protocols, which the local engine and the Azure engines satisfy each in its own way.

An engine imports its SDK when it is used. What is known of it without that stands in `facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from specrun.engines.facts import Facts
from specrun.engines.kept_files import KeptFiles
from specrun.engines.parts import Accounts, Contents, Ends, Metrics, Models, Nodes, Quotas, Sweeps
from specrun.plan.changes import Change
from specrun.plan.makers import Maker
from specrun.plan.observed import Existing, Observed, Run, Uploaded, Written
from specrun.plan.resources import Kind, Place, Resource
from specrun.plan.submission import Submission
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.diagnostics import Path as SpecPath
from specrun.spec.errors import Error
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask
from specrun.spec.model import Properties, Spec

if TYPE_CHECKING:
    from specrun.engines.here import Here, Usage
    from specrun.engines.locks import Locks


class EngineError(Error):
    """Something an engine could not do; the message names the resource, the call and what to do.

    `about` is the field of the spec that it is about, where one is: its place is shown then.
    """

    about: SpecPath = ()
    diagnostic: Diagnostic | None = None
    """What there is to say, where it is a mistake in a file: shown in the message's place."""

    def __init__(self, message: str) -> None:
        super().__init__(mask(message))  # a service may answer with what it was given


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
    """One line of a role's output, without its end; of one that was rewritten its last state.

    `when` is the moment (Unix seconds) by which its end was written, where that was asked for and is known.
    """

    role: str
    text: str
    when: float | None = None


@dataclass(frozen=True, slots=True)
class OpenLine(LogLine):
    """A line that has not ended and is being rewritten, as progress bars do: what comes next takes its place."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that a run wrote; `path` starts with its output's name. `size` in bytes, None if nobody counts them."""

    path: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list of runs, newest first. `following` is where the list goes on ("": it ends here).

    `filtered` is false where the service has answered with what was not asked for: what it says then is not all of it.
    """

    runs: Sequence[Run] = ()
    following: str = ""
    filtered: bool = True


TAIL = 1 << 16
"""Bytes that are read of a log's end."""

Cursor = Mapping[str, int]
"""Where reading of each role's log stopped, in bytes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the specs an engine must know beforehand: one workspace, and where each spec's runs are filed.

    `workspace` is as the spec has it, `experiments` is by spec. `shared` is what the engines of one command have
    together, by name: who is signed in.
    """

    workspace: Properties | None = None
    experiments: Mapping[str, str] = field(default_factory=dict)
    shared: MutableMapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Staged:
    """Copies of exactly the planned files, made for one submission: an engine is given nothing else, and may move them.

    `code` is the folder of the code, `conda` the conda file and `context` the folder that an image is built from, where
    the environment has them.
    """

    code: Path
    conda: Path | None = None
    context: Path | None = None


class Resources(Protocol):
    """The resources of a place."""

    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now. Not of a run, which is no resource: see `Runs`."""

    def existing(self, kind: Kind) -> Sequence[Existing]:
        """All clusters, with compute of other kinds, or all datastores of the place, whoever made them."""

    def uploads(self, datastores: Collection[str]) -> Sequence[Uploaded]:
        """The targets of data on these datastores that an upload has left something of by which they are known, once
        for each who wrote there. Of a datastore that is not there none.
        """

    def begin(self, change: Change, report: Report) -> None:
        """Start a ResourceChange or an Upload and return once it is accepted. Raises Conflict when something else is
        in the way.
        """


class Runs(KeptFiles, Protocol):
    """The runs of a place, by name."""

    def list(self, spec: str | None = None, after: str = "") -> Page:
        """A page of the runs under a spec's name, whoever made or adopted them, or of all specs' that the engine can
        see, newest first; the first, or the one that stands `after` another. A list may leave out what costs more to
        say about each run: see `get`.
        """

    def get(self, name: str) -> Run:
        """One run as it is now. Raises Missing."""

    def going(self) -> Sequence[Run] | None:
        """All runs that go on, newest first; None where only a list of all runs tells."""

    def submit(self, submission: Submission, staged: Staged, report: Report) -> None:
        """Submit a run and return once it is accepted. Raises Conflict when its name is taken, and SecretUnset."""

    def cancel(self, name: str, keep: Collection[str] = ()) -> None:
        """Ask for a run's end; it is over when `get` says so. Of a sweep whose trials are runs of their own, those with
        the fingerprints in `keep` go on.
        """

    def delete(self, maker: Maker, ended_before: float | None, report: Report) -> None:
        """Delete the runs of a maker's that have ended, or ended before a moment (Unix seconds), where the engine does
        not keep them for good; return once they are gone.
        """

    def adopt(self, name: str, spec: str) -> None:
        """Have a run listed as one of another spec's, too. Raises Missing."""

    def logs(self, name: str, cursor: Cursor, timed: bool = False) -> tuple[Sequence[LogLine], Cursor]:
        """Lines since the cursor ({}: from the start), and where to go on: when that stands still, there are no more.
        `timed`: with the moments at which they were written, where the engine knows these.

        They are whole, those that an ended run wrote last, too; but for those that
        a role has open: an OpenLine, or several where bars stand one above the other.
        """

    def tail(self, name: str, role: str | None) -> Sequence[LogLine]:
        """The lines in the last `TAIL` bytes of a role's log, or of each role's (None), role by role."""

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""

    def has_output(self, written: Written) -> bool:
        """Whether anything is there of what a run wrote to an output; also where only the service knows."""

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files to `to`."""

    def address(self, name: str) -> str:
        """Where a person finds what a run wrote: a link to its page, or a folder; "" where there is nothing in it."""


class Engine(Protocol):
    """One place where specs are made real: what it has, and the parts that it may lack (None).

    Every call may raise EngineError. Calls may come from several threads at once, each for another resource. A call
    that neither returns nor reports for `patience` seconds is abandoned. `poll` is how many seconds lie between two
    looks at a run that is followed.
    """

    facts: Facts
    place: Place
    patience: float
    poll: float
    resources: Resources
    runs: Runs
    metrics: Metrics | None
    sweeps: Sweeps | None
    models: Models | None
    usage: Usage | None
    nodes: Nodes | None
    ends: Ends | None
    here: Here | None
    contents: Contents | None
    accounts: Accounts | None
    quotas: Quotas | None
    locks: Locks | None

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What this engine needs and the spec lacks, or has and the engine cannot do. Offline."""

    def sign_in(self) -> None:
        """Sign in, where a person has to do it and may take their time; elsewhere that happens with the first call."""
