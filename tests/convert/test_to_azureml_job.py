"""An exported job is what the engine sends: both go through the SDK, and the same arrives."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.convert.to_azureml import export_azureml
from specrun.spec.load import load
from specrun.spec.model import Spec
from tests.azure_engines.launching import copied, planned

TOP = """
compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 4}
data:
  digits: {path: data, target: sets/digits}
  more: {path: data/a b.csv, datastore: training}
experiment: digits
"""
GPU = "compute: {name: gpu-cluster, size: STANDARD_NC4AS_T4_V3, max_instances: 4}\n"
ID = "00000000-0000-0000-0000-000000000001"

JOBS = {
    "bare": "command: ls",
    "said of itself": """
        code: src
        command: |
          set -e
          python train.py | tee $LOG
        display_name: "Digits: 1"
        description: |
          handwritten
          digits
        tags: {team: vision, "a: b": "1"}
        environment_variables: {LEVEL: "2", EMPTY: "", RATE: 0.1, FLAG: yes, WORD: "yes", ODD: "\\u2028\\x7f ' \\""}
        resources: {instance_count: 2, shm_size: 8g, docker_args: --ulimit memlock=-1}
        limits: {timeout: 600}
        """,
    "script": """
        code: src
        script: train.py
        arguments: {--data: "${{ inputs.digits }}", --title: "it's $5", --rate: "${{ inputs.rate }}", --fast: true}
        inputs: {digits: {data: digits}, rate: 1e-5}
        """,
    "inputs": """
        command: ls ${{ inputs.digits }} ${{ inputs.more }} ${{ inputs.title }} ${{inputs.rate}} ${{ inputs.fast }}
        inputs:
          digits: {data: digits, mode: download}
          more: {data: more, mode: mount}
          rate: 0.1
          epochs: 3
          large: 1e22
          fast: true
          slow: false
          title: it's $HOME "now"
          empty: ""
          version: "1.10"
          word: "yes"
          store: {path: azureml://datastores/workspaceblobstore/paths/sets/, mode: mount}
          file: {path: azureml://datastores/training/paths/a.csv, type: uri_file, mode: download}
          asset: {path: azureml:digits:7}
          newest: {path: azureml:digits@latest}
          asset_without_version: {path: "azureml:digits"}
          web: {path: "https://example.org/x.csv", type: uri_file, mode: download}
        """,
    "outputs": """
        command: ls ${{ outputs.model }}
        outputs:
          model: {}
          sent: {mode: upload}
          kept: {path: azureml://datastores/workspaceblobstore/paths/kept, mode: upload}
        """,
    "pip": "command: ls\nenvironment: {pip: [tensorflow, 'numpy<3', 'x; python_version < \"3.12\"']}",
    "no pip": "command: ls\nenvironment: {pip: []}",
    "pip on an image": "command: ls\nenvironment: {image: 'python:3.11', pip: [numpy]}",
    "image": "command: ls\nenvironment: {image: 'mcr.microsoft.com/azureml/base:1'}",
    "conda": "command: ls\nenvironment: {conda_file: conda.yml}",
    "conda on an image": "command: ls\nenvironment: {conda_file: conda.yml, image: 'python:3.11'}",
    "framework": "command: ls\nenvironment: {framework: tensorflow, version: '2.3'}",
    "registered": "command: ls\nenvironment: azureml:AzureML-tf@latest",
    "registered with a version": "command: ls\nenvironment: azureml:AzureML-tf:7",
    "registered without a version": "command: ls\nenvironment: azureml:AzureML-tf",
    "in a registry": "command: ls\nenvironment: azureml://registries/azureml/environments/tf/versions/3",
    "gpu": "command: ls\nresources: {gpu: true}\nenvironment: {pip: [torch]}",
    "tensorflow": "command: ls\ndistribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}\n"
    "resources: {instance_count: 2}",
    "tensorflow by instances": "command: ls\ndistribution: {type: tensorflow}\nresources: {instance_count: 3}",
    "mpi": "command: ls\ndistribution: {type: mpi, process_count_per_instance: 4}",
    "mpi once": "command: ls\ndistribution: {type: mpi}",
    "pytorch": "command: ls\ndistribution: {type: pytorch, process_count_per_instance: 4}",
    "pytorch once": "command: ls\ndistribution: {type: pytorch}\nresources: {instance_count: 2}",
    "as who submits it": "command: ls\nidentity: {type: user_identity}",
    "by a token": "command: ls\nidentity: {type: aml_token}",
    "managed": "command: ls\nidentity: {type: managed}",
    "managed by client id": f"command: ls\nidentity: {{type: managed, client_id: {ID}}}",
    "a cluster and a size": "command: ls\nresources: {instance_type: STANDARD_DS3_V2, max_instance_count: 4}",
    "regions": "command: ls\nresources: {locations: [westeurope, eastus]}",
    "a queue": "command: ls\nqueue_settings: {job_tier: standard, priority: high}",
    "services": """
        command: ls
        services:
          notebook: {type: jupyter_lab}
          shell: {type: ssh, ssh_public_keys: ssh-ed25519 AAAA, nodes: all}
          board: {type: tensor_board, log_dir: logs, port: 6006}
          editor: {type: vs_code}
        """,
    "managed by object id": f"command: ls\nidentity: {{type: managed, object_id: {ID}}}",
}

SWEEPS = {
    "random": """
        sampling_algorithm: random
        search_space:
          lr: {type: loguniform, min_value: -6, max_value: -1}
          units: {type: choice, values: [16, 32.5, adam, true]}
        objective: {goal: maximize, primary_metric: accuracy}
        """,
    "grid": """
        sampling_algorithm: grid
        search_space: {lr: {type: choice, values: [0.1, 1]}, units: {type: choice, values: [a b, "$5"]}}
        objective: {goal: minimize, primary_metric: loss}
        limits: {max_total_trials: 3, max_concurrent_trials: 2, timeout: 7200, trial_timeout: 600}
        early_termination: {type: median_stopping, delay_evaluation: 3}
        """,
    "sobol": """
        sampling_algorithm: random
        seed: 3
        rule: sobol
        search_space:
          lr: {type: qlognormal, mu: 0, sigma: 1.5, q: 2}
          units: {type: randint, upper: 8}
        objective: {goal: minimize, primary_metric: loss}
        early_termination: {type: bandit, slack_factor: 0.1, evaluation_interval: 2}
        """,
    "bayesian": """
        sampling_algorithm: bayesian
        search_space:
          lr: {type: uniform, min_value: 0.1, max_value: 1}
          units: {type: quniform, min_value: 0, max_value: 1, q: 0.5}
        objective: {goal: minimize, primary_metric: loss}
        """,
    "truncated": """
        sampling_algorithm: random
        search_space:
          lr: {type: normal, mu: 0, sigma: 1}
          units: {type: qnormal, mu: 0, sigma: 1, q: 0.5}
        objective: {goal: minimize, primary_metric: loss}
        early_termination: {type: truncation_selection, truncation_percentage: 20}
        """,
}
SWEPT = """
    code: src
    command: python train.py --lr ${{ search_space.lr }} --units ${{ search_space.units }} ${{ inputs.digits }}
    inputs: {digits: {data: digits}}
    outputs: {model: {}}
    environment_variables: {RATE: "${{ search_space.lr }}", LEVEL: info}
    distribution: {type: pytorch}
    resources: {instance_count: 2}
    limits: {timeout: 900}
    identity: {type: user_identity}
    queue_settings: {job_tier: standard}
    """


def read(folder: Path, job: str, top: str = TOP) -> Spec:
    """A spec with this job, in a folder where all is that the jobs here name."""
    for name, text in {"src/train.py": "", "data/a b.csv": "1", "conda.yml": "dependencies: [python=3.9]\n"}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    file = folder / "job.yaml"
    written = f"apiVersion: specrun/v1\nname: job\n{top}\njob:\n{textwrap.indent(textwrap.dedent(job), '  ')}\n"
    file.write_text(written)
    loaded = load([str(file)])
    assert loaded.specs, loaded.diagnostics
    return loaded.specs[0]


class Connection:
    """What the engine asks of a workspace while it forms a job."""

    def datastore(self, name: str | None) -> Any:
        class Datastore:
            name = "workspaceblobstore"

        return Datastore()


def sent(spec: Spec) -> dict[str, Any]:
    """What the engine sends, without what is specrun's own."""
    from specrun.engines.azureml_v2.job_form import job_of

    folder, submission = spec.file.parent, replace(planned(spec), name="job-0123456789")
    staged = copied(submission, folder / "staged")
    if submission.code:  # where it is: the exported path names no copy
        staged = replace(staged, code=folder / "src")
    formed = job_of(submission, staged, Connection(), lambda _: None)  # type: ignore[arg-type]
    return comparable(formed._to_job() if hasattr(formed, "_to_job") else formed, folder)


def exported(folder: Path, file: str = "job.yml") -> dict[str, Any]:
    from azure.ai.ml import load_job

    loaded = load_job(folder / file)
    return comparable(loaded._to_job() if hasattr(loaded, "_to_job") else loaded, folder)


def comparable(job: Any, folder: Path) -> dict[str, Any]:
    """The SDK's job as the service gets it."""
    trial = getattr(job, "trial", None) or job
    code = (folder / trial.code).resolve() if trial.code else None
    environment = trial.environment
    if isinstance(environment, str):
        environment = environment.removeprefix("azureml:")
    else:
        environment = {"image": environment.image, "conda_file": environment.conda_file, "build": environment.build}
    trial.code, trial.environment = None, "azureml:any:1"
    rest = job._to_rest_object().properties
    body = rest.as_dict()
    for holder in (body, body.get("trial", {})):
        holder.get("environmentVariables", {}).pop("SPECRUN_FINGERPRINT", None)
    for name in [name for name in body["tags"] if name.split(".")[0] == "specrun"]:
        body["tags"].pop(name, None)
    body["displayName"] = body["displayName"].replace("job-0123456789", "job")
    body["properties"] = {}
    if body.get("samplingAlgorithm", {}).get("rule") == "random":  # which is what is left out
        body["samplingAlgorithm"].pop("rule")
    for entry in body["inputs"].values():  # the SDK takes an asset's name with and without its prefix
        if "uri" in entry and not entry["uri"].startswith("azureml://"):
            entry["uri"] = entry["uri"].removeprefix("azureml:")
    return {**body, "code": code, "environment": environment}


@pytest.mark.parametrize("name", JOBS)
def test_the_same_arrives(tmp_path: Path, name: str) -> None:
    spec = read(tmp_path, JOBS[name], GPU if name == "gpu" else TOP)
    for file, text in export_azureml(spec).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    found, wanted = exported(tmp_path), sent(spec)
    for field in {*found, *wanted}:
        assert found.get(field) == wanted.get(field), field


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_arrives_as_the_engine_sends_it(tmp_path: Path, name: str) -> None:
    sweep = f"sweep:\n{textwrap.indent(textwrap.dedent(SWEEPS[name]), '  ')}"
    spec = read(tmp_path, SWEPT, TOP + sweep)
    for file, text in export_azureml(spec).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    found, wanted = exported(tmp_path), sent(spec)
    for field in {*found, *wanted}:
        assert found.get(field) == wanted.get(field), field
    assert (found["jobType"], found["limits"]["trialTimeout"]) == ("Sweep", "PT10M" if name == "grid" else "PT15M")
