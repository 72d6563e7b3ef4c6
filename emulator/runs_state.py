"""What one workspace keeps: datastores, experiments, snapshots, runs with their artifacts and metrics. No HTTP here."""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.assets import Assets
from emulator.blobs import Blobs

if TYPE_CHECKING:
    from emulator.planes import Cloud

ARTIFACTS = "azureml"
"""The container of the workspace's storage in which snapshots, logs and outputs are kept."""

NOT_STARTED, QUEUED, PREPARING, STARTING = "NotStarted", "Queued", "Preparing", "Starting"
RUNNING, FINALIZING, CANCEL_REQUESTED = "Running", "Finalizing", "CancelRequested"
COMPLETED, FAILED, CANCELED = "Completed", "Failed", "Canceled"
ENDED = frozenset({COMPLETED, FAILED, CANCELED})

SYSTEM = "_aml_system_"
"""How the tags begin that the service itself gives to runs."""

EMPTY = "00000000-0000-0000-0000-000000000000"
"""The id of the snapshot that a workspace without snapshots has."""


def now() -> str:
    """The time as the service writes it."""
    return written(time.time())


def written(seconds: float) -> str:
    """A Unix time as the service writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")


@dataclass(frozen=True)
class Place:
    """Where a workspace is, and its id."""

    subscription: str
    group: str
    name: str
    id: str
    region: str
    tenant: str = ""

    @property
    def path(self) -> str:
        """The workspace's resource id."""
        kind = "Microsoft.MachineLearningServices/workspaces"
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{kind}/{self.name}"

    @property
    def api(self) -> str:
        """Where its services listen."""
        return f"https://{self.region}.api.azureml.ms"

    @property
    def tracking(self) -> str:
        """Where MLflow finds it."""
        return f"azureml://{self.region}.api.azureml.ms/mlflow/v1.0{self.path}"


@dataclass
class Datastore:
    """`kind` is AzureBlob, AzureFile or AzureDataLakeGen2; `section` is the storage section as it was registered, by
    `user`. The workspace's own datastores were registered by nobody, and their tags are None.
    """

    name: str
    kind: str
    section: dict[str, Any]
    validated: bool = False
    tags: dict[str, str] | None = field(default_factory=dict)
    user: str | None = None
    created: str = field(default_factory=now)
    modified: str = field(default_factory=now)

    @property
    def account(self) -> str:
        """The storage account's name."""
        return str(self.section["accountName"])

    @property
    def container(self) -> str:
        """The container, file share or file system."""
        return str(self.section["containerName"])


@dataclass
class Experiment:
    """A named row of runs."""

    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=now)
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    archived: str | None = None
    runs: int = 0


@dataclass
class Snapshot:
    """A folder as it was: the tree with hashes, and for each file's path the blob that holds it."""

    id: str
    tree: dict[str, Any]
    files: dict[str, str]
    parent: str = EMPTY
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    created: str = field(default_factory=now)


@dataclass
class Artifact:
    """One file of a run: `blob` lies in `container` of the storage account `account`."""

    path: str
    datastore: str
    account: str
    container: str
    blob: str
    created: str = field(default_factory=now)
    etag: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass
class Metric:
    """What was logged under one name. `columns` maps a column to its type; `rows` are as they were posted."""

    name: str
    columns: dict[str, str]
    kind: str
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Run:
    """One run. `definition` is what was submitted, in the words of SDK v1; `job` are the properties of the job that a
    client of SDK v2 put, None for other runs; `error` is {"code", "message"}; times are ISO 8601 or None.
    """

    id: str
    experiment: Experiment
    number: int
    user: str
    definition: dict[str, Any] | None = None
    job: dict[str, Any] | None = None
    snapshot: str | None = None
    status: str = NOT_STARTED
    target: str | None = None
    script: str | None = None
    kind: str | None = None
    name: str | None = None
    shown: str | None = None
    description: str | None = None
    parent: str | None = None
    hidden: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str | None] = field(default_factory=dict)
    created: str = field(default_factory=now)
    started: str | None = None
    ended: str | None = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    telemetry: dict[str, Any] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    folder: Path | None = None
    canceled_by: str | None = None
    changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def container(self) -> str:
        """The name under which its artifacts are kept."""
        return f"dcid.{self.id}"

    @property
    def over(self) -> bool:
        return self.status in ENDED

    def become(self, status: str, error: Mapping[str, Any] | None = None) -> None:
        """Take a status, unless the run is over; whoever waits for a change hears of it."""
        with self.changed:
            if self.over or (self.status == CANCEL_REQUESTED and status not in ENDED):
                return
            if error is not None:
                self.error = dict(error)
            if status in ENDED:
                self.ended = now()
                self._tell_times()
            self.status = status
            self.statuses.append(status)
            self.changed.notify_all()

    def _tell_times(self) -> None:
        """A job that ended says when, with a space and without a zone."""
        if self.job is None or not self.started or not self.ended:
            return
        for name, when in (("StartTimeUtc", self.started), ("EndTimeUtc", self.ended)):
            self.properties[name] = when[:19].replace("T", " ")

    def wait(self, *statuses: str, timeout: float = 60.0) -> bool:
        """Wait until the run has, or had, one of the statuses (none given: until it is over)."""
        wanted = set(statuses) or ENDED
        with self.changed:
            return self.changed.wait_for(lambda: bool(wanted & {self.status, *self.statuses}), timeout)


@dataclass(frozen=True)
class Doubled:
    """A submission under the id of a run that was there. `definition` is the body that was sent."""

    run: str
    definition: Mapping[str, Any]
    when: str = field(default_factory=now)


class Plane:
    """The data plane of one workspace. `blobs` is its own storage account.

    Without `filters` a list of jobs or of versions has all, whatever was asked for. A page of a list has at most
    `page_size` items, one of what MLflow found `found_size`.
    """

    def __init__(self, place: Place, blobs: Blobs, cloud: Cloud) -> None:
        self.place = place
        self.cloud = cloud
        self.blobs = blobs
        self.lock = threading.RLock()
        self.page_size = 100
        self.found_size = 1_000
        self.filters = True
        self.datastores: dict[str, Datastore] = {}
        self.default = "workspaceblobstore"
        self.experiments: dict[str, Experiment] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.latest = EMPTY
        self.assets = Assets()
        self.runs: dict[str, Run] = {}
        self.doubled: list[Doubled] = []

    def experiment(self, name: str) -> Experiment | None:
        """The experiment of that name, in any case."""
        found = (one for one in self.experiments.values() if one.name.lower() == name.lower())
        return next(found, None)

    def ensure_experiment(self, name: str) -> Experiment:
        """The experiment of that name, made if need be."""
        with self.lock:
            found = self.experiment(name)
            if found is None:
                found = Experiment(name)
                self.experiments[found.id] = found
            return found

    def add_run(self, experiment: Experiment, run_id: str, user: str, **rest: Any) -> Run:
        """A new run; its id must be free."""
        with self.lock:
            assert run_id not in self.runs
            experiment.runs += 1
            run = Run(run_id, experiment, experiment.runs, user, **rest)
            self.runs[run_id] = run
            return run

    def artifact_blob(self, run: Run, path: str) -> Artifact:
        """Where the workspace keeps a file of a run."""
        blob = f"ExperimentRun/{run.container}/{path}"
        return Artifact(path, "workspaceartifactstore", self.blobs.account, ARTIFACTS, blob)
