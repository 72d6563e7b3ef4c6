"""Clusters: looked at, made, changed where that is possible, replaced and deleted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.cluster_words import OWNER, SCALE, UNREADABLE
from specrun.engines.azureml_v2.cluster_form import changed_cluster, new_cluster, properties_of
from specrun.engines.azureml_v2.connection import SOON, Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.words import word_of
from specrun.engines.base import Conflict, EngineError, Missing, Progress, Report, Transient
from specrun.plan.changes import Action, Capability, Change
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource

CAPABILITY = Capability(frozenset({*SCALE, "tags", "description", "identity"}), replaceable=True, write_only=UNREADABLE)
"""The service takes a cluster as a whole, and refuses one whose machines, network or account are others."""

_MADE: WeakKeyDictionary[Connection, set[str]] = WeakKeyDictionary()
"""The clusters that a connection has asked for and not seen yet, by name."""

_STATES = {
    "creating": Status.CREATING,
    "updating": Status.CREATING,
    "deleting": Status.DELETING,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}


def observe_cluster(connection: Connection, resource: Resource) -> Observed:
    """The cluster as it is: one request. Raises EngineError when something else has its name."""
    try:
        cluster = _find(connection, resource.name)
    except Missing as error:
        if resource.name in _unseen(connection):
            raise Transient(str(error), SOON) from error  # whoever answers has not heard of it yet
        return Observed(Status.MISSING, reason=str(error))
    _unseen(connection).discard(resource.name)
    if not resource.managed:  # of whatever kind it is: it is used, and never changed
        return Observed(_status(cluster), resource.properties, reason=_reason(cluster))
    if word_of(cluster.type).lower() != "amlcompute":
        raise EngineError(
            f"compute {resource.name} is not a cluster that specrun can make, but of type {word_of(cluster.type)}: "
            f"take another name, or use it as it is with `compute: {resource.name}`"
        )
    return Observed(
        _status(cluster),
        properties_of(cluster, resource.properties, connection.coordinates),
        owner=str((cluster.tags or {}).get(OWNER, "")),
        reason=_reason(cluster),
    )


def count_nodes(connection: Connection, name: str) -> Mapping[str, int]:
    """How many of a cluster's instances are idle, running, …; {} where there is no cluster. One request."""
    try:
        return dict(Counter(str(node.get("nodeState")).lower() for node in _nodes(connection, name)))
    except Missing:
        return {}


def begin_cluster(connection: Connection, change: Change, report: Report) -> None:
    """Make, change, replace or delete a cluster; return once that is accepted."""
    resource = change.resource
    if change.action is Action.UPDATE:
        _send(connection, changed_cluster(_find(connection, resource.name), _different(change)), "change")
        return
    if change.action in (Action.DELETE, Action.REPLACE):
        _delete(connection, resource.name)
    if change.action is Action.REPLACE:
        _await_end(connection, resource.name, report)
    if change.action is not Action.DELETE:
        location = str(connection.workspace().location)
        with translated(f"create the cluster {resource.name}"):
            cluster = new_cluster(resource, connection.coordinates, location)
        _send(connection, cluster, "create")
        _unseen(connection).add(resource.name)


def _unseen(connection: Connection) -> set[str]:
    return _MADE.setdefault(connection, set())


def _different(change: Change) -> Mapping[str, Any]:
    """What of the spec's cluster has to be sent: what differs, and the account, whose key cannot be read."""
    wanted = change.resource.properties
    changed = {field.path.partition(".")[0] for field in change.fields}
    return {name: value for name, value in wanted.items() if name in changed or name == "ssh_settings"}


def _find(connection: Connection, name: str) -> Any:
    with translated(f"find the cluster {name}"):
        return connection.client.compute.get(name)


def _nodes(connection: Connection, name: str) -> list[Mapping[str, Any]]:
    """What the service says of each node: the SDK keeps it under the service's names, and leaves its own empty."""
    with translated(f"list the nodes of the cluster {name}"):
        return [vars(node) for node in connection.client.compute.list_nodes(name)]


def _send(connection: Connection, cluster: Any, doing: str) -> None:
    """Send the whole cluster. Not with `begin_update`: that loses the network, and the location."""
    try:
        with translated(f"{doing} the cluster {cluster.name}"):
            connection.client.compute.begin_create_or_update(cluster)
    except Conflict:
        if _status(_find(connection, cluster.name)) is not Status.CREATING:
            raise  # otherwise a change is under way, most likely this one: how it ends is looked at


def _delete(connection: Connection, name: str) -> None:
    try:
        runs = sorted({str(node["runId"]) for node in _nodes(connection, name) if node.get("runId")})
    except Missing:
        return
    if runs:
        listed = ", ".join(runs[:5]) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")
        raise EngineError(f"cannot delete the cluster {name}: {listed} still runs there. Wait, or cancel")
    with translated(f"delete the cluster {name}"):
        connection.client.compute.begin_delete(name)


def _await_end(connection: Connection, name: str, report: Report) -> None:
    """Look until it is gone, for as long as the service says that it goes."""
    begun = time.monotonic()
    while True:
        try:
            cluster = _find(connection, name)
        except Missing:
            return
        if _status(cluster) is Status.FAILED:
            raise EngineError(f"cannot delete the cluster {name}: {_reason(cluster)}")
        report(Progress(text="waiting until the old one is gone"))
        time.sleep(min(5.0, 0.2 + (time.monotonic() - begun) / 5))


def _status(cluster: Any) -> Status:
    return _STATES.get(word_of(cluster.provisioning_state).lower(), Status.READY)


def _reason(cluster: Any) -> str:
    if _status(cluster) is not Status.FAILED:
        return ""
    # The SDK keeps the code alone of what the service says.
    return str(translate(0, word_of(cluster.provisioning_errors), "", f"provision the cluster {cluster.name}"))
