"""A Batch AI job says what the job says that becomes of it: the one read by its published schema, the other by its SDK.

Each task is run as Batch AI ran it, with the variables that it gave, and as Azure ML runs it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.convert.meaning.said import Said, exported, place_of, said_of, without_nothing
from tests.convert.meaning.started import started

pytestmark = pytest.mark.slow
NAME = "leaves"
ROOT = "$AZ_BATCHAI_JOB_MOUNT_ROOT"
IMAGE = "registry.example.com/trees:1"
MOUNTS = {
    "azureFileShares": [
        {"azureFileUrl": f"https://trees.file.core.windows.net/{share}", "relativeMountPath": share}
        for share in ("code", "results")
    ],
    "azureBlobFileSystems": [{"accountName": "trees", "containerName": "sets", "relativeMountPath": "sets"}],
}
OF_AZURE_ML = ("compute", "code", "inputs", "outputs", "variables")
"""What Batch AI's file has not, or not as such: its command line said which cluster, and paths stand in the command."""
OUTPUTS = [{"id": "MODEL", "pathPrefix": f"{ROOT}/results", "pathSuffix": "models"}]
INPUTS = [{"id": "LEAVES", "path": f"{ROOT}/sets/leaves"}]
SCRIPT = {"pythonScriptFilePath": f"{ROOT}/code/trees/train.py"}
DEFAULT: dict[str, Any] = {
    "nodeCount": 1,
    "stdOutErrPathPrefix": f"{ROOT}/results",
    "mountVolumes": MOUNTS,
    "containerSettings": {"imageSourceRegistry": {"image": IMAGE}},
}

JOBS: dict[str, dict[str, Any]] = {
    "one process": {"tensorFlowSettings": {**SCRIPT, "masterCommandLineArgs": "--steps 3 --name 'red oak'"}},
    "an interpreter": {"tensorFlowSettings": {**SCRIPT, "pythonInterpreterPath": "python3"}},
    "inputs and outputs": {
        "tensorFlowSettings": {
            **SCRIPT,
            "masterCommandLineArgs": "--data=$AZ_BATCHAI_INPUT_LEAVES/a.csv --out $AZ_BATCHAI_OUTPUT_MODEL",
        },
        "inputDirectories": INPUTS,
        "outputDirectories": OUTPUTS,
    },
    "roles": {
        "nodeCount": 3,
        "tensorFlowSettings": {
            **SCRIPT,
            "workerCount": 2,
            "parameterServerCount": 1,
            "masterCommandLineArgs": "--chief --index=$AZ_BATCHAI_TASK_INDEX --ps=$AZ_BATCHAI_PS_HOSTS",
            "workerCommandLineArgs": "--index=$AZ_BATCHAI_TASK_INDEX --workers=$AZ_BATCHAI_WORKER_HOSTS",
            "parameterServerCommandLineArgs": "--role ps --index $AZ_BATCHAI_TASK_INDEX",
        },
    },
    "Horovod": {
        "nodeCount": 2,
        "horovodSettings": {**SCRIPT, "commandLineArgs": "--steps 3", "processCount": 8},
        "jobPreparation": {"commandLine": "apt install -y mpi; pip install horovod"},
    },
    "PyTorch": {
        "nodeCount": 2,
        "pyTorchSettings": {
            **SCRIPT,
            "commandLineArgs": "--rank $AZ_BATCHAI_TASK_INDEX --url $AZ_BATCHAI_PYTORCH_INIT_METHOD",
            "communicationBackend": "gloo",
        },
    },
    "PyTorch over MPI": {
        "nodeCount": 2,
        "pyTorchSettings": {**SCRIPT, "communicationBackend": "MPI", "processCount": 4},
    },
    "MPI of one's own": {
        "nodeCount": 2,
        "customMpiSettings": {"commandLine": f"tool {ROOT}/code/a.txt --x 1", "processCount": 2},
    },
    "Chainer": {"nodeCount": 2, "chainerSettings": {**SCRIPT, "commandLineArgs": "-g", "processCount": 4}},
    "CNTK": {"nodeCount": 2, "cntkSettings": {**SCRIPT, "languageType": "Python", "processCount": 2}},
    "BrainScript": {
        "cntkSettings": {
            "languageType": "BrainScript",
            "configFilePath": f"{ROOT}/code/a.cntk",
            "commandLineArgs": "rootDir=.",
        }
    },
    "Caffe": {"caffeSettings": {"configFilePath": f"{ROOT}/code/solver.prototxt", "commandLineArgs": "-gpu all"}},
    "a command line": {
        "customToolkitSettings": {
            "commandLine": f'tool "{ROOT}/sets/leaves" > $AZ_BATCHAI_OUTPUT_MODEL/log.txt; '
            "python $AZ_BATCHAI_INPUT_LEAVES/b.py"
        },
        "inputDirectories": INPUTS,
        "outputDirectories": OUTPUTS,
    },
    "places to write to": {
        "tensorFlowSettings": {
            **SCRIPT,
            "masterCommandLineArgs": f"--data {ROOT}/sets/leaves --checkpoint_dir {ROOT}/results/points "
            f"--pretrained {ROOT}/sets/old.pt",
        }
    },
    "variables": {
        "tensorFlowSettings": SCRIPT,
        "environmentVariables": [{"name": "LEVEL", "value": "info"}, {"name": "WHERE", "value": f"{ROOT}/sets/leaves"}],
    },
    "shared memory and time": {
        "tensorFlowSettings": SCRIPT,
        "containerSettings": {"imageSourceRegistry": {"image": IMAGE}, "shmSize": "8g"},
        "constraints": {"maxWallClockTime": "PT2H"},
    },
}

WRITTEN = {
    "inputs and outputs": ["/datastores/results/leaves/models"],
    "a command line": ["/datastores/results/leaves/models"],
    "places to write to": ["/datastores/results/points"],
}
"""What a job writes: all else it only reads."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TREES_KEY", "k")


@pytest.mark.parametrize("job", JOBS)
def test_the_same_is_said(job: str) -> None:
    properties = {**DEFAULT, **JOBS[job]}
    source = Path(f"{NAME}.json")
    source.write_text(
        json.dumps({"$schema": "https://x/BatchAI/master/schemas/2018-05-01/job.json", "properties": properties})
    )
    file = exported("batchai", source)
    watched = [one["name"] for one in properties.get("environmentVariables", ())]
    for role, index, line in tasks(properties):
        said = said_of(file, given_by_azure_ml(role, index), watched)
        places = [place_of(path) for _, path, _ in said.get("outputs", [])]
        assert places == WRITTEN.get(job, [])
        assert {name: value for name, value in said.items() if name not in OF_AZURE_ML} == said_of_task(
            properties, index, line
        )
    assert datastores_of(file.parent) == {
        "code": ("AzureFileDatastore", "trees", "code"),
        "results": ("AzureFileDatastore", "trees", "results"),
        "sets": ("AzureBlobDatastore", "trees", "sets"),
    }


def datastores_of(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Of each datastore in a folder of files its kind, its account and what it has there."""
    from azure.ai.ml import load_datastore

    stores = [load_datastore(file) for file in folder.glob("datastore-*.yml")]
    return {
        store.name: (
            type(store).__name__,
            store.account_name,
            getattr(store, "file_share_name", None) or store.container_name,
        )
        for store in stores
    }


def tasks(properties: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """Of tasks that differ: the role, the index, and the command line."""
    (kind,) = (name for name in properties if name.endswith("Settings") and name != "containerSettings")
    settings = properties[kind]
    script = f"{settings.get('pythonInterpreterPath', 'python')} {settings.get('pythonScriptFilePath')} "
    if "workerCommandLineArgs" in settings:
        return [
            ("worker", 0, script + settings["masterCommandLineArgs"]),
            ("worker", 1, script + settings["workerCommandLineArgs"]),
            ("ps", 0, script + settings["parameterServerCommandLineArgs"]),
        ]
    arguments = settings.get("commandLineArgs", settings.get("masterCommandLineArgs", ""))
    if "commandLine" in settings:
        line = settings["commandLine"]
    elif kind == "caffeSettings":
        line = f"caffe train --solver={settings['configFilePath']} {arguments}"
    elif "configFilePath" in settings:
        line = f"cntk configFile={settings['configFilePath']} {arguments}"
    else:
        line = script + arguments
    return [("worker", index, line) for index in range(2 if "TASK_INDEX" in line else 1)]


def said_of_task(properties: Mapping[str, Any], index: int, line: str) -> Said:
    """What the file says of a task, in the words of the CLI v2."""
    mounts = {"AZ_BATCHAI_JOB_MOUNT_ROOT": "/datastores"}
    given = mounts | {
        "AZ_BATCHAI_INPUT_LEAVES": "/datastores/sets/leaves",
        "AZ_BATCHAI_OUTPUT_MODEL": f"/datastores/results/{NAME}/models",
        "AZ_BATCHAI_TASK_INDEX": str(index),
        "AZ_BATCHAI_PS_HOSTS": "c:1",
        "AZ_BATCHAI_WORKER_HOSTS": "a:1,b:1",
        "AZ_BATCHAI_PYTORCH_INIT_METHOD": "tcp://a:1",
    }
    own = {one["name"]: one["value"].replace(ROOT, "/datastores") for one in properties.get("environmentVariables", ())}
    preparation = properties.get("jobPreparation", {}).get("commandLine", "true")
    container, limits = properties["containerSettings"], properties.get("constraints", {})
    return without_nothing(
        {
            "command": started(f"{preparation}\n{line}", given | own, Path.cwd(), sorted(own)),
            "environment": {"image": container["imageSourceRegistry"]["image"]},
            "distribution": _distribution(properties),
            "instance_count": properties["nodeCount"],
            "shm_size": container.get("shmSize", "2g"),
            "timeout": {"PT2H": 7200, None: None}[limits.get("maxWallClockTime")],
        }
    )


def given_by_azure_ml(role: str, index: int) -> dict[str, str]:
    """The variables of a process."""
    cluster = {"cluster": {"ps": ["c:1"], "worker": ["a:1", "b:1"]}, "task": {"type": role, "index": index}}
    return {
        "TF_CONFIG": json.dumps(cluster),
        "RANK": str(index),
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "a",
        "MASTER_PORT": "1",
        "OMPI_COMM_WORLD_LOCAL_RANK": "0",
    }


def _distribution(properties: Mapping[str, Any]) -> Said:
    nodes = properties["nodeCount"]
    for kind, settings in properties.items():
        total = settings.get("processCount", nodes) if kind.endswith("Settings") else nodes
        if kind == "tensorFlowSettings" and "workerCount" in settings:
            counts = {
                "worker_count": settings["workerCount"],
                "parameter_server_count": settings["parameterServerCount"],
            }
            return {"type": "tensorflow", **counts}
        backend = settings.get("communicationBackend", "").lower() if kind == "pyTorchSettings" else ""
        if kind in ("horovodSettings", "customMpiSettings", "chainerSettings") or backend == "mpi":
            return {"type": "mpi", "process_count_per_instance": total // nodes}
        if backend:
            return {"type": "pytorch", "process_count_per_instance": total // nodes}
        if kind in ("cntkSettings", "caffeSettings") and total > 1:
            return {"type": "mpi", "process_count_per_instance": total // nodes}
    return {}
