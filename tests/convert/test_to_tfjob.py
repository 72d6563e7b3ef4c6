from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from specrun.convert.to_tfjob import export_tfjob, object_name
from specrun.convert.to_tfjob.pod import escape
from specrun.spec.diagnostics import Severity
from tests.convert.test_to_azureml import read

PS = "distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}, resources: {instance_count: 2"


def exported(folder: Path, job: str, top: str = "", name: str = "job") -> Any:
    text, _ = export_tfjob(read(folder, f"{top}job: {{{job}}}\n", name))
    return yaml.safe_load(text)


def container(job: Any, role: str = "Worker") -> Any:
    (one,) = job["spec"]["tfReplicaSpecs"][role]["template"]["spec"]["containers"]
    return one


def expanded(text: str, variables: dict[str, str]) -> str:
    """What Kubernetes makes of a command, an argument or a variable's value, as its documentation has it."""

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, text)


def test_parameter_servers_and_workers(tmp_path: Path) -> None:
    job = exported(tmp_path, f"code: src, command: python train.py, {PS}}}, limits: {{timeout: 600}}")
    assert (job["apiVersion"], job["kind"], job["metadata"]) == ("kubeflow.org/v1", "TFJob", {"name": "job"})
    assert job["spec"]["runPolicy"] == {"cleanPodPolicy": "Running", "activeDeadlineSeconds": 600}
    assert job["spec"]["successPolicy"] == "AllWorkers"
    roles = job["spec"]["tfReplicaSpecs"]
    assert {role: (one["replicas"], one["restartPolicy"]) for role, one in roles.items()} == {
        "PS": (1, "Never"),
        "Worker": (2, "Never"),
    }
    assert container(job)["name"] == "tensorflow"
    assert container(job)["workingDir"] == "/mnt/code"
    assert container(job)["image"] == "python:3.10-slim"
    assert container(job)["command"] == ["/bin/bash", "-c", "python train.py"]
    assert "resources" not in container(job)
    assert list(exported(tmp_path, "command: ls, distribution: {type: tensorflow}")["spec"]["tfReplicaSpecs"]) == [
        "Worker"
    ]


def test_workers_have_an_instances_gpus(tmp_path: Path) -> None:
    top = "compute: {name: gpus, size: %s, max_instances: 2}\n"
    job = exported(tmp_path, f"command: ls, {PS}}}", top % "STANDARD_NC64AS_T4_V3")
    assert container(job)["resources"] == {"limits": {"nvidia.com/gpu": 4}}
    assert "resources" not in container(job, "PS")
    job = exported(tmp_path, f"command: ls, {PS}, gpu: true}}", "compute: theirs\n")
    assert container(job)["resources"] == {"limits": {"nvidia.com/gpu": 1}}
    job = exported(tmp_path, f"command: ls, {PS}, gpu: false}}", top % "STANDARD_NC64AS_T4_V3")
    assert "resources" not in container(job)


def test_inputs_outputs_and_code_are_claims(tmp_path: Path) -> None:
    inputs = (
        "{digits: {data: digits}, One_File: {path: 'azureml://datastores/a/paths/b/c d.csv', type: uri_file}, "
        "one_file: {path: data}, rate: 0.1, title: it's}"
    )
    command = (
        "'echo ${{ inputs.digits }} ${{ inputs.One_File }} ${{ inputs.one_file }} ${{ inputs.rate }} "
        "${{ inputs.title }} ${{ outputs.model }}'"
    )
    spec = read(
        tmp_path,
        f"data: {{digits: {{path: data, datastore: more}}}}\njob: {{code: src, command: {command}, inputs: {inputs}, "
        f"outputs: {{model: {{path: azureml://datastores/a/paths/m}}}}, {PS}}}}}\n",
    )
    text, _ = export_tfjob(spec)
    job = yaml.safe_load(text)
    done = subprocess.run(["bash", "-c", container(job)["command"][2]], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "/mnt/inputs/digits /mnt/inputs/One_File/c d.csv /mnt/inputs/one_file 0.1 it's /mnt/outputs/model\n"
    )
    pod = job["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]
    claims = [one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"] if "emptyDir" not in one]
    assert claims == ["job-code", "job-input-digits", "job-input-one-file", "job-input-one-file-3", "job-output-model"]
    assert pod["volumes"][-1] == {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}
    mounts = {one["mountPath"]: one.get("readOnly", False) for one in container(job)["volumeMounts"]}
    assert mounts == {
        "/mnt/code": False,
        "/mnt/inputs/digits": True,
        "/mnt/inputs/One_File": True,
        "/mnt/inputs/one_file": True,
        "/mnt/outputs/model": False,
        "/dev/shm": False,
    }
    for claim in claims:
        assert f"#   claim {claim}: " in text
    assert "which specrun keeps at azureml://datastores/more/paths/digits" in text


def test_the_script_gets_its_arguments(tmp_path: Path) -> None:
    job = exported(tmp_path, f"code: src, script: train.py, arguments: [--price, $5, --x, ''], {PS}}}")
    assert container(job)["command"][2] == "python train.py --price '$5' --x ''"


@pytest.mark.parametrize("text", ["$(date) $$ $$$ $(HOME) $HOME ${HOME} $", "$$(HOME)", "a$", "$$$$(x)$(", ""])
def test_kubernetes_leaves_what_is_the_shells(text: str) -> None:
    assert expanded(escape(text), {"HOME": "/root", "x": "y"}) == text


def test_variables_and_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hush-hush")
    variables = "environment_variables: {LEVEL: 2, WHERE: $(HOME), HUB: '${{ secrets.TOKEN }}'}"
    text, _ = export_tfjob(read(tmp_path, f"job: {{command: ls, {variables}, {PS}}}}}\n"))
    assert "hush" not in text
    assert '#   kubectl create secret generic job-secrets --from-literal=TOKEN="$TOKEN"' in text
    assert container(yaml.safe_load(text))["env"] == [
        {"name": "LEVEL", "value": "2"},
        {"name": "WHERE", "value": "$$(HOME)"},
        {"name": "HUB", "valueFrom": {"secretKeyRef": {"name": "job-secrets", "key": "TOKEN"}}},
    ]


@pytest.mark.parametrize(
    ("environment", "image", "first"),
    [
        (
            "{pip: [tensorflow, numpy<3]}",
            "python:3.10-slim",
            "pip install --no-cache-dir tensorflow 'numpy<3' || exit 1",
        ),
        ("{image: tf:2, pip: [numpy]}", "tf:2", "pip install --no-cache-dir numpy || exit 1"),
        ("{image: tf:2}", "tf:2", "ls"),
        ("{pip: []}", "python:3.10-slim", "ls"),
        (
            "{framework: tensorflow, version: '2.3'}",
            "python:3.8-slim",
            "pip install --no-cache-dir 'tensorflow==2.3.*' || exit 1",
        ),
        ("{conda_file: conda.yml}", "TODO", "ls"),
        ("{build: {path: docker}}", "TODO", "ls"),
        ("azureml:AzureML-tf@latest", "TODO", "ls"),
    ],
)
def test_the_software(tmp_path: Path, environment: str, image: str, first: str) -> None:
    (tmp_path / "conda.yml").write_text("dependencies: []\n")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text("FROM scratch\n")
    text, _ = export_tfjob(read(tmp_path, f"job: {{command: ls, environment: {environment}, {PS}}}}}\n"))
    for role in ("PS", "Worker"):
        one = container(yaml.safe_load(text), role)
        assert (one["image"], one["command"][2].splitlines()[0]) == (image, first)
        assert one["command"][2].splitlines()[-1] == "ls"
    if image == "TODO":
        assert re.search(r"# (Build|docker build|Azure ML keeps).*\n +image: TODO", text)


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("job: {command: ls, distribution: {type: pytorch}}\n", "PyTorchJob"),
        ("job: {command: ls, distribution: {type: mpi}}\n", "MPIJob"),
        ("job: {command: ls}\n", "batch/v1"),
        ("compute: {name: cpu-cluster}\n", "nothing to run"),
    ],
)
def test_what_is_no_tfjob(tmp_path: Path, spec: str, word: str) -> None:
    text, (found,) = export_tfjob(read(tmp_path, spec))
    assert (text, found.severity, found.code) == ("", Severity.ERROR, "not-a-tfjob")
    assert word in found.detail
    assert found.location.line >= 1


def test_what_it_cannot_say_is_said(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    spec = read(
        tmp_path,
        """
compute: theirs
workspace: {from_config: c.json}
datastores: {more: {type: azure_blob, account_name: mlstore, container_name: more}}
job:
  command: ls
  distribution: {type: tensorflow}
  resources: {instance_count: 2, docker_args: --ulimit memlock=-1, shm_size: 8g}
  tags: {team: vision, "a b": c}
  display_name: "Digits: 1"
  identity: {type: managed}
  inputs: {a: {path: azureml:x:1, mode: download}}
  outputs: {b: {mode: upload}}
""",
    )
    text, lost = export_tfjob(spec)
    paths = {".".join(map(str, one.path)) for one in lost}
    assert paths == {
        *("compute", "workspace", "datastores.more", "job.resources.docker_args", "job.tags.a b", "job.identity"),
        *("job.inputs.a.mode", "job.outputs.b.mode"),
    }
    assert all(one.severity is Severity.NOTE and f"#   {one.detail}" in text for one in lost)
    job = yaml.safe_load(text)
    assert job["metadata"]["annotations"] == {"specrun/display-name": "Digits: 1", "specrun.tags/team": "vision"}
    assert "sizeLimit: 8Gi" in text
    (uneven,) = (
        one
        for one in export_tfjob(
            read(tmp_path, f"job: {{command: ls, {PS.replace('instance_count: 2', 'instance_count: 1')}}}}}\n")
        )[1]
        if "instance_count" in one.path
    )
    assert "nodes" in uneven.detail


@pytest.mark.parametrize(("name", "plain"), [("a-b", "a-b"), ("a--", "a"), ("1-", "job-1"), ("0", "job-0")])
def test_names(name: str, plain: str) -> None:
    assert object_name(name) == plain
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", plain)


def test_a_sweep_is_no_tfjob(tmp_path: Path) -> None:
    sweep = (
        "sweep: {sampling_algorithm: random, search_space: {x: {type: uniform, min_value: 0, max_value: 1}}, "
        "objective: {goal: minimize, primary_metric: loss}}\n"
    )
    job = "job: {command: 'python t.py ${{ search_space.x }}', distribution: {type: tensorflow}}\n"
    text, (refused,) = export_tfjob(read(tmp_path, f"{sweep}{job}", "job"))
    assert (text, refused.code, refused.severity, refused.path) == ("", "not-a-tfjob", Severity.ERROR, ("sweep",))
    assert "Katib" in refused.detail
