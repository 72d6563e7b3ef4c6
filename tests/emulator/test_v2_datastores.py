"""Datastores, with the unmodified SDK v2, and that they are those of SDK v1."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.azurite.server import account_key
from emulator.dataplane import data_of
from tests.emulator.emulated import bearer
from tests.emulator.sdk import Sdk, make_workspace
from tests.emulator.sdk_v2 import open_client

ACCOUNT = "mlstore"


def blob(name: str, container: str = "c-v2", **rest: Any) -> Any:
    from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore

    credentials = AccountKeyConfiguration(account_key=account_key(ACCOUNT))
    asked = {"account_name": ACCOUNT, "container_name": container, "credentials": credentials, **rest}
    return AzureBlobDatastore(name=name, **asked)


def test_a_new_workspace_has_its_own(client: Any, sdk: Sdk) -> None:
    found = {one.name: one for one in client.datastores.list()}
    assert set(found) >= {
        "workspaceblobstore",
        "workspaceartifactstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    }
    default = client.datastores.get_default()
    assert default.name == "workspaceblobstore"
    assert default.container_name == f"azureml-blobstore-{sdk.plane.place.id}"
    assert default.account_name == sdk.plane.blobs.account
    assert default.credentials.type == "account_key"
    assert default.credentials.account_key is None
    assert found["workspacefilestore"].file_share_name == f"azureml-filestore-{sdk.plane.place.id}"


def test_both_sdks_see_the_same(client: Any, sdk: Sdk) -> None:
    from azure.core.exceptions import ResourceNotFoundError
    from azureml.core import Datastore

    since = sdk.emulator.requests[-1].number
    made = client.datastores.create_or_update(blob("Raw", description="scans", tags={"team": "vision"}))
    assert sdk.emulator.count(since) == 1
    assert (made.name, made.description, made.tags) == ("raw", "scans", {"team": "vision"})
    seen = Datastore.get(sdk.workspace, "raw")
    assert (seen.account_name, seen.container_name, seen.account_key) == (ACCOUNT, "c-v2", account_key(ACCOUNT))
    sdk.workspace.set_default_datastore("raw")
    assert client.datastores.get_default().name == "raw"
    sdk.workspace.set_default_datastore("workspaceblobstore")

    Datastore.register_azure_blob_container(
        sdk.workspace, "raw", "c-other", ACCOUNT, account_key=account_key(ACCOUNT), overwrite=True, skip_validation=True
    )
    assert client.datastores.get("raw").container_name == "c-other"
    client.datastores.delete("raw")
    assert "raw" not in sdk.workspace.datastores
    with pytest.raises(ResourceNotFoundError, match="Could not find datastore: raw"):
        client.datastores.get("raw")


def test_a_key_is_shown_as_a_signature_that_ends(client: Any, sdk: Sdk) -> None:
    from azure.storage.blob import ContainerClient

    account = data_of(sdk.emulator.service).account(ACCOUNT)
    assert account is not None
    account.blobs.ensure("c-v2")
    client.datastores.create_or_update(blob("keyed"))
    shown = client.datastores.get("keyed", include_secrets=True).credentials
    assert (shown.type, account_key(ACCOUNT) in shown.sas_token) == ("sas", False)
    container = ContainerClient(f"https://{ACCOUNT}.blob.core.windows.net", "c-v2", credential=shown.sas_token)
    container.upload_blob("a.txt", b"a", overwrite=True)
    assert list(container.list_blob_names()) == ["a.txt"]


def test_a_sas_is_shown_as_it_is(client: Any, sdk: Sdk) -> None:
    from azure.ai.ml.entities import SasTokenConfiguration

    client.datastores.create_or_update(blob("signed", credentials=SasTokenConfiguration(sas_token="?sv=1&sig=x")))
    assert client.datastores.get("signed", include_secrets=True).credentials.sas_token == "?sv=1&sig=x"
    assert sdk.workspace.datastores["signed"].sas_token == "?sv=1&sig=x"
    client.datastores.create_or_update(blob("signed", credentials=None))
    assert client.datastores.get("signed", include_secrets=True).credentials.type != "sas"
    assert sdk.workspace.datastores["signed"].credential_type == "None"


def test_a_lake_and_a_file_share(client: Any, sdk: Sdk) -> None:
    from azure.ai.ml.entities import (
        AccountKeyConfiguration,
        AzureDataLakeGen2Datastore,
        AzureFileDatastore,
        ServicePrincipalConfiguration,
    )

    who = ServicePrincipalConfiguration(
        tenant_id=str(uuid.uuid4()), client_id=str(uuid.uuid4()), client_secret="s", authority_url="https://login"
    )
    client.datastores.create_or_update(
        AzureDataLakeGen2Datastore(name="lake", account_name=ACCOUNT, filesystem="system", credentials=who)
    )
    lake = client.datastores.get("lake", include_secrets=True)
    assert (lake.filesystem, lake.credentials.client_id, lake.credentials.client_secret) == (
        "system",
        who.client_id,
        "s",
    )
    seen = sdk.workspace.datastores["lake"]
    assert (seen.container_name, seen.client_id, seen.tenant_id) == ("system", who.client_id, who.tenant_id)
    assert seen.client_secret == "s"
    key = AccountKeyConfiguration(account_key=account_key(ACCOUNT))
    client.datastores.create_or_update(
        AzureFileDatastore(name="share", account_name=ACCOUNT, file_share_name="files", credentials=key)
    )
    assert client.datastores.get("share", include_secrets=True).credentials.sas_token.startswith("?sv=")
    assert sdk.workspace.datastores["share"].container_name == "files"


def test_what_v1_registered_is_seen_by_v2(client: Any, sdk: Sdk) -> None:
    from azureml.core import Datastore

    Datastore.register_azure_data_lake_gen2(
        sdk.workspace, "lake1", "system", ACCOUNT, tenant_id="t", client_id="c", client_secret="s"
    )
    found = client.datastores.get("lake1")
    assert (found.filesystem, found.credentials.type, found.credentials.tenant_id) == (
        "system",
        "service_principal",
        "t",
    )
    assert found.credentials.resource_url == "https://storage.azure.com/"


def test_lists_come_in_pages(client: Any, sdk: Sdk) -> None:
    for number in range(31):
        client.datastores.create_or_update(blob(f"many{number}", credentials=None))
    since = sdk.emulator.requests[-1].number
    found = [one.name for one in client.datastores.list()]
    assert sdk.emulator.count(since) == 2
    assert len(found) == len(set(found)) == len(sdk.plane.datastores)
    for number in range(31):
        client.datastores.delete(f"many{number}")


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"datastoreType": "AzureBlob"}, "'credentials' is a required property"),
        ({"datastoreType": "AzureSqlDatabase"}, "'AzureSqlDatabase' is not one of"),
        (
            {"datastoreType": "AzureFile", "accountName": "a", "credentials": {"credentialsType": "None"}},
            "'fileShareName' is a required property",
        ),
        (
            {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "AccountKey"}},
            "'secrets' is a required property",
        ),
        (
            {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}},
            "accountName and containerName are required",
        ),
        (
            {
                "datastoreType": "AzureFile",
                "accountName": "a",
                "fileShareName": "b",
                "credentials": {"credentialsType": "None"},
            },
            "cannot have credentials of type None",
        ),
    ],
)
def test_what_is_no_datastore_is_refused(sdk: Sdk, properties: dict[str, Any], told: str) -> None:
    url = f"https://management.azure.com{sdk.plane.place.path}/datastores/bad"
    query = {"api-version": "2024-10-01-preview", "skipValidation": "true"}
    headers = bearer(sdk.emulator)
    answer = requests.put(url, params=query, json={"properties": properties}, headers=headers, timeout=60)
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]
    assert "bad" not in sdk.plane.datastores


def test_without_skip_validation_it_must_open(client: Any, sdk: Sdk) -> None:
    client.datastores.create_or_update(blob("closed", credentials=None))  # the SDK always skips
    body = {
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": ACCOUNT,
            "containerName": "c-missing",
            "credentials": {
                "credentialsType": "AccountKey",
                "secrets": {"secretsType": "AccountKey", "key": account_key(ACCOUNT)},
            },
        }
    }
    url = f"https://management.azure.com{sdk.plane.place.path}/datastores/closed?api-version=2024-10-01-preview"
    answer = requests.put(url, json=body, headers=bearer(sdk.emulator), timeout=60)
    assert answer.json()["error"]["message"].startswith("ContainerNotFound")
    assert client.datastores.get("closed").container_name == "c-v2"


def test_names_and_the_default_one(client: Any) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="is not valid"):
        client.datastores.create_or_update(blob("a-b"))
    with pytest.raises(HttpResponseError, match="default datastore cannot be deleted"):
        client.datastores.delete("workspaceblobstore")


def test_a_storage_account_that_refuses_keys(client: Any, sdk: Sdk, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Data

    plane = make_workspace(sdk.emulator, "keyless", by_identity=True, allowSharedKeyAccess=False)
    other = open_client(sdk.emulator, "keyless")
    assert other.datastores.get_default(include_secrets=True).credentials.type != "account_key"
    (tmp_path / "a.txt").write_text("a")
    data = other.data.create_or_update(Data(name="d", version="1", path=str(tmp_path / "a.txt"), type="uri_file"))
    store = plane.datastores["workspaceblobstore"]
    assert plane.blobs.read(store.container, data.path.partition("/paths/")[2]) == b"a"


def test_nobody_asked_for_what_is_not_there(sdk: Sdk) -> None:
    assert sdk.emulator.unserved == []
