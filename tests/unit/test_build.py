from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from specrun.spec.build import build, digest, words
from specrun.spec.model import (
    CloudPath,
    Data,
    Download,
    Environment,
    Input,
    Job,
    LocalPath,
    Origin,
    Output,
    Secret,
    Spec,
)
from specrun.spec.processes import Distribution, JobResources
from specrun.spec.source import Document

VALUES: dict[str, Any] = {"apiVersion": "specrun/v1", "name": "digits"}


def spec(**sections: Any) -> Spec:
    values = {**VALUES, **sections}
    return build(Document("folder/job.yaml", "", values), values)


def job(**fields: Any) -> Job:
    built = spec(job={"command": "true", **fields}, data={"mnist": {"path": "data"}}).job
    assert built is not None
    return built


def here(written: str) -> LocalPath:
    """A path that begins at the folder of the spec."""
    return LocalPath(Path.cwd() / "folder" / written, written)


ORIGIN = Origin(Document("", "", {}), ())
"""Two data entries are the same wherever they are written."""


def test_a_spec_with_only_a_command_has_the_models_defaults() -> None:
    built = spec(job={"command": "true"})
    assert (built.name, built.experiment, built.engine, built.file) == (
        "digits",
        "digits",
        None,
        Path.cwd() / "folder/job.yaml",
    )
    assert built.job == Job(command="true")
    assert (built.workspace, built.compute, built.datastores, built.data) == (None, None, {}, {})


def test_without_a_job() -> None:
    assert spec(compute={"name": "cpu"}).job is None


def test_resources_keep_what_was_written() -> None:
    workspace, compute = {"name": "ws"}, {"name": "gpu", "min_instances": 0}
    built = spec(workspace=workspace, compute=compute, datastores={"d": {"type": "azure_blob"}})
    assert (built.workspace, built.compute, built.datastores) == (workspace, compute, {"d": {"type": "azure_blob"}})
    assert spec(compute="bare").compute == "bare"


def test_tags_that_say_who_made_something_are_no_specs() -> None:
    tags = {"team": "a", "specrun": "b", "Specrun-Target": "c", "specrun.spec.d": "e", "specrunner": "f"}
    built = spec(compute={"name": "gpu", "tags": tags}, job={"command": "true", "tags": tags})
    assert built.job is not None
    assert isinstance(built.compute, dict)
    assert built.job.tags == built.compute["tags"] == {"team": "a", "specrunner": "f"}


def test_credentials_become_secrets() -> None:
    built = spec(
        datastores={"d": {"credentials": {"client_secret": "${{ secrets.S }}", "tenant_id": "t"}}},
        compute={"name": "c", "ssh_settings": {"admin_username": "me", "admin_password": "${{ secrets.P }}"}},
    )
    assert built.datastores["d"]["credentials"] == {"client_secret": Secret("S"), "tenant_id": "t"}
    assert isinstance(built.compute, dict)
    assert built.compute["ssh_settings"] == {"admin_username": "me", "admin_password": Secret("P")}


def test_data() -> None:
    built = spec(
        data={
            "a": {"path": "data"},
            "b": {"path": "https://x", "sha256": "AB" * 32, "target": "t/b", "datastore": "s", "prune": True},
        }
    )
    assert built.data == {
        "a": Data("a", here("data"), None, "a", ORIGIN),
        "b": Data("b", Download("https://x", "ab" * 32), "s", "t/b", ORIGIN, prune=True),
    }
    assert [entry.origin.path for entry in built.data.values()] == [("data", "a"), ("data", "b")]


def test_a_path_keeps_how_it_is_written() -> None:
    (data,) = spec(data={"a": {"path": "../data"}}).data.values()
    assert isinstance(data.source, LocalPath)
    assert (data.source.absolute, data.source.written) == (Path.cwd() / "folder" / "../data", "../data")
    config = (spec(workspace={"from_config": "config.json"}).workspace or {})["from_config"]
    assert config == here("config.json")
    built = job(code="src")
    assert built.code == here("src")


def test_inputs_and_outputs() -> None:
    built = job(
        inputs={
            "a": {"data": "mnist", "mode": "mount"},
            "b": {"path": "x.csv", "type": "uri_file", "mode": "download"},
            "c": 3,
            "d": "text",
            "e": False,
            "f": {"path": "azureml:cats:1"},
        },
        outputs={"model": {}, "logs": {"path": "azureml://datastores/d/paths/p", "mode": "upload"}},
    )
    assert built.inputs == {
        "a": Input("a", Data("mnist", here("data"), None, "mnist", ORIGIN), mode="ro_mount"),
        "b": Input(
            "b",
            Data("inputs.b", here("x.csv"), None, "inputs/digits/b", ORIGIN, of_input=True),
            type="uri_file",
            mode="download",
        ),
        "c": Input("c", 3),
        "d": Input("d", "text"),
        "e": Input("e", False),
        "f": Input("f", CloudPath("azureml:cats:1")),
    }
    data = built.inputs["b"].data
    assert data is not None
    assert data.origin.path == ("job", "inputs", "b")
    assert built.outputs == {
        "model": Output("model"),
        "logs": Output("logs", path="azureml://datastores/d/paths/p", mode="upload"),
    }


@pytest.mark.parametrize(
    ("written", "built"),
    [
        (None, None),
        ("azureml:env:3", Environment(registered="azureml:env:3")),
        ({"pip": ["numpy ", "torch"], "image": "i"}, Environment(pip=("numpy", "torch"), image="i")),
        ({"pip": []}, Environment(pip=())),
        ({"conda_file": "c.yml"}, Environment(conda_file=here("c.yml"))),
        ({"build": {"path": "d", "dockerfile_path": "f"}}, Environment(build_path=here("d"), dockerfile_path="f")),
        ({"framework": "tensorflow", "version": "2.3"}, Environment(framework="tensorflow", version="2.3")),
    ],
)
def test_environment(written: Any, built: Environment | None) -> None:
    assert job(environment=written).environment == built


def test_the_rest_of_a_job() -> None:
    built = job(
        distribution={"type": "tensorflow", "parameter_server_count": 1, "worker_count": 2},
        resources={"instance_count": 2, "gpu": True, "shm_size": "8g"},
        limits={"timeout": 60},
        tags={"team": "vision"},
        environment_variables={"A": "x", "B": 2, "C": True, "D": "${{ secrets.S }}", "E": "x ${{ secrets.S }}"},
        display_name="name",
        description="text",
        identity={"type": "managed"},
    )
    assert built.distribution == Distribution("tensorflow", 1, 2)
    assert built.resources == JobResources(2, gpu=True, shm_size="8g")
    assert (built.timeout, built.tags, built.identity) == (60, {"team": "vision"}, {"type": "managed"})
    assert built.environment_variables == {"A": "x", "B": "2", "C": "true", "D": Secret("S"), "E": "x ${{ secrets.S }}"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (None, ()),
        (["--steps", 10, True, 0.5, "a b"], ("--steps", "10", "true", "0.5", "a b")),
        ({"--steps": 10, "--verbose": True, "--quiet": False, "-x": ""}, ("--steps", "10", "--verbose", "-x", "")),
        ({"--bare": None, "--many": [1, "b"]}, ("--bare", "--many", "1", "b")),
        ({"--text": "true"}, ("--text", "true")),
    ],
)
def test_words(arguments: Any, expected: tuple[str, ...]) -> None:
    assert words(arguments) == expected


def test_the_digest_is_of_canonical_json() -> None:
    assert digest({"b": "é", "a": [1, True]}) == hashlib.sha256('{"a":[1,true],"b":"é"}'.encode()).hexdigest()
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_the_digest_has_secrets_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"environment_variables": {"A": "${{ secrets.S }}"}, "command": "true"}
    monkeypatch.setenv("S", "one")
    before = spec(job=text).digest
    monkeypatch.setenv("S", "two")
    assert spec(job=text).digest == before
