"""Workspaces, through the unmodified SDK: made with what they need, found, and every way in which that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator import Emulator
from emulator.faults import FailedOperation
from tests.emulator.emulated import (
    GROUP,
    NAME,
    REGION,
    azure_identity,
    bearer,
    create_workspace,
    emulated,
    service_principal,
)

DEPLOY = (
    "PUT management.azure.com /subscriptions/{sub}/resourcegroups/{group}"
    "/providers/Microsoft.Resources/deployments/{name}"
)
PARTS = ["Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts", "microsoft.insights/components"]


@pytest.fixture
def emulator(home: Path, tmp_path: Path) -> Iterator[Emulator]:
    with emulated(tmp_path) as emulator:
        yield emulator


def parts(emulator: Emulator) -> list[str]:
    return sorted(one.kind for one in emulator.service.resources.values() if one.group == GROUP)


@pytest.mark.parametrize("sign_in", [service_principal, azure_identity])
def test_a_workspace_comes_with_its_parts(emulator: Emulator, tmp_path: Path, sign_in: Callable[..., Any]) -> None:
    from azureml.core import Workspace

    auth, service = sign_in(emulator), emulator.service
    service.creating_reads = 2
    made = create_workspace(emulator, auth, tags={"team": "vision"})
    found = Workspace.get(NAME, auth=auth, subscription_id=service.subscription, resource_group=GROUP)
    assert (made.name, found.location, found.tags["team"]) == (NAME, REGION, "vision")
    assert parts(emulator) == PARTS
    assert found.get_details()["storageAccount"].lower() in service.resources
    found.write_config(str(tmp_path))
    assert Workspace.from_config(str(tmp_path), auth=auth).name == NAME
    assert emulator.unserved == []
    assert "defaultresourcegroup-" + REGION in service.groups


def test_a_workspace_appears_last_after_it_was_looked_for(emulator: Emulator) -> None:
    service = emulator.service
    service.put_group(GROUP, REGION, {})
    service.creating_reads = 3
    ids = {kind: service.add_resource(kind, "part", GROUP, REGION).id for kind in PARTS}
    properties = dict(zip(("keyVault", "storageAccount", "applicationInsights"), ids.values(), strict=True))
    resource = {
        "type": "Microsoft.MachineLearningServices/workspaces",
        "name": NAME,
        "apiVersion": "2024-04-01",
        "location": REGION,
        "properties": properties,
    }
    template = {"$schema": "x", "contentVersion": "1.0.0.0", "resources": [resource]}
    group = f"https://management.azure.com/subscriptions/{service.subscription}/resourceGroups/{GROUP}"
    deployment = f"{group}/providers/Microsoft.Resources/deployments/d"
    body = {"properties": {"mode": "Incremental", "template": template}}
    assert requests.put(deployment, json=body, headers=bearer(emulator)).status_code == 201
    again = requests.put(deployment, json=body, headers=bearer(emulator))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "DeploymentActive")
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{NAME}"
    looks = [requests.get(workspace, headers=bearer(emulator)).status_code for _ in range(4)]
    assert looks == [404, 404, 404, 200]


def test_two_deployments_leave_double_parts_to_be_seen(emulator: Emulator) -> None:
    auth, service = service_principal(emulator), emulator.service
    create_workspace(emulator, auth)
    service.workspaces.clear()
    create_workspace(emulator, auth, create_resource_group=False)
    assert Counter(parts(emulator)) == dict.fromkeys(PARTS, 2)


def test_an_own_storage_account_is_taken(emulator: Emulator) -> None:
    service = emulator.service
    service.put_group(GROUP, REGION, {})
    own = service.add_resource("Microsoft.Storage/storageAccounts", "mlstore", GROUP, REGION)
    create_workspace(emulator, service_principal(emulator), storage_account=own.id)
    assert parts(emulator) == PARTS
    assert next(iter(service.workspaces.values())).storage_account == "mlstore"


def failing(emulator: Emulator, **more: Any) -> str:
    from azureml.exceptions import AzureMLException

    with pytest.raises(AzureMLException) as caught:
        create_workspace(emulator, service_principal(emulator), **more)
    return f"{caught.value} {caught.value.inner_exception}"


def test_what_is_wrong_is_said_as_arm_says_it(emulator: Emulator) -> None:
    service = emulator.service
    emulator.faults.add(DEPLOY, FailedOperation("InsufficientCapacity", "no room"))
    assert "no room" in failing(emulator)
    assert not service.workspaces
    assert parts(emulator) == []  # the SDK itself takes back what it had made
    service.taken.append("Microsoft.Storage/storageAccounts/mlws*")
    assert "is not valid according to the validation procedure" in failing(emulator)
    service.taken.clear()
    service.soft_deleted.add(NAME)
    assert "Soft-deleted workspace exists" in failing(emulator)
    service.soft_deleted.clear()
    gone = (
        f"/subscriptions/{service.subscription}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/no"
    )
    assert "was not found" in failing(emulator, storage_account=gone)


def test_a_missing_workspace_and_its_like_elsewhere(emulator: Emulator) -> None:
    from azureml.core import Workspace
    from azureml.exceptions import ProjectSystemException

    auth, service = service_principal(emulator), emulator.service
    create_workspace(emulator, auth)
    service.put_group("other-rg", REGION, {})
    for name, group in ((NAME, "other-rg"), ("other", GROUP), (NAME, "no-rg")):
        with pytest.raises(ProjectSystemException, match=r"not found|could not be found"):
            Workspace(service.subscription, group, name, auth=auth)
    assert [each.name for each in Workspace.list(service.subscription, auth=auth)[NAME]] == [NAME]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"location": 5}, r"\$.location: 5 is not of type 'string'"),
        ({"identity": {"type": "Own"}}, r"\$.identity.type: 'Own' is not one of"),
        ({"properties": {"storageAccount": "mlstore"}}, r"\$.properties.storageAccount: 'mlstore' does not match"),
        ({"tags": {"a": 1}}, r"\$.tags.a: 1 is not of type 'string'"),
    ],
)
def test_a_body_that_the_definition_refuses_is_refused(emulator: Emulator, change: Any, reason: str) -> None:
    import re

    service = emulator.service
    service.put_group(GROUP, REGION, {})
    url = f"https://management.azure.com/subscriptions/{service.subscription}/resourceGroups/{GROUP}"
    url += f"/providers/Microsoft.MachineLearningServices/workspaces/{NAME}"
    body = {"location": REGION, "properties": {}, **change}
    answer = requests.put(url, json=body, headers=bearer(emulator))
    assert answer.status_code == 400
    assert re.search(reason, answer.json()["error"]["message"])
