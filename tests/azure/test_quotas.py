"""What a region's answers mean: names in both forms, tiers, limits that are none, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.quotas import Region, _allowance, _rows, _sizes
from specrun.engines.base import EngineError
from specrun.plan.quota import Sku

SUB = "/subscriptions/1"
SPACE = f"{SUB}/resourceGroups/RG/providers/Microsoft.MachineLearningServices/workspaces/WS"
PROVIDER = "Microsoft.MachineLearningServices"


def usage(name: str, kind: str, used: object, limit: object, owner: str = SUB, words: str = "") -> dict[str, Any]:
    shown = {"value": name, "localizedValue": words or name}
    return {"id": f"{owner}/usages", "type": f"{PROVIDER}/{kind}", "currentValue": used, "limit": limit, "name": shown}


DEFINED = [  # as the published definitions' example spells it
    usage("Clusters", "totalCores/usages", 7, 1),
    usage("Total Cluster Dedicated Regional vCPUs", "dedicatedCores/usages", 14, 24),
    usage("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", "vmFamily/usages", 2, 48),
    usage("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", "workspaces/usages", 2, 12, SPACE),
    usage("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", "workspaces/usages", 0, 1, f"{SPACE}2"),
    usage("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", "c/usages", 2, 1, f"{SPACE}/computes/Gpu"),
    usage("Standard NC Family Cluster Dedicated vCPUs", "vmFamily/usages", 0, 0),
    usage("Total Cluster LowPriority Regional vCPUs", "lowPriorityCores/usages", 18, 50),
    usage("Standard NCASv3_T4 Family Cluster LowPriority vCPUs", "vmFamily/usages", 0, -1),
]
SEEN = [  # as people show it: both tiers of a family have one name
    usage("TotalClusters", "totalCores/usages", 7, 1),
    usage("TotalDedicatedCores", "dedicatedCores/usages", 14, 24),
    usage("standardNCASv3_T4Family", "vmFamily/dedicatedCores/usages", 2, 48),
    usage("standardNCASv3_T4Family", "vmFamily/dedicatedCores/usages", 2, 12, SPACE),
    usage("standardNCASv3_T4Family", "workspaces/computes/dedicatedCores/usages", 2, 1, f"{SPACE}/computes/Gpu"),
    usage("TotalLowPriorityCores", "lowPriorityCores/usages", 18, 50),
    usage("standardNCASv3_T4Family", "vmFamily/lowPriorityCores/usages", 0, -1),
]


def allowance(usages: list[dict[str, Any]], sku: Sku = ("Standard_NC4as_T4_v3", "dedicated")) -> Any:
    size = {"name": "STANDARD_NC4AS_T4_V3", "family": "standardNCASv3_T4Family", "vCPUs": 4}
    sizes: Mapping[str, tuple[int, str]] = dict(_sizes(size))
    return _allowance(Region(sizes, [row for one in usages for row in _rows(one)]), "westus", SPACE.lower(), sku)


@pytest.mark.parametrize("usages", [DEFINED, SEEN], ids=["as defined", "as seen"])
def test_the_limits_that_count(usages: list[dict[str, Any]]) -> None:
    found = allowance(usages)
    assert (found.region, found.vcpus, found.unknown) == ("westus", 4, "")
    assert [(one.scope, one.vcpus, one.used) for one in found.limits] == [
        ("the subscription", 24, 14),
        ("the subscription", 48, 2),
        ("this workspace", 12, 2),
    ]
    assert found.limits[0].of_clusters == {"gpu": 2}
    (low,) = allowance(usages, ("STANDARD_NC4AS_T4_V3", "low_priority")).limits
    assert (low.scope, low.vcpus, low.used) == ("the subscription", 50, 18), "-1 is no limit of its own"


def test_what_is_not_listed_is_not_known() -> None:
    assert allowance(SEEN, ("STANDARD_X", "dedicated")).unknown == "westus does not list the size STANDARD_X."
    lacks = allowance([one for one in SEEN if "Family" not in one["name"]["value"]])
    assert (lacks.unknown, len(lacks.limits)) == ("westus lists no quota for the family standardNCASv3_T4Family.", 1)
    # What is in use is null where a subscription has not used anything yet; what is no number is no limit.
    (limit,) = allowance([usage("standardNCASv3_T4Family", "vmFamily/dedicatedCores/usages", None, 48)]).limits
    assert limit.used is None
    assert allowance([usage("standardNCASv3_T4Family", "vmFamily/dedicatedCores/usages", 1, None)]).limits == ()
    assert list(_rows({"name": "x", "limit": 1})) == list(_sizes({"name": "x", "family": None, "vCPUs": 1})) == []


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(self: Arm, path: str, query: object, what: str) -> dict[str, Any]:
        asked.append(path)
        return {"value": [1], "nextLink": f"https://management.azure.com/{len(asked)}"}

    monkeypatch.setattr(Arm, "get", get)
    with pytest.raises(EngineError, match="cannot read it: the list that came has more than 3 pages"):
        list(Arm.items(Arm.__new__(Arm), "/first", {}, "read it", 3))
    assert len(asked) == 3
