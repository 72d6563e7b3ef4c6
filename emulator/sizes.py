"""What a region has: machine sizes, and how much of the subscription's quota is used."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from emulator.arm import ARM
from emulator.clusters import Cluster
from emulator.regions import DEDICATED, LOW_PRIORITY, SIZES, Size, region
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
    """The usages of the subscription, and of each workspace and cluster that has nodes. Both tiers of a family have the
    same name and another type; a family has no limit of low priority for itself (-1).
    """
    families = {size.family: size.family_id for size in sorted(_there(place), key=lambda size: size.family)}
    clusters, at = _clusters(service, place), PROVIDER.format(sub=sub)
    rows = [_row(at, "TotalClusters", "Total Clusters", "totalCores", len(clusters), 200)]
    for tier, shown in ((DEDICATED, "Dedicated"), (LOW_PRIORITY, "LowPriority")):
        own = {path: one for path, one in clusters.items() if one.settings.tier == shown}
        name, words = f"Total{shown}Cores", f"Total Cluster {shown} Regional vCPUs"
        rows.append(_row(at, name, words, f"{tier}Cores", *_total(service, families, tier, own)))
        for family, name in families.items():
            those = {path: _cores(one) for path, one in own.items() if SIZES[one.size.lower()].family == family}
            rows += _family(service, at, (family, name, shown), those)
    return {"value": rows}


def _family(service: Service, at: str, names: tuple[str, str, str], clusters: dict[str, int]) -> list[dict[str, Any]]:
    """The rows of a family in one tier, whose clusters use so many cores."""
    family, name, shown = names
    words, kind = f"{family} Family Cluster {shown} vCPUs", f"{shown[0].lower()}{shown[1:]}Cores"
    limit, others = -1, 0
    if kind == "dedicatedCores":
        limit, others = service.quota.limits.get(family, service.quota.default), service.quota.others.get(family, 0)
    rows = [_row(at, name, words, f"vmFamily/{kind}", sum(clusters.values()) + others, limit)]
    for space in sorted({path.rpartition("/computes/")[0] for path in clusters}):
        used = sum(cores for path, cores in clusters.items() if path.startswith(f"{space}/"))
        rows.append(_row(space, name, words, f"workspaces/{kind}", used, limit))
    return rows + [
        _row(path, name, words, f"workspaces/computes/{kind}", used, limit) for path, used in clusters.items()
    ]


def _clusters(service: Service, place: str) -> dict[str, Cluster]:
    """The clusters of a region, by their paths."""
    return {
        f"{workspace.id}/computes/{cluster.name}": cluster
        for workspace in service.workspaces.values()
        for cluster in workspace.computes.values()
        if cluster.size.lower() in SIZES and cluster.settings.location == region(place)
    }


def _total(service: Service, families: Collection[str], tier: str, own: dict[str, Cluster]) -> tuple[int, int]:
    """What is in use of all families of a tier, and how much may be."""
    quota = service.quota
    limit = quota.default if tier == LOW_PRIORITY else sum(quota.limits.get(one, quota.default) for one in families)
    return sum(map(_cores, own.values())) + quota.others.get(tier, 0), quota.limits.get(tier, limit)


def _cores(cluster: Cluster) -> int:
    return SIZES[cluster.size.lower()].cores * sum(cluster.nodes().values())


def _row(owner: str, name: str, shown: str, kind: str, used: int, limit: int) -> dict[str, Any]:
    return {
        "id": f"{owner}/usages/{name}",
        "type": f"Microsoft.MachineLearningServices/{kind}/usages",
        "unit": "Count",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": shown},
    }
