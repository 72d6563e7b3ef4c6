"""The engine `azureml-v1`: an Azure Machine Learning workspace, through the SDK v1 (azureml-core) as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from specrun.engines.azure import targets
from specrun.engines.azure.arm import AUDIENCE
from specrun.engines.azure.blob_errors import KeyRefused
from specrun.engines.azure.patience import patience_of
from specrun.engines.azure.quiet import quiet
from specrun.engines.azureml_v1 import clusters, datastores, history, logs, workspaces
from specrun.engines.azureml_v1.checks import check_spec
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.environments import observe_environment
from specrun.engines.azureml_v1.sdk import load_sdk
from specrun.engines.azureml_v1.submission import submit
from specrun.engines.base import Cursor, EngineError, LogLine, Missing, OutputFile, Report, Scope
from specrun.plan.changes import Capability, Change
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Run, Status
from specrun.plan.resources import Kind, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec

T = TypeVar("T")


class AzureMLv1Engine:
    """One workspace, named by `scope`. The SDK is imported, and anybody signed in to, when something is asked for."""

    name = "azureml-v1"
    capabilities: Mapping[Kind, Capability] = {
        "compute": clusters.CAPABILITY,
        "datastore": datastores.CAPABILITY,
        "environment": Capability(kept="it is part of the runs that were submitted with it"),
        "run": Capability(kept="Azure ML keeps the history of all runs"),
    }
    poll = 5.0
    asks = True

    def __init__(self, home: Path, hashes: HashCache, scope: Scope) -> None:
        self.connection = Connection(home, scope)
        self.target = _target(self.connection)
        self.patience = patience_of()

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What this engine needs and the spec lacks, or has and SDK v1 cannot do."""
        return check_spec(spec)

    def sign_in(self) -> None:
        """Show the code that somebody enters in a browser, and wait until they have; no call has patience for that."""
        if self.connection.credential.asks:
            self.connection.credential.token_for(AUDIENCE)

    def observe(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        return self._ask(lambda: self._observe(resource))

    def content(self, path: str) -> str:
        """A digest of what a path on a datastore holds."""
        return self._ask(lambda: targets.digest_path(self.connection.open_datastore, path))

    def begin(self, change: Change, report: Report) -> None:
        """Start a change; an upload and the making of a workspace are over when this returns."""
        self._ask(lambda: self._begin(change, report))

    def runs(self, spec: str | None = None) -> Sequence[Run]:
        """The runs in the specs' experiments, newest first; none where there is no workspace yet."""
        return self._ask(lambda: self._runs(spec))

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of."""
        return self._ask(lambda: history.read_identity(self.connection, name))

    def run(self, name: str) -> Run:
        """One run as it is now."""
        return self._ask(lambda: history.read_run(self.connection, name))

    def logs(self, name: str, cursor: Cursor) -> tuple[Sequence[LogLine], Cursor]:
        """Whole lines since the cursor."""
        return self._ask(lambda: logs.read_logs(self.connection, name, cursor))

    def outputs(self, name: str) -> Sequence[OutputFile]:
        """The files that a run wrote."""
        return self._ask(lambda: history.list_outputs(self.connection, name))

    def fetch(self, name: str, path: str, to: Path) -> None:
        """Copy one of a run's files."""
        self._ask(lambda: history.fetch_output(self.connection, name, path, to))

    def place(self, name: str) -> str:
        """The portal's page of a run."""
        return self._ask(lambda: history.portal_url(self.connection, name))

    def nodes(self, cluster: str) -> Mapping[str, int]:
        """How many of a cluster's instances are idle, running, preparing, unusable, leaving, preempted."""
        return self._ask(lambda: clusters.count_nodes(self.connection, cluster))

    def metrics(self, name: str) -> Mapping[str, float]:
        """What a run logged last under each name."""
        return self._ask(lambda: history.read_metrics(self.connection, name))

    def cancel(self, name: str) -> None:
        """Ask for the run's end."""
        self._ask(lambda: history.cancel_run(self.connection, name))

    def _ask(self, work: Callable[[], T]) -> T:
        with quiet():
            load_sdk()
            try:
                return work()
            except KeyRefused as refused:
                # Before anything was done with it: the same again, as who is signed in.
                if not self.connection.distrust_key(refused):
                    raise
                return work()

    def _observe(self, resource: Resource) -> Observed:
        connection = self.connection
        if resource.kind == "workspace":
            return workspaces.observe_workspace(connection, resource)
        if resource.kind == "compute":
            return clusters.observe_cluster(connection, resource)
        if resource.kind == "datastore":
            return datastores.observe_datastore(connection, resource)
        if resource.kind == "data":
            return targets.observe_target(connection.open_datastore, resource)
        if resource.kind == "environment":
            return observe_environment(resource)
        return Observed(Status.MISSING)

    def _begin(self, change: Change, report: Report) -> None:
        connection = self.connection
        if change.kind == "workspace":
            workspaces.begin_workspace(connection, change, report)
        elif change.kind == "compute":
            clusters.begin_cluster(connection, change, report)
        elif change.kind == "datastore":
            datastores.begin_datastore(connection, change)
        elif change.kind == "data":
            targets.begin_target(connection.open_datastore, change, report)
        elif change.kind == "run":
            submit(connection, change, report)

    def _runs(self, spec: str | None) -> Sequence[Run]:
        try:
            return history.list_runs(self.connection, spec)
        except Missing:
            return ()


def _target(connection: Connection) -> str:
    try:
        return f"workspace {connection.coordinates.workspace_name}"
    except EngineError:  # `check` says what is wrong with it, at its place
        return "a workspace"
