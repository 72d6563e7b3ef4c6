"""Clusters against the emulator: made, changed, replaced, deleted, and what keeps them from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.faults import FailedOperation, LostAnswer, missing
from emulator.faults import Status as Answer
from specrun.engines.azure import clusters as shared
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azureml_v1 import clusters
from specrun.engines.base import EngineError, Quota, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.diff import diff
from specrun.plan.observed import Observed, Status
from specrun.spec.model import SecretUnset
from tests.azureml_v1.place import (
    DELETE_CLUSTER,
    GET_CLUSTER,
    PATCH_CLUSTER,
    PUT_CLUSTER,
    Place,
    resource,
    settled,
)

KEY = "compute/gpu-cluster"
SIMPLE = "compute: {name: gpu-cluster, size: standard_nc6s_v3, max_instances: 2}"
IDENTITIES = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
WHOLE = f"""
compute:
  name: gpu-cluster
  size: Standard_NC6s_v3
  tier: low_priority
  min_instances: 1
  max_instances: 2
  idle_time_before_scale_down: 0
  description: the vision team's
  tags: {{team: vision}}
  network_settings: {{vnet_name: vnet, subnet: default}}
  ssh_settings:
    admin_username: me
    ssh_key_value: ssh-ed25519 AAAA
    admin_password: ${{{{ secrets.PASSWORD }}}}
  ssh_public_access_enabled: true
  enable_node_public_ip: false
  identity:
    type: user_assigned
    user_assigned_identities: [{{resource_id: {IDENTITIES}/b}}, {{resource_id: {IDENTITIES}/a}}]
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "APPEARS", 3.0)


def start(place: Place, text: str = SIMPLE) -> tuple[AzureEngine, ResourceChange]:
    """An engine for a workspace, and the change that makes the spec's cluster."""
    place.make_workspace()
    spec = place.spec(text)
    return place.engine(spec), ResourceChange(resource(spec, KEY), Action.CREATE, "", Observed(Status.MISSING))


def test_one_is_made_with_the_defaults_of_all_engines(place: Place) -> None:
    engine, change = start(place)
    engine.connection.workspace()
    assert engine.resources.observe(change.resource).status is Status.MISSING
    routes = place.routes(lambda: engine.resources.begin(change, place.reports.append))
    assert routes == [PUT_CLUSTER, GET_CLUSTER]
    assert engine.resources.observe(change.resource).status is Status.CREATING
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.status is Status.READY
    assert seen.maker.spec == "job"
    assert seen.properties == {
        "name": "gpu-cluster",
        "type": "amlcompute",
        "size": "STANDARD_NC6S_V3",
        "tier": "dedicated",
        "min_instances": 0,
        "max_instances": 2,
        "idle_time_before_scale_down": 120,
        "tags": {},
        "ssh_public_access_enabled": True,
    }
    assert place.routes(lambda: engine.resources.observe(change.resource)) == [GET_CLUSTER]
    assert engine.nodes.count("gpu-cluster") == dict.fromkeys(clusters._NODES, 0)
    assert engine.nodes.count("another") == {}


def test_all_that_can_be_said_of_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "Secret-1234")
    engine, change = start(place, WHOLE)
    wanted = change.resource.wanted
    seen = place.change(engine, Action.CREATE, change.resource)
    assert diff(wanted, seen.properties, engine.facts.capabilities["compute"]) == ()
    kept = place.emulator.service.workspaces.popitem()[1].computes["gpu-cluster"].settings
    assert kept.credentials["adminUserPassword"] == "Secret-1234"
    assert kept.subnet is not None
    assert "/resourceGroups/ml-rg/" in kept.subnet
    assert kept.idle == "PT0S"


def test_a_secret_that_is_not_set(place: Place) -> None:
    engine, change = start(place, WHOLE)
    with pytest.raises(SecretUnset, match="PASSWORD"):
        engine.resources.begin(change, place.reports.append)


def test_a_network_of_another_group(place: Place) -> None:
    subnet = f"/subscriptions/{place.emulator.service.subscription}/resourceGroups/nets/providers/Microsoft.Network"
    subnet += "/virtualNetworks/vnet/subnets/default"
    engine, change = start(place, f"{SIMPLE[:-1]}, network_settings: {{subnet: {subnet}}}}}")
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.properties["network_settings"] == {"subnet": subnet}
    spec = place.spec(f"{SIMPLE[:-1]}, network_settings: {{vnet_name: vnet, subnet: default}}}}")
    found = engine.resources.observe(resource(spec, KEY)).properties["network_settings"]
    assert found == {"vnet_name": subnet.partition("/subnets/")[0], "subnet": "default"}


def test_scaling_in_place(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    spec = place.spec("compute: {name: gpu-cluster, max_instances: 4, idle_time_before_scale_down: 0}")
    routes = place.routes(lambda: place.change(engine, Action.UPDATE, resource(spec, KEY)))
    assert routes[:4] == [GET_CLUSTER, GET_CLUSTER, GET_CLUSTER, PATCH_CLUSTER]
    seen = engine.resources.observe(change.resource)
    assert (seen.properties["max_instances"], seen.properties["idle_time_before_scale_down"]) == (4, 0)
    assert seen.properties["min_instances"] == 0


def test_replacing_waits_until_the_old_one_is_gone(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    spec = place.spec("compute: {name: gpu-cluster, size: STANDARD_NC24S_V3, max_instances: 2}")
    seen = place.change(engine, Action.REPLACE, resource(spec, KEY))
    assert seen.properties["size"] == "STANDARD_NC24S_V3"
    asked = [one.route for one in place.emulator.requests]
    assert asked.count(DELETE_CLUSTER) == 1
    assert asked.count(PUT_CLUSTER) == 2


def test_one_with_runs_is_not_deleted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    from azureml._restclient.models import RunDto
    from azureml.core.compute import AmlCompute

    runs = [RunDto(run_id="theirs", status="Preparing"), RunDto(run_id="over", status="Completed")]
    monkeypatch.setattr(AmlCompute, "get_active_runs", lambda self: iter(runs))
    with pytest.raises(EngineError, match="cannot delete the cluster gpu-cluster: theirs still runs there"):
        engine.resources.begin(replace(change, action=Action.DELETE), place.reports.append)
    assert DELETE_CLUSTER not in [one.route for one in place.emulator.requests]


def test_deleting(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    assert place.change(engine, Action.DELETE, change.resource).status is Status.MISSING
    engine.resources.begin(replace(change, action=Action.DELETE), place.reports.append)


def test_a_size_that_the_region_has_not(place: Place) -> None:
    engine, change = start(place, "compute: {name: gpu-cluster, size: STANDARD_NC99, max_instances: 2}")
    with pytest.raises(Quota, match=r"create the cluster gpu-cluster: the VM size is not to be had in this region"):
        engine.resources.begin(change, place.reports.append)


def test_no_quota(place: Place) -> None:
    place.emulator.service.quota.default = 4
    engine, change = start(place)
    with pytest.raises(Quota, match=r"create the cluster gpu-cluster: there is not enough quota"):
        engine.resources.begin(change, place.reports.append)


def test_no_quota_told_late(place: Place) -> None:
    words = "Operation results in exceeding quota limits of Core."
    place.emulator.faults.add(PUT_CLUSTER, FailedOperation("QuotaExceeded", words))
    engine, change = start(place)
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.status is Status.FAILED
    assert "there is not enough quota" in seen.reason
    assert words in seen.reason


def test_one_that_is_seen_late_is_waited_for(place: Place) -> None:
    place.emulator.faults.add(GET_CLUSTER, missing("ComputeNotFound"), after=PUT_CLUSTER, times=2)
    engine, change = start(place)
    engine.resources.begin(change, place.reports.append)
    assert engine.resources.observe(change.resource).status is not Status.MISSING


def test_a_lost_answer_is_no_second_cluster(place: Place) -> None:
    place.emulator.faults.add(PUT_CLUSTER, LostAnswer())
    engine, change = start(place)
    assert place.change(engine, Action.CREATE, change.resource).status is Status.READY


def test_a_lost_answer_is_no_failed_change(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.faults.add(PATCH_CLUSTER, LostAnswer())
    spec = place.spec("compute: {name: gpu-cluster, max_instances: 4}")
    seen = place.change(engine, Action.UPDATE, resource(spec, KEY))
    assert seen.properties["max_instances"] == 4
    place.emulator.faults.add(DELETE_CLUSTER, LostAnswer())
    with pytest.raises(Transient, match="cannot delete the cluster gpu-cluster"):
        place.change(engine, Action.DELETE, change.resource)  # who asked for it looks before asking again
    assert settled(engine, change.resource).status is Status.MISSING


def test_a_deletion_is_waited_for_by_its_operation(place: Place) -> None:
    """Whatever a look at the cluster says meanwhile: who answers may not have heard of it yet."""
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    planned = place.planned(engine, Action.DELETE, change.resource)
    place.emulator.service.creating_reads = 3
    routes = place.routes(lambda: engine.resources.begin(planned, place.reports.append))
    assert sum(route.endswith("/computeOperationsStatus/{operation}") for route in routes) >= 4
    assert GET_CLUSTER not in routes[routes.index(DELETE_CLUSTER) :]
    assert "waiting until it is gone" in [report.text for report in place.reports]
    assert engine.resources.observe(change.resource).status is Status.MISSING


def test_a_deletion_that_fails_says_why(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.faults.add(DELETE_CLUSTER, FailedOperation("ScopeLocked", "There is a lock."))
    with pytest.raises(EngineError, match=r"cannot delete the cluster gpu-cluster: a lock protects.*There is a lock"):
        place.change(engine, Action.DELETE, change.resource)


def test_what_was_deleted_and_is_seen_all_the_same_is_going(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    monkeypatch.setattr(shared, "delete", lambda *_: None)
    place.engine(place.spec(SIMPLE))
    engine.resources.begin(replace(change, action=Action.DELETE), place.reports.append)
    assert engine.resources.observe(change.resource).status is Status.DELETING
    monkeypatch.setattr(shared, "DISAPPEARS", 0.0)
    assert engine.resources.observe(change.resource).status is Status.READY


def test_what_asks_to_wait_is_waited_for(place: Place) -> None:
    engine, change = start(place)
    place.emulator.faults.add(GET_CLUSTER, Answer(429, retry_after=7), times=4)
    with pytest.raises(Transient) as caught:
        engine.resources.observe(change.resource)
    assert caught.value.after == 7


def test_compute_of_another_kind(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    cluster = next(iter(place.emulator.service.workspaces.values())).computes["gpu-cluster"]
    cluster.kind = "ComputeInstance"
    with pytest.raises(EngineError, match=r"not a cluster.*`compute: gpu-cluster`"):
        engine.resources.observe(change.resource)


def test_one_that_is_only_named(place: Place) -> None:
    engine, change = start(place)
    named = resource(place.spec("compute: gpu-cluster"), KEY)
    assert engine.resources.observe(named).status is Status.MISSING
    place.change(engine, Action.CREATE, change.resource)
    assert engine.resources.observe(named).properties == {"name": "gpu-cluster"}


def test_without_a_workspace_there_is_none(place: Place) -> None:
    spec = place.spec(SIMPLE)
    assert place.engine(spec).resources.observe(resource(spec, KEY)).status is Status.MISSING
