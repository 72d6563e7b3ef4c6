"""Clusters as SDK and ARM write them: what a body asks for, and how one is shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from emulator.clusters import Cluster, Settings
from emulator.regions import region
from emulator.router import Refused
from emulator.spaces import Workspace


def read(body: Mapping[str, Any]) -> Settings:
    """The settings that a body asks for, which is as the definition wants it. Raises Refused."""
    outer = body["properties"]
    inner = outer["properties"]
    scale = inner["scaleSettings"]
    settings = Settings(
        size=inner["vmSize"],
        max_nodes=scale["maxNodeCount"],
        min_nodes=scale.get("minNodeCount", 0),
        idle=scale.get("nodeIdleTimeBeforeScaleDown") or "PT1800S",
        tier=_tier(inner.get("vmPriority", "Dedicated")),
        description=outer.get("description"),
        location=region(outer.get("computeLocation") or body["location"]),
        subnet=(inner.get("subnet") or {}).get("id"),
        ssh_port=inner.get("remoteLoginPortPublicAccess", "NotSpecified"),
        credentials=inner.get("userAccountCredentials") or {},
        node_public_ip=inner.get("enableNodePublicIp") is not False,
        local_auth_disabled=bool(outer.get("disableLocalAuth")),
    )
    check_scale(settings)
    return settings


def _tier(priority: str) -> str:
    return "LowPriority" if priority.lower() == "lowpriority" else "Dedicated"


def check_scale(settings: Settings) -> None:
    """Raises Refused when the numbers of nodes make no sense."""
    if not 0 <= settings.min_nodes <= settings.max_nodes:
        raise Refused(
            400,
            "InvalidScaleSettings",
            f"The minimum node count {settings.min_nodes} must be at least 0 and at most the maximum node count "
            f"{settings.max_nodes}.",
        )


def view(workspace: Workspace, one: Cluster) -> dict[str, Any]:
    """A compute as ARM and the data plane show it; no password, no key."""
    shown = {
        "id": f"{workspace.id}/computes/{one.name}",
        "name": one.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": workspace.location,
        "tags": one.tags or None,
        "properties": {
            "computeType": one.kind,
            "description": one.settings.description,
            "resourceId": None,
            "computeLocation": one.settings.location,
            "provisioningErrors": [{"error": dataclasses.asdict(error)} for error in one.errors] or None,
            "isAttachedCompute": False,
            "disableLocalAuth": one.settings.local_auth_disabled,
            "createdOn": one.created,
            "modifiedOn": one.modified,
            "provisioningState": one.state(),
            "properties": _inner(one),
        },
    }
    return {**shown, "identity": _identity(one)} if one.identity else shown


def _identity(one: Cluster) -> dict[str, Any]:
    identity = dict(one.identity or {})
    if "SystemAssigned" in identity["type"]:
        identity["principalId"] = one.principal
    return identity


def _inner(one: Cluster) -> dict[str, Any]:
    settings, nodes = one.settings, one.nodes()
    count = nodes["running"] + nodes["idle"]
    inner: dict[str, Any] = {
        "vmSize": settings.size.upper(),
        "vmPriority": settings.tier,
        "osType": "Linux",
        "scaleSettings": {
            "minNodeCount": settings.min_nodes,
            "maxNodeCount": settings.max_nodes,
            "nodeIdleTimeBeforeScaleDown": settings.idle,
        },
        "subnet": {"id": settings.subnet} if settings.subnet else None,
        "remoteLoginPortPublicAccess": settings.shown_ssh_port,
        "enableNodePublicIp": settings.node_public_ip,
        "allocationState": "Steady" if one.progress.settled else "Resizing",
        "allocationStateTransitionTime": one.resized,
        "currentNodeCount": count,
        "targetNodeCount": max(count, settings.min_nodes),
        "nodeStateCounts": {
            "preparingNodeCount": 0,
            "runningNodeCount": nodes["running"],
            "idleNodeCount": nodes["idle"],
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
        "errors": None,
    }
    if user := settings.credentials.get("adminUserName"):
        inner["userAccountCredentials"] = {"adminUserName": user}
    return inner
