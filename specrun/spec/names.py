"""Names and values that people bring along from SDK v1, CLI v2 and Batch AI, and what a spec calls them.

One table. A section is a dotted path in which `*` stands for a name (`datastores.*`, `job.inputs.*`); the section `*` is
anywhere. A target is a key of the same section, or begins with `/` and is a path from the top. The rows about sweeps
stand in `sweep_names`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from specrun.spec.frozen import dataclass

V1 = "SDK v1"
V2 = "CLI v2"
BATCH_AI = "Batch AI"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A name from elsewhere: what `origin` calls `target` (a dotted path; None where a spec has no such thing)."""

    origin: str
    target: str | None
    note: str = ""


Row: TypeAlias = tuple[str, str, str, "str | None", str]
"""Section, names, origin, target and note."""

# ruff: noqa: E501 - a table is read by its rows
# fmt: off
# section, names, origin, target, note
_KEYS: tuple[Row, ...] = (
    # compute
    ("compute", "vm_size vmSize", f"{V1} and {BATCH_AI}", "size", ""),
    ("compute", "vm_priority vmPriority priority", f"{V1} and {BATCH_AI}", "tier", ""),
    ("compute", "min_nodes minNodes minimumNodeCount min_node_count", f"{V1} and {BATCH_AI}", "min_instances", ""),
    ("compute", "max_nodes maxNodes maximumNodeCount max_node_count cluster_max_nodes", f"{V1} and {BATCH_AI}", "max_instances", ""),
    ("compute", "idle_seconds_before_scaledown idle_seconds", V1, "idle_time_before_scale_down", ""),
    ("compute", "node_idle_time_before_scale_down", "the REST API", "idle_time_before_scale_down", "It is in seconds."),
    ("compute", "vnet_name", V1, "network_settings.vnet_name", ""),
    ("compute", "subnet_name subnet", f"{V1} and {BATCH_AI}", "network_settings.subnet", ""),
    ("compute", "vnet_resourcegroup_name", V1, None, "For a network in another resource group write the subnet's ARM id as `compute.network_settings.subnet`."),
    ("compute", "admin_username adminUserName", f"{V1} and {BATCH_AI}", "ssh_settings.admin_username", ""),
    ("compute", "admin_user_password adminUserPassword admin_password", f"{V1} and {BATCH_AI}", "ssh_settings.admin_password", ""),
    ("compute", "admin_user_ssh_key adminUserSshPublicKey ssh_key_value ssh_public_key", f"{V1} and {BATCH_AI}", "ssh_settings.ssh_key_value", ""),
    ("compute", "user_account_settings userAccountSettings", BATCH_AI, "ssh_settings", ""),
    ("compute", "remote_login_port_public_access", V1, "ssh_public_access_enabled", "It is true or false."),
    ("compute", "identity_type", V1, "identity.type", ""),
    ("compute", "identity_id", V1, "identity.user_assigned_identities", "It is a list of {resource_id: …}."),
    ("compute", "location", V2, "/workspace.location", "A cluster is in its workspace's region."),
    ("compute", "scale_settings scaleSettings", BATCH_AI, None, "Write `min_instances` and `max_instances`."),
    ("compute", "autoScale", BATCH_AI, None, "Write `min_instances` and `max_instances`."),
    ("compute", "virtualMachineConfiguration nodeSetup", BATCH_AI, None, "Azure ML has no set-up of its own for nodes: put the software into `job.environment`."),
    ("compute", "mountVolumes", BATCH_AI, None, "Name the stores under `datastores` and read them through `job.inputs`."),
    ("compute", "resource_id", V2, None, "For compute that is attached write its bare name: `compute: NAME`."),
    ("compute", "instance_count", V2, "/job.resources.instance_count", ""),
    ("compute", "target", V2, "name", ""),
    ("compute.network_settings", "subnet_name", V1, "subnet", ""),
    ("compute.network_settings", "vnet", V1, "vnet_name", ""),
    ("compute.ssh_settings", "adminUserName username", BATCH_AI, "admin_username", ""),
    ("compute.ssh_settings", "adminUserPassword admin_user_password password", f"{V1} and {BATCH_AI}", "admin_password", ""),
    ("compute.ssh_settings", "adminUserSshPublicKey admin_user_ssh_key ssh_public_key", f"{V1} and {BATCH_AI}", "ssh_key_value", ""),
    # workspace
    ("workspace", "workspace_name", V1, "name", ""),
    ("workspace", "subscription", "the portal", "subscription_id", ""),
    ("workspace", "region", "the portal", "location", ""),
    ("workspace", "exist_ok create_if_not_exists", V1, "create", ""),
    ("workspace", "create_resource_group", V1, None, "The resource group must exist; with `create: true` the workspace is made in it."),
    ("workspace", "config path config_file", V1, "from_config", ""),
    # datastores and data
    ("datastores.*", "datastore_type store_type kind", V1, "type", ""),
    ("datastores.*", "container blob_container", V1, "container_name", ""),
    ("datastores.*", "share_name file_share share", V1, "file_share_name", ""),
    ("datastores.*", "file_system filesystem_name", V1, "filesystem", ""),
    ("datastores.*", "account_key accountKey", f"{V1} and {BATCH_AI}", "credentials.account_key", ""),
    ("datastores.*", "sas_token", V1, "credentials.sas_token", ""),
    ("datastores.*", "azureFileUrl", BATCH_AI, "file_share_name", "It is the last part of the address."),
    ("datastores.*", "relativeMountPath mountOptions fileMode directoryMode", BATCH_AI, None, "Azure ML decides where a store is mounted: use ${{ inputs.NAME }}."),
    ("datastores.*", "name", V2, None, "The name is the entry's key: `datastores: {NAME: {type: …}}`."),
    ("datastores.*", "account storage_account", V1, "account_name", ""),
    ("data.*", "src_dir local_path src", V1, "path", ""),
    ("data.*", "target_path path_on_datastore dest destination", V1, "target", ""),
    ("data.*", "datastore_name store", V1, "datastore", ""),
    ("data.*", "overwrite show_progress", V1, None, "Files that differ are always sent, and progress is always shown: leave it out."),
    ("data.*", "url uri web_path", V2, "path", ""),
    ("data.*", "optional required", "another tool", None, "Of a source that not every machine has write `source: optional`."),
    ("data.*", "checksum hash sha", "another tool", "sha256", ""),
    ("data.*", "name version type", V2, None, "A data entry is known by its key and has no version."),
    # job
    ("job", "entry_script main_script python_script_file_path pythonScriptFilePath", f"{V1} and {BATCH_AI}", "script", ""),
    ("job", "script_params script_arguments args command_line_args commandLineArgs scriptArgs", f"{V1} and {BATCH_AI}", "arguments", ""),
    ("job", "source_directory source_dir snapshot local_path", V1, "code", ""),
    ("job", "command_line commandLine cmd", BATCH_AI, "command", ""),
    ("job", "node_count nodeCount instances", f"{V1} and {BATCH_AI}", "resources.instance_count", ""),
    ("job", "worker_count workerCount", f"{V1} and {BATCH_AI}", "distribution.worker_count", ""),
    ("job", "parameter_server_count parameterServerCount", f"{V1} and {BATCH_AI}", "distribution.parameter_server_count", ""),
    ("job", "process_count_per_node process_count_per_instance processCountPerNode", V1, "distribution.process_count_per_instance", ""),
    ("job", "processCount process_count", BATCH_AI, "distribution.process_count_per_instance", "It is the number on each instance, not of all together."),
    ("job", "distributed_backend distributed_training communicator communicationBackend", V1, "distribution.type", ""),
    ("job", "use_gpu", V1, "resources.gpu", ""),
    ("job", "shm_size shmSize", f"{V1} and {BATCH_AI}", "resources.shm_size", ""),
    ("job", "docker_args docker_arguments", V1, "resources.docker_args", ""),
    ("job", "instance_type vm_size", f"{V1} and {V2}", "resources.instance_type", ""),
    ("job", "max_run_duration_seconds max_run_duration maxRunDurationSeconds max_wall_clock_time maxWallClockTime", f"{V1} and {BATCH_AI}", "limits.timeout", "It is in seconds."),
    ("job", "constraints", BATCH_AI, "limits", "Write `timeout` in it, in seconds."),
    ("job", "pip_packages pip_requirements", V1, "environment.pip", ""),
    ("job", "pip_requirements_file", V1, "environment.pip", "It is a list of requirements; a file of them can be the `conda_file`'s pip section."),
    ("job", "conda_packages", V1, "environment.conda_file", "Packages of conda stand in a file."),
    ("job", "conda_dependencies_file conda_file", V1, "environment.conda_file", ""),
    ("job", "custom_docker_image docker_image container_image base_image image", V1, "environment.image", ""),
    ("job", "containerSettings imageSourceRegistry", BATCH_AI, "environment.image", "It is the image's name with its registry."),
    ("job", "environment_name", V1, "environment", "It is `azureml:NAME` or `azureml:NAME:VERSION`."),
    ("job", "environment_definition", V1, "environment", ""),
    ("job", "framework_version", V1, "environment.version", ""),
    ("job", "framework", V1, "environment.framework", ""),
    ("job", "env env_vars environmentVariables variables", f"{BATCH_AI}", "environment_variables", ""),
    ("job", "secrets", BATCH_AI, "environment_variables", "A value may be one whole ${{ secrets.NAME }}."),
    ("job", "inputDirectories input_data", f"{V1} and {BATCH_AI}", "inputs", "It is a mapping from names."),
    ("job", "outputDirectories output_data", f"{V1} and {BATCH_AI}", "outputs", "It is a mapping from names."),
    ("job", "stdOutErrPathPrefix", BATCH_AI, None, "Logs are kept with the run: `specrun logs`."),
    ("job", "tensorFlowSettings", BATCH_AI, "distribution", "Write `{type: tensorflow, parameter_server_count: …, worker_count: …}` and the script as `job.script`."),
    ("job", "pyTorchSettings", BATCH_AI, "distribution", "Write `{type: pytorch, process_count_per_instance: …}` and the script as `job.script`."),
    ("job", "horovodSettings customMpiSettings chainerSettings cntkSettings", BATCH_AI, "distribution", "Write `{type: mpi, process_count_per_instance: …}` and the script as `job.script`."),
    ("job", "customToolkitSettings caffeSettings caffe2Settings", BATCH_AI, "command", ""),
    ("job", "jobPreparation job_preparation", BATCH_AI, None, "Put it in front of the command: `command: PREPARATION && …`."),
    ("job", "mountVolumes", BATCH_AI, None, "Name the stores under `datastores` and read them through `inputs`."),
    ("job", "schedulingPriority priority", BATCH_AI, None, "A cluster takes its jobs in order; `compute.tier` is about the price of instances."),
    ("job", "compute compute_target cluster", f"{V1}, {V2} and {BATCH_AI}", "/compute", ""),
    ("job", "experiment_name experiment", f"{V1} and {V2}", "/experiment", ""),
    ("job", "name", V2, "/name", "A run is called NAME-FINGERPRINT."),
    ("job", "type $schema", V2, None, "A spec's job is always a command: leave it out."),
    ("job", "job_tier", V2, "queue_settings.job_tier", ""),
    ("job", "properties parent_job_name", V2, None, "A spec has none: leave it out."),
    ("job", "timeout", V2, "limits.timeout", ""),
    # the parts of a job
    ("job.inputs.*", "dataset data_entry asset", V1, "data", ""),
    ("job.inputs.*", "path_on_datastore file folder local_path uri", V1, "path", ""),
    ("job.inputs.*", "value default", V2, None, "A scalar is written itself: `NAME: 3`."),
    ("job.inputs.*", "mount_mode access", V1, "mode", ""),
    ("job.inputs.*", "datastore", V1, "path", "It is azureml://datastores/NAME/paths/…."),
    ("job.outputs.*", "path_on_datastore pathPrefix", f"{V1} and {BATCH_AI}", "path", "It is azureml://datastores/NAME/paths/…."),
    ("job.environment", "name", f"{V1} and {V2}", None, "For one that is registered write `environment: azureml:NAME:VERSION` instead of the mapping."),
    ("job.environment", "pip_packages pip_requirements requirements packages", V1, "pip", ""),
    ("job.environment", "conda_dependencies_file conda conda_dependencies conda_specification", V1, "conda_file", ""),
    ("job.environment", "docker_image base_image custom_docker_image docker", V1, "image", ""),
    ("job.environment", "framework_version", V1, "version", ""),
    ("job.environment", "dockerfile base_dockerfile", V1, "build.dockerfile_path", "It stands beside `build.path`, the folder of the Dockerfile."),
    ("job.environment", "environment_variables", V1, "/job.environment_variables", ""),
    ("job.environment.build", "context", V2, "path", ""),
    ("job.environment.build", "dockerfile", V2, "dockerfile_path", ""),
    ("job.distribution", "process_count_per_node processCountPerNode", V1, "process_count_per_instance", ""),
    ("job.distribution", "process_count processCount", f"{V1} and {BATCH_AI}", "process_count_per_instance", "It is the number on each instance, not of all together."),
    ("job.distribution", "ps_count ps", V1, "parameter_server_count", ""),
    ("job.distribution", "workers num_workers", V1, "worker_count", ""),
    ("job.distribution", "node_count nodeCount instance_count", f"{V1} and {BATCH_AI}", "/job.resources.instance_count", ""),
    ("job.distribution", "communication_backend backend", V1, None, "The script chooses its backend: leave it out."),
    ("job.distribution", "framework kind", V1, "type", ""),
    ("job.resources", "node_count nodeCount nodes instances", f"{V1} and {BATCH_AI}", "instance_count", ""),
    ("job.resources", "use_gpu gpus gpu_count", V1, "gpu", "It is true or false."),
    ("job.resources", "vm_size size", V1, "instance_type", ""),
    ("job.resources", "docker_arguments arguments", V1, "docker_args", ""),
    ("job.resources", "properties", V2, None, "A spec has none: leave it out."),
    ("job.limits", "max_run_duration_seconds max_wall_clock_time max_run_duration", f"{V1} and {BATCH_AI}", "timeout", "It is in seconds."),
    # the top
    ("", "$schema", V2, None, "Editors read a comment instead: `# yaml-language-server: $schema=…`."),
    ("", "type", V2, None, "A spec has no type: leave it out."),
    ("", "version schema_version", "another tool", "apiVersion", ""),
    ("", "experiment_name", f"{V1} and {V2}", "experiment", ""),
    ("", "compute_target cluster target", f"{V1} and {BATCH_AI}", "compute", ""),
    ("", "variables parameters", "Azure Pipelines", "vars", ""),
    ("", "datasets dataset", V1, "data", ""),
    ("", "datastore stores mountVolumes", f"{V1} and {BATCH_AI}", "datastores", ""),
    ("", "jobs trial", V2, "job", ""),
    ("", "entry_script", V1, "job.script", ""),
    ("", "script_params", V1, "job.arguments", ""),
    ("", "source_directory", V1, "job.code", ""),
    ("", "node_count nodeCount", f"{V1} and {BATCH_AI}", "job.resources.instance_count", ""),
    ("", "vm_size", V1, "compute.size", ""),
    ("", "use_gpu", V1, "job.resources.gpu", ""),
    ("", "subscription_id", V1, "workspace.subscription_id", ""),
    ("", "resource_group", V1, "workspace.resource_group", ""),
    ("", "location", V1, "workspace.location", ""),
    ("", "workspace_name", V1, "workspace.name", ""),
    ("", "display_name", V2, "job.display_name", ""),
    ("", "description", V2, "job.description", ""),
    ("", "tags", V2, "job.tags", ""),
    ("", "identity", V2, "job.identity", ""),
)

# field, right value, what people write for it (upper and lower case, hyphens and underscores do not count)
_VALUES: tuple[tuple[str, str, str], ...] = (
    ("compute.tier", "low_priority", "low spot preemptible"),
    ("compute.type", "amlcompute", "batchai aml-compute-cluster cluster"),
    ("datastores.*.type", "azure_blob", "blob azure-blob-storage azure-blob-file-system wasbs"),
    ("datastores.*.type", "azure_file", "file files azure-files azure-file-share file-share"),
    ("datastores.*.type", "azure_data_lake_gen2", "adls adls-gen2 gen2 abfss data-lake azure-data-lake"),
    ("job.distribution.type", "tensorflow", "tf ps parameter-server tensorflow-configuration"),
    ("job.distribution.type", "pytorch", "torch ddp nccl gloo torch-distributed pytorch-configuration"),
    ("job.distribution.type", "mpi", "horovod openmpi open-mpi intelmpi intel-mpi mpi-configuration chainer cntk"),
    ("job.inputs.*.mode", "ro_mount", "as-mount read-only-mount readonly direct rw-mount eval-mount"),
    ("job.inputs.*.mode", "download", "as-download eval-download copy"),
    ("job.inputs.*.type", "uri_folder", "folder directory dir mltable"),
    ("job.inputs.*.type", "uri_file", "file"),
    ("job.outputs.*.mode", "rw_mount", "mount as-mount read-write-mount direct"),
    ("job.outputs.*.mode", "upload", "as-upload copy download"),
    ("job.identity.type", "managed", "managed-identity system-assigned user-assigned msi"),
    ("job.identity.type", "user_identity", "user azureml-user"),
    ("engine", "azureml", "azure aml azureml-v2 v2 sdkv2"),
    ("engine", "azureml-v1", "v1 sdkv1 azureml-sdk"),
    ("engine", "local", "docker localhost this"),
)


# fmt: on


_NAMED = (
    ("datastores",),
    ("data",),
    ("job", "inputs"),
    ("job", "outputs"),
    ("job", "services"),
    ("sweep", "search_space"),
)
"""The mappings whose keys are names that the user chose."""


def section(path: tuple[str | int, ...]) -> str:
    """The section of a mapping's path: names that the user chose are `*`."""
    parts = [str(part) for part in path]
    for prefix in _NAMED:
        if tuple(parts[: len(prefix)]) == prefix and len(parts) > len(prefix):
            parts[len(prefix)] = "*"
    return ".".join(parts)


def foreign_key(where: str, key: str) -> Foreign | None:
    """What a key from elsewhere is called in a spec, by the section in which it stands."""
    found = _foreign_keys().get((where, _plain(key)))
    if found is None:
        return None
    origin, target, note = found
    return Foreign(origin, _absolute(where, target), note)


def key_rows() -> tuple[Row, ...]:
    """All rows about keys."""
    from specrun.spec import chain_names, sweep_names  # late: only a file with a mistake asks

    return (*_KEYS, *sweep_names.KEYS, *chain_names.KEYS)


def value_rows() -> tuple[tuple[str, str, str], ...]:
    """All rows about values."""
    from specrun.spec import chain_names, sweep_names

    return (*_VALUES, *sweep_names.VALUES, *chain_names.VALUES)


@cache
def _foreign_keys() -> Mapping[tuple[str, str], tuple[str, str | None, str]]:
    """What each key from elsewhere is, by section and name; of two that are alike the first."""
    rows = [
        ((section, _plain(name)), (origin, target, note))
        for section, names, origin, target, note in key_rows()
        for name in names.split()
    ]
    return dict(reversed(rows))


def foreign_value(field: str, value: str) -> str | None:
    """The right value of a field (its section with the key: `compute.tier`) for one from elsewhere."""
    if field == "compute" and value.startswith("azureml:"):
        return value.removeprefix("azureml:")
    wanted = _plain(value)
    for of_field, right, others in value_rows():
        if of_field == field and wanted in map(_plain, [right, *others.split()]):
            return right
    return None


def seconds(text: str) -> int | None:
    """A duration as people write it (PT2H, P1DT30M, 2h, 90m, 1:30:00) in whole seconds."""
    iso = re.fullmatch(r"P(?:(\d{1,12})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})S)?)?", text.strip().upper())
    short = re.fullmatch(
        r"(?:(\d{1,12})D)?(?:(\d{1,12})H)?(?:(\d{1,12})M(?:IN)?)?(?:(\d{1,12})S(?:EC)?)?", text.replace(" ", "").upper()
    )
    clock = re.fullmatch(r"()(\d{1,12}):(\d\d):(\d\d)", text.strip())
    found = iso or clock or short
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, rest = (int(group or 0) for group in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _absolute(where: str, target: str | None) -> str | None:
    if target is None:
        return None
    if target.startswith("/"):
        return target[1:]
    return f"{where}.{target}" if where else target


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
