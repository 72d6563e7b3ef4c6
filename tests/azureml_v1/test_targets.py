"""Data on datastores against the emulator."""

from __future__ import annotations

import pytest
from specrun.plan.changes import Action, Change
from specrun.plan.files import list_data
from specrun.plan.hashes import HashCache
from specrun.plan.transfer import plan_transfer
from specrun.plan.observed import Status
from tests.azureml_v1.place import Place, resources, settled


def test_x(place: Place, monkeypatch) -> None:
    spec = place.spec("""
datastores:
  training: {type: azure_blob, account_name: ACCOUNT, container_name: training, credentials: {account_key: "${{ secrets.KEY }}"}}
data:
  mnist: {path: data, datastore: training}
  other: {path: data}
""".replace("ACCOUNT", place.emulator.service.stores.backing("mlwsstore"))) if (place.folder / "data").mkdir() or (place.folder/"data"/"a").write_text("x") else None
    engine = place.make_workspace(spec)
    all = resources(spec)
    store, data, other = all["datastore/training"], all["data/training/mnist"], all["data/default/other"]
    print(place.requests(lambda: engine.observe(other)))
    print(engine.observe(other))
    print(engine.observe(data))
    print(place.requests(lambda: engine.observe(store)))
    print(engine.observe(store))
    try:
        engine.begin(Change(store, Action.CREATE, ""), place.reports.append)
    except Exception as e: print(type(e), e)
    monkeypatch.setenv("KEY", "bm9wZQ==")
    try:
        engine.begin(Change(store, Action.CREATE, ""), place.reports.append)
    except Exception as e: print(type(e), e)
    monkeypatch.setenv("KEY", place.emulator.service.stores.key("mlwsstore"))
    try:
        engine.begin(Change(store, Action.CREATE, ""), place.reports.append)
    except Exception as e: print(type(e), e)
    place.emulator.service.stores.blobs("mlwsstore").ensure("training")
    print(place.requests(lambda: engine.begin(Change(store, Action.CREATE, ""), place.reports.append)))
    print(engine.observe(store))
    try:
        engine.begin(Change(store, Action.CREATE, ""), place.reports.append)
    except Exception as e: print(type(e), e)
    engine.begin(Change(store, Action.UPDATE, ""), place.reports.append)
    for one in (data, other):
        seen = engine.observe(one)
        print(seen)
        files = list_data(place.folder / "data", HashCache(place.folder))
        print(place.requests(lambda: engine.begin(Change(one, Action.CREATE, "", seen, transfer=plan_transfer(files, {})), place.reports.append)))
        print(place.requests(lambda: engine.observe(one)))
        print(engine.observe(one))
    print(engine.content("azureml://datastores/training/paths/mnist"))
    print(place.reports)
    print(place.emulator.unserved)
