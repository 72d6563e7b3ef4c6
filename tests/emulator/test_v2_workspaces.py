"""Workspaces, with the unmodified SDK v2: made from its template, changed, deleted, and those of SDK v1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from emulator.expressions import Scope
from emulator.faults import FailedOperation
from emulator.router import Refused
from emulator.templates import read
from tests.emulator.emulated import emulated
from tests.emulator.sdk import GROUP, NAME, REGION, Sdk
from tests.emulator.sdk_v2 import open_client

DEPLOY = (
    "PUT management.azure.com /subscriptions/{sub}/resourcegroups/{group}"
    "/providers/Microsoft.Resources/deployments/{name}"
)
PARTS = {
    "Microsoft.KeyVault/vaults",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Insights/components",
    "Microsoft.OperationalInsights/workspaces",
}
SCOPE = Scope("sub", "tenant", "rg")


@pytest.fixture
def emulator(home: Path, tmp_path: Path) -> Iterator[Emulator]:
    with emulated(tmp_path) as emulator:
        emulator.service.put_group(GROUP, REGION, {})
        yield emulator


def workspace(name: str = "made", **more: Any) -> Any:
    from azure.ai.ml.entities import Workspace

    return Workspace(name=name, **more)


def test_a_workspace_that_v1_has_too(client: Any, sdk: Sdk) -> None:
    since = sdk.emulator.requests[-1].number
    found = client.workspaces.get(NAME)
    assert sdk.emulator.count(since) == 1
    assert (found.name, found.location, found.resource_group) == (NAME, REGION, GROUP)
    assert found.storage_account == sdk.workspace.get_details()["storageAccount"]
    assert found._workspace_id == sdk.plane.place.id
    assert found.mlflow_tracking_uri == f"azureml://{REGION}.api.azureml.ms/mlflow/v1.0{sdk.plane.place.path}"
    assert found.discovery_url == f"https://{REGION}.api.azureml.ms/discovery"
    for scope in ("resource_group", "subscription"):
        assert [one.name for one in client.workspaces.list(scope=scope)] == [NAME]


def test_a_workspace_is_changed(client: Any, sdk: Sdk) -> None:
    found = client.workspaces.get(NAME)
    found.tags, found.description = {"team": "vision"}, "for tests"
    since = sdk.emulator.requests[-1].number
    changed = client.workspaces.begin_update(found).result()
    assert sdk.emulator.count(since) == 2
    assert (changed.tags, changed.description) == ({"team": "vision"}, "for tests")
    assert client.workspaces.get(NAME).storage_account == found.storage_account
    assert sdk.workspace.get_details()["description"] == "for tests"


def test_what_is_not_there(client: Any, sdk: Sdk) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError, match="workspaces/nothing' under resource group 'ml-rg' was not found"):
        client.workspaces.get("nothing")
    with pytest.raises(ResourceNotFoundError, match="Resource group 'nowhere' could not be found"):
        open_client(sdk.emulator, group="nowhere").workspaces.get(NAME)
    with pytest.raises(ResourceNotFoundError, match="Parent resource 'nothing' not found"):
        open_client(sdk.emulator, "nothing").datastores.get_default()


@pytest.mark.slow  # the SDK waits five seconds before it looks whether the deployment is done
def test_a_workspace_comes_with_its_parts(emulator: Emulator) -> None:
    from azureml.core import Workspace

    from tests.emulator.emulated import azure_identity

    client = open_client(emulator, None)
    made = client.workspaces.begin_create(workspace(display_name="Made", tags={"team": "vision"})).result()
    # the workspace, its group for the location, the deployment, its status, itself, its operations, the workspace; the
    # SDK lists the operations once more unless the deployment is done before it has looked for the first time
    assert emulator.count() in (7, 8)
    service = emulator.service
    assert {one.kind for one in service.resources.values()} == PARTS
    assert (made.location, made.display_name, made.description) == (REGION, "Made", "made")
    assert made.tags["team"] == "vision"
    assert made.tags["createdByToolkit"].startswith("sdk-v2-")
    assert (made.public_network_access, made.hbi_workspace, made.identity.type) == ("Enabled", False, "system_assigned")
    assert made.storage_account.lower() in service.resources
    seen = Workspace.get("made", azure_identity(emulator), service.subscription, GROUP)
    assert seen.get_details()["workspaceid"] == made._workspace_id
    again = client.workspaces.begin_create(workspace(tags={"more": "1"})).result()
    assert (again._workspace_id, again.tags["team"], again.tags["more"]) == (made._workspace_id, "vision", "1")
    client.workspaces.begin_delete("made", delete_dependent_resources=True).wait()
    assert (service.workspaces, service.resources) == ({}, {})
    assert emulator.unserved == []


@pytest.mark.slow
def test_a_workspace_takes_parts_that_are_there(emulator: Emulator) -> None:
    service = emulator.service
    service.put_group("other", REGION, {})
    storage = service.add_resource("Microsoft.Storage/storageAccounts", "mine", "other", REGION)
    client = open_client(emulator, None)
    asked = workspace(location="northeurope", storage_account=storage.id, hbi_workspace=True)
    made = client.workspaces.begin_create(asked).result()
    assert (made.location, made.storage_account, made.hbi_workspace) == ("northeurope", storage.id, True)
    assert {one.kind for one in service.resources.values() if one.group == GROUP} == PARTS - {storage.kind}
    assert emulator.unserved == []


@pytest.mark.slow
def test_a_deployment_that_fails_says_why(emulator: Emulator) -> None:
    from azure.core.exceptions import HttpResponseError

    emulator.faults.add(DEPLOY, FailedOperation("WorkspaceBroken", "not today"))
    poller = open_client(emulator, None).workspaces.begin_create(workspace(location=REGION))
    with pytest.raises(HttpResponseError, match="WorkspaceBroken"):
        poller.result()
    assert emulator.service.workspaces == {}


def test_what_cannot_be_is_refused_as_the_service_does(emulator: Emulator) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    client = open_client(emulator, None)
    with pytest.raises(HttpResponseError, match="LocationNotAvailableForResourceType"):
        client.workspaces.begin_create(workspace(location="atlantis"))
    with pytest.raises(ResourceNotFoundError, match="ResourceGroupNotFound"):
        open_client(emulator, None, "nowhere").workspaces.begin_create(workspace(location=REGION))
    emulator.service.taken = ["Microsoft.Storage/storageAccounts/made*"]
    with pytest.raises(HttpResponseError, match="is already taken"):
        client.workspaces.begin_create(workspace(location=REGION))
    assert (emulator.service.resources, emulator.unserved) == ({}, [])


def template(*resources: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"parameters": {}, "variables": {}, **parts, "resources": [{"type": "A.B/c", **one} for one in resources]}


def test_a_template_is_read_as_the_service_reads_it() -> None:
    found = read(
        template(
            {
                "name": "last",
                "dependsOn": ["[resourceId('A.B/c', parameters('first'))]", "[resourceId('A.B/c', 'no')]"],
            },
            {"name": "no", "condition": "[and(equals(parameters('kind'), 'HUB'), not(equals('a', 'b')))]"},
            {
                "name": "[parameters('first')]",
                "tags": "[parameters('tags')]",
                "where": "[if(empty(variables('none')), resourceId('r', 'A.B/c/d', 'x', 'y'), missing())]",
                "nothing": "[json('null')]",
                "text": "[[not one]",
                "given": "[parameters('literal')]",
            },
            parameters={
                "kind": {"defaultValue": "[toLower('Default')]", "allowedValues": ["default", "hub"]},
                "first": {"defaultValue": "[concat(variables('stem'), '-', resourceGroup().name)]"},
                "tags": {"type": "object"},
                "literal": {"type": "string"},
            },
            variables={"stem": "one", "none": ""},
        ),
        {"tags": {"value": {"a": "b"}}, "literal": {"value": "[concat('a', 'b')]"}},
        SCOPE,
    )
    assert [one.name for one in found] == ["one-rg", "last"]
    first = found[0].body
    assert first["tags"] == {"a": "b"}
    assert first["where"] == "/subscriptions/sub/resourceGroups/r/providers/A.B/c/x/d/y"
    assert (first["nothing"], first["text"], first["given"]) == (None, "[not one]", "[concat('a', 'b')]")


@pytest.mark.parametrize(
    ("name", "parameters", "given", "told"),
    [
        ("[parameters('a')]", {}, {}, "The template parameter 'a' is not found"),
        ("[variables('a')]", {}, {}, "The template variable 'a' is not found"),
        ("[copyIndex()]", {}, {}, "The template function 'copyindex' is not valid"),
        ("[concat('a'", {}, {}, None),
        ("[concat('a']", {}, {}, "is not valid"),
        ("[concat('a') 'b']", {}, {}, "is not valid"),
        ("[concat('a' 'b')]", {}, {}, "is not valid"),
        ("x", {"a": {"type": "string"}}, {}, "The value for the template parameter 'a' is not provided"),
        ("x", {}, {"a": {"value": 1}}, "'a' in the parameters file are not valid"),
        ("x", {"a": {"allowedValues": ["b"]}}, {"a": {"value": "c"}}, "not part of the allowed value"),
    ],
)
def test_a_template_that_means_nothing_is_refused(
    name: str, parameters: dict[str, Any], given: dict[str, Any], told: str | None
) -> None:
    asked = template({"name": name}, parameters=parameters)
    if told is None:
        assert read(asked, given, SCOPE)[0].name == name  # without its bracket it is a text
        return
    with pytest.raises(Refused, match=told):
        read(asked, given, SCOPE)


def test_nobody_asked_for_what_is_not_there(sdk: Sdk) -> None:
    assert sdk.emulator.unserved == []
