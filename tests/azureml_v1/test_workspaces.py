"""Workspaces against the emulator: found, missing, made once, deleted."""

from __future__ import annotations

import contextlib
import json
import threading

import pytest

from emulator.faults import BlackHole, FailedOperation, LostAnswer, Reset, missing
from emulator.faults import Status as Answer
from emulator.router import Request
from specrun.engines.azure import workspaces
from specrun.engines.azure.deployments import await_deployments
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azureml_v1 import workspaces as sdk
from specrun.engines.base import Denied, EngineError, Missing, Quota, Transient
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.observed import Observed, Status
from specrun.spec.model import Spec
from tests.azureml_v1.place import DEPLOY, GET_WORKSPACE, SUBSCRIPTIONS, WORKSPACE, Place, resource

CLUSTER = "compute: gpu-cluster"
KEY = "workspace/ml-ws"


NEVER = 3600.0
"""Seconds that no test takes."""


@pytest.fixture
def spec(place: Place) -> Spec:
    return place.spec(CLUSTER)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "LOOK", 0.2)
    monkeypatch.setattr(workspaces, "APPEARS", 3.0)


def test_one_that_is_there(place: Place, spec: Spec) -> None:
    place.make_workspace()
    engine = place.engine(spec)
    assert engine.place.title == "workspace ml-ws"
    routes = place.routes(lambda: engine.resources.observe(resource(spec, KEY)))
    assert routes == [SUBSCRIPTIONS, GET_WORKSPACE]
    seen = engine.resources.observe(resource(spec, KEY))
    assert seen.status is Status.READY
    assert seen.properties == {
        "name": "ml-ws",
        "resource_group": "ml-rg",
        "subscription_id": place.emulator.service.subscription,
        "location": "westeurope",
    }
    assert seen.maker.spec == ""


def test_threads_share_one_look(place: Place, spec: Spec) -> None:
    place.make_workspace()
    engine = place.engine(spec)

    def ask() -> None:
        threads = [threading.Thread(target=engine.connection.workspace) for _ in range(5)]
        threads.append(threading.Thread(target=lambda: engine.resources.observe(resource(spec, KEY))))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert place.routes(ask) == [SUBSCRIPTIONS, GET_WORKSPACE]


def test_one_is_made_with_its_group(place: Place, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "LOOK", NEVER)
    engine = place.engine(spec)
    space = resource(spec, KEY)
    assert place.routes(lambda: engine.resources.observe(space)) == [SUBSCRIPTIONS, GET_WORKSPACE]
    seen = place.change(engine, Action.CREATE, space)
    assert (seen.status, seen.maker.spec) == (Status.READY, "job")
    assert seen.properties["location"] == "westeurope"
    assert len(place.made()) == 3
    asked = [one.route for one in place.emulator.requests]
    assert asked.count(DEPLOY) == 1
    assert len(asked) < 40


def test_what_a_killed_apply_began_is_waited_for(place: Place, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(await_deployments.__kwdefaults__, "poll", 0.05)
    place.deploy_until_told("waiting for the deployment")
    begun = threading.Event()

    def watch(number: int, request: Request, phase: str) -> None:
        if (request.method, phase) == ("PUT", "after") and "/deployments/" in request.path:
            begun.set()

    place.emulator.on_request = watch
    # As good as killed: it has begun, and will never hear how it went on.
    place.emulator.faults.add(lambda request, route: "operationStatuses" in route, BlackHole())
    killed = place.engine(spec)
    change = ResourceChange(resource(spec, KEY), Action.CREATE, "", Observed(Status.MISSING))
    thread = threading.Thread(target=lambda: _forsaken(killed, change), daemon=True)
    thread.start()
    assert begun.wait(30)
    seen = place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))
    assert seen.status is Status.READY
    assert len(place.emulator.service.workspaces) == 1
    assert len(place.made()) == 3
    assert any("waiting for the deployment" in one.text for one in place.reports)
    place.emulator.faults.clear()
    thread.join(30)


def _forsaken(engine: AzureEngine, change: ResourceChange) -> None:
    with contextlib.suppress(EngineError):
        engine.resources.begin(change, lambda _: None)


def test_one_that_is_seen_late_is_waited_for(place: Place, spec: Spec) -> None:
    place.emulator.faults.add(GET_WORKSPACE, missing(), after=DEPLOY, times=2)
    assert place.change(place.engine(spec), Action.CREATE, resource(spec, KEY)).status is Status.READY
    assert len(place.made()) == 3


def test_a_lost_answer_is_no_second_set_of_resources(place: Place, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(await_deployments.__kwdefaults__, "poll", 0.05)
    place.emulator.faults.add(DEPLOY, LostAnswer())
    engine = place.engine(spec)
    with pytest.raises(Transient, match="DeploymentActive"):
        place.change(engine, Action.CREATE, resource(spec, KEY))
    assert place.change(engine, Action.CREATE, resource(spec, KEY)).status is Status.READY
    assert len(place.made()) == 3


def test_a_deployment_that_fails_says_why_and_leaves_nothing(place: Place, spec: Spec) -> None:
    place.emulator.faults.add(DEPLOY, FailedOperation("QuotaExceeded", "The subscription has exceeded its quota."))
    with pytest.raises(Quota, match=r"create the workspace ml-ws.*quota"):
        place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))
    assert place.emulator.service.workspaces == {}


def test_a_deleted_one_that_still_has_the_name(place: Place, spec: Spec) -> None:
    place.emulator.service.soft_deleted.add("ml-ws")
    with pytest.raises(EngineError, match=r"deleted workspace.*still kept"):
        place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))


def test_a_region_that_does_not_exist(place: Place) -> None:
    spec = place.spec(
        CLUSTER, "workspace: {name: ml-ws, resource_group: g, subscription_id: $SUB, location: mars, create: true}"
    )
    with pytest.raises(EngineError, match=r"(?i)location"):
        place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))


def test_the_place_of_one_in_another_group_is_told(place: Place) -> None:
    place.make_workspace(group="other-rg")
    spec = place.spec(CLUSTER, "workspace: {name: ML-WS, resource_group: ml-rg, subscription_id: $SUB}")
    with pytest.raises(Missing, match="in the resource group ml-rg: it is in other-rg"):
        place.engine(spec).resources.observe(resource(spec, "workspace/ML-WS"))


def test_one_that_is_nowhere_is_missing(place: Place) -> None:
    place.make_workspace(name="another")
    spec = place.spec(CLUSTER, "workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: $SUB}")
    assert place.engine(spec).resources.observe(resource(spec, KEY)).status is Status.MISSING


def test_a_subscription_that_nobody_sees(place: Place) -> None:
    spec = place.spec(
        CLUSTER,
        "workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: 00000000-0000-0000-0000-000000000000}",
    )
    with pytest.raises(Denied, match=r"subscription.*`subscription_id`"):
        place.engine(spec).resources.observe(resource(spec, KEY))


def test_no_permission(place: Place, spec: Spec) -> None:
    service = place.emulator.service
    service.roles.revoke(service.owner)
    service.roles.assign(service.owner, "Microsoft.Storage/*")
    with pytest.raises(Denied, match=r"(?s)find the workspace ml-ws.*workspaces/read"):
        place.engine(spec).resources.observe(resource(spec, KEY))


def test_no_permission_to_create(place: Place, spec: Spec) -> None:
    service = place.emulator.service
    service.roles.revoke(service.owner)
    service.roles.assign(service.owner, "*/read")
    with pytest.raises(Denied, match=r"create the workspace ml-ws.*write"):
        place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))


@pytest.mark.parametrize("fault", [Reset(), Answer(500), Answer(503)])
def test_what_fails_once_is_asked_again(place: Place, spec: Spec, fault: object) -> None:
    place.make_workspace()
    rule = place.emulator.faults.add(GET_WORKSPACE, fault)  # type: ignore[arg-type]
    assert place.engine(spec).resources.observe(resource(spec, KEY)).status is Status.READY
    assert rule.hit == 1


def test_a_storage_account_of_ones_own(place: Place) -> None:
    service = place.emulator.service
    service.put_group("ml-rg", "westeurope", {})
    account = service.add_resource("Microsoft.Storage/storageAccounts", "ours", "ml-rg", "westeurope").id
    text = f"{WORKSPACE.rstrip().rstrip('}')}, storage_account: {account}}}"
    spec = place.spec(CLUSTER, text)
    seen = place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))
    assert seen.properties["storage_account"] == account
    respelt = place.spec(CLUSTER, text.replace(account, account.upper().lstrip("/")))
    seen = place.engine(respelt).resources.observe(resource(respelt, KEY))
    assert seen.properties["storage_account"] == account.upper().lstrip("/")
    assert len(place.made()) == 3


def test_one_from_a_configuration_file(place: Place) -> None:
    place.make_workspace()
    values = {
        "workspace_name": "ml-ws",
        "resource_group": "ml-rg",
        "subscription_id": place.emulator.service.subscription,
    }
    (place.folder / "config.json").write_text(json.dumps(values))
    spec = place.spec(CLUSTER, "workspace: {from_config: config.json}")
    engine = place.engine(spec)
    assert engine.place.title == "workspace ml-ws"
    assert engine.resources.observe(resource(spec, "workspace/ml-ws")).properties["name"] == "ml-ws"


def test_deleting_keeps_what_it_stands_on(place: Place, spec: Spec) -> None:
    place.make_workspace()
    engine = place.engine(spec)
    assert place.change(engine, Action.DELETE, resource(spec, KEY)).status is Status.MISSING
    assert place.emulator.service.workspaces == {}
    assert len(place.made()) == 3
    with pytest.raises(Missing):
        engine.connection.workspace()


def test_the_sdk_says_nothing(place: Place, spec: Spec, capfd: pytest.CaptureFixture[str]) -> None:
    place.emulator.faults.add(DEPLOY, FailedOperation())
    with pytest.raises(EngineError):
        place.change(place.engine(spec), Action.CREATE, resource(spec, KEY))
    assert capfd.readouterr() == ("", "")
