"""How many requests each step makes, and SDK v2 by itself: what docs/adr/0013-requests-of-sdk-v2.md says."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from emulator.faults import Status
from emulator.metrics import keep
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azure.run_metrics import RunMetrics
from specrun.plan.changes import Action
from specrun.spec.model import Spec
from tests.azure_engines.launching import PATIENCE, Launch, launch
from tests.azureml_v2 import plainly
from tests.azureml_v2.place import GET_DETAILS, GET_JOB, WATCHED, Place, resource, settled

DOCUMENT = Path(__file__).parents[2] / "docs" / "adr" / "0013-requests-of-sdk-v2.md"
ROW = re.compile(r"\| (?P<step>[^|]+?) \| (?P<plain>\d+|-) \| (?P<most>\d+) \|")

JOB = """
code: src
command: python train.py ${{ inputs.digits }} ${{ outputs.model }}
inputs: {digits: {data: digits}}
outputs: {model: {}}
environment: {image: "python:3.11"}
"""
SCRIPT = """
import pathlib, sys
pathlib.Path(sys.argv[2], "model.txt").write_text("model")
print("trained")
"""
FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


def rows() -> dict[str, tuple[int | None, int]]:
    """The steps of the document: what the SDK makes, used plainly, and how many requests each may make."""
    found = ROW.finditer(DOCUMENT.read_text("utf-8"))
    return {row["step"]: (int(row["plain"]) if row["plain"] != "-" else None, int(row["most"])) for row in found}


def compare(step: str, used: int, plain: int | None) -> None:
    """What specrun and the SDK made of a step, against the document."""
    assert rows()[step][0] == plain
    assert 0 < used <= rows()[step][1], f"{step}: {used}"


@pytest.fixture
def launched(place: Place) -> Launch:
    """A workspace with a cluster, and an engine that has looked at the workspace, as every plan does."""
    done = launch(place, JOB, SCRIPT)
    done.engine.resources.observe(resource(done.spec, "workspace/ml-ws"))
    return done


def count(place: Place, work: Callable[[], object]) -> int:
    return len(place.routes(work))


def beginning(place: Place, engine: AzureEngine, action: Action, spec: Spec, key: str) -> int:
    """The requests of a change that was planned."""
    change = place.planned(engine, action, resource(spec, key))
    return count(place, lambda: engine.resources.begin(change, place.reports.append))


def watched(place: Place, work: Callable[[], object]) -> Callable[[], None]:
    """Some work, and the one look that the SDK has, in a thread of its own, at the operation that was accepted."""

    def both() -> None:
        before = len(place.emulator.requests)
        work()
        _wait_for(place, before, WATCHED, 1)

    return both


def _wait_for(place: Place, before: int, ending: str | tuple[str, ...], times: int) -> list[int]:
    """Where among the requests those are whose route ends so, once so many were answered."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        requests = enumerate(list(place.emulator.requests))
        found = [at for at, one in requests if at >= before and one.route.endswith(ending) and one.status]
        if len(found) >= times:
            return found[:times]
        time.sleep(0.05)
    raise AssertionError(f"{ending} was not asked {times} times")


def test_looking(launched: Launch) -> None:
    place, engine, client = launched.place, launched.engine, plainly.open_client(launched.place)
    fields = f"type: azure_blob, account_name: {launched.plane.blobs.account}, container_name: azureml"
    data = "data: {digits: {path: data, target: sets/digits}}"
    spec = place.spec(f"compute: cpu-cluster\ndatastores: {{more: {{{fields}}}}}\n{data}\n")
    place.change(engine, Action.CREATE, resource(spec, "datastore/more"))

    def look(key: str) -> int:
        return count(place, lambda: engine.resources.observe(resource(spec, key)))

    compare("look at the workspace", look("workspace/ml-ws"), count(place, lambda: client.workspaces.get("ml-ws")))
    compare("look at a cluster", look("compute/cpu-cluster"), count(place, lambda: client.compute.get("cpu-cluster")))
    compare("look at a datastore", look("datastore/more"), count(place, lambda: client.datastores.get("more")))
    listing = count(place, lambda: plainly.list_default(client, "sets/digits/"))
    compare("look at data on the default datastore", look("data/default/sets/digits"), listing)


@pytest.mark.slow
def test_making_a_workspace(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a deployment that the SDK sees running once. The look that follows asks for nothing more."""
    from azure.ai.ml.entities import Workspace
    from azure.ai.ml.operations import _workspace_operations_base

    # Two threads of the SDK look at the deployment; the second waits for the first, however long that takes.
    earlier = set(threading.enumerate())  # pollers of other tests sleep for half a minute
    monkeypatch.setattr(_workspace_operations_base, "time", SimpleNamespace(sleep=lambda _: _join_pollers(earlier)))
    service = place.emulator.service
    service.creating_reads = 1
    spec = place.spec("compute: cpu-cluster\n")
    engine, space = place.engine(spec), resource(spec, "workspace/ml-ws")
    change = place.planned(engine, Action.CREATE, space)
    used = count(place, lambda: engine.resources.begin(change, place.reports.append)) - 1
    used += count(place, lambda: engine.resources.observe(space))

    client = plainly.open_client(place)
    service.put_group("plain-rg", "westeurope", {})  # one request more, which the SDK cannot make
    theirs = Workspace(name="plain-ws", location="westeurope", resource_group="plain-rg")
    plain = 1 + count(place, lambda: client.workspaces.begin_create(theirs).result())
    compare("make a workspace and its resource group", used, plain)


def _join_pollers(earlier: set[threading.Thread]) -> None:
    for thread in set(threading.enumerate()) - earlier:
        if thread.name.startswith("LROPoller"):
            thread.join(PATIENCE)


def test_making_scaling_and_deleting_a_cluster(launched: Launch) -> None:
    """Each an operation that a first look finds under way, and a second one ended."""
    from azure.ai.ml.entities import AmlCompute

    place, engine, client = launched.place, launched.engine, plainly.open_client(launched.place)
    place.emulator.service.creating_reads = 1
    text = "compute: {name: other, size: STANDARD_DS3_V2, max_instances: %d}\n"
    spec, larger = place.spec(text % 2), place.spec(text % 4)

    def change(action: Action, asked: Spec) -> int:
        cluster = resource(asked, "compute/other")
        planned = place.planned(engine, action, cluster)
        used = count(place, watched(place, lambda: engine.resources.begin(planned, place.reports.append)))
        settled(engine, cluster)
        return used

    theirs = AmlCompute(name="plain", size="STANDARD_DS3_V2", max_instances=2)
    plain = count(place, lambda: client.compute.begin_create_or_update(theirs).result())
    compare("make a cluster", change(Action.CREATE, spec), plain)
    plain = count(place, lambda: plainly.scale(client, "plain", 4))
    compare("scale a cluster", change(Action.UPDATE, larger), plain)
    plain = count(place, lambda: client.compute.begin_delete("plain").result())
    going = place.planned(engine, Action.DELETE, resource(larger, "compute/other"))
    used = count(place, lambda: engine.resources.begin(going, place.reports.append))
    compare("delete a cluster", used, plain)


def test_registering_a_datastore(launched: Launch) -> None:
    from azure.ai.ml.entities import AzureBlobDatastore

    place, engine, client = launched.place, launched.engine, plainly.open_client(launched.place)
    account = launched.plane.blobs.account
    spec = place.spec(f"datastores: {{more: {{type: azure_blob, account_name: {account}, container_name: azureml}}}}\n")
    theirs = AzureBlobDatastore(name="plain", account_name=account, container_name="azureml")
    plain = count(place, lambda: client.datastores.create_or_update(theirs))
    compare("register a datastore", beginning(place, engine, Action.CREATE, spec, "datastore/more"), plain)


def test_sending_data(launched: Launch) -> None:
    """Of one file, and the list of it; each further one is one request more, and two or three more for the SDK."""
    from azure.ai.ml.entities import Data

    place, client = launched.place, plainly.open_client(launched.place)
    theirs = Data(name="plain", path=str(place.folder / "data"), type="uri_folder")
    plain = count(place, lambda: client.data.create_or_update(theirs))
    used = beginning(place, launched.engine, Action.CREATE, launched.spec, "data/default/sets/digits")
    compare("send one file", used, plain)


@pytest.mark.slow
def test_a_run_from_its_submission_to_its_files(launched: Launch, tmp_path: Path) -> None:
    place, engine, client = launched.place, launched.engine, plainly.open_client(launched.place)
    place.change(engine, Action.CREATE, resource(launched.spec, "data/default/sets/digits"))
    assert engine.runs.list().runs == []
    code = tmp_path / "plain"
    code.mkdir()
    (code / "train.py").write_text(f"{SCRIPT}# plain\n")

    def theirs(name: str) -> int:
        return count(place, lambda: client.jobs.create_or_update(plainly.job(name, code)))

    names: list[str] = []
    compare("submit a run with new code", count(place, lambda: names.append(launched.submit())), theirs("plain-1"))
    compare("submit a run with known code", count(place, lambda: names.append(launched.submit(2))), theirs("plain-2"))
    for name in (*names, "plain-1", "plain-2"):
        assert launched.run(name).wait(timeout=PATIENCE)
        assert launched.run(name).status == "Completed"

    client.jobs.stream("plain-1")  # what it fetches once, it has from then on
    ending = count(place, lambda: client.jobs.stream("plain-2"))
    compare("see that a run has ended, and how", count(place, lambda: engine.runs.get(names[0])), ending)
    listing = count(place, lambda: list(client.jobs.list()))
    compare("list the runs", count(place, launched.renew().runs.list), listing)

    def fetch() -> None:
        for file in engine.runs.outputs(names[0]):
            engine.runs.fetch(names[0], file.path, tmp_path / "files" / file.path)

    engine.runs.logs(names[0], {})  # as apply has done by then: how to open the store is known
    plain = count(place, lambda: client.jobs.download("plain-1", download_path=str(tmp_path / "theirs"), all=True))
    compare("fetch all outputs of one file", count(place, fetch), plain)
    assert (tmp_path / "files" / "model" / "model.txt").read_text() == "model"
    assert [file.read_text() for file in (tmp_path / "theirs").rglob("model.txt")] == ["model"]
    none = "the same where MLflow has none: its event files"
    compare(none, count(place, lambda: engine.metrics.logged(names[0])), None)
    keep(launched.plane, launched.run(names[0]), "loss", {"loss": "double"}, "", [{"data": {"loss": 1.0}}])
    compare(
        "read a run's metrics",
        count(place, lambda: RunMetrics(engine.connection, engine.runs.calls).logged(names[0])),
        None,
    )
    compare("read what a run consisted of", _renewed_identity(launched, names[0]), None)
    assert count(place, lambda: engine.runs.cancel(names[0])) == 0, "it has ended"


def _renewed_identity(launched: Launch, name: str) -> int:
    engine = launched.renew()
    return count(launched.place, lambda: engine.runs.identity(name))


def _running(launched: Launch) -> str:
    """A run that prints something and goes on; its name."""
    place = launched.place
    (place.folder / "src" / "train.py").write_text(FOREVER)
    place.change(launched.engine, Action.CREATE, resource(launched.spec, "data/default/sets/digits"))
    name = launched.submit()
    assert launched.run(name).wait("Running", timeout=PATIENCE)
    return name


@pytest.mark.slow
def test_cancelling(launched: Launch, tmp_path: Path) -> None:
    place, engine, client = launched.place, launched.engine, plainly.open_client(launched.place)
    name = _running(launched)
    client.jobs.create_or_update(plainly.job("plain-1", place.folder / "src"))
    assert launched.run("plain-1").wait("Running", timeout=PATIENCE)
    look = place.routes(lambda: engine.runs.get(name))
    assert look == [GET_JOB]
    compare("look at a run that goes on", len(look), count(place, lambda: client.jobs.get("plain-1")))
    used = count(place, watched(place, lambda: engine.runs.cancel(name))) - len(look)
    compare("cancel a run", used, count(place, lambda: client.jobs.begin_cancel("plain-1").result()))


@pytest.mark.slow
def test_reading_a_log(launched: Launch) -> None:
    """The SDK reads logs by streaming a job: what it asks for from one look at its details to the next."""
    place, engine, client = launched.place, launched.engine, plainly.open_client(launched.place)
    name = _running(launched)
    engine.runs.get(name)
    engine.runs.outputs(name)  # how to open the store is known
    used = count(place, lambda: engine.runs.logs(name, {}))
    # With what the service answers, a signature, this version of the SDK cannot stream: it signs with it as with a key.
    route = next(name for name in place.emulator.routes.names if name.endswith("/datastores/{name}/listSecrets"))
    key = json.dumps({"secretsType": "AccountKey", "key": place.plane.blobs.key}).encode()
    place.emulator.faults.add(route, Status(200, body=key), times=None)
    before = len(place.emulator.requests)
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(client.jobs.stream, name)
        _, _, third, fourth = _wait_for(place, before, GET_DETAILS, 4)
        launched.run(name).become("CancelRequested")
        streaming.exception(PATIENCE)
    compare("read the log of one role", used, fourth - third)


def test_every_step_of_the_document_is_measured() -> None:
    source = Path(__file__).read_text("utf-8")
    assert len(rows()) > 12
    assert [step for step in rows() if f'"{step}"' not in source] == []


def test_no_step_makes_more_than_the_sdk() -> None:
    """But for one look before a cluster is deleted: whether a run is on it, which would be ended without a word."""
    assert {step: most - plain for step, (plain, most) in rows().items() if plain is not None and most > plain} == {
        "delete a cluster": 1
    }
