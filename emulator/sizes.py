"""What a region has: machine sizes, and how much of the subscription's quota is used."""

from __future__ import annotations

from typing import Any

from emulator.arm import ARM
from emulator.regions import LOW_PRIORITY, SIZES, Size, region
from emulator.router import Refused, Request, Routes
from emulator.state import Service

PROVIDER = "/subscriptions/{sub}/providers/Microsoft.MachineLearningServices"
PLACE = PROVIDER + "/locations/{place}"
routes = Routes()


@routes.on("POST", ARM, PLACE + "/updateQuotas")
def update_quotas(service: Service, request: Request, sub: str, place: str) -> dict[str, Any]:
    """Nothing asked, nothing answered. Raises Refused for all else: nobody knows what the service says then."""
    if request.json.get("value"):
        raise Refused(400, "BadRequest", "The emulator's quotas are changed in its state, not by requests.")
    return {"value": []}


def _there(place: str) -> list[Size]:
    return [size for size in SIZES.values() if size.regions is None or region(place) in size.regions]


@routes.on("GET", ARM, PLACE + "/vmSizes")
def sizes(service: Service, request: Request, sub: str, place: str) -> dict[str, Any]:
    return {"value": [_view(size) for size in _there(place)]}


def _view(size: Size) -> dict[str, Any]:
    return {
        "name": size.name,
        "family": size.family_id,
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "osVhdSizeMB": 1047552,
        "maxResourceVolumeMB": 102400,
        "memoryGB": size.memory,
        "lowPriorityCapable": True,
        "premiumIO": "S" in size.name.upper().partition("_")[2],
        "estimatedVMPrices": None,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
    }


@routes.on("GET", ARM, PLACE + "/usages")
def usages(service: Service, request: Request, sub: str, place: str) -> dict[str, Any]:
    families = sorted({size.family for size in _there(place)})
    rows = [_usage(service, sub, place, family) for family in families]
    total = service.quota.limits.get(LOW_PRIORITY, service.quota.default)
    used = _cores(service, place, low_priority=True)
    return {"value": [*rows, _row(sub, place, "TotalLowPriorityCores", "Total Cluster LowPriority vCPUs", used, total)]}


def _usage(service: Service, sub: str, place: str, family: str) -> dict[str, Any]:
    sizes = {key: size for key, size in SIZES.items() if size.family == family}
    one = next(iter(sizes.values()))
    limit = service.quota.limit(one, low_priority=False)[1]
    used = _cores(service, place, low_priority=False, family=family)
    return _row(sub, place, one.family_id, f"{family} Family Cluster Dedicated vCPUs", used, limit)


def _cores(service: Service, place: str, *, low_priority: bool, family: str | None = None) -> int:
    """The cores of all nodes in a region that count for a quota."""
    used = 0
    for workspace in service.workspaces.values():
        for cluster in workspace.computes.values():
            size = SIZES.get(cluster.size.lower())
            counts = cluster.settings.location == region(place)
            counts &= (cluster.settings.tier == "LowPriority") == low_priority
            if size and counts and family in (None, size.family):
                used += size.cores * sum(cluster.nodes().values())
    return used


def _row(sub: str, place: str, name: str, shown: str, used: int, limit: int) -> dict[str, Any]:
    provider = PROVIDER.format(sub=sub)
    return {
        "id": f"{provider}/locations/{region(place)}/usages/{name}",
        "type": "Microsoft.MachineLearningServices/vmFamily/dedicatedCores/usages",
        "unit": "Count",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": shown},
    }
