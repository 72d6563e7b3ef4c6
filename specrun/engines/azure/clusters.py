"""Clusters, whichever SDK asks for them: looked at, made, changed where that is possible, replaced and deleted."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from specrun.engines.azure.connection import SOON, Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.deletion import delete
from specrun.engines.base import EngineError, Missing, Report, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.kinds.compute import Cluster
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Existing, Observed, Status
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties

DISAPPEARS = 60.0
"""Seconds for which what was deleted may still be seen, where the service answers from an older copy."""

_STATES = {
    "creating": Status.CREATING,
    "updating": Status.CREATING,
    "deleting": Status.DELETING,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """A compute target as an SDK has read it. `kind` is the service's word, "" where the SDK has none.

    `properties` are those of a cluster in the spec's words, `maker` is who its tags name, `reason` why it failed.
    """

    kind: str
    status: Status
    properties: Properties = field(default_factory=dict)
    maker: Maker = NOBODY
    reason: str = ""


class ClusterCalls(Protocol):
    """What an SDK does for clusters. Everything may raise EngineError; Missing of a cluster that is not there.

    `every` lists all compute targets. `find` reads one, and `wanted` decides between spellings of the same. `create`
    and `change` return once that is accepted, and raise SecretUnset; `fields` are those that differ, with dots.
    `runs_on` gives the names of the runs that have not ended on one.
    """

    def every(self) -> Iterable[Existing]: ...
    def find(self, name: str, wanted: Properties) -> FoundCluster: ...
    def count_nodes(self, name: str) -> Mapping[str, int]: ...
    def create(self, cluster: Cluster, report: Report) -> None: ...
    def change(self, cluster: Cluster, fields: Collection[str]) -> None: ...
    def runs_on(self, name: str) -> Collection[str]: ...


class Clusters:
    """The clusters of one workspace."""

    def __init__(self, connection: Connection[Any], calls: ClusterCalls) -> None:
        self._connection = connection
        self._calls = calls
        self._unseen: set[str] = set()
        """Those that were asked for and not seen yet, by name."""
        self._gone: dict[str, float] = {}
        """When those were deleted, on the monotonic clock, that were not seen to be gone yet, by name."""

    def observe(self, cluster: Cluster) -> Observed:
        """The cluster as it is. Raises EngineError when something else has its name."""
        try:
            found = self._calls.find(cluster.name, cluster.properties)
        except Missing as error:
            if cluster.name in self._unseen:
                raise Transient(str(error), SOON) from error  # whoever answers has not heard of it yet
            self._gone.pop(cluster.name, None)
            return Observed(Status.MISSING, reason=str(error))
        self._unseen.discard(cluster.name)
        if time.monotonic() - self._gone.get(cluster.name, -DISAPPEARS) < DISAPPEARS:
            return Observed(Status.DELETING, found.properties, maker=found.maker)
        if not cluster.managed:  # of whatever kind it is: it is used, and never changed
            facts = found.properties if found.kind == "amlcompute" else {}
            return Observed(found.status, cluster.properties, reason=found.reason, facts=facts)
        if found.kind != "amlcompute":
            raise EngineError(
                f"compute {cluster.name} is not a cluster that specrun can make"
                f"{f', but of type {found.kind}' if found.kind else ''}: use it as it is with "
                f"`compute: {cluster.name}`, or take another name"
            )
        return Observed(found.status, found.properties, maker=found.maker, reason=found.reason)

    def existing(self) -> Sequence[Existing]:
        """All computes of the workspace, by name."""
        return sorted(self._calls.every(), key=lambda one: one.name)

    def begin(self, change: ResourceChange, cluster: Cluster, report: Report) -> None:
        """Make, change, replace or delete a cluster; return once that is accepted."""
        if change.action is Action.UPDATE:
            self._calls.change(cluster, [field.path for field in change.fields])
            return
        if change.action in (Action.DELETE, Action.REPLACE):
            self._delete(cluster.name, report)
        if change.action is not Action.DELETE:
            self._calls.create(cluster, report)
            self._gone.pop(cluster.name, None)
            self._unseen.add(cluster.name)

    def count_nodes(self, name: str) -> Mapping[str, int]:
        """How many of a cluster's instances are idle, running, …; {} where there is no cluster."""
        try:
            return self._calls.count_nodes(name)
        except Missing:
            return {}

    def _delete(self, name: str, report: Report) -> None:
        """Return once it is gone. Raises EngineError where runs are on it, which would be ended without a word."""
        try:
            runs = sorted(self._calls.runs_on(name))
        except Missing:
            return
        if runs:
            listed = ", ".join(runs[:5]) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")
            raise EngineError(f"cannot delete the cluster {name}: {listed} still runs there. Wait, or cancel")
        path = f"{workspace_path(self._connection.coordinates)}/computes/{name}"
        arm, what = self._connection.arm, f"delete the cluster {name}"
        delete(arm, path, {"underlyingResourceAction": "Delete"}, what, report)
        self._gone[name] = time.monotonic()


def status_of(state: str) -> Status:
    """What the service's word for how far a cluster is means."""
    return _STATES.get(state.lower(), Status.READY)
