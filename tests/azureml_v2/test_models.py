"""Registered models of a workspace: registered once per run, led back by their tags, and read by jobs and the SDK."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator import faults
from emulator.assets import MODELS, Version
from emulator.runs_state import COMPLETED, Run
from specrun.engines.azureml_v2 import models
from specrun.engines.azureml_v2.model_paths import ModelPath, path_of, source_of
from specrun.engines.base import Conflict, EngineError, Missing
from specrun.plan.hashes import content_digest
from specrun.plan.makers import Maker
from specrun.plan.models import RUN_TAG, Registration, registration_of
from specrun.spec.model import ModelVersion
from tests.azure_engines.launching import Launch, launch
from tests.azureml_v2.place import PLANE, Place, asked

MODEL = f"{PLANE}/models/{{name}}"
LIST, GET, PUT = f"GET {MODEL}/versions", f"GET {MODEL}/versions/{{version}}", f"PUT {MODEL}/versions/{{version}}"
CONTAINER = f"GET {MODEL}"
JOB = """
code: src
command: python train.py
outputs: {model: {}, placed: {path: azureml://datastores/workspaceblobstore/paths/placed}}
environment: {image: "python:3.11"}
"""
MD5 = hashlib.md5(b"weights").hexdigest()
LATEST = ModelVersion("digits", "latest")


@pytest.fixture
def ran(place: Place, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """A workspace with a run that was submitted, and carried out by nobody."""
    from emulator.dataplane import data_of

    launched = launch(place, JOB, "", top="")
    monkeypatch.setattr(data_of(place.emulator.service).training, "start", lambda plane, run: None)
    launched.submit()
    return launched


def only(launched: Launch) -> Run:
    (run,) = launched.plane.runs.values()
    return run


def write(launched: Launch, *files: str, folder: str = "model", content: bytes = b"weights") -> None:
    """What the run has written to an output without a place."""
    container = launched.plane.datastores[launched.plane.default].container
    for file in files:
        launched.plane.blobs.write(container, f"azureml/{only(launched).id}/{folder}/{file}", content)
    only(launched).become(COMPLETED)


def wanted(launched: Launch, output: str = "model", kind: str = "custom_model", **tags: str) -> Registration:
    run = replace(launched.engine.runs.get(only(launched).id), reads=("data/default/sets/digits",))
    made = registration_of("digits", kind, output, Maker("job", "github.com/org/models"), run)
    return replace(made, tags={**made.tags, **tags})


def source(launched: Launch, registration: Registration) -> str:
    """The address that is sent."""
    engine = launched.engine
    return source_of(engine.connection, registration, engine.runs.calls.find(registration.source))


def kept(launched: Launch) -> list[Version]:
    return launched.plane.assets.of(MODELS, "digits")


def test_it_is_registered_once_and_its_tags_lead_back(ran: Launch, place: Place) -> None:
    write(ran, "weights.bin", "deep/more.bin")
    registration, name = wanted(ran), only(ran).id
    found = []
    routes = asked(place, lambda: found.append(ran.engine.models.register(registration)))
    assert [one for one in routes if "models" in one] == [LIST, LIST, CONTAINER, GET, PUT, GET]
    assert len(routes) == 12  # the datastore and its key, a look at the files, a lease
    (made,) = found
    assert (made.name, made.version, made.run, made.output) == ("digits", "1", name, "model")
    assert (made.maker, made.type) == (registration.maker, "custom_model")
    assert made.tags == registration.tags
    assert made.path.endswith(f"/datastores/workspaceblobstore/paths/azureml/{name}/model")
    assert source(ran, registration) == f"azureml://jobs/{name}/outputs/model/paths/"
    again = ran.renew().models
    assert asked(place, lambda: again.register(registration)) == [LIST]
    assert again.of_run("digits", name, "model") == made
    assert again.of_run("digits", name, "other") is None
    assert again.of_run("letters", name, "model") is None
    assert len(kept(ran)) == 1
    # As the same files on this machine are told.
    assert again.find(ModelVersion("digits", "1")).digest == content_digest({"weights.bin": MD5, "deep/more.bin": MD5})


def test_the_sdk_and_another_job_read_what_was_registered(place: Place, tmp_path: Path) -> None:
    launched = launch(place, JOB.replace("train.py", "train.py ${{ outputs.model }}"), WRITES, top="")
    launched.finish()
    engine = launched.engine
    made = engine.models.register(wanted(launched))
    client = engine.connection.sdk.client
    seen = client.models.get("digits", label="latest")
    assert (seen.version, seen.type, seen.path, seen.tags[RUN_TAG]) == ("1", "custom_model", made.path, made.run)
    client.models.download("digits", "1", download_path=tmp_path / "down")
    assert [file.read_text() for file in (tmp_path / "down").rglob("m.txt")] == ["weights"]

    reader = launch(place, READS, "", top="")
    submission = reader.submission()
    submission = replace(submission, models={"base": made}, job=reader.spec.job or submission.job)
    reader.engine.runs.submit(submission, reader.staged(submission), place.reports.append)
    assert reader.run(submission.name).wait(timeout=60)
    run = reader.renew().runs.get(submission.name)
    assert (run.status.value, run.models) == ("succeeded", {"base": "digits:1"})
    assert [line.text for line in reader.engine.runs.logs(submission.name, {})[0]] == ["weights"]
    given = reader.run(submission.name).job or {}
    assert given["inputs"]["base"]["jobInputType"] == "custom_model"
    assert given["inputs"]["base"]["uri"].endswith("/models/digits/versions/1")


WRITES = "import pathlib, sys; pathlib.Path(sys.argv[1], 'm.txt').write_text('weights')"
READS = """
command: cat ${{ inputs.base }}/m.txt
inputs: {base: {path: "azureml:stands:1"}}
environment: {image: "python:3.11"}
"""


@pytest.mark.parametrize(
    ("output", "folder", "uri"),
    [
        ("placed", "placed", "azureml://subscriptions/{sub}/resourcegroups/ml-rg/workspaces/ml-ws/datastores/"
         "workspaceblobstore/paths/placed"),
        ("default", "ExperimentRun/dcid.{run}/outputs", "azureml://jobs/{run}/outputs/artifacts/paths/outputs/"),
    ],
)  # fmt: skip
def test_an_output_elsewhere_is_registered_from_there(
    ran: Launch, place: Place, output: str, folder: str, uri: str
) -> None:
    name = only(ran).id
    only(ran).become(COMPLETED)
    with pytest.raises(Missing, match=f"{name} has written nothing to its output {output}"):
        ran.engine.models.register(wanted(ran, output))
    store = "workspaceartifactstore" if output == "default" else "workspaceblobstore"
    ran.plane.blobs.write(ran.plane.datastores[store].container, f"{folder.format(run=name)}/m.bin", b"weights")
    made = ran.engine.models.register(wanted(ran, output))
    assert source(ran, wanted(ran, output)) == uri.format(run=name, sub=place.emulator.service.subscription)
    assert ran.engine.models.find(ModelVersion("digits", made.version)).digest == content_digest({"m.bin": MD5})


def test_what_is_no_model_of_mlflow_is_not_registered_as_one(ran: Launch) -> None:
    write(ran, "MLmodel.txt")
    with pytest.raises(EngineError, match=r"has no MLmodel in it.*`type: custom_model`"):
        ran.engine.models.register(wanted(ran, kind="mlflow_model"))
    for content in (b"", b"weights"):
        write(ran, "MLmodel", content=content)
        with pytest.raises(EngineError, match=r"has an MLmodel with"):
            ran.engine.models.register(wanted(ran, kind="mlflow_model"))
    assert kept(ran) == []
    write(ran, "MLmodel", content=b"flavors: {python_function: {}}")
    assert ran.engine.models.register(wanted(ran, kind="mlflow_model")).type == "mlflow_model"


@pytest.mark.parametrize("filters", [True, False])
def test_the_next_version_is_taken_and_those_of_others_stay(ran: Launch, filters: bool) -> None:
    """Also where a service lists all versions, whatever tags it was asked for."""
    ran.plane.filters, ran.plane.page_size = filters, 2
    write(ran, "m.bin")
    for version in ("1", "7", "named"):
        ran.plane.assets.add(Version(MODELS, "digits", version, of_others(version)))
    models = ran.engine.models
    assert models.register(wanted(ran)).version == "8"
    ran.plane.assets.add(Version(MODELS, "digits", "9", of_others("9")))
    assert ran.renew().models.register(wanted(ran)).version == "8"
    (archived,) = [one for one in kept(ran) if one.version == "8"]
    archived.properties["isArchived"] = True
    assert ran.renew().models.register(wanted(ran)).version == "8"
    assert [one.version for one in models.versions("digits")] == ["9", "named", "7", "1"]
    assert models.find(LATEST).version == "9"
    assert models.find(ModelVersion("digits", "8")).version == "8"
    assert (models.find(LATEST).run, models.find(LATEST).maker) == ("", Maker())
    for missing in (ModelVersion("digits", "2"), ModelVersion("letters", "latest")):
        with pytest.raises(Missing, match=f"there is no model {missing} in workspace ml-ws"):
            models.find(missing)


def of_others(path: str) -> dict[str, Any]:
    uri = f"azureml://datastores/workspaceblobstore/paths/others/{path}"
    return {"modelType": "custom_model", "modelUri": uri, "tags": {"team": "vision"}, "properties": {}}


def test_a_list_that_nobody_sorts_out_is_read_so_far(ran: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "PAGE", 1)
    monkeypatch.setattr(models, "PAGES", 2)
    ran.plane.filters = False
    for version in "123":
        ran.plane.assets.add(Version(MODELS, "digits", version, of_others(version)))
    with pytest.raises(EngineError, match=r"find what digits has of job-.* more than 2 pages"):
        ran.engine.models.of_run("digits", only(ran).id, "model")


def test_a_lost_answer_is_no_second_version(ran: Launch, place: Place) -> None:
    from specrun.engines.reliable import Reliable

    write(ran, "m.bin")
    place.emulator.faults.add(PUT, faults.LostAnswer())
    assert Reliable(ran.engine).register(wanted(ran)).version == "1"
    assert [one.version for one in kept(ran)] == ["1"]


def test_two_at_once_register_one_version(ran: Launch) -> None:
    write(ran, "m.bin")
    registration, found = wanted(ran), []
    engines = [ran.place.engine(ran.spec) for _ in range(3)]
    other = replace(registration, tags={**registration.tags, RUN_TAG: "job-0000000000"})
    asks = [(engines[0], registration), (engines[1], registration), (engines[2], other)]
    workers = [threading.Thread(target=lambda one=one: found.append(one[0].models.register(one[1]))) for one in asks]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(one.version for one in kept(ran)) == ["1", "2"]
    assert len({(one.run, one.version) for one in found}) == 2
    assert len(found) == 3


def test_what_somebody_else_registers_in_that_moment_is_told(
    ran: Launch, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ran, "m.bin")
    engine = ran.engine
    registration, put = wanted(ran), engine.connection.arm.put

    def overtaken(path: str, query: Mapping[str, str], body: object, what: str) -> bool:
        ran.plane.assets.add(Version(MODELS, "digits", "1", of_others("1")))
        return put(path, query, body, what)

    monkeypatch.setattr(engine.connection.arm, "put", overtaken)
    with pytest.raises(Conflict, match="digits:1 is registered, but somebody else has registered another one"):
        engine.models.register(registration)
    assert ran.renew().models.register(registration).version == "1"


def test_who_may_not_write_to_storage_registers_all_the_same(ran: Launch, place: Place) -> None:
    write(ran, "m.bin")
    registration = wanted(ran)
    denied = faults.Status(403, "AuthorizationPermissionMismatch", "no")
    place.emulator.faults.add("PUT blob.core.windows.net /{container}/{blob+}", denied, times=None)
    assert ran.engine.models.register(registration).version == "1"


def test_an_account_that_takes_no_keys_is_looked_at_as_who_is_signed_in(ran: Launch, place: Place) -> None:
    write(ran, "m.bin")
    place.emulator.service.keyless = True
    with pytest.raises(EngineError, match="has no MLmodel in it"):
        ran.renew().models.register(wanted(ran, kind="mlflow_model"))
    ran.renew().models.register(wanted(ran))
    assert ran.renew().models.find(ModelVersion("digits", "1")).digest == content_digest({"m.bin": MD5})


def test_the_newest_of_each_model_are_listed(ran: Launch, place: Place) -> None:
    assert ran.engine.models.versions() == []
    assert ran.engine.models.versions("digits") == []
    for name, version in (("digits", "1"), ("letters", "4"), ("digits", "2")):
        ran.plane.assets.add(Version(MODELS, name, version, of_others(version)))
    found: list[str] = []
    routes = asked(place, lambda: found.extend(map(str, ran.engine.models.versions())))
    assert sorted(found) == ["digits:2", "letters:4"]
    assert routes == [f"GET {PLANE}/models", GET, GET]


@pytest.mark.parametrize(("most", "requests"), [(21, 1), (100, 1), (150, 2), (None, 3)])
def test_as_many_versions_are_read_as_are_wanted(ran: Launch, place: Place, most: int | None, requests: int) -> None:
    for number in range(1, 231):
        ran.plane.assets.add(Version(MODELS, "digits", str(number), of_others(str(number))))
    found: list[str] = []
    models = ran.engine.models
    routes = asked(place, lambda: found.extend(one.version for one in models.versions("digits", most)))
    assert found == [str(number) for number in range(230, 0, -1)][:most]
    assert len(routes) == requests


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("azureml://jobs/r-1/outputs/model", ModelPath(None, "azureml/r-1/model")),
        ("azureml://jobs/r-1/outputs/model/paths/a/b/", ModelPath(None, "azureml/r-1/model/a/b")),
        (
            "azureml://jobs/r-1/outputs/artifacts/paths/outputs/",
            ModelPath("workspaceartifactstore", "ExperimentRun/dcid.r-1/outputs"),
        ),
        ("azureml://datastores/store/paths/a", ModelPath("store", "a")),
        (
            "azureml://subscriptions/S/resourceGroups/g/workspaces/w/datastores/store/paths/a/",
            ModelPath("store", "a"),
        ),
        ("azureml://subscriptions/s/resourceGroups/g/workspaces/other/datastores/store/paths/a", None),
        ("azureml://datastores/store/paths/", None),
        ("azureml://registries/azureml/models/m/versions/1", None),
        ("https://example.org/model", None),
        ("", None),
    ],
)
def test_where_the_files_of_a_model_lie(uri: str, path: ModelPath | None) -> None:
    assert path_of(uri, "s/g/w") == path
