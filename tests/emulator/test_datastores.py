"""Datastores, with the unmodified SDK: what a workspace has, what can be registered, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.azurite.server import account_key
from emulator.dataplane import data_of
from tests.emulator.sdk import Sdk, make_workspace, open_workspace

ACCOUNT = "mlstore"


def registered(sdk: Sdk, name: str, **rest: Any) -> Any:
    from azureml.core import Datastore

    given = {
        "container_name": f"c-{name.replace('_', '-')}",
        "account_name": ACCOUNT,
        "account_key": account_key(ACCOUNT),
    } | rest
    return Datastore.register_azure_blob_container(sdk.workspace, name, **given)


def container(sdk: Sdk, name: str, account: str = ACCOUNT) -> None:
    found = data_of(sdk.emulator.service).account(account)
    assert found is not None
    found.blobs.ensure(name)


def test_a_new_workspace_has_its_own(sdk: Sdk) -> None:
    assert set(sdk.workspace.datastores) == {
        "workspaceblobstore",
        "workspaceartifactstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    }
    default = sdk.workspace.get_default_datastore()
    assert default.name == "workspaceblobstore"
    assert default.container_name == f"azureml-blobstore-{sdk.plane.place.id}"
    assert default.account_key == sdk.plane.blobs.key
    assert sdk.workspace.datastores["workspaceartifactstore"].container_name == "azureml"


def test_files_go_there_and_back(sdk: Sdk, tmp_path: Path) -> None:
    (tmp_path / "up" / "deep").mkdir(parents=True)
    (tmp_path / "up" / "deep" / "a.txt").write_text("a")
    default = sdk.workspace.get_default_datastore()
    default.upload(str(tmp_path / "up"), "sets", show_progress=False)
    assert default.download(str(tmp_path / "down"), "sets", show_progress=False) == 1
    assert (tmp_path / "down" / "sets" / "deep" / "a.txt").read_text() == "a"


def test_a_container_is_registered_and_removed(sdk: Sdk) -> None:
    from azureml.core import Datastore
    from azureml.exceptions import UserErrorException

    container(sdk, "c-training")
    store = registered(sdk, "Training", container_name="c-training")
    assert (store.name, store.account_name, store.container_name) == ("training", ACCOUNT, "c-training")
    assert Datastore.get(sdk.workspace, "TRAINING").account_key == account_key(ACCOUNT)
    sdk.workspace.set_default_datastore("training")
    assert sdk.workspace.get_default_datastore().name == "training"
    sdk.workspace.set_default_datastore("workspaceblobstore")
    store.unregister()
    with pytest.raises(UserErrorException, match="Could not find datastore"):
        Datastore.get(sdk.workspace, "training")


def test_a_sas_opens_a_container_too(sdk: Sdk) -> None:
    import datetime

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    container(sdk, "c-sas")
    permission = ContainerSasPermissions(read=True, list=True)
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    sas = generate_container_sas(ACCOUNT, "c-sas", account_key(ACCOUNT), permission=permission, expiry=expiry)
    store = registered(sdk, "sas", account_key=None, sas_token=sas)
    assert (store.sas_token, store.is_sas) == (sas, True)
    wrong = generate_container_sas(ACCOUNT, "c-sas", account_key("trainingstore"), permission=permission, expiry=expiry)
    with pytest.raises(Exception, match="credentials are correct"):
        registered(sdk, "sas_wrong", container_name="c-sas", account_key=None, sas_token=wrong)


def test_overwrite(sdk: Sdk) -> None:
    container(sdk, "c-one")
    container(sdk, "c-two")
    registered(sdk, "over", container_name="c-one")
    with pytest.raises(Exception, match="already exists"):
        registered(sdk, "over", container_name="c-two")
    assert sdk.workspace.datastores["over"].container_name == "c-one"
    assert registered(sdk, "over", container_name="c-two", overwrite=True).container_name == "c-two"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"container_name": "c-missing"}, "The specified container does not exist"),
        ({"account_name": "nobodysstore"}, "No such host is known"),
        ({"account_key": account_key("trainingstore")}, "credentials are correct"),
        ({"account_key": "no key"}, "credentials are correct"),
    ],
)
def test_what_cannot_be_opened_is_refused(sdk: Sdk, given: dict[str, str], told: str) -> None:
    from azureml.exceptions import UserErrorException

    container(sdk, "c-wrong")
    with pytest.raises(UserErrorException, match=told):
        registered(sdk, "wrong", **given)
    assert "wrong" not in sdk.workspace.datastores
    assert registered(sdk, "wrong", **given, skip_validation=True).name == "wrong"
    sdk.workspace.datastores["wrong"].unregister()


def test_a_container_is_made_when_asked_for(sdk: Sdk) -> None:
    store = registered(sdk, "made", create_if_not_exists=True)
    assert store.blob_service.get_container_client("c-made").exists()


def test_a_name_with_signs_is_refused(sdk: Sdk) -> None:
    with pytest.raises(Exception, match="is not valid"):
        registered(sdk, "a-b", container_name="c-one")


def test_a_file_share_and_a_lake(sdk: Sdk) -> None:
    from azureml.core import Datastore

    share = Datastore.register_azure_file_share(
        sdk.workspace, "share", "files", account_name=ACCOUNT, account_key=account_key(ACCOUNT)
    )
    assert (share.datastore_type, share.container_name) == ("AzureFile", "files")
    with pytest.raises(Exception, match="credentials are correct"):
        Datastore.register_azure_file_share(
            sdk.workspace, "share2", "files", account_name=ACCOUNT, account_key=account_key("trainingstore")
        )
    lake = Datastore.register_azure_data_lake_gen2(sdk.workspace, "lake", "system", ACCOUNT)
    assert (lake.datastore_type, lake.container_name) == ("AzureDataLakeGen2", "system")
    named = Datastore.register_azure_data_lake_gen2(
        sdk.workspace, "lake2", "system", ACCOUNT, tenant_id="t", client_id="c", client_secret="s"
    )
    assert named.client_secret == "s"


def test_secrets_are_listed_only_when_asked_for(sdk: Sdk) -> None:
    import requests

    url = f"{sdk.plane.place.api}/datastore/v1.0{sdk.plane.place.path}/datastores"
    headers = sdk.workspace._auth.get_authentication_header()
    for store in [one for one in sdk.plane.datastores if not one.startswith("workspace")]:
        del sdk.plane.datastores[store]
    for asked in (True, False):
        found = requests.get(
            url, {"includeSecret": str(asked).lower(), "count": "2"}, headers=headers, timeout=60
        ).json()
        assert len(found["value"]) == 2
        assert found["continuationToken"]
        assert (sdk.plane.blobs.key in str(found)) == asked


def test_a_storage_account_that_refuses_keys(sdk: Sdk) -> None:
    from azureml.core import Datastore

    make_workspace(sdk.emulator, "keyless", by_identity=True, allowSharedKeyAccess=False)
    workspace = open_workspace(sdk.emulator, "keyless")
    default = workspace.get_default_datastore()
    assert default.credential_type == "None"
    assert default.account_key is None
    with pytest.raises(Exception, match="key based authentication"):
        Datastore.register_azure_blob_container(
            workspace, "again", default.container_name, default.account_name, account_key="anything"
        )
