"""Codes, environments and data assets, with the unmodified SDK v2."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.addresses import resolve
from emulator.assets import DATA, MODELS, code_blobs, data_uri, find
from emulator.router import Refused
from tests.emulator.emulated import bearer
from tests.emulator.sdk import Sdk


def folder(path: Path, **files: str) -> str:
    for name, text in files.items():
        target = path / name.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return str(path)


def kept(client: Any, path: str) -> Any:
    """What the SDK does with a job's `code`: CodeOperations is not among its public attributes."""
    from azure.ai.ml.entities._assets import Code

    return client._code.create_or_update(Code(path=path))


def test_a_folder_is_uploaded_and_found_again(client: Any, sdk: Sdk, tmp_path: Path) -> None:
    path = folder(tmp_path / "src", train="print()", deep__model="x", deep__a__b="y")
    since = sdk.emulator.requests[-1].number
    made = kept(client, path)
    asked = [one.route.split()[0] for one in sdk.emulator.requests if one.number > since and "blob." not in one.host]
    assert asked == ["GET", "POST", "PUT"]
    blobs = code_blobs(sdk.plane, made.id)
    assert sorted(path for path, _, _ in blobs) == ["deep/a/b", "deep/model", "train"]
    assert {path: sdk.plane.blobs.read(container, blob) for path, container, blob in blobs}["deep/model"] == b"x"
    since = sdk.emulator.requests[-1].number
    assert kept(client, path).id == made.id
    assert sdk.emulator.count(since) == 2
    (tmp_path / "src" / "train").write_text("print(1)")
    assert kept(client, path).id != made.id


def test_one_file_is_a_code_too(client: Any, sdk: Sdk, tmp_path: Path) -> None:
    folder(tmp_path, single="print()", other="no")
    made = kept(client, str(tmp_path / "single"))
    assert [path for path, _, _ in code_blobs(sdk.plane, made.id)] == ["single"]


def test_a_code_lies_where_it_was_to_be_uploaded_to(client: Any, sdk: Sdk, tmp_path: Path) -> None:
    from azure.ai.ml._restclient.arm_ml_service.models import CodeVersion, CodeVersionProperties
    from azure.core.exceptions import HttpResponseError

    made = kept(client, folder(tmp_path / "src", train="1"))
    uri = find(sdk.plane, made.id).properties["codeUri"]
    put = client._code._version_operation.create_or_update
    places = {"resource_group_name": sdk.plane.place.group, "workspace_name": sdk.plane.place.name}

    def register(code_uri: str, name: str = str(uuid.uuid4())) -> Any:
        body = CodeVersion(properties=CodeVersionProperties(code_uri=code_uri))
        return put(name=name, version="1", body=body, **places)

    assert register(uri).properties.code_uri == uri
    with pytest.raises(HttpResponseError, match="There are no files in"):
        register(uri.rpartition("/")[0] + "/elsewhere", str(uuid.uuid4()))
    with pytest.raises(HttpResponseError, match="does not lie where"):
        register(f"https://{sdk.plane.blobs.account}.blob.core.windows.net/azureml/x", str(uuid.uuid4()))
    with pytest.raises(HttpResponseError, match=r"\(UserError\) Asset paths cannot be updated"):
        register(uri + "2", made.name)


def test_data_of_a_folder(client: Any, sdk: Sdk, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Data

    path = folder(tmp_path / "train", a="1", b="2")
    asked = {"name": "train", "path": path, "type": "uri_folder", "description": "digits", "tags": {"n": "2"}}
    since = sdk.emulator.requests[-1].number
    made = client.data.create_or_update(Data(version="1", **asked))
    routes = [one for one in sdk.emulator.requests if one.number > since and "blob." not in one.host]
    assert [one.method for one in routes] == ["GET", "POST", "PUT"]
    assert (made.version, made.type, made.description, made.tags) == ("1", "uri_folder", "digits", {"n": "2"})
    whole = f"azureml://subscriptions/{sdk.plane.place.subscription}/resourcegroups/ml-rg/workspaces/ml-ws/datastores/"
    assert made.path.startswith(whole + "workspaceblobstore/paths/LocalUpload/")
    assert client.data.get("train", version="1").path == made.path
    again = client.data.create_or_update(Data(version="1", **{**asked, "tags": {"n": "3"}}))
    assert (again.path, again.tags) == (made.path, {"n": "3"})
    assert data_uri(sdk.plane, "azureml:train:1") == data_uri(sdk.plane, made.id) == made.path
    container = sdk.plane.datastores["workspaceblobstore"].container
    prefix = made.path.partition("/paths/")[2]
    assert {sdk.plane.blobs.read(container, blob) for blob in sdk.plane.blobs.paths(container, prefix)} == {b"1", b"2"}


def test_versions_of_data(client: Any, sdk: Sdk) -> None:
    from azure.ai.ml.entities import Data
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    def data(number: int, version: str | None = None, kind: str = "uri_folder") -> Any:
        where = f"azureml://datastores/workspaceblobstore/paths/sets/{number}"
        return Data(name="sets", version=version, path=where, type=kind)

    assert client.data.create_or_update(data(1)).version == "1"
    assert client.data.create_or_update(data(7, "7")).version == "7"
    assert client.data.create_or_update(data(8)).version == "8"
    assert client.data.get("sets", label="latest").version == "8"
    assert [one.version for one in client.data.list("sets")] == ["8", "7", "1"]
    listed = {one.name: one.latest_version for one in client.data.list()}
    assert listed["sets"] == "8"
    assert find(sdk.plane, "azureml:sets@latest").version == "8"
    with pytest.raises(HttpResponseError, match="Asset paths cannot be updated"):
        client.data.create_or_update(data(2, "7"))
    with pytest.raises(HttpResponseError, match="cannot have the type uri_file"):
        client.data.create_or_update(data(9, "9", "uri_file"))
    with pytest.raises(ResourceNotFoundError, match="Could not find asset"):
        client.data.get("sets", version="2")
    with pytest.raises(ResourceNotFoundError, match="Could not find datastore: nowhere"):
        client.data.create_or_update(Data(name="no", version="1", path="azureml://datastores/nowhere/paths/a"))


def test_what_is_archived_is_not_listed(client: Any) -> None:
    from azure.ai.ml.constants import ListViewType
    from azure.ai.ml.entities import Data, Environment

    for version in ("1", "2"):
        client.environments.create_or_update(Environment(name="old", version=version, image="a"))
        client.data.create_or_update(Data(name="old", version=version, path="https://example.org/a", type="uri_file"))
    client.data.archive("old", version="1")
    assert [one.version for one in client.data.list("old")] == ["2"]
    client.environments.archive("old", version="2")
    assert [one.version for one in client.environments.list("old")] == ["1"]
    assert [one.version for one in client.data.list("old", list_view_type=ListViewType.ALL)] == ["2", "1"]


def test_environments(client: Any, sdk: Sdk) -> None:
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    conda = {"name": "tf", "channels": ["conda-forge"], "dependencies": ["python=3.10"]}
    asked = {"name": "tf-env", "image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "conda_file": conda}
    made = client.environments.create_or_update(Environment(version="1", tags={"a": "b"}, **asked))
    assert (made.version, made.image, made.conda_file) == ("1", asked["image"], conda)
    since = sdk.emulator.requests[-1].number
    assert client.environments.create_or_update(Environment(version="1", **asked)).id == made.id
    assert sdk.emulator.count(since) == 1
    with pytest.raises(ResourceExistsError, match="already registered and can not be changed"):
        client.environments.create_or_update(Environment(version="1", **{**asked, "image": "other"}))
    # without a version the SDK tries the latest one, and takes the next when that is another
    assert client.environments.create_or_update(Environment(**{**asked, "image": "other"})).version == "2"
    assert client.environments.get("tf-env", label="latest").image == "other"
    assert [one.version for one in client.environments.list("tf-env")] == ["2", "1"]
    with pytest.raises(ResourceNotFoundError):
        client.environments.get("tf-env", version="3")


def test_environments_that_nobody_made(client: Any, sdk: Sdk) -> None:
    names = {one.name: one.latest_version for one in client.environments.list()}
    name = "AzureML-ACPT-pytorch-1.13-py38-cuda11.7-gpu"
    assert names[name]
    assert client.environments.get(name, version=names[name]).image.startswith("mcr.microsoft.com/azureml/curated/acpt")
    found = find(sdk.plane, "azureml://registries/azureml/environments/sklearn-1.5/labels/latest")
    assert found.properties["image"].startswith("mcr.microsoft.com/azureml/curated/sklearn-1.5:")
    with pytest.raises(Refused):
        find(sdk.plane, "azureml://registries/azureml/environments/sklearn-1.5/versions/99")


def test_a_build_context_is_uploaded(client: Any, sdk: Sdk, tmp_path: Path) -> None:
    from azure.ai.ml.entities import BuildContext, Environment
    from azure.core.exceptions import HttpResponseError

    context = folder(tmp_path / "image", Dockerfile="FROM scratch", requirements="numpy")
    made = client.environments.create_or_update(
        Environment(name="built", version="1", build=BuildContext(path=context))
    )
    assert made.build.dockerfile_path == "Dockerfile"
    account, container = sdk.plane.blobs.account, sdk.plane.datastores["workspaceblobstore"].container
    assert made.build.path.startswith(f"https://{account}.blob.core.windows.net/{container}/LocalUpload/")
    build = BuildContext(path=context, dockerfile_path="Other")
    with pytest.raises(HttpResponseError, match="There is no Other in the build context"):
        client.environments.create_or_update(Environment(name="built", version="2", build=build))


def register(client: Any, path: str, version: str | None = None, **more: Any) -> Any:
    from azure.ai.ml.entities import Model

    return client.models.create_or_update(Model(name="digits", version=version, path=path, type="custom_model", **more))


def test_a_model_of_a_jobs_output_is_where_that_is(client: Any, sdk: Sdk) -> None:
    """An address of a guess: no recording has one."""
    from azure.core.exceptions import ResourceNotFoundError

    outputs = {"model": {"jobOutputType": "uri_folder"}, "there": {"jobOutputType": "uri_folder", "uri": f"{STORE}/b"}}
    sdk.plane.add_run(sdk.plane.ensure_experiment("e"), "job-1", "somebody", job={"outputs": outputs})
    made = {
        "model/paths/": "workspaceblobstore/paths/azureml/job-1/model",
        "model/paths/a/b": "workspaceblobstore/paths/azureml/job-1/model/a/b",
        "there": "workspaceblobstore/paths/b",
        "artifacts/paths/outputs/": "workspaceartifactstore/paths/ExperimentRun/dcid.job-1/outputs",
    }
    for number, (path, where) in enumerate(made.items(), 1):
        model = register(client, f"azureml://jobs/job-1/outputs/{path}")
        assert (model.version, model.path.partition("/datastores/")[2]) == (str(number), where)
        assert model.job_name is None
    for path in ("job-2/outputs/model", "job-1/outputs/nothing"):
        with pytest.raises(ResourceNotFoundError):
            register(client, f"azureml://jobs/{path}")
    address = resolve(sdk.plane, "azureml:digits:1", MODELS)
    assert (address.store.name, address.path) == ("workspaceblobstore", "azureml/job-1/model")
    for reference, kind in (("azureml:digits:1", DATA), ("azureml:digits:9", MODELS)):
        with pytest.raises(Refused, match="Not found"):
            resolve(sdk.plane, reference, kind)


STORE = "azureml://datastores/workspaceblobstore/paths"


def test_versions_are_listed_by_what_they_say(client: Any, sdk: Sdk) -> None:
    for number in range(4):
        register(client, f"{STORE}/m/{number}", tags={"run": f"r-{number % 2}", "n": str(number)})
    register(client, f"{STORE}/m", "named", stage="Production")

    def listed(query: str) -> list[str]:
        url = (
            f"https://management.azure.com{sdk.plane.place.path}/models/digits/versions?api-version=2024-04-01&{query}"
        )
        answer = requests.get(url, headers=bearer(sdk.emulator), timeout=60).json()
        return [one["name"] for one in answer["value"]]

    versions = listed("")
    assert versions[0] == "named"
    first = int(versions[1]) - 3
    assert listed("tags=run=r-1") == [str(first + 3), str(first + 1)]
    assert listed("tags=run=r-1,n=1") == [str(first + 1)]
    assert len(listed("tags=run")) == 4
    assert listed("tags=run=r-9") == listed("tags=team") == []
    assert listed("stage=Production") == listed("version=named") == ["named"]
    sdk.plane.filters = False
    try:
        assert len(listed("tags=run=r-9")) == len(versions)
    finally:
        sdk.plane.filters = True


@pytest.mark.parametrize(
    ("rest", "properties", "told"),
    [
        ("environments/e/versions/1", {}, "must have an image or a build context"),
        ("environments/e/versions/1", {"image": "a", "build": {"contextUri": "https://b"}}, "cannot have both"),
        ("environments/e/versions/1", {"image": 1}, "1 is not of type 'string'"),
        ("environments/e/versions/1", {"image": "a", "docker": {}}, "'docker' was unexpected"),
        ("data/d/versions/1", {"dataType": "uri_folder"}, "'dataUri' is a required property"),
        ("data/d/versions/1", {"dataType": "folder", "dataUri": "https://a"}, "'folder' is not one of"),
        ("data/d/versions/1", {"dataType": "uri_folder", "dataUri": "/home/me"}, "not one that a data asset can have"),
        ("codes/c/versions/1", {"codeUri": 3}, "3 is not of type"),
    ],
)
def test_what_is_no_asset_is_refused(sdk: Sdk, rest: str, properties: dict[str, Any], told: str) -> None:
    url = f"https://management.azure.com{sdk.plane.place.path}/{rest}?api-version=2024-04-01"
    answer = requests.put(url, json={"properties": properties}, headers=bearer(sdk.emulator), timeout=60)
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]
    kind, name, _, version = rest.split("/")
    assert sdk.plane.assets.get(kind, name, version) is None


def test_references_that_mean_nothing(sdk: Sdk) -> None:
    space = sdk.plane.place.path
    for reference in ("", "azureml:nothing:1", f"{space}/codes/x/versions/1", f"{space}2/data/sets/versions/1", "a/b"):
        with pytest.raises(Refused, match=r"^404 NotFound: key: .*, Message: Not found (asset|code)") as refused:
            find(sdk.plane, reference)
        assert refused.value.status == 404
    with pytest.raises(Refused):
        find(sdk.plane, "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest", DATA)


def test_nobody_asked_for_what_is_not_there(sdk: Sdk) -> None:
    assert sdk.emulator.unserved == []
