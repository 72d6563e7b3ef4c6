"""A run configuration says what the job says that becomes of it by import and export: each is read by its own SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.convert.meaning.said import Said, conda_of, exported, place_of, said_of, without_nothing

pytestmark = pytest.mark.slow
IMAGE = "registry.example.com/trees:1"
CONDA = {
    "name": "project",
    "channels": ["conda-forge"],
    "dependencies": ["python=3.8", {"pip": ["numpy==1.20", "torch"]}],
}
DEFAULT: dict[str, Any] = {
    "script": "train.py",
    "arguments": ["--steps", 3],
    "target": "gpu-cluster",
    "framework": "Python",
    "communicator": "None",
    "nodeCount": 1,
    "environment": {
        "python": {"userManagedDependencies": False, "condaDependenciesFile": ".azureml/conda_dependencies.yml"},
        "docker": {"baseImage": IMAGE},
    },
    "history": {"outputCollection": True},
}
MODES = {"mount": ("input", "ro_mount"), "download": ("input", "download"), "upload": ("output", "upload")}
MOUNT = {"dataStoreName": "sets", "pathOnDataStore": "leaves", "mode": "mount"}

RUNS: dict[str, dict[str, Any]] = {
    "bare": {},
    "arguments with quotes": {
        "arguments": [
            "--name",
            "red oak",
            "--json",
            '{"a": 1}',
            "--odd",
            "it's 5",
            "--empty",
            "",
            "--star",
            "*",
            "--rate",
            0.5,
        ]
    },
    "a script in a folder": {"script": "trees/train.py"},
    "several machines": {"nodeCount": 3},
    "mpi": {"communicator": "OpenMpi", "nodeCount": 2, "mpi": {"processCountPerNode": 4}},
    "Intel MPI": {"communicator": "IntelMpi", "nodeCount": 2},
    "parameter servers": {
        "framework": "TensorFlow",
        "communicator": "ParameterServer",
        "nodeCount": 2,
        "tensorflow": {"workerCount": 2, "parameterServerCount": 1},
    },
    "NCCL": {"framework": "PyTorch", "communicator": "Nccl", "nodeCount": 2, "pytorch": {"processCount": 8}},
    "Gloo": {"framework": "PyTorch", "communicator": "Gloo", "nodeCount": 3, "pytorch": {"processCount": 3}},
    "variables": {"environment": {"environmentVariables": {"LEVEL": "info", "COUNT": "3", "ODD": "it's 5"}}},
    "an image alone": {
        "environment": {
            "python": {"userManagedDependencies": True, "interpreterPath": "python3"},
            "docker": {"baseImage": IMAGE, "enabled": True},
        }
    },
    "packages in the file": {"environment": {"python": {"condaDependencies": CONDA}, "docker": {"baseImage": IMAGE}}},
    "limits": {"maxRunDurationSeconds": 7200},
    "docker": {"docker": {"useDocker": True, "arguments": ["--ipc=host"], "shmSize": "16g"}},
    "a mount": {"dataReferences": {"leaves": MOUNT}, "arguments": ["--in", "$AZUREML_DATAREFERENCE_leaves"]},
    "a download": {
        "dataReferences": {"leaves": {**MOUNT, "mode": "download"}},
        "arguments": ["--in", "$AZUREML_DATAREFERENCE_leaves"],
    },
    "an upload": {
        "dataReferences": {"model": {**MOUNT, "mode": "upload", "pathOnDataStore": "models"}},
        "arguments": ["--out", "$AZUREML_DATAREFERENCE_model"],
    },
    "data": {
        "data": {
            "asset": {
                "dataLocation": {"dataset": {"name": "leaves", "version": "3"}},
                "mechanism": "Mount",
                "environmentVariableName": "asset",
            },
            "folder": {
                "dataLocation": {"dataPath": {"datastoreName": "sets", "relativePath": "labels"}},
                "mechanism": "Download",
                "environmentVariableName": "folder",
            },
        },
        "arguments": ["--in", "DatasetConsumptionConfig:asset", "--labels", "DatasetConsumptionConfig:folder"],
    },
    "data by a variable": {
        "data": {
            "labels": {
                "dataLocation": {"dataPath": {"datastoreName": "sets", "relativePath": "labels"}},
                "mechanism": "Mount",
                "environmentVariableName": "leaves_path",
            },
        },
    },
    "outputs": {
        "outputData": {
            "model": {
                "outputLocation": {"dataPath": {"datastoreName": "sets", "relativePath": "models"}},
                "mechanism": "Upload",
            }
        },
        "arguments": ["--out", "DatasetOutputConfig:model"],
    },
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "trees/train.py", ".azureml/conda_dependencies.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(yaml.safe_dump(CONDA) if name.endswith("yml") else "")


@pytest.mark.parametrize("run", RUNS)
def test_the_same_is_said(run: str) -> None:
    source = Path(".azureml/leaves.runconfig")
    fields = {**DEFAULT, **RUNS[run]}
    fields["environment"] = {**DEFAULT["environment"], **RUNS[run].get("environment", {})}
    source.write_text(yaml.safe_dump(fields))
    watched = [] if "$" in str(fields) or "Config:" in str(fields) else ["leaves_path"]
    assert said_of(exported("runconfig", source), watched=watched) == said_of_run()


def said_of_run() -> Said:
    """What the file in `.azureml` says, as SDK v1 loads it."""
    from azureml.core import RunConfiguration

    run = RunConfiguration.load(".", "leaves.runconfig")
    files = list(_files(run))
    words = {word: place_of(path) if path else f"/outputs/{name}" for _, name, (_, path, _), word in files}
    environment, python = run.environment, run.environment.python
    own = {name: str(value) for name, value in environment.environment_variables.items()}
    told = own | {word: place for word, place in words.items() if word.isidentifier()}
    interpreter = python.interpreter_path if python.user_managed_dependencies else "python"
    conda = {} if python.user_managed_dependencies else python.conda_dependencies.as_dict()
    docker = run.docker if run.docker.shm_size or run.docker.arguments else environment.docker
    return without_nothing(
        {
            "command": [
                (
                    *(interpreter, run.script),
                    *(words.get(str(word), str(word)) for word in run.arguments),
                    *(f"{name}={value}" for name, value in sorted(told.items())),
                )
            ],
            "code": str(Path.cwd()),
            "inputs": sorted(what for kind, _, what, _ in files if kind == "input"),
            "outputs": sorted(what for kind, _, what, _ in files if kind == "output"),
            "environment": without_nothing({"image": environment.docker.base_image, "conda": conda_of(conda)}),
            "distribution": _distribution(run),
            "instance_count": run.node_count,
            "shm_size": docker.shm_size or "2g",
            "docker_args": " ".join(docker.arguments or []),
            "timeout": run.max_run_duration_seconds,
            "compute": run.target,
            "variables": own,
        }
    )


def _files(run: Any) -> Iterator[tuple[str, str, tuple[str, str, str], str]]:
    """Of each input and output its name, what it is, and the word or variable by which the script has it."""
    for name, reference in (run.data_references or {}).items():
        path = f"azureml://datastores/{reference.data_store_name}/paths/{reference.path_on_data_store}"
        kind, mode = MODES[reference.mode.lower()]
        yield kind, name, ("uri_folder", path, mode), f"$AZUREML_DATAREFERENCE_{name}"
    for name, data in (run.data or {}).items():
        place = data.data_location
        path = f"{place.dataset.name}:{place.dataset.version}" if place.dataset else _on_datastore(place.data_path)
        variable = data.environment_variable_name
        word = variable if variable != name else f"DatasetConsumptionConfig:{name}"
        yield "input", name, ("uri_folder", path, MODES[data.mechanism.lower()][1]), word
    for name, data in (run.output_data or {}).items():
        mode = {"mount": "rw_mount", "upload": "upload"}[data.mechanism.lower()]
        yield (
            "output",
            name,
            ("uri_folder", _on_datastore(data.output_location.data_path), mode),
            f"DatasetOutputConfig:{name}",
        )


def _on_datastore(place: Any) -> str:
    return f"azureml://datastores/{place.datastore_name}/paths/{place.relative_path}"


def _distribution(run: Any) -> Said:
    communicator = run.communicator.lower()
    if communicator.endswith("mpi"):
        return {"type": "mpi", "process_count_per_instance": run.mpi.process_count_per_node}
    if communicator == "parameterserver":
        counts = run.tensorflow
        return {
            "type": "tensorflow",
            "worker_count": counts.worker_count,
            "parameter_server_count": counts.parameter_server_count,
        }
    if communicator in ("nccl", "gloo"):
        return {"type": "pytorch", "process_count_per_instance": run.pytorch.process_count // run.node_count}
    return {}
