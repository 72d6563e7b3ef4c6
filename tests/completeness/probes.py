"""Every field of the schema, with two specs that differ in it and in nothing else.

A new field needs a line in PROBES: without one the tests of this folder fail, and say so.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from specrun.spec.layers.bases import HEAD
from specrun.spec.schema import schema

Leaf = tuple[str, ...]

HEAD_OF_ANOTHER = "apiVersion: specrun/v1\nname: {}\nworkspace: {{from_config: config.json}}\n"
OUTPUTS = "outputs: {features: {}, rows: {}}"
FILES = {
    "prep.yaml": HEAD_OF_ANOTHER.format("prep") + f"job: {{command: echo one, {OUTPUTS}}}\n",
    "clean.yaml": HEAD_OF_ANOTHER.format("clean") + f"job: {{command: echo two, {OUTPUTS}}}\n",
    "src/train.py": "print('hello')\n",
    "other/train.py": "print('hello')\n",
    "other/test.py": "print('hello')\n",
    "src/test.py": "print('test')\n",
    "data/a.csv": "1,2\n",
    "more/b.csv": "3,4\n",
    "conda.yml": "dependencies: [pip, {pip: [numpy]}]\n",
    "conda2.yml": "dependencies: [pip, {pip: [scipy]}]\n",
    "docker/Dockerfile": "FROM scratch\n",
    "docker/Other": "FROM scratch\n",
    "docker2/Dockerfile": "FROM python:3.11\n",
    "config.json": '{"workspace_name": "w1", "resource_group": "g", "subscription_id": '
    '"00000000-0000-0000-0000-000000000000"}\n',
    "config2.json": '{"workspace_name": "w2", "resource_group": "g", "subscription_id": '
    '"00000000-0000-0000-0000-000000000000"}\n',
}
IDS = {"resource_group": "rg", "subscription_id": "00000000-0000-0000-0000-000000000000"}
WORKSPACE = {"name": "ml-ws", "location": "westeurope", "create": True, **IDS}
CLUSTER = {"name": "gpu", "size": "STANDARD_DS3_V2", "max_instances": 4}
BLOB = {"type": "azure_blob", "account_name": "mlstore", "container_name": "training"}
SHARE = {
    "type": "azure_file",
    "account_name": "mlstore",
    "file_share_name": "archive",
    "credentials": {"account_key": "${{ secrets.ONE }}"},
}
LAKE = {"type": "azure_data_lake_gen2", "account_name": "mlstore", "filesystem": "lake"}
PRINCIPAL = {"tenant_id": "t", "client_id": "c", "client_secret": "${{ secrets.ONE }}"}
IDENTITY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
JOB = {"code": "src", "command": "python train.py"}
SPEC: Mapping[str, Any] = {
    "apiVersion": "specrun/v1",
    "name": "probe",
    "workspace": WORKSPACE,
    "compute": CLUSTER,
    "job": JOB,
}
WEB = "https://example.org/x.npz"
MANAGED = {"type": "managed"}
UNIFORM = {"type": "uniform", "min_value": 0.1, "max_value": 0.9}
SWEEP: Mapping[str, Any] = {
    "sampling_algorithm": "random",
    "search_space": {"probe": UNIFORM},
    "objective": {"goal": "maximize", "primary_metric": "accuracy"},
}


@dataclass(frozen=True)
class Probe:
    """The value of a field in one spec and in the other; `around` is what else the spec has to say for that.

    In `around` keys are dotted paths, and None takes something away, as it does as `first` or `second`. The values are
    those at the path `at`: a field that has no other value by itself is changed with what it stands in.
    """

    first: Any
    second: Any
    around: Mapping[str, Any]
    at: str = ""


def probe(first: Any, second: Any, at: str = "", **around: Any) -> Probe:
    return Probe(first, second, {name.replace("__", "."): value for name, value in around.items()}, at)


def swept(first: Any, second: Any, at: str = "", **around: Any) -> Probe:
    """A probe of a field of a sweep."""
    used = {"PROBE": "${{ search_space.probe }}"}
    return probe(first, second, at, sweep=SWEEP, job__environment_variables=used, **around)


PROBES: dict[str, Probe] = {
    "apiVersion": probe("specrun/v1", "specrun/v1"),
    "name": probe("one", "two"),
    "engine": probe("azureml", "azureml-v1"),
    "experiment": probe("one", "two"),
    "vars.*": probe("1", "2", job__command="python train.py ${{ vars.probe }}"),
    "workspace.name": probe("one-ws", "two-ws"),
    "workspace.resource_group": probe("one", "two"),
    "workspace.subscription_id": probe("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"),
    "workspace.location": probe("westeurope", "northeurope"),
    "workspace.create": probe(True, False),
    "workspace.storage_account": probe("/subscriptions/s/x/one", "/subscriptions/s/x/two"),
    "workspace.from_config": probe("config.json", "config2.json", workspace={}),
    "compute.name": probe("one", "two"),
    "compute.type": probe("amlcompute", None),
    "compute.size": probe("STANDARD_DS3_V2", "STANDARD_DS2_V2"),
    "compute.tier": probe("low_priority", "dedicated"),
    "compute.min_instances": probe(1, 2),
    "compute.max_instances": probe(3, 4),
    "compute.idle_time_before_scale_down": probe(60, 600),
    "compute.description": probe("one", "two"),
    "compute.tags.*": probe("one", "two"),
    "compute.enable_node_public_ip": probe(True, False, compute__network_settings={"vnet_name": "v", "subnet": "s"}),
    "compute.identity.type": probe({"type": "system_assigned"}, None, at="compute.identity"),
    "compute.identity.user_assigned_identities.[].resource_id": probe(
        f"{IDENTITY}one",
        f"{IDENTITY}two",
        compute__identity={"type": "user_assigned", "user_assigned_identities": [{"resource_id": "?"}]},
    ),
    "compute.network_settings.vnet_name": probe("one", "two", compute__network_settings={"subnet": "s"}),
    "compute.network_settings.subnet": probe("one", "two", compute__network_settings={"vnet_name": "v"}),
    "compute.ssh_public_access_enabled": probe(
        True, False, compute__ssh_settings={"admin_username": "me", "ssh_key_value": "ssh-ed25519 AAAA me"}
    ),
    "compute.ssh_settings.admin_username": probe(
        "one", "two", compute__ssh_settings={"ssh_key_value": "ssh-ed25519 AAAA me"}
    ),
    "compute.ssh_settings.ssh_key_value": probe(
        "ssh-ed25519 AAAA one", "ssh-ed25519 AAAA two", compute__ssh_settings={"admin_username": "me"}
    ),
    "compute.ssh_settings.admin_password": probe(
        "${{ secrets.ONE }}", "${{ secrets.TWO }}", compute__ssh_settings={"admin_username": "me"}
    ),
    "datastores.*.type": probe(
        LAKE, {**LAKE, "type": "azure_blob", "container_name": "lake", "filesystem": None}, at="datastores.*"
    ),
    "datastores.*.credentials": probe({"account_key": "${{ secrets.ONE }}"}, None, datastores__probe=BLOB),
    "datastores.*.account_name": probe("onestore", "twostore", datastores__probe=BLOB),
    "datastores.*.container_name": probe("one", "two", datastores__probe=BLOB),
    "datastores.*.file_share_name": probe("one", "two", datastores__probe=SHARE),
    "datastores.*.filesystem": probe("one", "two", datastores__probe=LAKE),
    "datastores.*.credentials.account_key": probe("${{ secrets.ONE }}", "${{ secrets.TWO }}", datastores__probe=BLOB),
    "datastores.*.credentials.sas_token": probe("${{ secrets.ONE }}", "${{ secrets.TWO }}", datastores__probe=BLOB),
    "datastores.*.credentials.tenant_id": probe("one", "two", datastores__probe={**LAKE, "credentials": PRINCIPAL}),
    "datastores.*.credentials.client_id": probe("one", "two", datastores__probe={**LAKE, "credentials": PRINCIPAL}),
    "datastores.*.credentials.client_secret": probe(
        "${{ secrets.ONE }}", "${{ secrets.TWO }}", datastores__probe={**LAKE, "credentials": PRINCIPAL}
    ),
    "data.*.path": probe("data", "more", job__inputs={"d": {"data": "probe"}}),
    "data.*.datastore": probe("one", "two", data__probe={"path": "data"}, job__inputs={"d": {"data": "probe"}}),
    "data.*.target": probe("one", "two", data__probe={"path": "data"}, job__inputs={"d": {"data": "probe"}}),
    "data.*.prune": probe(True, False, data__probe={"path": "data"}, job__inputs={"d": {"data": "probe"}}),
    "data.*.source": probe("optional", None, data__probe={"path": "data"}, job__inputs={"d": {"data": "probe"}}),
    "data.*.sha256": probe("0a" * 32, "0b" * 32, data__probe={"path": WEB}, job__inputs={"d": {"data": "probe"}}),
    "job.code": probe("src", "other"),
    "job.command": probe("python train.py", "python test.py"),
    "job.script": probe("train.py", "test.py", job={"code": "src"}),
    "job.arguments.*": probe({"-x": "1"}, {"-x": "2"}, at="job.arguments", job={"code": "src", "script": "train.py"}),
    "job.inputs.*.data": probe("one", "two", data={"one": {"path": "data"}, "two": {"path": "more"}}),
    "job.inputs.*.path": probe("azureml://datastores/one/paths/a", "azureml://datastores/one/paths/b"),
    "job.inputs.*.type": probe(
        "uri_file",
        "uri_folder",
        job__inputs__probe={"path": "azureml://datastores/one/paths/a"},
        job__command="ls ${{ inputs.probe }}",
    ),
    "job.inputs.*.mode": probe("download", "ro_mount", job__inputs__probe={"path": "azureml://datastores/one/paths/a"}),
    "job.inputs.*.run": probe("./prep.yaml", "clean", job__inputs__probe={"output": "features"}),
    "job.inputs.*.output": probe("features", "rows", job__inputs__probe={"run": "prep"}),
    "job.inputs.*.model": probe("digits", "letters", job__inputs__probe={"version": 1}),
    "job.inputs.*.version": probe(1, 2, job__inputs__probe={"model": "digits"}),
    "job.outputs.*.path": probe("azureml://datastores/one/paths/a", "azureml://datastores/one/paths/b"),
    "job.outputs.*.mode": probe("upload", "rw_mount", job__outputs__probe={"path": "azureml://datastores/one/paths/a"}),
    "job.outputs.*.register.name": probe("digits", "letters"),
    "job.outputs.*.register.type": probe(
        "mlflow_model", "custom_model", job__outputs__probe={"register": {"name": "digits"}}
    ),
    "job.environment.pip": probe(["numpy"], ["scipy"]),
    "job.environment.conda_file": probe("conda.yml", "conda2.yml"),
    "job.environment.image": probe("python:3.11", "python:3.12"),
    "job.environment.build.path": probe("docker", "docker2"),
    "job.environment.build.dockerfile_path": probe(
        "Dockerfile", "Other", job__environment={"build": {"path": "docker"}}
    ),
    "job.environment.framework": probe(
        {"framework": "tensorflow", "version": "2.16"}, {"pip": ["tensorflow"]}, at="job.environment"
    ),
    "job.environment.version": probe("2.16", "2.15", job__environment={"framework": "tensorflow"}),
    "job.environment_variables.*": probe("one", "two"),
    "job.distribution.type": probe("pytorch", "mpi"),
    "job.distribution.parameter_server_count": probe(
        1, 2, job__distribution={"type": "tensorflow", "worker_count": 2}, job__resources={"instance_count": 2}
    ),
    "job.distribution.worker_count": probe(
        1, 2, job__distribution={"type": "tensorflow"}, job__resources={"instance_count": 3}
    ),
    "job.distribution.process_count_per_instance": probe(1, 2, job__distribution={"type": "pytorch"}),
    "job.resources.instance_count": probe(1, 2),
    "job.resources.gpu": probe(True, False, compute__size="STANDARD_NC6S_V3"),
    "job.resources.shm_size": probe("4g", "8g"),
    "job.resources.docker_args": probe("--ulimit memlock=-1", "--ulimit memlock=1"),
    "job.resources.instance_type": probe("STANDARD_DS3_V2", "STANDARD_DS2_V2", compute=None),
    "job.resources.max_instance_count": probe(3, 4),
    "job.resources.locations": probe(["westeurope"], ["northeurope"]),
    "job.queue_settings.job_tier": probe("spot", "standard"),
    "job.queue_settings.priority": probe("low", "high"),
    "job.services.*.type": probe("vs_code", "jupyter_lab"),
    "job.services.*.nodes": probe("all", None, job__services__probe={"type": "vs_code"}),
    "job.services.*.port": probe(6006, 8080, job__services__probe={"type": "vs_code"}),
    "job.services.*.ssh_public_keys": probe("ssh-rsa one", "ssh-rsa two", job__services__probe={"type": "ssh"}),
    "job.services.*.log_dir": probe("one", "two", job__services__probe={"type": "tensor_board"}),
    "job.limits.timeout": probe(60, 600),
    "job.limits.max_attempts": probe(2, 3),
    "job.tags.*": probe("one", "two"),
    "job.display_name": probe("one", "two"),
    "job.description": probe("one", "two"),
    "job.identity.type": probe("user_identity", "aml_token"),
    "job.identity.client_id": probe("one", "two", job__identity=MANAGED),
    "job.identity.object_id": probe("one", "two", job__identity=MANAGED),
    "job.identity.resource_id": probe("/subscriptions/s/one", "/subscriptions/s/two", job__identity=MANAGED),
    "sweep.sampling_algorithm.type": swept("random", "bayesian"),
    "sweep.sampling_algorithm.seed": swept(1, 2, sweep__sampling_algorithm={"type": "random"}),
    "sweep.sampling_algorithm.rule": swept("sobol", None, sweep__sampling_algorithm={"type": "random"}),
    "sweep.sampling_algorithm.logbase": swept(2, 10, sweep__sampling_algorithm={"type": "random"}),
    "sweep.seed": swept(1, 2),
    "sweep.rule": swept("sobol", None),
    "sweep.logbase": swept(2, 10),
    "sweep.search_space.*.type": swept("uniform", "loguniform", sweep__search_space__probe__min_value=0.2),
    "sweep.search_space.*.values": swept([1, 2], [1, 3], sweep__search_space__probe={"type": "choice"}),
    "sweep.search_space.*.upper": swept(10, 20, sweep__search_space__probe={"type": "randint"}),
    "sweep.search_space.*.min_value": swept(0.2, 0.3),
    "sweep.search_space.*.max_value": swept(0.7, 0.8),
    "sweep.search_space.*.q": swept(0.1, 0.2, sweep__search_space__probe={**UNIFORM, "type": "quniform"}),
    "sweep.search_space.*.mu": swept(1, 2, sweep__search_space__probe={"type": "normal", "sigma": 1}),
    "sweep.search_space.*.sigma": swept(1, 2, sweep__search_space__probe={"type": "normal", "mu": 1}),
    "sweep.objective.goal": swept("minimize", "maximize"),
    "sweep.objective.primary_metric": swept("accuracy", "loss"),
    "sweep.limits.max_total_trials": swept(10, 20),
    "sweep.limits.max_concurrent_trials": swept(2, 4),
    "sweep.limits.timeout": swept(600, 900),
    "sweep.limits.trial_timeout": swept(60, 90),
    "sweep.limits.max_failed_trials": swept(1, 2),
    "sweep.early_termination.type": swept({"type": "median_stopping"}, None, at="sweep.early_termination"),
    "sweep.early_termination.slack_factor": swept(0.1, 0.2, sweep__early_termination={"type": "bandit"}),
    "sweep.early_termination.slack_amount": swept(0.1, 0.2, sweep__early_termination={"type": "bandit"}),
    "sweep.early_termination.evaluation_interval": swept(2, 3, sweep__early_termination={"type": "median_stopping"}),
    "sweep.early_termination.delay_evaluation": swept(2, 3, sweep__early_termination={"type": "median_stopping"}),
    "sweep.early_termination.truncation_percentage": swept(
        20, 30, sweep__early_termination={"type": "truncation_selection"}
    ),
}


@cache
def leaves() -> tuple[str, ...]:
    """The fields of the schema that hold a value: dotted, `*` for an entry of a mapping, `[]` for one of a list.

    Not those that say what a spec is merged from: who uses a spec sees it merged.
    """
    return tuple(dict.fromkeys(".".join(leaf) for leaf in _leaves(schema(), (), 0) if leaf[0] not in HEAD))


def _leaves(field: Any, path: Leaf, depth: int) -> Iterator[Leaf]:
    """The leaves below a field; itself, where it is one."""
    inside = list(_inside(field, path, depth))
    yield from inside if inside or not path else [path]


def _inside(field: Any, path: Leaf, depth: int) -> Iterator[Leaf]:
    if not isinstance(field, dict) or depth > 12:
        return
    if "$ref" in field:
        yield from _inside(schema()["$defs"][field["$ref"].rpartition("/")[2]], path, depth + 1)
    for name, value in field.get("properties", {}).items():
        yield from _leaves(value, (*path, name), depth + 1)
    if isinstance(field.get("additionalProperties"), dict):
        yield from _leaves(field["additionalProperties"], (*path, "*"), depth + 1)
    if isinstance(field.get("items"), dict) and (below := list(_inside(field["items"], (*path, "[]"), depth + 1))):
        yield from below
    for branch in ("then", "else"):
        yield from _inside(field.get(branch), path, depth + 1)
    for branch in ("allOf", "anyOf", "oneOf"):
        for one in field.get(branch, ()):
            yield from _inside(one, path, depth + 1)


def documents(leaf: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two specs of a field."""
    found = PROBES[leaf]
    base = copy.deepcopy(dict(SPEC))
    for path, value in found.around.items():
        _put(base, path.split("."), value)
    documents = copy.deepcopy(base), copy.deepcopy(base)
    for document, value in zip(documents, (found.first, found.second), strict=True):
        _put(document, (found.at or leaf).split("."), value)
    return documents


def write(folder: Path) -> None:
    """The files that the specs name."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _put(document: Any, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        if step == "[]":
            document = document[0]
            continue
        name = "probe" if step == "*" else step
        if not isinstance(document.get(name), (dict, list)):
            document[name] = {}
        document = document[name]
    last = "probe" if path[-1] == "*" else path[-1]
    if value is None:
        document.pop(last, None)
    else:
        given = copy.deepcopy(value)
        document[last] = {k: v for k, v in given.items() if v is not None} if isinstance(given, dict) else given
