"""Clusters: looked at, made, changed where that is possible, replaced and deleted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.cluster_words import OWNER, SCALE, UNREADABLE
from specrun.engines.azureml_v1.cluster_form import configuration_of, idle_time, properties_of
from specrun.engines.azureml_v1.connection import Connection
from specrun.engines.azureml_v1.errors import failure_words, translated
from specrun.engines.azureml_v1.refusals import NOT_SEEN
from specrun.engines.base import EngineError, Missing, Progress, Report
from specrun.plan.changes import Action, Capability, Change
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource

CAPABILITY = Capability(
    frozenset(SCALE),
    replaceable=True,
    write_only=UNREADABLE,
)
"""SDK v1 changes how a cluster scales, and nothing else; the account's key and password are told by nobody."""

APPEARS = 60.0
"""Seconds within which a cluster that was accepted is to be seen."""

_STATES = {
    "creating": Status.CREATING,
    "updating": Status.CREATING,
    "deleting": Status.DELETING,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}
_ENDED = ("Completed", "Failed", "Canceled", "NotResponding")

_NODES = {
    "idle": "idleNodeCount",
    "running": "runningNodeCount",
    "preparing": "preparingNodeCount",
    "unusable": "unusableNodeCount",
    "leaving": "leavingNodeCount",
    "preempted": "preemptedNodeCount",
}


def observe_cluster(connection: Connection, resource: Resource) -> Observed:
    """The cluster as it is: one request, one more where the spec says something of public addresses.

    Raises EngineError when something else has its name.
    """
    try:
        target = _find(connection, resource.name)
    except Missing as error:
        return Observed(Status.MISSING, reason=str(error))
    if not resource.managed:  # of whatever kind it is: it is used, and never changed
        return Observed(_status(target), resource.properties, reason=_reason(target))
    if target is None or str(target.type).lower() != "amlcompute":
        raise EngineError(
            f"compute {resource.name} is not a cluster that specrun can make"
            f"{f', but of type {target.type}' if target is not None else ''}: take another name, or use it as it is "
            f"with `compute: {resource.name}`"
        )
    raw: Mapping[str, Any] = {}
    if "enable_node_public_ip" in resource.properties:
        with translated(f"read the cluster {resource.name}"):
            raw = target.get() or {}
    owner = str((target.tags or {}).get(OWNER, ""))
    return Observed(
        _status(target), properties_of(target, resource.properties, raw), owner=owner, reason=_reason(target)
    )


def count_nodes(connection: Connection, name: str) -> Mapping[str, int]:
    """How many of a cluster's instances are idle, running, …; {} where there is no cluster. One request."""
    try:
        target = _find(connection, name)
    except Missing:
        return {}
    counts = getattr(getattr(target, "status", None), "node_state_counts", None)
    values: Mapping[str, int | None] = counts.serialize() if counts is not None else {}
    return {word: values.get(name) or 0 for word, name in _NODES.items()} if values else {}


def begin_cluster(connection: Connection, change: Change, report: Report) -> None:
    """Make, change, replace or delete a cluster; return once that is accepted and can be seen."""
    resource = change.resource
    if change.action is Action.UPDATE:
        _scale(connection, change)
        return
    if change.action in (Action.DELETE, Action.REPLACE):
        _delete(connection, resource.name)
    if change.action is Action.REPLACE:
        _await_end(connection, resource.name, report)
    if change.action is not Action.DELETE:
        _create(connection, resource, report)


def _find(connection: Connection, name: str) -> Any:
    """The SDK's object for a compute; None for a kind of compute that this SDK has no class for. Raises Missing."""
    workspace = connection.workspace()
    with translated(f"find the cluster {name}"):
        from azureml.core.compute import ComputeTarget

        return ComputeTarget(workspace, name)


def _create(connection: Connection, resource: Resource, report: Report) -> None:
    workspace = connection.workspace()
    try:
        with translated(f"create the cluster {resource.name}"):
            from azureml.core.compute import AmlCompute

            AmlCompute.create(workspace, resource.name, configuration_of(resource, workspace))
    except EngineError as error:
        # The SDK looks right after it was accepted, and who answers may not have heard of it yet.
        deadline = time.monotonic() + (APPEARS if NOT_SEEN in str(error) else 0)
        # An answer that is lost makes it ask a second time, for what is there by then.
        while not _exists(connection, resource.name):
            if time.monotonic() > deadline:
                raise
            report(Progress(text="waiting until it is seen"))
            time.sleep(1.0)


def _scale(connection: Connection, change: Change) -> None:
    wanted, changed = change.resource.properties, {field.path for field in change.fields}
    values: list[Any] = [wanted[name] if name in changed else None for name in SCALE]
    target = _find(connection, change.resource.name)
    try:
        with translated(f"scale the cluster {change.resource.name}"):
            target.update(values[0], values[1], idle_time(values[2]))
    except EngineError:
        if _status(_find(connection, change.resource.name)) is not Status.CREATING:
            raise  # otherwise a change is under way, most likely this one: how it ends is looked at


def _delete(connection: Connection, name: str) -> None:
    try:
        target = _find(connection, name)
    except Missing:
        return
    with translated(f"list the runs on the cluster {name}"):
        runs = [run.run_id for run in target.get_active_runs() if str(run.status) not in _ENDED]
    if runs:
        listed = ", ".join(runs[:5]) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")
        raise EngineError(f"cannot delete the cluster {name}: {listed} still runs there. Wait, or cancel")
    # The SDK cannot read the answer for what is gone already; which it is when an answer was lost.
    with contextlib.suppress(KeyError), translated(f"delete the cluster {name}"):
        target.delete()


def _await_end(connection: Connection, name: str, report: Report) -> None:
    """Look until it is gone, for as long as the service says that it goes."""
    begun = time.monotonic()
    while True:
        try:
            target = _find(connection, name)
        except Missing:
            return
        if _status(target) is Status.FAILED:
            raise EngineError(f"cannot delete the cluster {name}: {_reason(target)}")
        report(Progress(text="waiting until the old one is gone"))
        time.sleep(min(5.0, 0.2 + (time.monotonic() - begun) / 5))


def _exists(connection: Connection, name: str) -> bool:
    try:
        _find(connection, name)
    except Missing:
        return False
    return True


def _status(target: Any) -> Status:
    return _STATES.get(str(getattr(target, "provisioning_state", "")).lower(), Status.READY)


def _reason(target: Any) -> str:
    if _status(target) is not Status.FAILED:
        return ""
    return failure_words(target.provisioning_errors, f"provision the cluster {target.name}")
