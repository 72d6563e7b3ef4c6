"""Clusters against the emulator: made, changed, replaced, deleted, and what keeps them from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emulator.clusters import Cluster
from emulator.faults import FailedOperation, LostAnswer, Reset, missing
from emulator.faults import Status as Answer
from specrun.engines.azure import clusters as shared
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azureml_v2.cluster_form import changed_cluster
from specrun.engines.base import EngineError, Quota, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.diff import diff
from specrun.plan.observed import Observed, Status
from specrun.spec.model import SecretUnset
from tests.azure_engines.launching import PATIENCE, launch
from tests.azureml_v2.place import (
    DELETE_CLUSTER,
    GET_CLUSTER,
    GET_WORKSPACE,
    LIST_NODES,
    PUT_CLUSTER,
    Place,
    asked,
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


def start(place: Place, text: str = SIMPLE) -> tuple[AzureEngine, ResourceChange]:
    """An engine for a workspace, and the change that makes the spec's cluster."""
    place.make_workspace()
    spec = place.spec(text)
    return place.engine(spec), ResourceChange(resource(spec, KEY), Action.CREATE, "", Observed(Status.MISSING))


def kept(place: Place) -> Cluster:
    """The cluster as the service keeps it."""
    (workspace,) = place.emulator.service.workspaces.values()
    return workspace.computes["gpu-cluster"]


def test_one_is_made_with_the_defaults_of_all_engines(place: Place) -> None:
    engine, change = start(place)
    assert engine.resources.observe(change.resource).status is Status.MISSING
    routes = asked(place, lambda: engine.resources.begin(change, place.reports.append))
    assert routes == [GET_WORKSPACE, PUT_CLUSTER]
    assert engine.resources.observe(change.resource).status is Status.CREATING
    seen = settled(engine, change.resource)
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
        "enable_node_public_ip": True,
    }
    # Once or twice: the SDK ends its own looking, in the background, with the same request.
    assert set(asked(place, lambda: engine.resources.observe(change.resource))) == {GET_CLUSTER}


def test_all_that_can_be_said_of_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "Secret-1234")
    engine, change = start(place, WHOLE)
    wanted = change.resource.wanted
    seen = place.change(engine, Action.CREATE, change.resource)
    assert diff(wanted, seen.properties, engine.facts.capabilities["compute"]) == ()
    settings = kept(place).settings
    assert settings.credentials["adminUserPassword"] == "Secret-1234"
    assert settings.subnet is not None
    assert "/resourceGroups/ml-rg/" in settings.subnet
    assert settings.location == "westeurope"


@pytest.mark.parametrize("seconds", [0, 60])
def test_an_idle_time_of_nothing_is_one(place: Place, seconds: int) -> None:
    """The SDK leaves out a number that is 0, and the service then takes half an hour."""
    engine, change = start(place, f"{SIMPLE[:-1]}, idle_time_before_scale_down: {seconds}}}")
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.properties["idle_time_before_scale_down"] == seconds
    other = place.spec(f"{SIMPLE[:-1]}, idle_time_before_scale_down: {60 - seconds}}}")
    seen = place.change(engine, Action.UPDATE, resource(other, KEY))
    assert seen.properties["idle_time_before_scale_down"] == 60 - seconds


def test_an_idle_time_that_is_not_the_specs_stays(place: Place) -> None:
    engine, change = start(place, f"{SIMPLE[:-1]}, idle_time_before_scale_down: 0}}")
    place.change(engine, Action.CREATE, change.resource)
    spec = place.spec("compute: {name: gpu-cluster, max_instances: 4}")
    seen = place.change(engine, Action.UPDATE, resource(spec, KEY))
    assert (seen.properties["max_instances"], seen.properties["idle_time_before_scale_down"]) == (4, 0)


def test_a_secret_that_is_not_set(place: Place) -> None:
    engine, change = start(place, WHOLE)
    with pytest.raises(SecretUnset, match="PASSWORD"):
        engine.resources.begin(change, place.reports.append)
    assert PUT_CLUSTER not in [one.route for one in place.emulator.requests]


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
    assert [route for route in routes if not route.startswith("GET")] == [PUT_CLUSTER]
    seen = engine.resources.observe(change.resource)
    assert (seen.properties["max_instances"], seen.properties["idle_time_before_scale_down"]) == (4, 0)
    assert seen.properties["min_instances"] == 0
    assert "network_settings" not in seen.properties
    assert seen.maker.spec == "job"


def test_one_with_all_that_can_be_said_is_scaled(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's `begin_update` would lose the network and the location, and refuse the account without its key."""
    monkeypatch.setenv("PASSWORD", "Secret-1234")
    engine, change = start(place, WHOLE)
    before = place.change(engine, Action.CREATE, change.resource)
    settings = kept(place).settings
    spec = place.spec(WHOLE.replace("max_instances: 2", "max_instances: 4").replace("vision}", "speech}"))
    seen = place.change(engine, Action.UPDATE, resource(spec, KEY))
    assert seen.properties == {**before.properties, "max_instances": 4, "tags": {"team": "speech"}}
    assert kept(place).settings == replace(settings, max_nodes=4)


def test_what_was_read_has_no_network_and_is_sent_without_one(place: Place) -> None:
    """The SDK reads a cluster without a network as one whose network has no name, and fails at sending that."""
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    read = engine.connection.sdk.client.compute.get("gpu-cluster")
    assert read.network_settings is not None
    with pytest.raises(AttributeError):
        engine.connection.sdk.client.compute.begin_create_or_update(read)
    assert changed_cluster(read, {}).network_settings is None


def test_tags_and_identity_in_place(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    kept(place).tags["by"] = "hand"
    spec = place.spec(f"{SIMPLE[:-1]}, tags: {{team: vision}}, identity: {{type: system_assigned}}}}")
    seen = place.change(engine, Action.UPDATE, resource(spec, KEY))
    assert seen.properties["identity"] == {"type": "system_assigned"}
    assert kept(place).tags == {"specrun": "job", "by": "hand", "team": "vision"}


def test_replacing_waits_until_the_old_one_is_gone(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    spec = place.spec("compute: {name: gpu-cluster, size: STANDARD_NC24S_V3, max_instances: 2}")
    seen = place.change(engine, Action.REPLACE, resource(spec, KEY))
    assert seen.properties["size"] == "STANDARD_NC24S_V3"
    assert any("until it is gone" in one.text for one in place.reports)
    routes = [one.route for one in place.emulator.requests]
    assert (routes.count(DELETE_CLUSTER), routes.count(PUT_CLUSTER)) == (1, 2)


def test_one_with_runs_is_not_deleted(place: Place) -> None:
    """The SDK leaves the attributes of its nodes empty: which runs they have stands where it put them."""
    launched = launch(place, "command: sleep 600\nresources: {instance_count: 2}\n")
    name = launched.submit()
    assert launched.run(name).wait("Running", timeout=PATIENCE)
    engine, cluster = launched.engine, resource(launched.spec, "compute/cpu-cluster")
    assert engine.nodes.count("cpu-cluster") == {"running": 2}
    assert place.routes(lambda: engine.nodes.count("cpu-cluster")) == [LIST_NODES]
    with pytest.raises(EngineError, match=f"cannot delete the cluster cpu-cluster: {name} still runs there"):
        engine.resources.begin(ResourceChange(cluster, Action.DELETE, "", Observed(Status.READY)), place.reports.append)
    assert DELETE_CLUSTER not in [one.route for one in place.emulator.requests]


def test_nodes_that_nobody_uses(place: Place) -> None:
    engine, change = start(place, f"{SIMPLE[:-1]}, min_instances: 1}}")
    assert engine.nodes.count("gpu-cluster") == {}
    place.change(engine, Action.CREATE, change.resource)
    assert engine.nodes.count("gpu-cluster") == {"idle": 1}


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
    """The SDK keeps the code alone of what the service says then."""
    place.emulator.faults.add(PUT_CLUSTER, FailedOperation("QuotaExceeded", "Exceeding quota limits of Core."))
    engine, change = start(place)
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.status is Status.FAILED
    assert "there is not enough quota" in seen.reason
    assert "QuotaExceeded" in seen.reason


def test_a_cluster_that_cannot_be_deleted_is_not_made_anew(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.faults.add(DELETE_CLUSTER, FailedOperation("QuotaExceeded", "No."))
    with pytest.raises(EngineError, match="cannot delete the cluster gpu-cluster: "):
        engine.resources.begin(replace(change, action=Action.REPLACE), place.reports.append)
    assert [one.route for one in place.emulator.requests].count(PUT_CLUSTER) == 1


@pytest.mark.parametrize("fault", [LostAnswer(), Reset(), Answer(503)])
def test_what_fails_once_is_no_second_cluster(place: Place, fault: Any) -> None:
    rule = place.emulator.faults.add(PUT_CLUSTER, fault)
    engine, change = start(place)
    assert place.change(engine, Action.CREATE, change.resource).status is Status.READY
    assert rule.hit == 1


def test_a_lost_answer_is_no_failed_change(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.faults.add(PUT_CLUSTER, LostAnswer())
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


def test_a_refusal_while_nothing_is_under_way_is_one(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.faults.add(PUT_CLUSTER, Answer(409, "Conflict", "Somebody else is at it."))
    spec = place.spec("compute: {name: gpu-cluster, max_instances: 4}")
    with pytest.raises(EngineError, match=r"cannot change the cluster gpu-cluster.*Somebody else is at it"):
        place.change(engine, Action.UPDATE, resource(spec, KEY))


def test_what_asks_to_wait_is_waited_for(place: Place) -> None:
    engine, change = start(place)

    place.emulator.faults.add(GET_CLUSTER, Answer(429, headers={"Retry-After": "0"}), times=3)
    with pytest.raises(Transient) as caught:
        engine.resources.observe(change.resource)
    assert caught.value.after == 0
    assert engine.resources.observe(change.resource).status is Status.MISSING


def test_compute_of_another_kind(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    kept(place).kind = "ComputeInstance"  # type: ignore[misc]
    with pytest.raises(EngineError, match=r"not a cluster.*`compute: gpu-cluster`"):
        engine.resources.observe(change.resource)


def test_one_that_is_only_named(place: Place) -> None:
    engine, change = start(place)
    named = resource(place.spec("compute: gpu-cluster"), KEY)
    assert engine.resources.observe(named).status is Status.MISSING
    place.change(engine, Action.CREATE, change.resource)
    assert engine.resources.observe(named).properties == {"name": "gpu-cluster"}


def test_one_that_is_seen_late_is_waited_for(place: Place) -> None:
    engine, change = start(place)
    engine.resources.begin(change, place.reports.append)
    place.emulator.faults.add(GET_CLUSTER, missing("ComputeNotFound"))
    with pytest.raises(Transient, match="find the cluster gpu-cluster"):
        engine.resources.observe(change.resource)
    assert settled(engine, change.resource).status is Status.READY


def test_one_that_somebody_deletes_is_missing(place: Place) -> None:
    engine, change = start(place)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.faults.add(GET_CLUSTER, missing("ComputeNotFound"), times=None)  # the SDK may look, too
    assert engine.resources.observe(change.resource).status is Status.MISSING


def test_without_a_workspace_there_is_none(place: Place) -> None:
    spec = place.spec(SIMPLE)
    assert place.engine(spec).resources.observe(resource(spec, KEY)).status is Status.MISSING
