"""Data on datastores against the emulator."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from emulator.blobs import Blobs
from emulator.faults import Status as Answer
from emulator.router import Request
from specrun.engines.azure import source_lists
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import EngineError
from specrun.plan.changes import Action
from specrun.plan.observed import CloudContent, Status
from specrun.plan.resources import Resource
from specrun.plan.source_list import ListedFile, SourceList, blob_name
from tests.azureml_v2.place import GET_BLOB, LIST_BLOBS, Place, resource

KEY = "data/default/mnist"
TEXT = "data: {mnist: {path: data, prune: true}}"


@pytest.fixture
def source(place: Place) -> Path:
    folder = place.folder / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "sub" / "ü").write_text("u")
    return folder


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def start(place: Place) -> tuple[AzureEngine, Resource, Blobs, str]:
    """An engine for a workspace, a target, and the workspace's own blobs with their container."""
    place.make_workspace()
    spec = place.spec(TEXT)
    engine = place.engine(spec)
    container = engine.connection.open_datastore(None).name
    return engine, resource(spec, KEY), place.emulator.service.stores.blobs("mlwsstore"), container


def test_sent_seen_and_pruned(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)
    assert engine.resources.observe(target).status is Status.MISSING
    seen = place.change(engine, Action.CREATE, target)
    assert {path: file.maker.spec for path, file in seen.files.items()} == {"a": "job", "sub/ü": "job"}
    assert blobs.read(container, "mnist/sub/ü") == b"u"
    assert place.routes(lambda: engine.resources.observe(target)) == [LIST_BLOBS]

    blobs.write(container, "mnist/theirs", b"x")
    (source / "a").unlink()
    seen = place.change(engine, Action.UPDATE, target)
    assert sorted(seen.files) == ["sub/ü", "theirs"]

    seen = place.change(engine, Action.DELETE, target)
    assert sorted(seen.files) == ["theirs"]


def test_each_upload_leaves_the_list_of_its_source(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)
    (source / "a").chmod(0o755)
    listed = blob_name("mnist")
    place.change(engine, Action.CREATE, target)
    left = json.loads(blobs.read(container, listed))
    assert (left["format"], left["target"]) == (1, "mnist")
    assert left["files"] == {"a": [md5(b"a"), True], "sub/ü": [md5(b"u"), False]}
    properties = blobs.container(container).get_blob_client(listed).get_blob_properties()
    assert properties.metadata == {"specrun": "job"}

    blobs.write(container, "mnist/theirs", b"x")
    shutil.rmtree(source)
    spec = place.spec(TEXT.replace("path: data", "path: data, source: optional"))
    absent = resource(spec, KEY)
    assert place.routes(lambda: engine.resources.observe(absent)) == [LIST_BLOBS, GET_BLOB]
    seen = engine.resources.observe(absent)
    assert sorted(seen.files) == ["a", "sub/ü", "theirs"]
    assert seen.listed == SourceList({"a": ListedFile(md5(b"a"), True), "sub/ü": ListedFile(md5(b"u"), False)})

    # All files there are the spec's again, and all go: so does the list.
    blobs.container(container).delete_blob("mnist/theirs")
    assert place.change(engine, Action.DELETE, absent).files == {}
    assert list(blobs.paths(container, "")) == []
    seen = engine.resources.observe(absent)
    assert (seen.status, seen.listed) == (Status.MISSING, None)


def test_a_list_is_no_data_whatever_target_it_lies_in(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)
    whole = CloudContent("azureml://datastores/workspaceblobstore/paths/", ((None, "mnist"),))
    before = engine.contents.digest(whole)
    place.change(engine, Action.CREATE, target)
    assert engine.contents.digest(whole) == before
    around = resource(place.spec(TEXT.replace("path: data", "path: data, target: specrun")), "data/default/specrun")
    assert engine.resources.observe(around).files == {}
    place.change(engine, Action.CREATE, around)
    assert sorted(place.change(engine, Action.UPDATE, around).files) == ["a", "sub/ü"]
    assert len(list(blobs.paths(container, "specrun/sources/"))) == 2


@pytest.mark.parametrize("damage", [b"", b" " * 51])
def test_a_damaged_list_is_told(place: Place, source: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setattr(source_lists, "LARGEST", 50)
    engine, target, blobs, container = start(place)
    place.change(engine, Action.CREATE, target)
    blobs.write(container, blob_name("mnist"), damage)
    shutil.rmtree(source)
    seen = engine.resources.observe(resource(place.spec(TEXT.replace("prune: true", "source: optional")), KEY))
    assert seen.listed is not None
    assert seen.listed.wrong


def test_an_upload_that_ends_midway_has_left_its_list(place: Place, source: Path) -> None:
    engine, target, *_ = start(place)

    def of_the_second(request: Request, route: str) -> bool:
        return request.method == "PUT" and "/mnist/sub/" in request.path

    place.emulator.faults.add(of_the_second, Answer(403, "AuthorizationPermissionMismatch", "no"), times=None)
    with pytest.raises(EngineError, match="writing mnist/sub/"):
        place.change(engine, Action.CREATE, target)
    shutil.rmtree(source)
    seen = engine.resources.observe(resource(place.spec(TEXT.replace("prune: true", "source: optional")), KEY))
    assert (list(seen.files), sorted(seen.listed.files if seen.listed else ())) == (["a"], ["a", "sub/ü"])


def test_where_no_list_may_be_written_the_files_are_sent_all_the_same(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)

    def of_a_list(request: Request, route: str) -> bool:
        return request.method == "PUT" and "/specrun/sources/" in request.path

    place.emulator.faults.add(of_a_list, Answer(403, "AuthorizationPermissionMismatch", "no"), times=None)
    assert sorted(place.change(engine, Action.CREATE, target).files) == ["a", "sub/ü"]
    assert list(blobs.paths(container, "specrun/")) == []
    assert any(report.text.startswith("no list of the source is left: ") for report in place.reports)


def test_nothing_is_there_without_its_workspace(place: Place, source: Path) -> None:
    spec = place.spec(TEXT)
    assert place.engine(spec).resources.observe(resource(spec, KEY)).status is Status.MISSING
    assert place.engine(spec).contents.digest(CloudContent("azureml://datastores/x/paths/y")) == ""


def test_nothing_is_there_without_its_datastore(place: Place, source: Path) -> None:
    place.make_workspace()
    spec = place.spec("data: {mnist: {path: data, datastore: training}}")
    assert place.engine(spec).resources.observe(resource(spec, "data/training/mnist")).status is Status.MISSING


def test_a_file_share_takes_no_data(place: Place, source: Path) -> None:
    place.make_workspace()
    spec = place.spec("data: {mnist: {path: data, datastore: workspacefilestore}}")
    with pytest.raises(EngineError, match="workspacefilestore is no blob container"):
        place.engine(spec).resources.observe(resource(spec, "data/workspacefilestore/mnist"))


def test_a_lake_takes_data_as_blobs(place: Place, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = place.make_workspace()
    place.plane.blobs.ensure("lake")
    text = f"datastores: {{training: {{type: azure_data_lake_gen2, account_name: {account}, filesystem: lake}}}}"
    spec = place.spec(f"{text}\ndata: {{mnist: {{path: data, datastore: training}}}}")
    engine = place.engine(spec)
    place.change(engine, Action.CREATE, resource(spec, "datastore/training"))
    place.change(engine, Action.CREATE, resource(spec, "data/training/mnist"))
    assert place.plane.blobs.read("lake", "mnist/a") == b"a"
    assert engine.connection.open_datastore("training").opened_with == "identity"


def test_what_a_path_holds(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)
    place.change(engine, Action.CREATE, target)
    path = "azureml://datastores/workspaceblobstore/paths/mnist"
    before = engine.contents.digest(CloudContent(path))
    assert before == engine.contents.digest(CloudContent(f"{path}/"))
    assert before not in ("", engine.contents.digest(CloudContent(f"{path}/sub")))
    blobs.write(container, "mnist2/a", b"another folder")
    assert engine.contents.digest(CloudContent(path)) == before
    blobs.write(container, "mnist/a", b"A")
    assert engine.contents.digest(CloudContent(path)) != before
    assert engine.contents.digest(CloudContent("azureml:mnist:1")) == ""


def test_what_a_path_holds_beside_the_specs_own_data(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)
    place.change(engine, Action.CREATE, target)
    start_of = "azureml://datastores/workspaceblobstore/paths"
    own, other = ((None, "mnist"),), (("training", "mnist"),)
    around = [CloudContent(f"{start_of}/{path}", own) for path in ("", "mnist")]
    before = [engine.contents.digest(content) for content in around]
    assert engine.contents.digest(around[1]) != engine.contents.digest(CloudContent(around[1].uri, other))
    blobs.write(container, "mnist/b", b"its own")
    assert [engine.contents.digest(content) for content in around] == before
    blobs.write(container, "mnist2/b", b"another")
    assert engine.contents.digest(around[0]) != before[0]
    assert engine.contents.default_datastore() == "workspaceblobstore"


def test_an_address_of_a_storage_account_is_seen_as_who_is_signed_in(place: Place, source: Path) -> None:
    engine, target, blobs, container = start(place)
    place.change(engine, Action.CREATE, target)
    at = f"{container}@{place.plane.blobs.account}"
    blob, lake = (f"{scheme}.core.windows.net/mnist" for scheme in (f"wasbs://{at}.blob", f"abfss://{at}.dfs"))
    seen = engine.contents.digest(CloudContent(blob))
    assert seen == engine.contents.digest(CloudContent(f"{lake}/")) != ""
    blobs.write(container, "mnistx", b"beside it")
    assert engine.contents.digest(CloudContent(blob)) == seen
    blobs.write(container, "mnist/more", b"x")
    assert engine.contents.digest(CloudContent(blob)) != seen
    assert engine.contents.digest(CloudContent(blob.replace(container, "nothere"))) == ""
    place.emulator.faults.add(LIST_BLOBS, Answer(403, "AuthorizationPermissionMismatch", "no"), times=None)
    assert engine.contents.digest(CloudContent(blob)) == ""
