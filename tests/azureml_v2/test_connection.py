"""What the SDK needs in one workspace: each thing fetched once, datastores opened with what the service gives."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator.faults import Status as Answer
from emulator.router import Request
from specrun.engines.azure import connection
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import Denied, EngineError, Transient
from specrun.plan.changes import Action
from specrun.plan.observed import Status
from tests.azureml_v2.place import LIST_DATASTORES, LIST_SECRETS, Place, resource

TEXT = "data: {mnist: {path: data}}"
KEY = "data/default/mnist"


@pytest.fixture
def engine(place: Place) -> AzureEngine:
    place.make_workspace()
    (place.folder / "data").mkdir()
    (place.folder / "data" / "a").write_text("a")
    return place.engine(place.spec(TEXT))


def test_a_datastore_is_asked_for_once_by_all_threads(place: Place, engine: AzureEngine) -> None:
    together = threading.Barrier(8)

    def open_it(number: int) -> str:
        together.wait(30)
        return engine.connection.open_datastore(None).name

    def open_all() -> None:
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(open_it, range(8)))) == 1

    assert place.routes(open_all) == [LIST_DATASTORES, LIST_SECRETS]


def test_one_datastore_has_many_spellings(place: Place, engine: AzureEngine) -> None:
    first = engine.connection.open_datastore("workspaceblobstore")
    assert place.routes(lambda: engine.connection.open_datastore("WorkspaceBlobStore")) == []
    assert engine.connection.open_datastore("WORKSPACEBLOBSTORE") is first


def test_a_signature_opens_a_datastore(place: Place, engine: AzureEngine) -> None:
    target = resource(place.spec(TEXT), KEY)
    assert place.change(engine, Action.CREATE, target).status is Status.READY
    assert engine.connection.open_datastore(None).opened_with == "key"


def test_a_signature_that_is_old_is_fetched_anew(
    place: Place, engine: AzureEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SECRETS_LAST", -1.0)
    target = resource(place.spec(TEXT), KEY)
    engine.resources.observe(target)
    assert LIST_SECRETS in place.routes(lambda: engine.resources.observe(target))
    assert place.change(engine, Action.CREATE, target).status is Status.READY


def test_a_signature_that_is_new_is_not(place: Place, engine: AzureEngine) -> None:
    target = resource(place.spec(TEXT), KEY)
    engine.resources.observe(target)
    assert LIST_SECRETS not in place.routes(lambda: engine.resources.observe(target))
    assert connection.SECRETS_LAST < 3600, "the service's signatures last for an hour"


def test_where_keys_are_refused_who_is_signed_in_counts(place: Place, engine: AzureEngine) -> None:
    def with_a_key(request: Request, route: str) -> bool:
        return "blob.core" in route and "sig" in request.query

    headers = {"x-ms-error-code": "KeyBasedAuthenticationNotPermitted", "Content-Type": "application/xml"}
    rule = place.emulator.faults.add(with_a_key, Answer(403, body=b"<Error/>", headers=headers), times=None)
    assert place.change(engine, Action.CREATE, resource(place.spec(TEXT), KEY)).status is Status.READY
    assert rule.hit == 1
    assert engine.connection.open_datastore(None).opened_with == "identity"


def test_an_account_without_keys_is_opened_by_who_is_signed_in(place: Place, engine: AzureEngine) -> None:
    resources = place.emulator.service.resources.values()
    account = next(one for one in resources if one.name == "mlwsstore")
    account.body["properties"] = {"allowSharedKeyAccess": False}
    assert place.change(engine, Action.CREATE, resource(place.spec(TEXT), KEY)).status is Status.READY
    assert engine.connection.open_datastore(None).opened_with == "identity"


def test_a_key_that_nobody_may_read(place: Place, engine: AzureEngine) -> None:
    place.emulator.faults.add(LIST_SECRETS, Answer(403, "AuthorizationFailed", "No."), times=None)
    with pytest.raises(Denied, match=r"cannot find the default datastore"):
        engine.resources.observe(resource(place.spec(TEXT), KEY))


def test_a_workspace_that_has_no_default_datastore_yet(place: Place, engine: AzureEngine) -> None:
    place.emulator.faults.add(LIST_DATASTORES, Answer(200, body=b'{"value": []}'))
    target = resource(place.spec(TEXT), KEY)
    with pytest.raises(Transient, match="none yet") as caught:
        engine.resources.observe(target)
    assert caught.value.after == connection.SOON
    assert engine.resources.observe(target).status is Status.MISSING


def test_a_file_share_is_no_container(engine: AzureEngine) -> None:
    with pytest.raises(EngineError, match="workspacefilestore is no blob container"):
        engine.connection.open_datastore("workspacefilestore")


def test_nothing_of_a_workspace_is_kept_that_is_gone(place: Place, engine: AzureEngine) -> None:
    engine.connection.open_datastore(None)
    engine.connection.forget()
    assert place.routes(lambda: engine.connection.open_datastore(None)) == [LIST_DATASTORES, LIST_SECRETS]
