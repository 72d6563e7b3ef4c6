"""Datastores against the emulator."""

from __future__ import annotations

import pytest

from emulator.faults import Status as Answer
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import Conflict, EngineError, Transient
from specrun.engines.facts import AZUREML_V1
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.observed import Observed, Status
from specrun.spec.model import SecretUnset
from tests.azureml_v1.place import Place, resource

KEY = "datastore/training"
DATASTORES = "api.azureml.ms /datastore/v1.0/subscriptions/{sub}/resourceGroups/{group}/providers"
DATASTORES += "/Microsoft.MachineLearningServices/workspaces/{ws}/datastores"
GET, POST, PUT = f"GET {DATASTORES}/{{name}}", f"POST {DATASTORES}", f"PUT {DATASTORES}/{{name}}"


def start(place: Place, fields: str) -> tuple[AzureEngine, ResourceChange]:
    """An engine for a workspace, and the change that registers a datastore with these fields."""
    account = place.make_workspace()
    spec = place.spec(f"datastores: {{training: {{account_name: {account}, {fields}}}}}")
    return place.engine(spec), ResourceChange(resource(spec, KEY), Action.CREATE, "", Observed(Status.MISSING))


BLOB = 'type: azure_blob, container_name: data, credentials: {account_key: "${{ secrets.KEY }}"}'


@pytest.fixture
def key(place: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    value = place.emulator.service.stores.key("mlwsstore")
    monkeypatch.setenv("KEY", value)
    place.emulator.service.stores.blobs("mlwsstore").ensure("data")
    return value


def test_a_container_with_a_key(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    assert engine.resources.observe(change.resource).status is Status.MISSING
    asked = place.routes(lambda: engine.resources.begin(change, place.reports.append))
    # The SDK forgets after a while where its services are: on a busy machine it may ask for that again here.
    assert [route for route in asked if not route.endswith("/discovery")] == [POST, GET]
    seen = engine.resources.observe(change.resource)
    wanted = {name: value for name, value in change.resource.wanted.items() if name != "credentials"}
    assert (seen.status, seen.properties, seen.maker.spec) == (Status.READY, wanted, "")
    assert engine.connection.datastore("training").account_key == key
    assert place.routes(lambda: engine.resources.observe(change.resource)) == [GET]


@pytest.mark.parametrize(
    ("fields", "type_", "container"),
    [
        ("type: azure_blob, container_name: data", "azure_blob", "container_name"),
        (
            'type: azure_file, file_share_name: data, credentials: {account_key: "${{ secrets.KEY }}"}',
            "azure_file",
            "file_share_name",
        ),
        ("type: azure_data_lake_gen2, filesystem: data", "azure_data_lake_gen2", "filesystem"),
        (
            "type: azure_data_lake_gen2, filesystem: data, credentials: {tenant_id: t, client_id: c, "
            'client_secret: "${{ secrets.KEY }}"}',
            "azure_data_lake_gen2",
            "filesystem",
        ),
    ],
)
def test_every_type(place: Place, key: str, fields: str, type_: str, container: str) -> None:
    engine, change = start(place, fields)
    seen = place.change(engine, Action.CREATE, change.resource)
    assert seen.properties["type"] == type_
    assert seen.properties[container] == "data"


def test_registered_again_it_is_what_was_asked_for(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    place.change(engine, Action.CREATE, change.resource)
    place.emulator.service.stores.blobs("mlwsstore").ensure("other")
    engine, change = start(place, BLOB.replace("container_name: data", "container_name: other"))
    routes = place.routes(lambda: place.change(engine, Action.UPDATE, change.resource))
    assert PUT in routes
    assert engine.resources.observe(change.resource).properties["container_name"] == "other"
    assert engine.connection.datastore("training").container_name == "other"


def test_one_that_somebody_registered_meanwhile_is_not_overwritten(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    place.change(engine, Action.CREATE, change.resource)
    with pytest.raises(Conflict, match="plan again"):
        engine.resources.begin(change, place.reports.append)


def test_a_secret_that_is_not_set(place: Place) -> None:
    engine, change = start(place, BLOB)
    with pytest.raises(SecretUnset, match="KEY"):
        engine.resources.begin(change, place.reports.append)
    assert POST not in [one.route for one in place.emulator.requests]


def test_no_such_container(place: Place, key: str) -> None:
    engine, change = start(place, BLOB.replace("container_name: data", "container_name: nothing"))
    with pytest.raises(EngineError, match=r"register the datastore training: .*Make the container"):
        engine.resources.begin(change, place.reports.append)


def test_a_wrong_key_is_told_and_not_shown(place: Place, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "d3Jvbmc=")
    engine, change = start(place, BLOB)
    with pytest.raises(EngineError, match="The credential does not open") as caught:
        engine.resources.begin(change, place.reports.append)
    assert "d3Jvbmc=" not in str(caught.value)


def test_no_such_account(place: Place, key: str) -> None:
    place.make_workspace()
    spec = place.spec(f"datastores: {{training: {{account_name: nobodys, {BLOB}}}}}")
    with pytest.raises(EngineError, match="There is no storage account nobodys"):
        place.engine(spec).resources.begin(
            ResourceChange(resource(spec, KEY), Action.CREATE, "", Observed(Status.MISSING)), place.reports.append
        )


def test_what_nobody_has_tried_again_may_be(place: Place, key: str) -> None:
    engine, change = start(place, BLOB)
    place.emulator.faults.add(POST, Answer(503))
    with pytest.raises(Transient):
        engine.resources.begin(change, place.reports.append)
    engine.resources.begin(change, place.reports.append)


def test_none_is_deleted() -> None:
    assert AZUREML_V1.capabilities["datastore"].kept
