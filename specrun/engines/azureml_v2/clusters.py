"""Clusters, as the SDK reads and changes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.clusters import FoundCluster, status_of
from specrun.engines.azure.maker_tags import maker_in
from specrun.engines.azureml_v2.cluster_form import changed_cluster, new_cluster, properties_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.sdk import word_of
from specrun.engines.base import Conflict, Report
from specrun.plan.kinds.compute import Cluster
from specrun.plan.observed import Existing, Status
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties


@dataclass(frozen=True, slots=True)
class SdkClusters:
    """One request each, but for two to change a cluster."""

    connection: Connection

    def every(self) -> Iterable[Existing]:
        with translated("list the clusters"):
            found = list(self.connection.sdk.client.compute.list())
        return [Existing(str(one.name), word_of(one.type), maker_in(one.tags)) for one in found]

    def find(self, name: str, wanted: Properties) -> FoundCluster:
        cluster = self._get(name)
        kind, status = word_of(cluster.type), status_of(word_of(cluster.provisioning_state))
        reason = ""
        if status is Status.FAILED:
            # The SDK keeps the code alone of what the service says.
            reason = str(translate(0, word_of(cluster.provisioning_errors), "", f"provision the cluster {name}"))
        if kind.lower() != "amlcompute":
            return FoundCluster(kind, status, reason=reason)
        properties = properties_of(cluster, wanted, self.connection.coordinates)
        return FoundCluster("amlcompute", status, properties, maker_in(cluster.tags), reason)

    def count_nodes(self, name: str) -> Mapping[str, int]:
        """By the state that the service gives."""
        return dict(Counter(str(node.get("nodeState")).lower() for node in self._nodes(name)))

    def create(self, cluster: Cluster, report: Report) -> None:
        """Ask for it in the workspace's region."""
        location = str(self.connection.workspace().location)
        with translated(f"create the cluster {cluster.name}"):
            made = new_cluster(cluster, self.connection.coordinates, location)
        self._send(made, "create")

    def change(self, cluster: Cluster, fields: Collection[str]) -> None:
        """What differs, and the account, whose password cannot be read."""
        changed = {field.partition(".")[0] for field in fields} | {"ssh_settings"}
        wanted = {name: value for name, value in cluster.properties.items() if name in changed}
        self._send(changed_cluster(self._get(cluster.name), wanted), "change")

    def runs_on(self, name: str) -> Collection[str]:
        """Each node tells its run."""
        return {str(node["runId"]) for node in self._nodes(name) if node.get("runId")}

    def _get(self, name: str) -> Any:
        with translated(f"find the cluster {name}"):
            return self.connection.sdk.client.compute.get(name)

    def _nodes(self, name: str) -> list[Mapping[str, Any]]:
        """What the service says of each node: the SDK keeps it under the service's names, and leaves its own empty."""
        with translated(f"list the nodes of the cluster {name}"):
            return [vars(node) for node in self.connection.sdk.client.compute.list_nodes(name)]

    def _send(self, cluster: Any, doing: str) -> None:
        """Send the whole cluster. Not with `begin_update`: that loses the network, and the location."""
        try:
            with translated(f"{doing} the cluster {cluster.name}"):
                self.connection.sdk.client.compute.begin_create_or_update(cluster)
        except Conflict:
            if self.find(cluster.name, {}).status is not Status.CREATING:
                raise  # otherwise a change is under way, most likely this one: how it ends is looked at
