"""Clusters, whichever SDK asks for them: looked at, made, changed where that is possible, replaced and deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from specrun.engines.azure.connection import SOON
from specrun.engines.base import EngineError, Missing, Progress, Report, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.kinds.compute import Cluster
from specrun.plan.observed import Observed, Status
from specrun.spec.model import Properties

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

    `properties` are those of a cluster in the spec's words, `owner` is the spec that its tag names, `reason` why it
    failed.
    """

    kind: str
    status: Status
    properties: Properties = field(default_factory=dict)
    owner: str = ""
    reason: str = ""


class ClusterCalls(Protocol):
    """What an SDK does for clusters. Everything may raise EngineError; Missing of a cluster that is not there.

    `find` reads a compute target, and `wanted` decides between spellings of the same. `create` and `change` return once
    that is accepted, and raise SecretUnset; `fields` are those that differ, with dots. `delete` asks for its end once
    `check` has not raised for the runs that have not ended on it.
    """

    def find(self, name: str, wanted: Properties) -> FoundCluster: ...
    def count_nodes(self, name: str) -> Mapping[str, int]: ...
    def create(self, cluster: Cluster, report: Report) -> None: ...
    def change(self, cluster: Cluster, fields: Collection[str]) -> None: ...
    def delete(self, name: str, check: Callable[[Collection[str]], None]) -> None: ...


class Clusters:
    """The clusters of one workspace."""

    def __init__(self, calls: ClusterCalls) -> None:
        self._calls = calls
        self._unseen: set[str] = set()
        """Those that were asked for and not seen yet, by name."""

    def observe(self, cluster: Cluster) -> Observed:
        """The cluster as it is. Raises EngineError when something else has its name."""
        try:
            found = self._calls.find(cluster.name, cluster.properties)
        except Missing as error:
            if cluster.name in self._unseen:
                raise Transient(str(error), SOON) from error  # whoever answers has not heard of it yet
            return Observed(Status.MISSING, reason=str(error))
        self._unseen.discard(cluster.name)
        if not cluster.managed:  # of whatever kind it is: it is used, and never changed
            return Observed(found.status, cluster.properties, reason=found.reason)
        if found.kind != "amlcompute":
            raise EngineError(
                f"compute {cluster.name} is not a cluster that specrun can make"
                f"{f', but of type {found.kind}' if found.kind else ''}: take another name, or use it as it is "
                f"with `compute: {cluster.name}`"
            )
        return Observed(found.status, found.properties, owner=found.owner, reason=found.reason)

    def begin(self, change: ResourceChange, cluster: Cluster, report: Report) -> None:
        """Make, change, replace or delete a cluster; return once that is accepted."""
        if change.action is Action.UPDATE:
            self._calls.change(cluster, [field.path for field in change.fields])
            return
        if change.action in (Action.DELETE, Action.REPLACE):
            self._delete(cluster.name)
        if change.action is Action.REPLACE:
            self._await_end(cluster.name, report)
        if change.action is not Action.DELETE:
            self._calls.create(cluster, report)
            self._unseen.add(cluster.name)

    def count_nodes(self, name: str) -> Mapping[str, int]:
        """How many of a cluster's instances are idle, running, …; {} where there is no cluster."""
        try:
            return self._calls.count_nodes(name)
        except Missing:
            return {}

    def _delete(self, name: str) -> None:
        def check(runs: Collection[str]) -> None:
            if runs:
                listed = ", ".join(sorted(runs)[:5]) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")
                raise EngineError(f"cannot delete the cluster {name}: {listed} still runs there. Wait, or cancel")

        with suppress(Missing):
            self._calls.delete(name, check)

    def _await_end(self, name: str, report: Report) -> None:
        """Look until it is gone, for as long as the service says that it goes."""
        begun = time.monotonic()
        while True:
            try:
                found = self._calls.find(name, {})
            except Missing:
                return
            if found.status is Status.FAILED:
                raise EngineError(f"cannot delete the cluster {name}: {found.reason}")
            report(Progress(text="waiting until the old one is gone"))
            time.sleep(min(5.0, 0.2 + (time.monotonic() - begun) / 5))


def status_of(state: str) -> Status:
    """What the service's word for how far a cluster is means."""
    return _STATES.get(state.lower(), Status.READY)
