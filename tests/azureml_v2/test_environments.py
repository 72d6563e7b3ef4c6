"""A spec's environment as the SDK takes one, and the folders that images are built from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.faults import BlackHole, LostAnswer
from specrun.engines.azure import images, transport
from specrun.engines.azure.coordinates import place_of
from specrun.engines.azureml_v2.environments import CONTEXTS, environment_of, registered_name
from specrun.engines.base import Missing, Transient
from specrun.plan.graph import build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Status
from specrun.spec.load import load
from specrun.spec.model import Spec
from tests.azure_engines.launching import Launch, copied, launch, planned
from tests.azureml_v2.place import PLANE, Place, resource

GPU = "{name: gpu-cluster, size: STANDARD_NC4AS_T4_V3, max_instances: 1}"
BUILD = "code: src\ncommand: echo\nenvironment: {build: {path: docker}}\n"


def spec_of(folder: Path, environment: str, compute: str = "cpu-cluster", more: str = "") -> Spec:
    text = f"apiVersion: specrun/v1\nname: digits\ncompute: {compute}\njob:\n  command: echo\n{more}"
    (folder / "job.yaml").write_text(text + (f"  environment: {environment}\n" if environment else ""))
    loaded = load([str(folder / "job.yaml")], engine="azureml")
    assert loaded.ok, loaded.diagnostics
    return loaded.specs[0]


def made(folder: Path, environment: str, compute: str = "cpu-cluster", more: str = "") -> Any:
    """What the SDK is given. Nothing here asks the network: there is no connection."""
    submission = planned(spec_of(folder, environment, compute, more))
    return environment_of(submission, copied(submission, folder / "staged"), None, lambda progress: None)  # type: ignore[arg-type]


def conda(environment: Any) -> list[Any]:
    """The dependencies of the conda environment that a definition has."""
    return list(environment.conda_file["dependencies"])


def test_a_pip_list_stands_on_a_pinned_image_as_it_was_written(tmp_path: Path) -> None:
    marker = "numpy<3; python_version >= '3.9'"
    environment = made(tmp_path, f'{{pip: ["{marker}", "torch>=2"]}}')
    assert environment.image == images.CPU_IMAGE
    assert conda(environment) == [f"python={images.PYTHON}", "pip", {"pip": [marker, "torch>=2"]}]


def test_no_environment_is_a_pinned_python(tmp_path: Path) -> None:
    environment = made(tmp_path, "")
    assert environment.image == images.CPU_IMAGE
    assert conda(environment) == [f"python={images.PYTHON}", "pip"]


@pytest.mark.parametrize(
    ("compute", "more"), [(GPU, ""), ("cpu-cluster", "  resources: {gpu: true}\n")], ids=["size", "asked"]
)
def test_a_gpu_takes_another_image(tmp_path: Path, compute: str, more: str) -> None:
    assert made(tmp_path, "{pip: [numpy]}", compute, more).image == images.GPU_IMAGE
    environment = made(tmp_path, '{framework: tensorflow, version: "2.16"}', compute, more)
    assert environment.image == images.GPU_IMAGE
    assert conda(environment)[-1] == {"pip": ["tensorflow[and-cuda]==2.16.*"]}


def test_an_image_alone_brings_its_own_python(tmp_path: Path) -> None:
    environment = made(tmp_path, "{image: example.org/train:1}")
    assert (environment.image, environment.conda_file) == ("example.org/train:1", None)


@pytest.mark.parametrize("image", ["", "image: example.org/train:1, "])
def test_a_conda_file(tmp_path: Path, image: str) -> None:
    (tmp_path / "env.yml").write_text("dependencies:\n  - python=3.11\n  - pip: [numpy]\n")
    environment = made(tmp_path, f"{{{image}conda_file: env.yml}}")
    assert environment.image == ("example.org/train:1" if image else images.CPU_IMAGE)
    assert conda(environment) == ["python=3.11", {"pip": ["numpy"]}]


def test_what_a_list_names_and_hides_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_TOKEN", "hush/hush")
    (tmp_path / "base.txt").write_text("numpy  # for arrays\n--pre\n")
    address = "--index-url https://me:{}@example.org/simple"
    lines = [address.format("${{ secrets.FEED_TOKEN }}"), "-r base.txt"]
    environment = made(tmp_path, f"{{pip: {lines}}}")
    assert conda(environment)[-1] == {"pip": [address.format("hush%2Fhush"), "numpy", "--pre"]}


def test_what_a_conda_file_names_is_sent_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "env.yml").write_text("dependencies:\n  - python=3.11\n  - pip: [-r base.txt, torch]\n")
    (tmp_path / "base.txt").write_text("numpy\n")
    assert conda(made(tmp_path, "{conda_file: env.yml}")) == ["python=3.11", {"pip": ["numpy", "torch"]}]


def test_a_conda_file_that_changes_after_the_plan_stays_as_it_was_planned(tmp_path: Path) -> None:
    file = tmp_path / "env.yml"
    file.write_text("dependencies: [six=1.16.0]\n")
    submission = planned(spec_of(tmp_path, "{conda_file: env.yml}"))
    staged = copied(submission, tmp_path / "staged")
    file.write_text("dependencies: [six=1.17.0]\n")
    environment = environment_of(submission, staged, None, lambda progress: None)  # type: ignore[arg-type]
    assert conda(environment) == ["six=1.16.0"]


@pytest.mark.parametrize(
    ("version", "requirement", "python"),
    [
        ("2.16", "tensorflow==2.16.*", images.PYTHON),
        ("2.16.1", "tensorflow==2.16.1", images.PYTHON),
        ("2.5", "tensorflow==2.5.*", "3.9"),
        ("2.3.0", "tensorflow==2.3.0", "3.8"),
        ("2.1", "tensorflow==2.1.*", "3.7"),
        ("1.10", "tensorflow==1.10.*", "3.6"),
    ],
)
def test_a_framework_is_installed_in_a_python_that_it_is_made_for(
    tmp_path: Path, version: str, requirement: str, python: str
) -> None:
    environment = made(tmp_path, f'{{framework: tensorflow, version: "{version}"}}')
    assert conda(environment) == [f"python={python}", "pip", {"pip": [requirement]}]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("azureml:vision:3", "azureml:vision:3"),
        ("azureml:vision@latest", "vision@latest"),
        ("azureml:vision", "vision@latest"),
        ("azureml://registries/r/environments/e/versions/1", "azureml://registries/r/environments/e/versions/1"),
    ],
)
def test_a_registered_one_goes_by_its_name(tmp_path: Path, written: str, name: str) -> None:
    assert registered_name(written) == name
    assert made(tmp_path, f"'{written}'") == name


@pytest.mark.parametrize(
    ("written", "version"), [("azureml:vision:1", "1"), ("azureml:vision@latest", "2"), ("azureml:vision", "2")]
)
def test_a_registered_one_is_found(place: Place, written: str, version: str) -> None:
    from azure.ai.ml.entities import Environment

    launched = launch(place, f"command: echo\nenvironment: {written}\n")
    for number in ("1", "2"):
        environment = Environment(name="vision", version=number, image="python:3.11")
        launched.engine.connection.sdk.client.environments.create_or_update(environment)
    job = launched.run(launched.submit()).job
    assert job is not None
    assert job["environmentId"].endswith(f"/environments/vision/versions/{version}")


@pytest.mark.parametrize("written", ["AzureML-tensorflow-2.12-cuda11:8", "AzureML-tensorflow-2.12-cuda11"])
def test_one_that_every_workspace_has(place: Place, written: str) -> None:
    launched = launch(place, f"command: echo\nenvironment: azureml:{written}\n")
    assert launched.run(launched.submit()).job


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ("{pip: [numpy]}", "it goes with the run, and the service builds it once"),
        ("azureml:vision:3", "the service looks for it when the run is submitted"),
    ],
)
def test_nobody_looks_for_it_and_the_plan_says_so(place: Place, environment: str, reason: str) -> None:
    # Not even whether there is a workspace.
    spec = place.spec(f"compute: cpu-cluster\njob: {{command: echo, environment: {environment}}}")
    (key,) = [key for key in _keys(spec) if key.startswith("environment/")]
    assert place.routes(lambda: place.engine(spec).resources.observe(resource(spec, key))) == []
    assert place.engine(spec).resources.observe(resource(spec, key)) == Observed(Status.UNSEEN, reason=reason)


def _keys(spec: Spec) -> list[str]:
    place = place_of("azureml", spec.workspace)
    return [key.address for key in build_graph([spec], lambda _: place, HashCache(spec.file.parent)).resources]


def building(place: Place, **files: str) -> Launch:
    """A job whose image is built from a folder with these files beside its Dockerfile."""
    folder = place.folder / "docker"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    for name, content in files.items():
        (folder / name).write_text(content)
    return launch(place, BUILD)


def contexts(launched: Launch) -> dict[str, set[str]]:
    """The folders that were sent, by name, with the paths in them."""
    plane = launched.plane
    container = plane.datastores[plane.default].container
    found: dict[str, set[str]] = {}
    for path in plane.blobs.paths(container, f"{CONTEXTS}/"):
        folder, _, rest = path.removeprefix(f"{CONTEXTS}/").partition("/")
        found.setdefault(folder, set()).add(rest)
    return found


def built(launched: Launch, name: str) -> dict[str, Any]:
    """The environment of a run, as it was registered."""
    job = launched.run(name).job
    assert job is not None
    environment, _, version = job["environmentId"].partition("/environments/")[2].partition("/versions/")
    registered = launched.plane.assets.get("environments", environment, version)
    assert registered is not None
    return dict(registered.properties["build"])


def test_a_folder_is_sent_once_for_its_content(place: Place) -> None:
    launched = building(place, requirements="numpy")
    build = built(launched, launched.submit())
    (sent,) = contexts(launched)
    assert contexts(launched) == {sent: {"Dockerfile", "requirements"}}
    assert build["contextUri"].endswith(f"/{CONTEXTS}/{sent}/")
    assert build["dockerfilePath"] == "Dockerfile"
    again = place.routes(lambda: launched.submit(2))
    assert [route for route in again if route.startswith("PUT blob")] == []
    assert built(launched, sorted(launched.plane.runs)[-1]) == build


def test_two_folders_that_the_sdk_takes_for_one(place: Place) -> None:
    """It hashes names and contents one after the other: a file `a` with "bc" is a file `ab` with "c" to it."""
    launched = building(place, a="bc")
    first = built(launched, launched.submit())
    launched = building(place, ab="c")
    second = built(launched, launched.submit(2))
    assert first["contextUri"] != second["contextUri"]
    assert sorted(map(sorted, contexts(launched).values())) == [["Dockerfile", "a"], ["Dockerfile", "ab"]]


def test_what_was_left_half_sent_is_sent_again(place: Place) -> None:
    launched = building(place, a="1")
    launched.submit()
    plane = launched.plane
    (sent,) = contexts(launched)
    plane.blobs.container(plane.datastores[plane.default].container).delete_blob(f"{CONTEXTS}/{sent}/a")
    launched.submit(2)
    assert contexts(launched) == {sent: {"Dockerfile", "a"}}


def test_a_folder_that_changes_after_the_plan_is_built_as_it_was_planned(place: Place) -> None:
    launched = building(place, requirements="six==1.16.0")
    submission = launched.submission()
    staged = launched.staged(submission)
    (place.folder / "docker" / "requirements").write_text("six==1.17.0")
    (place.folder / "docker" / "more").write_text("more")
    launched.engine.runs.submit(submission, staged, place.reports.append)
    plane = launched.plane
    (sent,) = contexts(launched)
    assert contexts(launched) == {sent: {"Dockerfile", "requirements"}}
    container = plane.blobs.container(plane.datastores[plane.default].container)
    content = container.download_blob(f"{CONTEXTS}/{sent}/requirements").readall()
    assert content == b"six==1.16.0"


def test_a_registered_one_that_is_missing_is_found_on_submission(place: Place) -> None:
    launched = launch(place, "command: echo\nenvironment: azureml:nothing:1\n")
    with pytest.raises(Missing, match=r"cannot submit the run job-.*nothing"):
        launched.submit()
    assert launched.plane.runs == {}


PUT_ENVIRONMENT, GET_ENVIRONMENT = (
    f"{method} {PLANE}/environments/{{name}}/versions/{{version}}" for method in ("PUT", "GET")
)


def slowly(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run whose environment takes longer than anybody waits; the routes that are asked for environments."""
    launched = launch(place, "command: echo\nenvironment: {image: 'python:3.11'}\n", "")
    monkeypatch.setattr(transport, "SLOW_TIMEOUT", 0.2)
    routes = place.routes(lambda: launched.submit())
    return [route.partition(" ")[0] for route in routes if route in (PUT_ENVIRONMENT, GET_ENVIRONMENT)]


def test_an_environment_that_is_made_without_an_answer_is_looked_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.emulator.faults.add(PUT_ENVIRONMENT, LostAnswer(never=True))
    assert slowly(place, monkeypatch) == ["PUT", "GET"]


def test_one_that_is_not_there_then_is_asked_for_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.emulator.faults.add(PUT_ENVIRONMENT, BlackHole())
    assert slowly(place, monkeypatch) == ["PUT", "GET", "PUT"]


def test_one_that_never_comes_may_be_asked_for_once_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.emulator.faults.add(PUT_ENVIRONMENT, BlackHole(), times=None)
    with pytest.raises(Transient, match=r"cannot submit the run job-.* gave no answer: it was reached") as caught:
        slowly(place, monkeypatch)
    assert "firewall" not in str(caught.value)
