"""Clusters, with the unmodified SDK v2, and that they are those of SDK v1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.faults import FailedOperation
from emulator.regions import SIZES
from tests.emulator.sdk import GROUP, Sdk

PUT = (
    "PUT management.azure.com /subscriptions/{sub}/resourcegroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{name}/computes/{compute}"
)
IDENTITY = f"/subscriptions/s/resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me"


def cluster(name: str = "cpu", **more: Any) -> Any:
    from azure.ai.ml.entities import AmlCompute

    asked = {"size": "STANDARD_D2_V2", "min_instances": 0, "max_instances": 2, "idle_time_before_scale_down": 120}
    return AmlCompute(name=name, **{**asked, **more})


def network(subnet: str = "default") -> Any:
    from azure.ai.ml.entities import NetworkSettings

    return NetworkSettings(vnet_name="net", subnet=subnet)


def make(client: Any, name: str = "cpu", **more: Any) -> Any:
    return client.compute.begin_create_or_update(cluster(name, **more)).result()


@pytest.fixture(autouse=True)
def no_clusters(sdk: Sdk) -> Iterator[None]:
    place = sdk.plane.place
    yield
    sdk.emulator.service.workspace(place.subscription, place.group, place.name).computes.clear()


def test_a_cluster_is_made_as_it_was_asked_for(client: Any, sdk: Sdk) -> None:
    from azure.ai.ml.entities import AmlComputeSshSettings, IdentityConfiguration, ManagedIdentityConfiguration

    identity = IdentityConfiguration(
        type="user_assigned", user_assigned_identities=[ManagedIdentityConfiguration(resource_id=IDENTITY)]
    )
    since = sdk.emulator.requests[-1].number
    made = make(
        client,
        tier="low_priority",
        min_instances=1,
        tags={"team": "vision"},
        description="for tests",
        ssh_settings=AmlComputeSshSettings(admin_username="me", admin_password="Secret-123456"),
        ssh_public_access_enabled=False,
        network_settings=network(),
        enable_node_public_ip=False,
        identity=identity,
    )
    # the workspace for its location, the cluster, three looks at the operation, the cluster again
    assert sdk.emulator.count(since) == 6
    assert (made.provisioning_state, made.size, made.tier) == ("Succeeded", "STANDARD_D2_V2", "low_priority")
    assert (made.min_instances, made.max_instances, made.idle_time_before_scale_down) == (1, 2, 120)
    assert (made.tags, made.description, made.location) == ({"team": "vision"}, "for tests", "westeurope")
    assert made.network_settings.subnet.endswith("/virtualNetworks/net/subnets/default")
    assert (made.ssh_settings.admin_username, made.ssh_settings.admin_password) == ("me", None)
    assert (made.ssh_public_access_enabled, made.enable_node_public_ip) == (False, False)
    assert made.identity.user_assigned_identities[0].resource_id == IDENTITY
    kept = sdk.cluster_of("cpu")
    assert (kept.settings.credentials["adminUserPassword"], kept.settings.local_auth_disabled) == (
        "Secret-123456",
        False,
    )


def test_both_sdks_see_the_same(client: Any, sdk: Sdk) -> None:
    from azureml.core.compute import AmlCompute, ComputeTarget

    make(client, "of-v2", min_instances=1)
    seen = AmlCompute(sdk.workspace, "of-v2")
    assert (seen.vm_size, seen.scale_settings.minimum_node_count) == ("STANDARD_D2_V2", 1)
    settings = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_D3_V2", max_nodes=3, idle_seconds_before_scaledown=300
    )
    made = ComputeTarget.create(sdk.workspace, "of-v1", settings)
    made.wait_for_completion()
    found = client.compute.get("of-v1")
    assert (found.size, found.max_instances, found.idle_time_before_scale_down) == ("STANDARD_D3_V2", 3, 300)
    assert {one.name for one in client.compute.list()} == {"of-v1", "of-v2"}
    make(client, "of-v1", size="STANDARD_D3_V2", max_instances=4)
    made.refresh_state()
    assert made.scale_settings.maximum_node_count == 4
    client.compute.begin_delete("of-v1").wait()
    assert set(sdk.workspace.compute_targets) == {"of-v2"}


def test_what_can_change_changes_in_place(client: Any, sdk: Sdk) -> None:
    from azure.ai.ml.entities import IdentityConfiguration

    make(client, network_settings=network())
    kept = sdk.cluster_of("cpu")
    found = client.compute.get("cpu")
    found.max_instances, found.tags, found.description = 5, {"a": "b"}, "more"
    found.idle_time_before_scale_down = 600
    found.identity = IdentityConfiguration(type="system_assigned")
    changed = client.compute.begin_create_or_update(found).result()
    assert sdk.cluster_of("cpu") is kept
    assert (changed.max_instances, changed.idle_time_before_scale_down) == (5, 600)
    assert (changed.tags, changed.description, changed.identity.type) == ({"a": "b"}, "more", "system_assigned")
    assert changed.identity.principal_id == kept.principal
    assert changed.network_settings.subnet == found.network_settings.subnet


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": "STANDARD_D3_V2"}, "'vmSize' of compute 'cpu' cannot be changed from 'STANDARD_D2_V2'"),
        ({"tier": "low_priority"}, "'vmPriority'"),
        ({"network_settings": "other"}, "'subnet'"),
        ({"location": "northeurope"}, "'computeLocation'"),
        ({"ssh_public_access_enabled": True}, "'remoteLoginPortPublicAccess'"),
        ({"enable_node_public_ip": False}, "'enableNodePublicIp'"),
        ({"ssh_settings": "you"}, "'userAccountCredentials'"),
    ],
)
def test_what_is_fixed_is_refused(client: Any, sdk: Sdk, change: dict[str, Any], told: str) -> None:
    from azure.ai.ml.entities import AmlComputeSshSettings
    from azure.core.exceptions import HttpResponseError

    def asked(name: str, more: dict[str, Any]) -> Any:
        ssh = AmlComputeSshSettings(admin_username=more.pop("ssh_settings", "me"), admin_password="Secret-123456")
        net = network(more.pop("network_settings", "default"))
        return cluster(name, **{"ssh_settings": ssh, "network_settings": net, **more})

    client.compute.begin_create_or_update(asked("cpu", {})).result()
    before = sdk.cluster_of("cpu").settings
    with pytest.raises(HttpResponseError, match=told) as refused:
        client.compute.begin_create_or_update(asked("cpu", dict(change)))
    assert refused.value.status_code == 400
    assert sdk.cluster_of("cpu").settings == before
    assert client.compute.begin_create_or_update(asked("cpu", {"max_instances": 4})).result().max_instances == 4


def test_begin_update_forgets_the_network_and_the_location(client: Any, sdk: Sdk) -> None:
    """A fault of the SDK that the service answers with a refusal."""
    from azure.core.exceptions import HttpResponseError

    make(client, network_settings=network())
    with pytest.raises(HttpResponseError, match=r"'(location|id)' is a required property"):
        client.compute.begin_update(cluster(max_instances=8, network_settings=network()))
    with pytest.raises(HttpResponseError, match="'location' is a required property"):
        client.compute.begin_update(cluster(max_instances=8))
    with pytest.raises(HttpResponseError, match=r"subnet: 'id' is a required property"):
        client.compute.begin_update(cluster(max_instances=8, location="westeurope", network_settings=network()))
    assert sdk.cluster_of("cpu").max_nodes == 2


def test_a_cluster_without_a_network_cannot_be_sent_back(client: Any, sdk: Sdk) -> None:
    """A fault of the SDK too: what it read has network settings without a subnet, which it cannot write."""
    make(client)
    found = client.compute.get("cpu")
    with pytest.raises(AttributeError):
        client.compute.begin_create_or_update(found)
    found.network_settings = None
    assert client.compute.begin_create_or_update(found).result().max_instances == 2


def test_nodes_follow_the_runs(client: Any, sdk: Sdk) -> None:
    make(client, max_instances=3)
    assert list(client.compute.list_nodes("cpu")) == []
    kept = sdk.cluster_of("cpu")
    assert kept.take("one", 2)
    found = [vars(node) for node in client.compute.list_nodes("cpu")]  # the SDK leaves its own attributes at None
    assert [(node["runId"], node["nodeState"]) for node in found] == [("one", "running")] * 2
    assert len({node["nodeId"] for node in found}) == 2
    kept.give_back("one")
    assert {vars(node)["nodeState"] for node in client.compute.list_nodes("cpu")} == {"idle"}


def test_sizes_and_usage(client: Any, sdk: Sdk) -> None:
    quota = sdk.emulator.service.quota
    sizes = {one.name: one for one in client.compute.list_sizes()}
    assert set(sizes) == {size.name for size in SIZES.values()}
    assert "Standard_ND96asr_v4" not in {one.name for one in client.compute.list_sizes(location="northeurope")}
    make(client)
    sdk.cluster_of("cpu").take("one", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quota, "limits", {"Standard Dv2": 12})
        listed = [(vars(one)["id"], one.type.split("/", 1)[1], one) for one in client.compute.list_usage()]
    usages = {(kind, one.name["value"]): (vars(one)["currentValue"], one.limit) for _, kind, one in listed}
    family, dedicated = sizes["Standard_D2_v2"].family, "dedicatedCores/usages"
    assert usages[f"vmFamily/{dedicated}", family] == (4, 12)
    assert usages["vmFamily/lowPriorityCores/usages", family] == (0, -1), "of the same name"
    assert usages[f"vmFamily/{dedicated}", "standardNCFamily"] == (0, quota.default)
    assert usages[dedicated, "TotalDedicatedCores"][0] == usages[f"workspaces/computes/{dedicated}", family][0] == 4
    assert usages["lowPriorityCores/usages", "TotalLowPriorityCores"] == (0, quota.default)
    (own,) = [at for at, kind, _ in listed if kind == f"workspaces/computes/{dedicated}"]
    assert own.endswith(f"/computes/cpu/usages/{family}")


def test_what_cannot_be_is_refused_as_the_service_does(client: Any, sdk: Sdk) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with pytest.raises(HttpResponseError, match="not supported in region 'westeurope'"):
        client.compute.begin_create_or_update(cluster(size="STANDARD_NC6_PROMO"))
    with pytest.raises(HttpResponseError, match="The minimum node count 3"):
        client.compute.begin_create_or_update(cluster(min_instances=3))
    with pytest.raises(ResourceNotFoundError, match="Not Found"):
        client.compute.get("cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdk.emulator.service.quota, "limits", {"Standard Dv2": 1})
        with pytest.raises(HttpResponseError, match="ClusterMinNodesExceedCoreQuota"):
            client.compute.begin_create_or_update(cluster())


def test_a_cluster_that_fails_says_why(client: Any, sdk: Sdk) -> None:
    from azure.core.exceptions import HttpResponseError

    sdk.emulator.faults.add(PUT, FailedOperation("AllocationFailed", "no such nodes today"))
    poller = client.compute.begin_create_or_update(cluster())
    with pytest.raises(HttpResponseError, match="no such nodes today"):
        poller.result()
    found = client.compute.get("cpu")
    assert (found.provisioning_state, found.provisioning_errors) == ("Failed", "AllocationFailed")


def test_nobody_asked_for_what_is_not_there(sdk: Sdk) -> None:
    assert sdk.emulator.unserved == []
