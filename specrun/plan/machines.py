"""What runs are on: instances of a size, of which the table of sizes knows what one has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specrun.plan.changes import Change, ResourceChange
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.run import RunChange
from specrun.plan.resources import Key


def cluster_sizes(changes: Iterable[Change]) -> Mapping[Key, str]:
    """The size of each cluster, as it is declared, or was seen where it is only named; of others nothing."""
    found = {}
    for change in changes:
        if isinstance(change, ResourceChange) and isinstance(change.resource, Cluster) and change.key.place.workspace:
            size = change.resource.properties.get("size") or change.before.properties.get("size")
            if size:
                found[change.key] = str(size)
    return found


def size_of_run(change: RunChange, clusters: Mapping[Key, str]) -> str:
    """The size of the instances that a run is on; "" on this machine, and where nobody knows."""
    place, request = change.key.place, change.resource
    if not place.workspace:
        return ""
    if request.cluster:
        return clusters.get(Key(place, f"compute/{request.cluster}"), "")
    return request.job.resources.instance_type or ""
