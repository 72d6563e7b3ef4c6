"""Run configurations of SDK v1 become specs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.runconfig import import_runconfig
from specrun.convert.sources import Refused, Source, read_yaml
from tests.convert.imports import mistakes, read_back, unspoken

CASES = Path(__file__).parents[1] / "cases" / "import" / "runconfig"
FILES = [path for path in sorted(CASES.rglob("*")) if path.suffix in (".runconfig", ".json")]
RUN = {"script": "train.py", "target": "cpu-cluster"}


def one(fields: dict[str, Any], file: str = "project/.azureml/a.runconfig", folder: str = "project") -> Imported:
    return import_runconfig(Source(file, "", {**RUN, **fields}), ImportOptions(folder=Path(folder)))


def spec_of(fields: dict[str, Any]) -> dict[str, Any]:
    spec = read_back(one(fields))
    assert isinstance(spec, dict)
    return spec


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_case_is_told_whole_and_gives_a_valid_spec(file: Path, tmp_path: Path) -> None:
    source = read_yaml(str(file))
    folder = file.parent.parent if file.parent.name == ".azureml" else file.parent
    imported = import_runconfig(source, ImportOptions(folder=folder))
    assert unspoken(source, imported) == []
    assert mistakes(imported, tmp_path) == []
    for secret in ("not-to-be-copied", "abcdefgh12345"):
        assert secret not in f"{imported.draft.text()}{imported.report}{imported.files}"
    assert imported.draft.text() == (folder / "expected.spec.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"communicator": "None", "framework": "TensorFlow"}, None),
        (
            {"communicator": "IntelMpi", "mpi": {"processCountPerNode": 2}},
            {"type": "mpi", "process_count_per_instance": 2},
        ),
        (
            {"communicator": "Nccl", "nodeCount": 2, "pytorch": {"processCount": 8}},
            {"type": "pytorch", "process_count_per_instance": 4},
        ),
        (
            {"framework": "TensorFlow", "communicator": "ParameterServer", "tensorflow": {"workerCount": 2}},
            {"type": "tensorflow", "parameter_server_count": 1, "worker_count": 2},
        ),
        ({"distributedBackend": "mpi", "processCountPerNode": 2}, {"type": "mpi", "process_count_per_instance": 2}),
        (
            {"distributed_job_config": {"type": "PyTorchConfiguration", "process_count": 8, "node_count": 2}},
            {"type": "pytorch", "process_count_per_instance": 4},
        ),
        ({"communicator": "smoke"}, {"type": "TODO"}),
    ],
)
def test_framework_and_communicator_are_the_distribution(fields: dict[str, Any], expected: object) -> None:
    assert spec_of(fields)["job"].get("distribution") == expected


def test_a_node_for_each_worker() -> None:
    fields = {"communicator": "ParameterServer", "nodeCount": 1, "tensorflow": {"workerCount": 3}}
    assert spec_of(fields)["job"]["resources"]["instance_count"] == 3


def test_processes_that_do_not_fit_the_nodes_are_asked_for() -> None:
    found = one({"communicator": "Gloo", "nodeCount": 2, "pytorch": {"processCount": 3}})
    assert [todo.source for todo in found.report.todos if "processes" in todo.note] == ["pytorch.processCount"]


def test_counts_that_no_communicator_uses_are_doubted() -> None:
    found = one({"framework": "TensorFlow", "tensorflow": {"workerCount": 2}})
    assert "distribution" not in found.draft.values()["job"]  # type: ignore[operator]
    assert [todo.source for todo in found.report.todos if "without a communicator" in todo.note] == [
        "tensorflow.workerCount"
    ]


def test_a_path_that_arguments_do_not_name_comes_in_a_variable() -> None:
    references = {"digits": {"dataStoreName": "sets", "pathOnDataStore": "a", "mode": "mount"}}
    job = spec_of({"dataReferences": references, "arguments": ["--steps", 3, "two words"]})["job"]
    assert job["command"] == "AZUREML_DATAREFERENCE_digits=${{ inputs.digits }} python train.py --steps 3 'two words'"
    assert job["inputs"] == {"digits": {"path": "azureml://datastores/sets/paths/a", "mode": "ro_mount"}}


def test_a_reference_that_is_uploaded_is_an_output() -> None:
    references = {"model": {"dataStoreName": "sets", "pathOnDataStore": "m", "mode": "upload"}}
    job = spec_of({"dataReferences": references, "arguments": ["$AZUREML_DATAREFERENCE_model"]})["job"]
    assert job["outputs"] == {"model": {"path": "azureml://datastores/sets/paths/m", "mode": "upload"}}
    assert job["arguments"] == ["${{ outputs.model }}"]


def test_a_command() -> None:
    fields = {"script": "", "command": ["python", "train.py", "--a", "$AZUREML_DATAREFERENCE_d"]}
    references = {"d": {"dataStoreName": "s", "pathOnDataStore": "p", "mode": "download"}}
    assert spec_of({**fields, "dataReferences": references})["job"]["command"] == "python train.py --a ${{ inputs.d }}"


def test_local_runs_have_no_cluster_and_no_image() -> None:
    environment = {"docker": {"enabled": False, "baseImage": "a/b", "shmSize": "2g"}}
    spec = spec_of({"target": "local", "environment": environment})
    assert "compute" not in spec
    assert spec["job"]["environment"] == {"pip": ["azureml-defaults"]}
    assert "resources" not in spec["job"]


def test_a_dockerfile_is_written_beside_the_spec() -> None:
    environment = {"docker": {"baseDockerfile": "FROM a\nRUN b"}, "python": {"userManagedDependencies": True}}
    found = one({"environment": environment})
    assert found.files == {"a.docker/Dockerfile": "FROM a\nRUN b\n"}
    assert "path: a.docker" in found.draft.text()


@pytest.mark.parametrize(
    "fields",
    [
        {"arguments": ["--password", "{secret}"]},
        {"arguments": ["--api-key={secret}"]},
        {"arguments": "--api-key {secret}"},
        {"script": "", "command": "run AccountKey={secret}"},
        {"environment": {"environmentVariables": {"API_KEY": "{secret}"}}},
        {"environment": {"docker": {"baseImage": "a", "baseImageRegistry": {"address": "r", "password": "{secret}"}}}},
        {"environment": {"docker": {"baseDockerfile": "FROM a\nENV X AccountKey={secret}"}}},
        {"environment": {"python": {"condaDependencies": {"x": "https://a:{secret}@b/c"}}}},
        {"data": {"a": {"dataLocation": {"uri": {"path": "https://a/b?sig={secret}"}}}}},
        {"outputData": {"a": {"outputLocation": {"uri": {"path": "https://a/b?sig={secret}"}}}}},
    ],
)
def test_a_secret_is_never_copied(fields: dict[str, Any]) -> None:
    secret = "s3cretS3cretS3cret"
    found = one(json.loads(json.dumps(fields).replace("{secret}", secret)))
    assert secret not in f"{found.draft.text()}{found.report}{found.files}"


def test_a_secret_among_the_arguments_comes_in_a_variable() -> None:
    job = spec_of({"arguments": ["--password", "abcdefgh12345"]})["job"]
    assert job["command"] == 'python train.py --password "$PASSWORD"'
    assert job["environment_variables"] == {"PASSWORD": "${{ secrets.PASSWORD }}"}


def test_a_file_as_sdk_v1_saves_it_is_no_job_of_the_cli() -> None:
    saved = {"command": "", "communicator": "None", "framework": "Python", "environment": {"name": "trainer"}}
    job = spec_of(saved)["job"]
    assert (job["script"], job["environment"]) == ("train.py", "azureml:trainer@latest")


def test_a_registered_environment_by_its_name() -> None:
    assert spec_of({"environment": {"name": "trainer", "version": 3}})["job"]["environment"] == "azureml:trainer:3"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ArgumentVector": ["a.py"], "Framework": "Python", "Target": "local"}, "Workbench"),
        ({"script": "a.py", "framework": "PySpark"}, "PySpark"),
        ({"script": "a.py", "target": "hdi"}, "hdi"),
        ({"$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json", "command": "a"}, "CLI v2"),
        ({"apiVersion": "specrun/v1"}, "a spec already"),
        ({"channels": [], "dependencies": []}, "conda"),
        ({"a": 1}, "no run configuration"),
        ([], "a list"),
        ("x", "a single value"),
    ],
)
def test_other_files_are_refused_by_name(values: object, words: str) -> None:
    with pytest.raises(Refused, match=words):
        import_runconfig(Source("a.runconfig", "", values), ImportOptions())
