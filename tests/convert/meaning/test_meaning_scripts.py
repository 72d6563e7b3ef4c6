"""A script that submits a job says what a job file of the CLI v2 says: pairs of both, written by hand."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.convert.meaning.said import exported, said_of

pytestmark = pytest.mark.slow
CONDA = "channels: [conda-forge]\ndependencies: [python=3.8, {pip: [numpy==1.20]}]\n"
FILES = {
    "src/train.py": "",
    "src/prepare.py": "",
    "conda.yml": CONDA,
    "requirements.txt": "numpy==1.20\n",
    "data/leaves.csv": "1\n",
    "config.json": '{"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}',
}
V1 = """
from pathlib import Path
from azureml.core import Workspace, Experiment, ScriptRunConfig, Environment, Dataset, Datastore
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import (
    RunConfiguration, MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration, DockerConfiguration,
)

ws = Workspace.from_config()
base = Environment.get(ws, "base", version="3")
"""
V2 = """
from azure.ai.ml import MLClient, command, Input, Output, MpiDistribution, PyTorchDistribution, TensorFlowDistribution
from azure.ai.ml.constants import AssetTypes, InputOutputModes
from azure.ai.ml.entities import AmlCompute, Environment
from azure.identity import DefaultAzureCredential

client = MLClient.from_config(DefaultAzureCredential())
"""
SUBMIT = """
run = Experiment(ws, "leaves").submit(src)
run.wait_for_completion(show_output=True)
"""
CREATE = "\nreturned = client.jobs.create_or_update(job)\nprint(returned.studio_url)\n"


class Pair(NamedTuple):
    """A script, and the fields of a job that says the same; what the script does not say stands in COMMON."""

    script: str
    job: str


COMMON = {
    "code": "code: src",
    "command": "command: python train.py",
    "environment": "environment: azureml:base:3",
    "compute": "compute: azureml:cpu-cluster",
}

PAIRS = {
    "a script": Pair(
        V1
        + """
src = ScriptRunConfig(source_directory="src", script="train.py", compute_target="cpu-cluster", environment=base)
"""
        + SUBMIT,
        "",
    ),
    "paths beside the script": Pair(
        V1
        + """
prefix = Path(__file__).parent
env = Environment.from_conda_specification("trees", str(prefix.joinpath("conda.yml")))
env.docker.base_image = "registry.example.com/trees:1"
src = ScriptRunConfig(
    source_directory=str(prefix / "src"), script="train.py", compute_target="cpu-cluster", environment=env
)
"""
        + SUBMIT,
        "environment: {image: registry.example.com/trees:1, conda_file: conda.yml}",
    ),
    "arguments": Pair(
        V1
        + """
steps = 10 * 3
arguments = ["--steps", steps, "--rate", 2e-5, "--fast", True, "--name", "red oak", "--json", '{"a": 1}', "--empty", ""]
src = ScriptRunConfig("src", "train.py", arguments=arguments, compute_target="cpu-cluster", environment=base)
"""
        + SUBMIT,
        """command: >-
  python train.py --steps 30 --rate 2e-05 --fast True --name 'red oak' --json '{"a": 1}' --empty ''
""",
    ),
    "a command": Pair(
        V1
        + """
command = f"python -m train --steps {3} && tool done".split()
src = ScriptRunConfig("src", command=command, compute_target=ws.compute_targets["cpu-cluster"], environment=base)
"""
        + SUBMIT,
        "command: python -m train --steps 3 && tool done",
    ),
    "MPI": Pair(
        V1
        + """
src = ScriptRunConfig("src", "train.py", compute_target="cpu-cluster", environment=base,
                      distributed_job_config=MpiConfiguration(process_count_per_node=4, node_count=2))
"""
        + SUBMIT,
        "distribution: {type: mpi, process_count_per_instance: 4}\nresources: {instance_count: 2}",
    ),
    "PyTorch": Pair(
        V1
        + """
src = ScriptRunConfig("src", "train.py", compute_target="cpu-cluster", environment=base,
                      distributed_job_config=PyTorchConfiguration(process_count=8, node_count=2))
"""
        + SUBMIT,
        "distribution: {type: pytorch, process_count_per_instance: 4}\nresources: {instance_count: 2}",
    ),
    "parameter servers": Pair(
        V1
        + """
src = ScriptRunConfig("src", "train.py", compute_target="cpu-cluster", environment=base,
                      distributed_job_config=TensorflowConfiguration(worker_count=2, parameter_server_count=1))
"""
        + SUBMIT,
        "distribution: {type: tensorflow, worker_count: 2, parameter_server_count: 1}\nresources: {instance_count: 2}",
    ),
    "data": Pair(
        V1
        + """
leaves = Dataset.get_by_name(ws, "leaves", version=3)
store = Datastore.get(ws, "sets")
files = Dataset.File.from_files(path=(store, "labels"))
src = ScriptRunConfig("src", "train.py", compute_target="cpu-cluster", environment=base,
                      arguments=["--in", leaves.as_mount(), "--labels", files.as_download()])
"""
        + SUBMIT,
        """command: python train.py --in ${{inputs.leaves}} --labels ${{inputs.labels}}
inputs:
  leaves: {path: azureml:leaves:3, mode: ro_mount}
  labels: {path: azureml://datastores/sets/paths/labels, mode: download}
""",
    ),
    "a run configuration": Pair(
        V1
        + """
config = RunConfiguration()
config.target = "cpu-cluster"
config.node_count = 2
config.environment = base
config.max_run_duration_seconds = 600
config.docker = DockerConfiguration(use_docker=True, shm_size="8g", arguments=["--ipc=host"])
src = ScriptRunConfig("src", script="train.py", run_config=config)
"""
        + SUBMIT,
        "resources: {instance_count: 2, shm_size: 8g, docker_args: --ipc=host}\nlimits: {timeout: 600}",
    ),
    "packages": Pair(
        V1
        + """
env = Environment("trees")
env.docker.base_image = "registry.example.com/trees:1"
env.python.conda_dependencies = CondaDependencies.create(
    python_version="3.8", conda_packages=["scipy"], pip_packages=["numpy==1.20"], pin_sdk_version=False)
env.environment_variables = {"LEVEL": "info"}
src = ScriptRunConfig("src", "train.py", compute_target="cpu-cluster", environment=env)
"""
        + SUBMIT,
        """environment:
  image: registry.example.com/trees:1
  conda_file: {channels: [conda-forge], dependencies: [python=3.8, {pip: [numpy==1.20]}, scipy]}
environment_variables: {LEVEL: info}
""",
    ),
    "an image of one's own": Pair(
        V1
        + """
from azureml.train.estimator import Estimator
src = Estimator(source_directory="src", entry_script="train.py", compute_target="cpu-cluster", node_count=2,
                script_params={"--steps": 3, "--fast": ""}, custom_docker_image="registry.example.com/trees:1",
                user_managed=True)
"""
        + SUBMIT,
        """command: python train.py --steps 3 --fast
environment: {image: registry.example.com/trees:1}
resources: {instance_count: 2}
""",
    ),
    "a function": Pair(
        V1
        + """
def submitted(target, steps=3, last=()):
    src = ScriptRunConfig("src", "train.py", arguments=["--steps", steps, *last], compute_target=target,
                          environment=base)
    return Experiment(ws, "leaves").submit(src)

if __name__ == "__main__":
    for target in ["cpu-cluster"]:
        submitted(target, last=["--last"])
""",
        "command: python train.py --steps 3 --last",
    ),
    "a command of SDK v2": Pair(
        V2
        + """
job = command(
    code="./src",
    command="python train.py --in ${{inputs.leaves}} --rate ${{inputs.rate}} --name '${{inputs.name}}' "
    "--out ${{outputs.model}}",
    inputs={
        "leaves": Input(type=AssetTypes.URI_FOLDER, path="azureml:leaves:3", mode=InputOutputModes.DOWNLOAD),
        "rate": 0.5,
        "name": "red oak",
    },
    outputs={"model": Output(type="uri_folder", path="azureml://datastores/sets/paths/models", mode="upload")},
    environment="base:3",
    environment_variables={"LEVEL": "info"},
    compute="cpu-cluster",
    instance_count=2,
    shm_size="8g",
    distribution=PyTorchDistribution(process_count_per_instance=4),
    tags={"team": "vision"},
)
job.set_limits(timeout=600)
"""
        + CREATE,
        """command: >-
  python train.py --in ${{inputs.leaves}} --rate ${{inputs.rate}} --name '${{inputs.name}}' --out ${{outputs.model}}
inputs:
  leaves: {type: uri_folder, path: azureml:leaves:3, mode: download}
  rate: 0.5
  name: red oak
outputs:
  model: {type: uri_folder, path: azureml://datastores/sets/paths/models, mode: upload}
environment_variables: {LEVEL: info}
resources: {instance_count: 2, shm_size: 8g}
distribution: {type: pytorch, process_count_per_instance: 4}
limits: {timeout: 600}
tags: {team: vision}
""",
    ),
    "fields that are set later": Pair(
        V2
        + """
job = command(code="src", command="python train.py", environment="base:3", compute="cpu-cluster")
job.distribution = {"type": "mpi", "process_count_per_instance": 2}
job.resources = {"instance_count": 3}
job.environment_variables = {"LEVEL": "info"}
"""
        + CREATE,
        """distribution: {type: mpi, process_count_per_instance: 2}
resources: {instance_count: 3}
environment_variables: {LEVEL: info}
""",
    ),
    "an environment of SDK v2": Pair(
        V2
        + """
env = Environment(name="trees", image="registry.example.com/trees:1", conda_file="conda.yml")
env = client.environments.create_or_update(env)
client.compute.begin_create_or_update(AmlCompute(name="cpu-cluster", size="STANDARD_DS3_V2", max_instances=2)).result()
job = command(code="src", command="python train.py", environment=env, compute="cpu-cluster")
"""
        + CREATE,
        "environment: {image: registry.example.com/trees:1, conda_file: conda.yml}",
    ),
    "resources": Pair(
        V2
        + """
job = command(code="src", command="python train.py", environment="base:3",
              resources={"instance_type": "STANDARD_NC24", "instance_count": 4})
"""
        + CREATE,
        "compute:\nresources: {instance_type: STANDARD_NC24, instance_count: 4}",
    ),
    "the one that trains": Pair(
        V2
        + """
prepare = command(code="src", command="python prepare.py", environment="base:3", compute="other")
client.jobs.create_or_update(prepare)
job = command(code="src", command="python train.py", environment="base:3", compute="cpu-cluster", instance_count=2,
              distribution=PyTorchDistribution(process_count_per_instance=1))
"""
        + CREATE,
        "distribution: {type: pytorch, process_count_per_instance: 1}\nresources: {instance_count: 2}",
    ),
}
NOTEBOOK = [
    "%pip install azureml-core\nimport os\nfolder = os.path.join(os.getcwd(), 'src')",
    "os.makedirs(folder, exist_ok=True)",
    "%%writefile $folder/fit.py\nprint('fitted')",
    "%%writefile trees.yml\n" + CONDA,
    V1,
    "env = Environment.from_conda_specification('trees', './trees.yml')",
    "env.docker.base_image = 'registry.example.com/trees:1'",
    "src = ScriptRunConfig(folder, 'fit.py', arguments=['--steps', 3], compute_target='cpu-cluster', environment=env)"
    + SUBMIT,
]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_same_is_said(pair: str) -> None:
    source = Path("submit.py")
    source.write_text(PAIRS[pair].script)
    assert said_of(exported("script", source)) == said_of(written(PAIRS[pair].job))


def test_a_notebook_says_what_its_cells_write(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in NOTEBOOK]
    source = Path("submit.ipynb")
    source.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}))
    found = exported("script", source)
    (tmp_path / "trees.yml").write_text(CONDA)
    assert next(tmp_path.rglob("fit.py")).read_text() == "print('fitted')\n"
    job = "command: python fit.py --steps 3\nenvironment: {image: registry.example.com/trees:1, conda_file: trees.yml}"
    assert said_of(found) == said_of(written(job))


def written(fields: str) -> Path:
    """A job file with what is COMMON, unless it says otherwise."""
    job = Path("job.yml")
    said = {line.partition(":")[0] for line in textwrap.dedent(fields).splitlines()}
    common = [line for name, line in COMMON.items() if name not in said]
    kept = [line for line in fields.splitlines() if line != "compute:"]
    job.write_text("\n".join(["$schema: https://x/commandJob.schema.json", *common, *kept]) + "\n")
    return job
