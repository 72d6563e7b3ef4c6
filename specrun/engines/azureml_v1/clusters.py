"""Clusters, as the SDK reads and changes them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from specrun.engines.azure.clusters import FoundCluster, status_of
from specrun.engines.azure.maker_tags import maker_in
from specrun.engines.azureml_v1.cluster_form import configuration_of, idle_time, properties_of
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import failure_words, translated
from specrun.engines.azureml_v1.refusals import NOT_SEEN
from specrun.engines.base import EngineError, Missing, Progress, Report
from specrun.engines.facts import SCALE
from specrun.plan.kinds.compute import Cluster
from specrun.plan.observed import Existing, Status
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties

APPEARS = 60.0
"""Seconds within which a cluster that was accepted is to be seen."""

_ENDED = ("Completed", "Failed", "Canceled", "NotResponding")

_NODES = {
    "idle": "idleNodeCount",
    "running": "runningNodeCount",
    "preparing": "preparingNodeCount",
    "unusable": "unusableNodeCount",
    "leaving": "leavingNodeCount",
    "preempted": "preemptedNodeCount",
}


@dataclass(frozen=True, slots=True)
class SdkClusters:
    """One request each, but for two to change a cluster, or to list its runs."""

    connection: Connection

    def every(self) -> Iterable[Existing]:
        workspace = self.connection.workspace()
        with translated("list the clusters"):
            from azureml.core.compute import ComputeTarget

            found = ComputeTarget.list(workspace)
        return [Existing(str(one.name), str(one.type), maker_in(one.tags)) for one in found]

    def find(self, name: str, wanted: Properties) -> FoundCluster:
        """The cluster as it is: one request more where `wanted` says something of public addresses."""
        target = self._get(name)
        status = _status(target)
        reason = ""
        if status is Status.FAILED:
            reason = failure_words(target.provisioning_errors, f"provision the cluster {target.name}")
        kind = str(target.type) if target is not None else ""
        if kind.lower() != "amlcompute":
            return FoundCluster(kind, status, reason=reason)
        raw: Mapping[str, Any] = {}
        if "enable_node_public_ip" in wanted:
            with translated(f"read the cluster {name}"):
                raw = target.get() or {}
        return FoundCluster("amlcompute", status, properties_of(target, wanted, raw), maker_in(target.tags), reason)

    def count_nodes(self, name: str) -> Mapping[str, int]:
        """Idle, running, preparing, unusable, leaving, preempted."""
        counts = getattr(getattr(self._get(name), "status", None), "node_state_counts", None)
        values: Mapping[str, int | None] = counts.serialize() if counts is not None else {}
        return {word: values.get(name) or 0 for word, name in _NODES.items()} if values else {}

    def create(self, cluster: Cluster, report: Report) -> None:
        """Ask for it; return once it can be seen."""
        workspace = self.connection.workspace()
        try:
            with translated(f"create the cluster {cluster.name}"):
                from azureml.core.compute import AmlCompute

                AmlCompute.create(workspace, cluster.name, configuration_of(cluster, workspace))
        except EngineError as error:
            # The SDK looks right after it was accepted, and who answers may not have heard of it yet.
            deadline = time.monotonic() + (APPEARS if NOT_SEEN in str(error) else 0)
            # An answer that is lost makes it ask a second time, for what is there by then.
            while not self._exists(cluster.name):
                if time.monotonic() > deadline:
                    raise
                report(Progress(text="waiting until it is seen"))
                time.sleep(1.0)

    def change(self, cluster: Cluster, fields: Collection[str]) -> None:
        values: list[Any] = [cluster.properties[name] if name in fields else None for name in SCALE]
        target = self._get(cluster.name)
        try:
            with translated(f"scale the cluster {cluster.name}"):
                target.update(values[0], values[1], idle_time(values[2]))
        except EngineError:
            if _status(self._get(cluster.name)) is not Status.CREATING:
                raise  # otherwise a change is under way, most likely this one: how it ends is looked at

    def runs_on(self, name: str) -> Collection[str]:
        """The SDK tells which it counts as active."""
        target = self._get(name)
        with translated(f"list the runs on the cluster {name}"):
            return [run.run_id for run in target.get_active_runs() if str(run.status) not in _ENDED]

    def _get(self, name: str) -> Any:
        """The SDK's object for a compute; None for a kind that this SDK has no class for. Raises Missing."""
        workspace = self.connection.workspace()
        with translated(f"find the cluster {name}"):
            from azureml.core.compute import ComputeTarget

            return ComputeTarget(workspace, name)

    def _exists(self, name: str) -> bool:
        try:
            self._get(name)
        except Missing:
            return False
        return True


def _status(target: Any) -> Status:
    return status_of(str(getattr(target, "provisioning_state", "")))
