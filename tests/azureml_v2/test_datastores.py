"""Datastores against the emulator."""

from __future__ import annotations

import pytest

from emulator.faults import Status as Answer
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import Denied, EngineError, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource
from specrun.spec.model import SecretUnset
from tests.azureml_v2.place import DELETE_DATASTORE, GET_DATASTORE, PUT_DATASTORE, Place, resource

KEY = "datastore/training"
ID = "00000000-0000-0000-0000-000000000001"
BLOB = 'type: azure_blob, container_name: data, credentials: {account_key: "${{ secrets.KEY }}"}'
SAS = 'type: azure_blob, container_name: data, credentials: {sas_token: "${{ secrets.KEY }}"}'


def start(place: Place, fields: str) -> tuple[AzureEngine, ResourceChange]:
    """An engine for a workspace, and the change that registers a datastore with these fields."""
    account = place.make_workspace()
    spec = place.spec(f"datastores: {{training: {{account_name: {account}, {fields}}}}}")
    return place.engine(spec), ResourceChange(resource(spec, KEY), Action.CREATE, "", Observed(Status.MISSING))


@pytest.fixture
def key(place: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    value = place.emulator.service.stores.key("mlwsstore")
    monkeypatch.setenv("KEY", value)
    place.emulator.service.stores.blobs("mlwsstore").ensure("data")
    return value


def test_a_container_with_a_key(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    assert engine.resources.observe(change.resource).status is Status.MISSING
    assert place.routes(lambda: engine.resources.begin(change, place.reports.append)) == [PUT_DATASTORE]
    seen = engine.resources.observe(change.resource)
    wanted = {name: value for name, value in change.resource.wanted.items() if name != "credentials"}
    assert (seen.status, seen.properties, seen.maker.spec) == (Status.READY, wanted, "job")
    assert place.routes(lambda: engine.resources.observe(change.resource)) == [GET_DATASTORE]
    assert engine.connection.open_datastore("training").opened_with == "key"
    assert place.plane.datastores["training"].section["credential"] == key


def test_a_container_with_a_signature(place: Place, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from emulator.signatures import of_container

    account = place.make_workspace()
    monkeypatch.setenv("KEY", of_container(account, "data", "racwdl"))
    engine, change = start(place, SAS)
    place.change(engine, Action.CREATE, change.resource)
    container = engine.connection.open_datastore("training")
    assert container.opened_with == "sas"
    container.client.upload_blob("a", b"1")
    assert place.emulator.service.stores.blobs("mlwsstore").read("data", "a") == b"1"


@pytest.mark.parametrize(
    ("fields", "type_", "container", "credential"),
    [
        ("type: azure_blob, container_name: data", "azure_blob", "container_name", "None"),
        (
            'type: azure_file, file_share_name: data, credentials: {account_key: "${{ secrets.KEY }}"}',
            "azure_file",
            "file_share_name",
            "AccountKey",
        ),
        ("type: azure_data_lake_gen2, filesystem: data", "azure_data_lake_gen2", "filesystem", "None"),
        (
            f"type: azure_data_lake_gen2, filesystem: data, credentials: {{tenant_id: {ID}, client_id: {ID}, "
            'client_secret: "${{ secrets.KEY }}"}',
            "azure_data_lake_gen2",
            "filesystem",
            "ClientCredentials",
        ),
    ],
)
def test_every_type(place: Place, key: str, fields: str, type_: str, container: str, credential: str) -> None:
    engine, change = start(place, fields)
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.properties["type"] == type_
    assert seen.properties[container] == "data"
    section = place.plane.datastores["training"].section
    assert section["credentialType"] == credential
    if credential == "ClientCredentials":
        told = section["clientCredentials"]
        assert (told["clientId"], told["tenantId"], told["clientSecret"]) == (ID, ID, key)


def test_registered_again_it_is_what_was_asked_for(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    place.change(engine, Action.CREATE, change.resource)
    assert engine.connection.open_datastore("training").name == "data"
    place.emulator.service.stores.blobs("mlwsstore").ensure("other")
    spec = place.spec(
        f"datastores: {{training: {{account_name: {place.plane.blobs.account}, "
        f"{BLOB.replace('container_name: data', 'container_name: other')}}}}}"
    )
    place.plane.datastores["training"].tags["by"] = "hand"
    routes = place.routes(lambda: place.change(engine, Action.UPDATE, resource(spec, KEY)))
    assert PUT_DATASTORE in routes
    assert engine.resources.observe(change.resource).properties["container_name"] == "other"
    assert engine.connection.open_datastore("training").name == "other"
    assert place.plane.datastores["training"].tags == {"specrun": "job", "by": "hand"}


def test_what_somebody_else_registered_stays_theirs(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    place.change(engine, Action.CREATE, change.resource)
    place.plane.datastores["training"].tags.clear()
    assert place.change(engine, Action.UPDATE, change.resource).maker == Maker()


def test_deleting_leaves_the_data(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    place.change(engine, Action.CREATE, change.resource)
    blobs = place.emulator.service.stores.blobs("mlwsstore")
    blobs.write("data", "a", b"1")
    assert DELETE_DATASTORE in place.routes(lambda: place.change(engine, Action.DELETE, change.resource))
    assert engine.resources.observe(change.resource).status is Status.MISSING
    assert blobs.read("data", "a") == b"1"
    place.change(engine, Action.DELETE, change.resource)


def test_a_datastore_of_a_type_that_no_spec_has(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    answer = (
        b'{"id": "/x", "name": "training", "properties": {"datastoreType": "OneLake", "credentials": '
        b'{"credentialsType": "None"}, "oneLakeWorkspaceName": "w", "endpoint": "e", "artifact": '
        b'{"artifactType": "LakeHouse", "artifactName": "a"}}}'
    )
    place.emulator.faults.add(GET_DATASTORE, Answer(200, body=answer))
    seen = engine.resources.observe(change.resource)
    assert (seen.status, str(seen.properties["type"]).lower().replace("_", "")) == (Status.READY, "onelake")


def test_a_secret_that_is_not_set(place: Place) -> None:
    engine, change = start(place, BLOB)
    with pytest.raises(SecretUnset, match="KEY"):
        engine.resources.begin(change, place.reports.append)
    assert PUT_DATASTORE not in [one.route for one in place.emulator.requests]


DATA = "data: {digits: {path: numbers, datastore: training}}"


def used(place: Place, fields: str) -> tuple[AzureEngine, Resource]:
    """A datastore that was registered, which the SDK does without a look into it, and data that is to go there."""
    account = place.make_workspace()
    (place.folder / "numbers").mkdir()
    (place.folder / "numbers" / "a").write_text("1")
    spec = place.spec(f"datastores: {{training: {{account_name: {account}, {fields}}}}}\n{DATA}")
    engine = place.engine(spec)
    assert place.change(engine, Action.CREATE, resource(spec, KEY)).status is Status.READY
    return engine, resource(spec, "data/training/digits")


def test_no_such_container(place: Place, key: str) -> None:
    engine, target = used(place, BLOB.replace("container_name: data", "container_name: nothing"))
    assert engine.resources.observe(target).status is Status.MISSING
    with pytest.raises(EngineError, match=r"container nothing .*there is no such container"):
        place.change(engine, Action.CREATE, target)


def test_a_wrong_key_is_told_and_not_shown(place: Place, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "d3Jvbmc=")
    engine, target = used(place, BLOB)
    with pytest.raises(Denied, match="what the datastore is registered with is wrong") as caught:
        engine.resources.observe(target)
    assert "d3Jvbmc=" not in str(caught.value)


def test_what_fails_for_long_may_be_tried_again(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    rule = place.emulator.faults.add(PUT_DATASTORE, Answer(503), times=3)
    with pytest.raises(Transient):
        engine.resources.begin(change, place.reports.append)
    assert rule.hit == 3
    engine.resources.begin(change, place.reports.append)
