"""Deployments under way in a resource group.

Making a workspace is one, under a name made at random, and the workspace itself appears last: who looks only for the
workspace makes everything twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.credentials import SignIn
from specrun.engines.base import Conflict, Missing, Progress, Report

_VERSION = "2021-04-01"
_STATES = ("Accepted", "Running")
"""Of a deployment that has not ended, in this order, so that one that moves on between two questions is seen."""

PATIENCE = 3600.0
"""Seconds after which a deployment counts as one that will not end by itself."""


def running_deployments(credential: SignIn, subscription: str, group: str, transport: Any = None) -> list[str]:
    """The names of the deployments under way in a resource group, sorted; none where there is no such group.

    Two requests. Raises EngineError's kinds.
    """
    arm = Arm(credential, transport)
    path = f"/subscriptions/{subscription}/resourcegroups/{group}/providers/Microsoft.Resources/deployments/"
    found: set[str] = set()
    try:
        for state in _STATES:
            query = {"$filter": f"provisioningState eq '{state}'", "api-version": _VERSION}
            found.update(item["name"] for item in arm.items(path, query, f"list the deployments of {group}"))
    except Missing:
        return []
    return sorted(found)


def await_deployments(
    credential: SignIn,
    subscription: str,
    group: str,
    report: Report,
    *,
    poll: float = 5.0,
    wait: Callable[[float], object] = time.sleep,
    transport: Any = None,
) -> int:
    """Return once no deployment is under way in the group: how often that was waited for, `poll` seconds each.

    Each look is reported. Raises Conflict when one does not end within `PATIENCE` seconds, and EngineError's kinds.
    """
    waited = 0
    while names := running_deployments(credential, subscription, group, transport):
        if waited * poll >= PATIENCE:
            raise Conflict(
                f"the deployment {names[0]} in the resource group {group} has not ended within {PATIENCE / 60:.0f} "
                f"minutes. End it: `az deployment group cancel --resource-group {group} --name {names[0]}`"
            )
        report(Progress(text=f"waiting for the deployment {', '.join(names)} in {group}"))
        wait(poll)
        waited += 1
    return waited
