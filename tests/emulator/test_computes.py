"""Clusters, through the unmodified SDK: made, waited for, changed, deleted; and every way in which that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator import Emulator
from emulator.clusters import Cluster
from emulator.faults import FailedOperation
from emulator.regions import LOW_PRIORITY
from emulator.spaces import Workspace
from tests.emulator.emulated import GROUP, NAME, REGION, azure_identity, bearer, create_workspace, emulated

NET = {"vnet_resourcegroup_name": GROUP, "vnet_name": "net", "subnet_name": "default"}
PUT = (
    "PUT management.azure.com /subscriptions/{sub}/resourcegroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{name}/computes/{compute}"
)


@pytest.fixture
def emulator(home: Path, tmp_path: Path) -> Iterator[Emulator]:
    with emulated(tmp_path) as emulator:
        yield emulator


@pytest.fixture
def workspace(emulator: Emulator) -> Any:
    return create_workspace(emulator, azure_identity(emulator))


def make(workspace: Any, name: str = "cpu", **more: Any) -> Any:
    from azureml.core.compute import AmlCompute, ComputeTarget

    settings = {"vm_size": "STANDARD_D2_V2", "max_nodes": 2, "idle_seconds_before_scaledown": 120, **more}
    return ComputeTarget.create(workspace, name, AmlCompute.provisioning_configuration(**settings))


def kept(emulator: Emulator, name: str = "cpu") -> Cluster:
    space: Workspace = next(iter(emulator.service.workspaces.values()))
    return space.computes[name]


def test_a_cluster_is_made_as_it_was_asked_for(emulator: Emulator, workspace: Any) -> None:
    identity = f"/subscriptions/s/resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me"
    emulator.service.creating_reads = 1
    made = make(
        workspace,
        vm_priority="lowpriority",
        min_nodes=1,
        tags={"team": "vision"},
        description="for tests",
        admin_username="me",
        admin_user_password="Secret-123456",
        identity_type="UserAssigned",
        identity_id=[identity],
        **NET,
    )
    assert (made.provisioning_state, made.status) == ("Creating", None)
    made.wait_for_completion()
    status = made.get_status()
    assert (made.provisioning_state, status.allocation_state, status.current_node_count) == ("Succeeded", "Steady", 1)
    assert (made.vm_size, made.vm_priority, made.tags) == ("STANDARD_D2_V2", "LowPriority", {"team": "vision"})
    assert (made.description, made.subnet_name) == ("for tests", "default")
    assert made.admin_user_password is None
    scale = status.scale_settings
    asked = (scale.minimum_node_count, scale.maximum_node_count, scale.idle_seconds_before_scaledown)
    assert asked == (1, 2, 120)
    assert kept(emulator).identity == {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    assert emulator.unserved == []


def test_a_cluster_is_changed_and_deleted(emulator: Emulator, workspace: Any) -> None:
    from azureml.core.compute import AmlCompute
    from azureml.exceptions import ComputeTargetException

    made = make(workspace)
    made.update(min_nodes=1, max_nodes=4, idle_seconds_before_scaledown=600)
    made.refresh_state()
    assert (made.scale_settings.maximum_node_count, made.scale_settings.idle_seconds_before_scaledown) == (4, 600)
    assert list(workspace.compute_targets) == ["cpu"]
    made.delete()
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        AmlCompute(workspace, "cpu")


def test_nodes_follow_the_runs(emulator: Emulator, workspace: Any) -> None:
    made = make(workspace)
    cluster = kept(emulator)
    assert cluster.take("one", 1)
    assert not cluster.take("two", 2)
    counts = made.get_status().node_state_counts
    assert (counts.running_node_count, counts.idle_node_count) == (1, 0)
    cluster.give_back("one")
    counts = made.get_status().node_state_counts
    assert (counts.running_node_count, counts.idle_node_count) == (0, 1)
    assert cluster.take("two", 2)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"vm_size": "STANDARD_ND96ASR_V4"},
            "ClusterMinNodesExceedCoreQuota.*Standard NDASv4_A100 family vCPU quota of 0",
        ),
        ({"vm_priority": "lowpriority"}, "ClusterMinNodesExceedCoreQuota.*total vCPU quota of 1"),
        ({"vm_size": "STANDARD_NC6_PROMO"}, "STANDARD_NC6_PROMO.* is not supported in region .*westeurope"),
        ({"location": "northeurope", "vm_size": "STANDARD_ND96ASR_V4"}, "not supported in region .*northeurope"),
        ({**NET, "subnet_name": "a/b"}, r"properties.subnet.id: .* does not match"),
    ],
)
def test_what_cannot_be_is_refused_as_the_service_does(
    emulator: Emulator, workspace: Any, settings: dict[str, Any], told: str
) -> None:
    from azureml.exceptions import ComputeTargetException

    emulator.service.quota.limits = {"Standard NDASv4_A100": 0, LOW_PRIORITY: 1}
    with pytest.raises(ComputeTargetException, match=told):
        make(workspace, **settings)


def test_another_size_needs_another_cluster(emulator: Emulator, workspace: Any) -> None:
    from azureml.exceptions import ComputeTargetException

    make(workspace)
    with pytest.raises(ComputeTargetException, match=r"vmSize.* of compute .*cpu.* cannot be changed"):
        make(workspace, vm_size="STANDARD_D3_V2")
    make(workspace)
    make(workspace, max_nodes=3)
    assert kept(emulator).settings.max_nodes == 3


def test_a_cluster_that_fails_says_why(emulator: Emulator, workspace: Any) -> None:
    from azureml.exceptions import ComputeTargetException

    emulator.faults.add(PUT, FailedOperation("AllocationFailed", "no such nodes today"))
    made = make(workspace)
    with pytest.raises(ComputeTargetException, match="no such nodes today"):
        made.wait_for_completion()
    made.refresh_state()
    assert made.provisioning_state == "Failed"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"vmPriority": "Cheap"}, "vmPriority: 'Cheap' does not match"),
        ({"scaleSettings": {"minNodeCount": 1}}, "scaleSettings: 'maxNodeCount' is a required property"),
        ({"scaleSettings": {"maxNodeCount": "2"}}, "maxNodeCount: '2' is not of type 'integer'"),
        ({"scaleSettings": {"maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "120"}}, "nodeIdleTimeBeforeScaleDown"),
        ({"nodes": 2}, "'nodes' was unexpected"),
        ({"scaleSettings": {"maxNodeCount": 1, "minNodeCount": 2}}, "The minimum node count 2 must be"),
    ],
)
def test_a_body_that_the_definition_refuses_is_refused(
    emulator: Emulator, workspace: Any, change: dict[str, Any], reason: str
) -> None:
    url = f"https://management.azure.com/subscriptions/{emulator.service.subscription}/resourceGroups/{GROUP}"
    url += f"/providers/Microsoft.MachineLearningServices/workspaces/{NAME}/computes/raw"
    inner = {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"maxNodeCount": 1}, **change}
    body = {"location": REGION, "properties": {"computeType": "AmlCompute", "properties": inner}}
    answer = requests.put(url, json=body, headers=bearer(emulator))
    assert answer.status_code == 400
    assert re.search(reason, answer.json()["error"]["message"])
