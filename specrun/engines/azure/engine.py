"""A workspace as an engine: what is the same of it whichever SDK asks for it. What is each SDK's is given to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from specrun.engines.azure import targets
from specrun.engines.azure.accounts import Accounts
from specrun.engines.azure.arm import AUDIENCE
from specrun.engines.azure.clusters import ClusterCalls, Clusters
from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.datastores import DatastoreCalls, Datastores
from specrun.engines.azure.locks import AzureLocks
from specrun.engines.azure.quotas import Quotas
from specrun.engines.azure.run_metrics import RunMetrics
from specrun.engines.azure.runs import RunCalls, Runs
from specrun.engines.azure.sweeps import AzureSweeps
from specrun.engines.azure.transport import changing_while
from specrun.engines.azure.workspaces import WorkspaceCalls, Workspaces
from specrun.engines.base import EngineError, Missing, Report
from specrun.engines.facts import Facts
from specrun.engines.locks import Locks
from specrun.engines.parts import Models, Sweeps
from specrun.plan.changes import Change, ResourceChange
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.workspace import Workspace
from specrun.plan.observed import CloudContent, Existing, Observed, Status, Uploaded
from specrun.plan.resources import Kind, Place, Resource
from specrun.spec.datastore_paths import parse_storage
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.model import Spec

PATIENCE = 120.0
"""Seconds without a sign of life after which a call is given up: an SDK may wait for ever on a line that is dead.
SPECRUN_PATIENCE says another number."""


class AzureEngine:
    """One workspace. The SDK is imported, and anybody signed in to, when something is asked for.

    `check` says what the SDK cannot, `version_of` gives the version behind an asset's label ("": it is none), and
    `audience` is whom the SDK's tokens are for.
    """

    poll = 5.0

    def __init__(
        self,
        facts: Facts,
        place: Place,
        connection: Connection[Any],
        workspaces: WorkspaceCalls,
        clusters: ClusterCalls,
        datastores: DatastoreCalls,
        runs: RunCalls,
        check: Callable[[Spec], Iterable[Diagnostic]],
        version_of: Callable[[str], str] = lambda path: "",
        audience: str = AUDIENCE,
        models: Models | None = None,
    ) -> None:
        self.facts = facts
        self.place = place
        self.patience = _patience()
        self.connection = connection
        known, locks = Clusters(connection, clusters), AzureLocks(connection)
        self.resources = Resources(
            connection, Workspaces(connection, workspaces), known, Datastores(connection, datastores), locks
        )
        sweeps = AzureSweeps(connection, runs)
        self.runs = Runs(connection, runs, sweeps.judged)
        self.metrics = RunMetrics(connection, runs)
        self.nodes = Nodes(connection, known)
        self.sweeps: Sweeps | None = sweeps
        self.models = models
        self.usage = None
        self.ends = None
        self.here = None
        self.contents = Contents(connection, place, version_of)
        self.accounts = Accounts(connection, audience)
        self.quotas = Quotas(connection, audience)
        self.locks: Locks | None = locks
        self.check = check
        self._audience = audience

    def sign_in(self) -> None:
        """Show the code that somebody enters in a browser, and wait until they have; no call has patience for that."""
        if self.connection.credential.asks:
            self.connection.credential.token_for(self._audience)


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of one workspace."""

    connection: Connection[Any]
    workspaces: Workspaces
    clusters: Clusters
    datastores: Datastores
    locks: AzureLocks

    @asked
    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        match resource:
            case Workspace():
                return self.workspaces.observe(resource)
            case Cluster():
                return self.clusters.observe(resource)
            case Datastore():
                return self.datastores.observe(resource)
            case DataTarget():
                return targets.observe_target(self.connection.open_datastore, resource)
            case JobEnvironment():
                return Observed(Status.UNSEEN, reason=_of_a_run(resource))
        return Observed(Status.MISSING)

    @asked
    def existing(self, kind: Kind) -> Sequence[Existing]:
        """All computes, or all datastores, of the workspace."""
        return self.clusters.existing() if kind == "compute" else self.datastores.existing()

    @asked
    def uploads(self, datastores: Collection[str]) -> Sequence[Uploaded]:
        """The targets that have a list of their source: a request for each datastore, each 5,000 lists, each list."""
        return [one for name in datastores for one in targets.uploads(self.connection.open_datastore, name)]

    @asked
    def begin(self, change: Change, report: Report) -> None:
        """Start a change; an upload and the making of a workspace are over when this returns.

        Once the resource's lock is lost no further request is sent that changes something.
        """
        check = partial(self.locks.check, change.key)
        check()
        with changing_while(check):
            self._begin(change, report)

    def _begin(self, change: Change, report: Report) -> None:
        match change.resource, change:
            case Workspace() as workspace, ResourceChange():
                self.workspaces.begin(change, workspace, report)
            case Cluster() as cluster, ResourceChange():
                self.clusters.begin(change, cluster, report)
            case Datastore() as datastore, ResourceChange():
                self.datastores.begin(change, datastore)
            case DataTarget() as target, ResourceChange() | Upload():
                targets.begin_target(self.connection.open_datastore, change, target, report)
            case _:
                raise EngineError(f"{change.key}: this engine has nothing to begin there")


@dataclass(frozen=True, slots=True)
class Nodes:
    """The instances of a workspace's clusters."""

    connection: Connection[Any]
    clusters: Clusters

    @asked
    def count(self, cluster: str) -> Mapping[str, int]:
        """How many are idle, running, …; {} where there is no such cluster."""
        return self.clusters.count_nodes(cluster)


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in the cloud that specrun has not put there."""

    connection: Connection[Any]
    place: Place
    version_of: Callable[[str], str]

    @asked
    def digest(self, content: CloudContent) -> str:
        """A digest of what a path on a datastore holds, or the version of a data asset that a label stands for."""
        storage = parse_storage(content.uri)
        if storage is not None:
            return targets.digest_storage(self.connection.credential, storage)
        version = self.version_of(content.uri)
        return version or targets.digest_path(self.connection.open_datastore, content, self.place, self._default)

    @asked
    def default_datastore(self) -> str:
        """What the workspace calls its default datastore; "" where it is not there yet."""
        try:
            return self._default()
        except Missing:
            return ""

    def _default(self) -> str:
        return str(self.connection.datastore(None).name)


def _of_a_run(environment: JobEnvironment) -> str:
    """Why nobody looks for an environment before a run is submitted with it."""
    if environment.content.definition.registered is not None:
        return "the service looks for it when the run is submitted"
    return "it goes with the run, and the service builds it once"


def _patience() -> float:
    try:
        return float(os.environ["SPECRUN_PATIENCE"])
    except (KeyError, ValueError):
        return PATIENCE
