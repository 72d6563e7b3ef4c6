"""What an engine sees: the state of a resource, and the runs that there have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import NamedTuple

from specrun.plan.makers import NOBODY, Maker
from specrun.plan.models import RegisteredModel
from specrun.plan.provenance import UNKNOWN, Provenance
from specrun.plan.resources import Key
from specrun.plan.source_list import SourceList
from specrun.spec.cost import Instances
from specrun.spec.datastore_paths import DEFAULT_NAME
from specrun.spec.frozen import dataclass
from specrun.spec.model import ModelVersion, Properties, Scalar
from specrun.spec.sweep import Objective


class Status(Enum):
    """The states that every service's own states are reduced to."""

    MISSING = "missing"
    CREATING = "creating"
    READY = "ready"
    FAILED = "failed"
    DELETING = "deleting"
    UNSEEN = "not looked at"

    @property
    def settled(self) -> bool:
        """Waiting longer would not change it."""
        return self not in (Status.CREATING, Status.DELETING)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on a datastore: `size` in bytes, `md5` in hex ("": the store has none), `maker` who wrote it.

    `sha256` is known of what came from https, where the store keeps such things. `etag` stands for the content of what
    has no MD5.
    """

    size: int
    md5: str
    maker: Maker = NOBODY
    sha256: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """One resource as it is, in the spec's own units and spelling. `files` is a data target's listing, `listed` what
    the last upload left of its source there (None: nothing, or nobody asks, since the source is here).

    `maker` is who made it, from its tags: nobody when somebody else did. `reason` says why it failed, or why
    nobody looked. `credentials` are the fields of a datastore's credential, None in place of what is secret.
    """

    status: Status
    properties: Properties = field(default_factory=dict)
    files: Mapping[str, StoredFile] = field(default_factory=dict)
    maker: Maker = NOBODY
    reason: str = ""
    listed: SourceList | None = None
    credentials: Mapping[str, str | None] = field(default_factory=dict, compare=False)
    facts: Properties = field(default_factory=dict, compare=False)
    """What is there of a cluster that is only named: rules judge it, and its runs cost by it; no spec is compared."""


class Existing(NamedTuple):
    """Something that is in a place, whoever made it. `type` is the service's word for what it is, if it has one."""

    name: str
    type: str = ""
    maker: Maker = NOBODY


class Uploaded(NamedTuple):
    """A target of data on a datastore, and who wrote there."""

    datastore: str
    target: str
    maker: Maker


class RunStatus(Enum):
    """Where a run is. `LOST` is ended by the platform: preempted, its machine restarted, or never started."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def ended(self) -> bool:
        """It will not change any more."""
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


class Loss(Enum):
    """What became of a run that is `LOST`, as it is said of the run."""

    PREEMPTED = "preempted"
    NODE_LOST = "its machine was lost"
    NEVER_STARTED = "never started"
    SERVICE_ERROR = "service error"
    DAMAGED = "damaged"
    UNMARKED = "not counted"

    @property
    def counts(self) -> bool:
        """Whether it may well happen again for the same reason: that is tried a few times only."""
        return self in (Loss.NEVER_STARTED, Loss.SERVICE_ERROR)


@dataclass(frozen=True, slots=True)
class RoleStatus:
    """One process of a run, such as worker/0. `exit` is its exit status, `signal` what killed it; `started` and
    `ended` are Unix seconds, where the engine knows them.
    """

    name: str
    status: str
    exit: int | None = None
    signal: int | None = None
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a fingerprint. Times are Unix seconds; `reason` says in words why it ended as it did.

    `loss` is what the platform did to a run that is lost (None: nobody knows).
    """

    name: str
    spec: str
    fingerprint: str
    attempt: int
    status: RunStatus
    reason: str = ""
    submitted: float | None = None
    started: float | None = None
    ended: float | None = None
    roles: tuple[RoleStatus, ...] = ()
    failed_role: str | None = None
    reads: tuple[str, ...] = ()
    """Addresses of the data and the environment that the run reads."""
    compute: str = ""
    loss: Loss | None = None
    repository: str = ""
    target: str = ""
    adopted: tuple[str, ...] = ()
    """Other specs of the same repository and target that have taken it as theirs."""
    provenance: Provenance = UNKNOWN
    file: str = ""
    """Where its spec stood on this machine, if that is known."""
    code: str = ""
    """The folder of this machine that its code was copied from, if that is known."""
    python: str = ""
    """The Python of the machine that it runs in, in words, where it names no environment."""
    instances: Instances | None = None
    """What it is on, as it was known when it was submitted; on this machine, what its spec declares for Azure."""
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    """The spec's `vars` as they were when it was submitted; none of runs from before they were kept."""
    upstream: Mapping[str, str] = field(default_factory=dict)
    """The runs that its inputs read the outputs of, by the input."""
    models: Mapping[str, str] = field(default_factory=dict)
    """The versions of models that its inputs read, as NAME:VERSION, by the input."""
    objective: Objective | None = None
    """Of a sweep."""
    most_trials: int = 0
    """How many trials a sweep has at most."""
    parent: str = ""
    """The sweep that submitted it, of a trial."""
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    """What the parameters of its sweep are, of a trial."""

    @property
    def is_sweep(self) -> bool:
        """Whether its work is done by trials."""
        return self.objective is not None

    @property
    def maker(self) -> Maker:
        """Who submitted it."""
        return Maker(self.spec, self.repository, self.target)

    @property
    def specs(self) -> tuple[str, ...]:
        """The specs among whose runs it is."""
        return (self.spec, *self.adopted)

    def is_for(self, maker: Maker) -> bool:
        """Whether it counts as a run of a spec: submitted by it, or adopted."""
        return maker.spec in self.specs and self.maker.is_beside(maker)

    def is_of(self, fingerprint: str) -> bool:
        """Whether this is an attempt at a fingerprint. A damaged run knows only the first 10 digits, from its name."""
        return self.fingerprint in (fingerprint, fingerprint[:10])

    def elapsed(self, now: float) -> float | None:
        """Seconds that it took, or has taken until `now` (Unix seconds); of one that is queued, that it has waited."""
        if self.status.ended:
            return self.duration
        since = self.started if self.started is not None else self.submitted
        return None if since is None else max(0.0, now - since)

    @property
    def why(self) -> str:
        """`reason`, as far as it says more than the status does."""
        said = self.reason.removeprefix(f"{self.status.value}; ")
        return "" if said.lower().replace("canceled", "cancelled").strip(" .") == self.status.value else said

    @property
    def duration(self) -> float | None:
        """Seconds from start to end."""
        if self.started is None or self.ended is None:
            return None
        return self.ended - self.started


def texts_in(record: object) -> Mapping[str, str]:
    """Texts by name, as they are noted with a run; {} for what is not that."""
    return {str(name): str(text) for name, text in record.items()} if isinstance(record, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Used:
    """What the processes of a role use: CPU `cpu_seconds` since they began, `memory` in bytes now.

    `gpu` is how busy its GPUs are, in percent, and `gpu_memory` what its processes have there, in bytes; None where it
    has none, or nobody says.
    """

    cpu_seconds: float
    memory: int
    gpu: float | None = None
    gpu_memory: int | None = None


class CloudContent(NamedTuple):
    """What lies at an address in the cloud, but for `beside`: the targets of the spec's own data.

    Each of these is a datastore (None: the default one) and a path.
    """

    uri: str
    beside: tuple[tuple[str | None, str], ...] = ()


class Written(NamedTuple):
    """What a run has written to an output; `path` is where that is, if its spec says so ("": with the run)."""

    run: str
    output: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """As whom a place is asked, and what pays for it, for people to read ("": nobody knows).

    `subscription` is its name.
    """

    user: str = ""
    subscription: str = ""
    subscription_id: str = ""
    resource_group: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a place has now: its resources, and what lies in the cloud.

    `contents` are digests of what paths in the cloud hold, as far as the engine can look there. `default_datastore` is
    what the place calls its own. `errors` says what could not be observed, and why. `account` is as whom it was asked.
    """

    observed: Mapping[Key, Observed]
    contents: Mapping[CloudContent, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    default_datastore: str = DEFAULT_NAME
    account: Account | None = None
    models: Mapping[ModelVersion, RegisteredModel] = field(default_factory=dict)
    """The versions of models that jobs read, but for those that are not there."""
