"""Quotas of the region beside a plan, with either SDK: read once, where clusters grow or runs are on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.faults import BlackHole, Status
from emulator.gate import reads_only
from specrun.engines.azure.coordinates import place_of
from specrun.engines.base import Scope
from specrun.plan.hashes import HashCache
from tests.azure_engines.by_hand import add_cluster
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import ARM, Place

LOCATION = f"GET {ARM}/providers/Microsoft.MachineLearningServices/locations/{{place}}"
USAGES, SIZES = f"{LOCATION}/usages", f"{LOCATION}/vmSizes"
SPEC = """
apiVersion: specrun/v1
name: train
workspace: {from_config: config.json}
compute:
  name: cpu
  size: STANDARD_DS3_V2
  max_instances: 8
"""
JOB = "job: {command: 'true', resources: {instance_count: 2}}\n"
FAMILY = "Standard DSv2"
SKU = ("standard_ds3_v2", "dedicated")
Planned = Callable[..., tuple[list[Any], list[str]]]


@pytest.fixture
def planned(place: Place, specrun: Specrun) -> Planned:
    """Plans a spec, or with another verb: the notes, and what of quotas was asked."""

    def plan(text: str = SPEC, *arguments: str) -> tuple[list[Any], list[str]]:
        Path("job.yaml").write_text(text)
        before = len(place.emulator.requests)
        code, out, err = specrun(*(arguments or ("plan",)), "-o", "json", "job.yaml")
        assert code in (0, 6), err
        asked = [one.route for one in place.emulator.requests[before:] if one.route.startswith(LOCATION)]
        return json.loads(out).get("notes", []), sorted(asked)

    return plan


def test_a_cluster_that_may_grow_too_large(place: Place, specrun: Specrun, planned: Planned) -> None:
    quota = place.emulator.service.quota
    assert planned() == ([], [USAGES, SIZES]), "it fits: nothing is said"
    quota.limits[FAMILY], quota.others[FAMILY] = 16, 4
    code, _, err = specrun("plan", "--strict", "job.yaml")
    assert (
        "cpu may grow to 8 × STANDARD_DS3_V2, 32 vCPUs, and westeurope allows the subscription 16 vCPUs of these at "
        "once (Standard DSv2 Family Cluster Dedicated vCPUs, 4 in use): no more than 4 will ever start. Write "
        "`max_instances: 4`, or ask for more (portal: Quotas, Machine Learning)."
    ) in " ".join(err.replace("│", " ").split())
    assert (code, "job.yaml:8:3" in err, "[over-quota]" in err) == (65, True, True)
    assert specrun("plan", "--out", "plan.json", "job.yaml")[0] == 0
    quota.limits.clear()
    quota.others[FAMILY] = 300
    assert specrun("plan", "--check", "plan.json")[0] == 0, "what is in use makes no plan stale"


def test_a_plan_only_reads(place: Place, planned: Planned) -> None:
    with reads_only(place.emulator) as refused:
        notes, asked = planned(SPEC + JOB)
    assert (notes, asked, refused) == ([], [USAGES, SIZES], [])


def test_nothing_is_asked_where_no_cluster_is_to_use_more(place: Place, planned: Planned) -> None:
    made = add_cluster(place, "cpu", inner={"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"maxNodeCount": 8}})
    assert planned() == ([], [])
    assert planned(f"{SPEC}  min_instances: 1\n") == ([], []), "that changes what it costs, not what it may use"
    assert planned(f"{SPEC}{JOB}", "drift") == ([], [])
    assert planned(SPEC.replace("8", "9")) == ([], [USAGES, SIZES])
    # What the cluster has in use itself is its own to use.
    quota = place.emulator.service.quota
    quota.limits[FAMILY], quota.others[FAMILY] = 32, 24
    assert made.take("other", 2)
    assert planned(SPEC + JOB) == ([], [USAGES, SIZES])
    quota.others[FAMILY] = 25
    (note,), _ = planned(SPEC + JOB)
    assert (note["code"], note["severity"], note["path"]) == ("quota-in-use", "note", ["job"])
    assert "train wants 2 × STANDARD_DS3_V2, 8 vCPUs, and of the 32 vCPUs that westeurope allows" in note["detail"]
    assert "33 are in use now: it waits until enough are free" in note["detail"]


FORBIDDEN = Status(
    403,
    "AuthorizationFailed",
    "The client 'x' does not have authorization to perform action 'Microsoft.MachineLearningServices/locations/usages/"
    "read' over scope '/subscriptions/1' or the scope is invalid.",
)
FAULTS = (  # those of usages last: sizes, which are asked at the same time, may be answered later than the plan is made
    (SIZES, Status(429, "TooManyRequests", "Later.", retry_after=30), "Azure is busy"),
    (SIZES, Status(200, body=b"<html>"), "not what Azure answers"),
    (SIZES, Status(200, body=b'{"value": [1, {"name": 2}, null, {"name": "x", "family": []}]}'), "does not list"),
    (USAGES, FORBIDDEN, "Ask the owner of that scope for the role Reader"),
    (USAGES, Status(404, "NotFound", "No."), "it is not there"),
    (USAGES, Status(200, body=b"[]"), "not what Azure answers"),
)


def test_what_cannot_be_read_is_a_note(place: Place, planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    for route, fault, words in FAULTS:
        rule = place.emulator.faults.add(route, fault, times=None)
        (note,), asked = planned(SPEC + JOB)
        assert (note["severity"], note["code"]) == ("note", "quota-not-read")
        assert asked.count(route) == 1, "asked once"
        assert note["detail"].startswith("cpu is planned without it: ")
        assert words in note["detail"]
        place.emulator.faults.rules.remove(rule)
    monkeypatch.setattr("specrun.engines.reliable.QUOTAS", 0.05)
    place.emulator.faults.add(USAGES, BlackHole(), times=None)
    (note,), _ = planned()
    assert note["detail"].endswith("quotas: no answer for 0.05 s")


def test_one_look_at_a_region_for_all_its_workspaces(place: Place) -> None:
    spec = place.spec("compute: cpu")  # neither is there: the region is the one in which they are to be made
    scope = Scope(spec.workspace, shared={})
    for name in ("one", "two"):
        one = Scope({**(scope.workspace or {}), "name": name}, shared=scope.shared)
        engine = place.make(place_of("azureml", one.workspace), place.folder, HashCache(place.folder), one)
        assert engine.quotas.allowances([SKU])[SKU].region == "westeurope"
    assert [one.route for one in place.emulator.requests].count(USAGES) == 1
