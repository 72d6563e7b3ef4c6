from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.local import roles
from specrun.engines.local.request import Cluster, Request, Team
from specrun.engines.local.roles import Role

REQUEST = Request("mnist-1", "true", "/slots", "marker", Cluster("this machine"))
TENSORFLOW = replace(REQUEST, distribution=Team("tensorflow", parameter_server_count=1, worker_count=2))
PYTORCH = replace(REQUEST, distribution=Team("pytorch", process_count_per_instance=2), instance_count=2)


def environment(request: Request, role: Role, **given: object) -> dict[str, str]:
    known: dict[str, object] = {"base": {"PATH": "/bin"}, "secrets": {}, "ports": (), "gpus": None}
    return roles.environment(request, role, Path("/home/runs/job-1"), **(known | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (REQUEST, ["main/0"]),
        (replace(REQUEST, instance_count=3), ["main/0"]),
        (TENSORFLOW, ["ps/0", "worker/0", "worker/1"]),
        (PYTORCH, ["worker/0", "worker/1", "worker/2", "worker/3"]),
    ],
)
def test_roles(request_: Request, names: list[str]) -> None:
    assert [role.name for role in roles.roles(request_)] == names


def test_log_names() -> None:
    assert Role("worker", 0).log == "logs/worker-0.txt"


def test_tf_config_is_what_azure_ml_forms() -> None:
    told = environment(TENSORFLOW, Role("worker", 1), ports=(5000, 5001, 5002))
    assert told["TF_CONFIG"] == (
        '{"cluster": {"worker": ["127.0.0.1:5001", "127.0.0.1:5002"], "ps": ["127.0.0.1:5000"]}, '
        '"task": {"type": "worker", "index": 1}, "environment": "cloud"}'
    )
    assert not {"MASTER_ADDR", "RANK"} & told.keys()


def test_tf_config_without_parameter_servers() -> None:
    only_workers = replace(REQUEST, distribution=Team("tensorflow", 0, 2))
    told = json.loads(environment(only_workers, Role("worker", 0), ports=(1, 2))["TF_CONFIG"])
    assert told["cluster"] == {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}


def test_pytorch_rendezvous() -> None:
    told = environment(PYTORCH, Role("worker", 3), ports=(5000,))
    names = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK")
    assert [told[name] for name in names] == ["127.0.0.1", "5000", "4", "3", "1", "1"]


@pytest.mark.parametrize(("request_", "count"), [(REQUEST, 0), (TENSORFLOW, 3), (PYTORCH, 1)])
def test_port_count(request_: Request, count: int) -> None:
    assert roles.port_count(request_) == count


@pytest.mark.parametrize(
    ("request_", "gpu", "present", "count"),
    [
        (TENSORFLOW, None, 0, 0),
        (TENSORFLOW, None, 1, 0),
        (TENSORFLOW, None, 2, 2),
        (TENSORFLOW, True, 1, 2),
        (TENSORFLOW, False, 8, 0),
        (PYTORCH, None, 8, 4),
        (REQUEST, None, 8, 1),
    ],
)
def test_gpu_count(request_: Request, gpu: bool | None, present: int, count: int) -> None:
    assert roles.gpu_count(replace(request_, gpu=gpu), present) == count


@pytest.mark.parametrize(
    ("request_", "role", "gpus", "visible"),
    [
        (TENSORFLOW, Role("ps", 0), ("4", "7"), ""),
        (TENSORFLOW, Role("worker", 0), ("4", "7"), "4"),
        (TENSORFLOW, Role("worker", 1), ("4", "7"), "7"),
        (TENSORFLOW, Role("worker", 1), (), ""),
        (PYTORCH, Role("worker", 0), ("0", "1", "2", "3"), "0,1"),
        (PYTORCH, Role("worker", 3), ("0", "1", "2", "3"), "2,3"),
    ],
)
def test_visible_gpus(request_: Request, role: Role, gpus: tuple[str, ...], visible: str) -> None:
    ports = range(roles.port_count(request_))
    told = environment(request_, role, ports=ports, gpus=gpus)
    assert (told["CUDA_VISIBLE_DEVICES"], told["CUDA_DEVICE_ORDER"]) == (visible, "PCI_BUS_ID")


def test_without_gpus_the_variable_is_left_alone() -> None:
    assert "CUDA_VISIBLE_DEVICES" not in environment(REQUEST, Role("main", 0))
    asked = replace(REQUEST, environment_variables={"CUDA_VISIBLE_DEVICES": "-1"})
    assert environment(asked, Role("main", 0))["CUDA_VISIBLE_DEVICES"] == "-1"


def test_of_the_callers_environment_only_what_the_machine_needs() -> None:
    base = {"PATH": "/bin", "HOME": "/root", "LC_ALL": "C", "TF_CONFIG": "{}", "RANK": "7", "AWS_SECRET": "x"}
    told = environment(REQUEST, Role("main", 0), base=base)
    assert told == {
        "PATH": "/bin",
        "HOME": "/root",
        "LC_ALL": "C",
        "PYTHONUNBUFFERED": "1",
        "AZUREML_RUN_ID": "mnist-1",
        "SPECRUN_RUN_MARKER": "marker",
        "MLFLOW_TRACKING_URI": "file:///home/runs/job-1/mlflow/main-0",
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }


def test_who_wins() -> None:
    asked = replace(REQUEST, environment_variables={"HOME": "/asked", "PYTHONUNBUFFERED": "", "AZUREML_RUN_ID": "x"})
    told = environment(replace(asked, path=("/a", "/b")), Role("main", 0), base={"HOME": "/h"}, secrets={"S": "v"})
    assert (told["HOME"], told["PYTHONUNBUFFERED"], told["S"]) == ("/asked", "", "v")
    assert told["AZUREML_RUN_ID"] == "mnist-1"
    assert told["PATH"] == "/a:/b:/usr/local/bin:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({}, {"MLFLOW_TRACKING_URI": "file:///home/runs/job-1/mlflow/worker-1", "MLFLOW_ALLOW_FILE_STORE": "true"}),
        ({"MLFLOW_ALLOW_FILE_STORE": "false"}, {"MLFLOW_ALLOW_FILE_STORE": "false"}),
        ({"MLFLOW_TRACKING_URI": "https://mlflow.example.org"}, {"MLFLOW_TRACKING_URI": "https://mlflow.example.org"}),
        ({"MLFLOW_TRACKING_URI": ""}, {"MLFLOW_TRACKING_URI": ""}),
    ],
)
def test_where_mlflow_writes_is_said_unless_the_spec_does(own: dict[str, str], told: dict[str, str]) -> None:
    request = replace(TENSORFLOW, environment_variables=own)
    found = environment(request, Role("worker", 1), ports=(1, 2, 3))
    assert {name: found[name] for name in told} == told
    assert [name for name in found if name.startswith("MLFLOW_") and name not in told | own] in (
        [],
        ["MLFLOW_TRACKING_URI"],
    )
    secret = environment(TENSORFLOW, Role("worker", 1), ports=(1, 2, 3), secrets={"MLFLOW_TRACKING_URI": "https://me"})
    assert secret["MLFLOW_TRACKING_URI"] == "https://me"


def test_a_mlflow_that_keeps_no_files_is_left_to_itself() -> None:
    told = environment(replace(REQUEST, without_store="It keeps none."), Role("main", 0))
    assert not [name for name in told if name.startswith("MLFLOW_")]
