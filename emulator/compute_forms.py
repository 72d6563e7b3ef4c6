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
        idle=scale.get("nodeIdleTimeBeforeScaleDown") or None,
        tier=_tier(inner.get("vmPriority", "Dedicated")),
        description=outer.get("description"),
        location=region(outer.get("computeLocation") or body["location"]),
        subnet=(inner.get("subnet") or {}).get("id"),
        ssh_port=inner.get("remoteLoginPortPublicAccess", "NotSpecified"),
        credentials=inner.get("userAccountCredentials") or {},
        node_public_ip=inner.get("enableNodePublicIp"),
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


def absent(workspace: Workspace, name: str) -> Refused:
    """There is no such compute: the service says so with the status alone."""
    told = f"The specified compute '{name}' was not found in workspace '{workspace.name}'."
    return Refused(404, "ComputeNotFound", told, empty=True)


def view(workspace: Workspace, one: Cluster, version: str) -> dict[str, Any]:
    """A compute as ARM and the data plane show it; no password."""
    if not one.progress.settled:
        return begun(workspace, one, version)
    shown = _outer(workspace, one, version)
    if one.kind == "ComputeInstance":
        return shown | {"properties": {**shown["properties"], "properties": _instance(one.settings)}}
    settings, inner = one.settings, shown["properties"]["properties"]
    inner["scaleSettings"]["nodeIdleTimeBeforeScaleDown"] = settings.shown_idle
    inner |= {"remoteLoginPortPublicAccess": settings.shown_ssh_port, **_nodes(one), "propertyBag": {}}
    if user := settings.credentials.get("adminUserName"):
        key = settings.credentials.get("adminUserSshPublicKey")
        account = {"adminUserName": user, "adminUserPassword": None, "adminUserSshPublicKey": key}
        inner["userAccountCredentials"] = account
    return shown


def begun(workspace: Workspace, one: Cluster, version: str) -> dict[str, Any]:
    """A compute in an answer that begins something: nobody has looked at its nodes yet."""
    shown = _outer(workspace, one, version)
    outer = shown["properties"]
    if one.made:
        group = workspace.id.partition("/providers/")[0]
        outer["resourceId"] = f"{group}/providers/Microsoft.BatchAI/workspaces/{workspace.name}/clusters/{one.name}"
    else:
        shown["tags"] = one.tags or None
        del outer["computeLocation"]
        if "provisioningWarnings" in outer:
            outer["provisioningWarnings"] = None
    counts = ("currentNodeCount", "targetNodeCount", "nodeStateCounts", "allocationState")
    outer["properties"] |= dict.fromkeys(counts)
    return shown


def _outer(workspace: Workspace, one: Cluster, version: str) -> dict[str, Any]:
    shown = {
        "id": f"{workspace.id}/computes/{one.name}",
        "name": one.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": workspace.location,
        "tags": dict(one.tags),
        "properties": {
            "createdOn": one.created,
            "modifiedOn": one.modified,
            "disableLocalAuth": one.settings.local_auth_disabled,
            "description": one.settings.description,
            "resourceId": None,
            "computeType": one.kind,
            "computeLocation": one.settings.location,
            "provisioningState": one.state(),
            "provisioningErrors": [{"error": dataclasses.asdict(error)} for error in one.errors] or None,
            "isAttachedCompute": False,
            **({"provisioningWarnings": {}} if version >= "2023" else {}),
            "properties": _asked_for(one.settings, version),
        },
    }
    return {**shown, "identity": _identity(one)} if one.identity else shown


def _identity(one: Cluster) -> dict[str, Any]:
    identity = dict(one.identity or {})
    if "SystemAssigned" in identity["type"]:
        identity["principalId"] = one.principal
    return identity


def _asked_for(settings: Settings, version: str) -> dict[str, Any]:
    scale = {
        "maxNodeCount": settings.max_nodes,
        "minNodeCount": settings.min_nodes,
        "nodeIdleTimeBeforeScaleDown": settings.idle,
    }
    shown: dict[str, Any] = {
        "vmSize": settings.size.upper(),
        "vmPriority": settings.tier,
        "scaleSettings": scale,
        "subnet": {"id": settings.subnet} if settings.subnet else None,
        "errors": None,
        "remoteLoginPortPublicAccess": settings.ssh_port,
        "osType": "Linux",
        "virtualMachineImage": None,
        "isolatedNetwork": False,
        "enableNodePublicIp": settings.node_public_ip,
        "enableBatchPrivateLink": False,
    }
    unknown = {"enableNodePublicIp"} if settings.node_public_ip is None else set()
    if version < "2023":
        unknown |= {"enableBatchPrivateLink"}
    if "2021" <= version < "2022":
        unknown |= {"osType", "remoteLoginPortPublicAccess", "enableNodePublicIp"}
    return {name: value for name, value in shown.items() if name not in unknown}


def _instance(settings: Settings) -> dict[str, Any]:
    """Of a machine that somebody works on."""
    return {
        "vmSize": settings.size.upper(),
        "sshSettings": {"sshPublicAccess": "Disabled", "adminPublicKey": None, "adminUserName": "azureuser"},
        "subnet": None,
        "createdBy": {"userName": "a user"},
        "errors": [],
        "state": "Running",
    }


def _nodes(one: Cluster) -> dict[str, Any]:
    nodes = one.nodes()
    count = nodes["running"] + nodes["idle"]
    counts = dict.fromkeys(
        (
            "preparingNodeCount",
            "runningNodeCount",
            "idleNodeCount",
            "unusableNodeCount",
            "leavingNodeCount",
            "preemptedNodeCount",
        ),
        0,
    )
    return {
        "currentNodeCount": count,
        "targetNodeCount": max(count, one.settings.min_nodes),
        "nodeStateCounts": {**counts, "runningNodeCount": nodes["running"], "idleNodeCount": nodes["idle"]},
        "allocationState": "Steady",
        "allocationStateTransitionTime": one.resized,
    }
