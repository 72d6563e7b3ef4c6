"""The files that `specrun export azureml` writes, besides what arrives of the job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from specrun.convert.to_azureml import export_azureml, losses
from specrun.spec.load import load
from specrun.spec.model import Spec
from tests.azure_engines.place import resource

BLOB = "datastores: {training: {type: azure_blob, account_name: mlstore, container_name: more%s}}\n"
CLUSTER = "compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 4%s}\n"
SUBNET = "/subscriptions/0/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/vnet"


def read(folder: Path, text: str, name: str = "job") -> Spec:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "a b.csv").write_text("1")
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "train.py").write_text("")
    file = folder / "job.yaml"
    file.write_text(f"apiVersion: specrun/v1\nname: {name}\n{text}")
    loaded = load([str(file)])
    assert loaded.specs, loaded.diagnostics
    return loaded.specs[0]


def values(text: str) -> Any:
    return yaml.safe_load(text)


def test_a_file_for_each_thing_in_the_order_in_which_they_are_made(tmp_path: Path) -> None:
    spec = read(tmp_path, BLOB % "" + CLUSTER % "" + "data: {a: {path: data}, b: {path: data}}\njob: {command: ls}\n")
    files = export_azureml(spec)
    assert list(files) == ["datastore-training.yml", "data-a.yml", "data-b.yml", "compute.yml", "job.yml"]
    assert all(values(text)["$schema"].startswith("https://azuremlschemas.azureedge.net/") for text in files.values())
    lines = files["job.yml"].splitlines()
    assert lines[0] == "# From job.yaml, by specrun export: az ml job create -f job.yml"
    assert (
        lines[2:6] == [f"#   az ml {name.partition('-')[0].partition('.')[0]} create -f {name}" for name in files][:4]
    )


def test_a_name_of_a_cluster_is_no_cluster_to_make(tmp_path: Path) -> None:
    files = export_azureml(read(tmp_path, "compute: theirs\njob: {command: ls}\n"))
    assert list(files) == ["job.yml"]
    assert values(files["job.yml"])["compute"] == "azureml:theirs"


def test_the_workspace_is_in_the_commands(tmp_path: Path) -> None:
    space = "{name: ml-ws, resource_group: rg(1), subscription_id: 00000000-0000-0000-0000-000000000000}"
    text = export_azureml(read(tmp_path, f"workspace: {space}\njob: {{command: ls}}\n"))["job.yml"]
    assert "az ml job create -f job.yml -g 'rg(1)' -w ml-ws" in text
    text = export_azureml(read(tmp_path, "workspace: {from_config: c.json}\njob: {command: ls}\n"))["job.yml"]
    assert text.splitlines()[0].endswith("az ml job create -f job.yml")


def test_without_a_cluster(tmp_path: Path) -> None:
    text = export_azureml(read(tmp_path, "job: {command: ls, resources: {instance_type: STANDARD_DS3_V2}}\n"))[
        "job.yml"
    ]
    assert values(text)["resources"]["instance_type"] == "STANDARD_DS3_V2"
    assert "TODO" not in text
    text = export_azureml(read(tmp_path, "job: {command: ls}\n"))["job.yml"]
    assert "# No compute: it runs serverless" in text
    assert "TODO" not in text
    assert "compute" not in values(text)


def test_paths_are_those_from_the_files(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "conda.yml").write_text("dependencies: []\n")
    inputs = "{local: {path: data}, one: {path: data/a b.csv, type: uri_file}}"
    fields = f"code: src, script: train.py, environment: {{conda_file: env/conda.yml}}, inputs: {inputs}"
    spec = read(tmp_path, f"job: {{{fields}}}\n")
    job = values(export_azureml(spec)["job.yml"])
    assert (job["code"], job["environment"]["conda_file"]) == ("./src", "./env/conda.yml")
    assert [one["path"] for one in job["inputs"].values()] == ["./data", "./data/a b.csv"]
    text = export_azureml(spec, tmp_path / "out" / "azureml")["job.yml"]
    job = values(text)
    assert (job["code"], job["environment"]["conda_file"]) == ("../../src", "../../env/conda.yml")
    assert [one["path"] for one in job["inputs"].values()] == [
        "../../data",
        "../../data/a b.csv",
    ]
    assert "specrun keeps it at azureml://datastores/workspaceblobstore/paths/inputs/job/local" in text


def test_a_folder_that_an_image_is_built_from(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text("FROM scratch\n")
    spec = read(tmp_path, "job: {command: ls, environment: {build: {path: docker}}}\n")
    job = values(export_azureml(spec)["job.yml"])
    assert job["environment"] == {"build": {"path": "./docker"}}
    spec = read(tmp_path, "job: {command: ls, environment: {build: {path: docker, dockerfile_path: Dockerfile}}}\n")
    job = values(export_azureml(spec, tmp_path / "made")["job.yml"])
    assert job["environment"] == {"build": {"path": "../docker", "dockerfile_path": "Dockerfile"}}


def test_code_that_the_spec_lies_in(tmp_path: Path) -> None:
    text = export_azureml(read(tmp_path, "job: {code: ., command: ls}\n"))["job.yml"]
    assert values(text)["code"] == "."
    assert ".amlignore" in text
    assert ".amlignore" not in export_azureml(read(tmp_path, "job: {code: src, command: ls}\n"))["job.yml"]


def test_no_secret_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("KEY", "PASSWORD", "TOKEN")
    for name in names:
        monkeypatch.setenv(name, "hush-hush")
    spec = read(
        tmp_path,
        BLOB % ', credentials: {account_key: "${{ secrets.KEY }}"}'
        + CLUSTER % ', ssh_settings: {admin_username: me, admin_password: "${{ secrets.PASSWORD }}"}'
        + 'job: {command: ls, environment_variables: {HUB: "${{ secrets.TOKEN }}", A: "1"}}\n',
    )
    files = export_azureml(spec)
    assert "hush" not in str(files)
    assert "credentials" not in values(files["datastore-training.yml"])
    assert '--set credentials.account_key="$KEY"' in files["datastore-training.yml"]
    assert values(files["compute.yml"])["ssh_settings"] == {"admin_username": "me"}
    assert '--admin-password "$PASSWORD"' in files["compute.yml"]
    assert values(files["job.yml"])["environment_variables"] == {"A": "1"}
    assert '--set environment_variables.HUB="$TOKEN"' in files["job.yml"]


def test_a_secret_as_the_only_variable(tmp_path: Path) -> None:
    spec = read(tmp_path, 'job: {command: ls, environment_variables: {HUB: "${{ secrets.TOKEN }}"}}\n')
    text = export_azureml(spec)["job.yml"]
    assert "environment_variables" not in values(text)
    assert '--set environment_variables.HUB="$TOKEN"' in text


DATASTORES = {
    "blob": BLOB % "",
    "file": "datastores: {training: {type: azure_file, account_name: mlstore, file_share_name: more}}\n",
    "lake": "datastores: {training: {type: azure_data_lake_gen2, account_name: mlstore, filesystem: more, credentials: "
    '{tenant_id: a b, client_id: b, client_secret: "${{ secrets.S }}"}}}\n',
}


@pytest.mark.parametrize("name", DATASTORES)
def test_datastores_that_the_sdk_reads(tmp_path: Path, name: str) -> None:
    from azure.ai.ml import load_datastore

    spec = read(tmp_path, DATASTORES[name])
    text = export_azureml(spec)["datastore-training.yml"]
    (tmp_path / "d.yml").write_text(text)
    found = load_datastore(tmp_path / "d.yml")
    container = {"blob": "container_name", "file": "file_share_name", "lake": "filesystem"}[name]
    assert (found.name, found.account_name, getattr(found, container)) == ("training", "mlstore", "more")
    assert found.type.lower().replace("_", "") == str(spec.datastores["training"]["type"]).replace("_", "")
    if name == "lake":
        assert "--set credentials.tenant_id='a b' \\\n" in text
        assert '--set credentials.client_secret="$S"' in text


CLUSTERS = {
    "with defaults": "",
    "in words": ", tier: low_priority, min_instances: 1, idle_time_before_scale_down: 300, description: 'a: b', "
    "tags: {team: vision}, ssh_public_access_enabled: false, enable_node_public_ip: false, "
    "ssh_settings: {admin_username: me, ssh_key_value: ssh-ed25519 AAAA me}",
    "in a network": ", network_settings: {vnet_name: vnet, subnet: default}",
    "in another group": f", network_settings: {{vnet_name: {SUBNET}, subnet: default}}",
    "by id": f", network_settings: {{subnet: {SUBNET}/subnets/default}}",
    "with an identity": ", identity: {type: system_assigned}",
    "with named identities": ", identity: {type: user_assigned, user_assigned_identities: [{resource_id: /a/b}]}",
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_are_what_the_engine_makes(tmp_path: Path, name: str) -> None:
    from azure.ai.ml import load_compute

    from specrun.engines.azure.coordinates import Coordinates
    from specrun.engines.azureml_v2.cluster_form import new_cluster
    from specrun.plan.kinds.compute import Cluster

    spec = read(tmp_path, CLUSTER % CLUSTERS[name])
    (tmp_path / "compute.yml").write_text(export_azureml(spec)["compute.yml"])
    cluster = resource(spec, "compute/cpu-cluster")
    assert isinstance(cluster, Cluster)
    wanted = new_cluster(cluster, Coordinates("0", "net", "ws"), "westeurope")
    found = load_compute(tmp_path / "compute.yml")
    if name == "in a network":  # which az looks for in the workspace's group
        assert (found.network_settings.vnet_name, found.network_settings.subnet) == ("vnet", "default")
        found.network_settings = wanted.network_settings
    found.location = "westeurope"
    found.tags = {**(found.tags or {}), "specrun": "job"}
    assert found._to_rest_object().as_dict() == wanted._to_rest_object().as_dict()


def test_a_cluster_that_lacks_something(tmp_path: Path) -> None:
    text = export_azureml(read(tmp_path, "compute: {name: cpu-cluster}\n"))["compute.yml"]
    assert "# size: TODO" in text
    assert "# max_instances: TODO" in text
    assert "idle time" in export_azureml(read(tmp_path, CLUSTER % ", idle_time_before_scale_down: 0"))["compute.yml"]


def test_data_is_the_path_that_is_mirrored(tmp_path: Path) -> None:
    from azure.ai.ml import load_data

    sha = "0a" * 32
    spec = read(
        tmp_path,
        BLOB % ""
        + f"""
data:
  folder: {{path: data, datastore: training, target: a b/c, prune: true}}
  file: {{path: data/a b.csv}}
  web: {{path: "https://example.org/x.npz?a=1&b", datastore: training, sha256: {sha}}}
""",
    )
    files = export_azureml(spec)
    for name in ("folder", "file", "web"):
        (tmp_path / "d.yml").write_text(files[f"data-{name}.yml"])
        assert load_data(tmp_path / "d.yml").name == name
    folder, file, web = (files[f"data-{name}.yml"] for name in ("folder", "file", "web"))
    assert values(folder)["path"] == "azureml://datastores/training/paths/a b/c"
    assert "upload-batch -d more --destination-path 'a b/c' -s ./data --overwrite" in folder
    assert "--account-name mlstore" in folder
    assert "prune" in folder
    assert values(file)["path"] == "azureml://datastores/workspaceblobstore/paths/file"
    assert "az ml datastore show -n workspaceblobstore" in file
    assert "az storage blob upload -c CONTAINER -n 'file/a b.csv' -f './data/a b.csv'" in file
    assert "curl -fLo x.npz 'https://example.org/x.npz?a=1&b'" in web
    assert f"echo '{sha}  x.npz' | sha256sum -c" in web
    assert "-c more -n web/x.npz -f x.npz" in web


def test_what_is_not_said_is_said_so(tmp_path: Path) -> None:
    text = export_azureml(
        read(
            tmp_path,
            """
compute: gpu-cluster
job:
  command: echo ${{ inputs.title }}
  inputs: {title: "a\\nb"}
  outputs: {model: {path: elsewhere}}
  environment: {image: python}
  resources: {gpu: true}
  identity: {type: managed, resource_id: /a/b}
""",
        )
    )["job.yml"]
    job = values(text)
    assert "inputs" not in job
    assert job["command"] == "echo 'a\nb'"
    assert "# These inputs stand in the command, quoted, where it names them: title" in text
    assert job["outputs"] == {"model": {"type": "uri_folder", "mode": "rw_mount"}}
    assert "elsewhere is no path on a datastore" in text
    assert "resources.gpu: true has no counterpart" in text
    assert job["identity"] == {"type": "managed"}
    assert "resource_id /a/b is left out" in text


def test_no_sdk_is_imported(tmp_path: Path) -> None:
    read(tmp_path, CLUSTER % "" + BLOB % "" + "job: {command: ls, environment: {pip: [numpy]}}\n")
    code = (
        "import sys\n"
        "from specrun.spec.load import load\n"
        "from specrun.convert.to_azureml import export_azureml\n"
        f"export_azureml(load([{str(tmp_path / 'job.yaml')!r}]).specs[0])\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('azure', 'azureml', 'requests')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_sweep_job_cannot_say_is_said(tmp_path: Path) -> None:
    sweep = """
sweep:
  sampling_algorithm: grid
  search_space: {x: {type: choice, values: [1, true]}}
  objective: {goal: minimize, primary_metric: loss}
  limits: {max_failed_trials: 3}
"""
    job = "job: {command: 'ls ${{ search_space.x }}', services: {lab: {type: jupyter_lab}}, limits: {timeout: 60}}\n"
    spec = read(tmp_path, sweep + job, "job")
    told = {".".join(map(str, one.path)): one.detail for one in losses(spec)}
    assert set(told) == {"sweep.limits.max_failed_trials", "job.services"}
    written = yaml.safe_load(export_azureml(spec)["job.yml"])
    assert written["limits"] == {"max_total_trials": 2, "trial_timeout": 60}
    assert written["search_space"]["x"]["values"] == [1, "true"]
    assert "services" not in written
    assert set(written["trial"]) == {"command", "environment"}


def test_a_model_whose_name_the_sdk_takes_for_no_output_is_said(tmp_path: Path) -> None:
    outputs = "{a: {register: {name: digits.v2}}, b: {register: {name: digits-v2}}}"
    spec = read(
        tmp_path, f"job: {{command: 'ls ${{{{ outputs.a }}}} ${{{{ outputs.b }}}}', outputs: {outputs}}}\n", "job"
    )
    assert [".".join(map(str, one.path)) for one in losses(spec)] == ["job.outputs.a.register.name"]
    text = export_azureml(spec)["job.yml"]
    written = yaml.safe_load(text)["outputs"]
    assert ["name" in written[name] for name in ("a", "b")] == [False, True]
    assert "az ml model create -n digits.v2 -t custom_model -p azureml://jobs/JOB/outputs/a/paths/" in text
