"""The calls of the SDKs that say something about a job, with their parameters in order, and which of them a name is."""

from __future__ import annotations

from collections.abc import Collection

from specrun.convert.scripts.batchai_models import MODELS
from specrun.convert.scripts.sweep_words import DISTRIBUTIONS, V1_SWEEPS, V2_DISTRIBUTIONS, V2_SWEEPS
from specrun.convert.scripts.values import Reference

_ESTIMATOR = (
    "source_directory compute_target vm_size vm_priority entry_script script_params node_count process_count_per_node"
)
_ESTIMATOR_REST = (
    "distributed_backend distributed_training use_gpu use_docker custom_docker_base_image custom_docker_image"
    " image_registry_details user_managed conda_packages pip_packages conda_dependencies_file_path"
    " pip_requirements_file_path conda_dependencies_file pip_requirements_file environment_variables"
    " environment_definition inputs source_directory_data_store shm_size resume_from max_run_duration_seconds"
)
_FRAMEWORK = f"{_ESTIMATOR} {_ESTIMATOR_REST} framework_version"
_OF_STEP = "arguments compute_target runconfig runconfig_pipeline_params inputs outputs"
_SWEPT = "estimator_entry_script_arguments runconfig_pipeline_params inputs outputs"
_BLOB = "container_name account_name sas_token account_key protocol endpoint overwrite create_if_not_exists"

_V1 = {
    "AmlCompute.provisioning_configuration": (
        "vm_size vm_priority min_nodes max_nodes idle_seconds_before_scaledown admin_username admin_user_password"
        " admin_user_ssh_key vnet_resourcegroup_name vnet_name subnet_name tags description"
        " remote_login_port_public_access identity_type identity_id location enable_node_public_ip"
    ),
    "ComputeTarget.create": "workspace name provisioning_configuration",
    "AmlCompute.create": "workspace name provisioning_configuration",
    "ComputeTarget": "workspace name",
    "AmlCompute": "workspace name",
    "compute_targets": "name",
    "Workspace.create": (
        "name auth subscription_id resource_group location create_resource_group sku tags friendly_name storage_account"
        " key_vault app_insights container_registry adb_workspace primary_user_assigned_identity cmk_keyvault"
        " resource_cmk_uri hbi_workspace default_cpu_compute_target default_gpu_compute_target private_endpoint_config"
        " private_endpoint_auto_approval exist_ok show_output"
    ),
    "Workspace.get": "name auth subscription_id resource_group location cloud id",
    "Workspace.from_config": "path auth _logger _file_name",
    "Workspace": "subscription_id resource_group workspace_name auth",
    "Experiment": "workspace name",
    "Datastore": "workspace name",
    "Datastore.get": "workspace datastore_name",
    "Datastore.get_default": "workspace",
    "datastores": "name",
    "Datastore.register_azure_blob_container": f"workspace datastore_name {_BLOB}",
    "Datastore.register_azure_file_share": (
        "workspace datastore_name file_share_name account_name sas_token account_key protocol endpoint overwrite"
        " create_if_not_exists skip_validation"
    ),
    "Datastore.register_azure_data_lake_gen2": (
        "workspace datastore_name filesystem account_name tenant_id client_id client_secret resource_url authority_url"
        " protocol endpoint overwrite"
    ),
    "DataReference": "datastore data_reference_name path_on_datastore mode path_on_compute overwrite",
    "DataReferenceConfiguration": "datastore_name mode path_on_datastore path_on_compute overwrite",
    "runconfig.Data": (
        "data_location create_output_directories mechanism environment_variable_name path_on_compute overwrite"
    ),
    "runconfig.DataLocation": "dataset data_path",
    "runconfig.Dataset": "dataset_id dataset_name",
    "Dataset.File.from_files": "path validate partition_format is_file",
    "Dataset.File.upload_directory": "src_dir target pattern overwrite show_progress",
    "FileDatasetFactory.upload_directory": "src_dir target pattern overwrite show_progress",
    "Dataset.get_by_name": "workspace name version",
    "Dataset.Tabular.from_delimited_files": "path",
    "DatasetConsumptionConfig": "name dataset mode path_on_compute",
    "OutputFileDatasetConfig": "name destination source partition_format",
    "Estimator": f"{_ESTIMATOR} {_ESTIMATOR_REST}",
    "MMLBaseEstimator": f"{_ESTIMATOR} {_ESTIMATOR_REST}",
    "TensorFlow": (f"{_ESTIMATOR} worker_count parameter_server_count {_ESTIMATOR_REST} framework_version"),
    "PyTorch": _FRAMEWORK,
    "Chainer": _FRAMEWORK,
    "SKLearn": (
        "source_directory compute_target vm_size vm_priority entry_script script_params use_docker custom_docker_image"
        " image_registry_details user_managed conda_packages pip_packages conda_dependencies_file_path"
        " pip_requirements_file_path conda_dependencies_file pip_requirements_file environment_variables"
        " environment_definition inputs shm_size resume_from max_run_duration_seconds framework_version"
    ),
    "ScriptRunConfig": (
        "source_directory script arguments run_config _telemetry_values compute_target environment"
        " distributed_job_config resume_from max_run_duration_seconds command docker_runtime_config"
    ),
    "RunConfiguration": (
        "script arguments framework communicator conda_dependencies _history_enabled _path _name command"
    ),
    "TensorflowConfiguration": "worker_count parameter_server_count",
    "ParameterServer": "worker_count parameter_server_count",
    "MpiConfiguration": "process_count_per_node node_count",
    "Mpi": "process_count_per_node",
    "PyTorchConfiguration": "communication_backend process_count node_count",
    "Nccl": "",
    "Gloo": "",
    "DockerConfiguration": "use_docker shared_volumes arguments shm_size",
    "Environment": "name",
    "Environment.from_conda_specification": "name file_path",
    "Environment.from_pip_requirements": "name file_path pip_version",
    "Environment.from_docker_image": "name image container_registry conda_specification pip_requirements",
    "Environment.from_dockerfile": "name dockerfile conda_specification pip_requirements",
    "Environment.from_existing_conda_environment": "name conda_environment_name",
    "Environment.get": "workspace name version label",
    "CondaDependencies": "conda_dependencies_file_path",
    "CondaDependencies.create": "pip_indexurl pip_packages conda_packages python_version pin_sdk_version",
    "ContainerRegistry": "",
    "urlretrieve": "url filename",
    "PipelineData": "name datastore output_name output_mode output_path_on_compute output_overwrite data_type",
    "PipelineParameter": "name default_value",
    "Pipeline": "workspace steps description default_datastore default_source_directory resolve_closure",
    "StepSequence": "steps",
    "PythonScriptStep": f"script_name name {_OF_STEP} params source_directory allow_reuse version hash_paths",
    "CommandStep": f"command name {_OF_STEP.removeprefix('arguments ')} params source_directory allow_reuse version",
    "EstimatorStep": f"name estimator {_SWEPT} compute_target allow_reuse version",
    "MpiStep": (
        "name source_directory script_name arguments compute_target node_count process_count_per_node inputs outputs"
        " allow_reuse version params"
    ),
    "HyperDriveStep": f"name hyperdrive_config {_SWEPT.replace('runconfig_pipeline_params ', '')} metrics_output",
    **V1_SWEEPS,
}
_KEYWORDS_ONLY = (
    "AmlCompute Environment BuildContext Workspace Data CommandJob CommandComponent command Input Output "
    "TensorFlowDistribution PyTorchDistribution MpiDistribution AmlComputeSshSettings NetworkSettings "
    "IdentityConfiguration ManagedIdentityConfiguration UserIdentityConfiguration AmlTokenConfiguration "
    "JobResourceConfiguration CommandJobLimits AzureBlobDatastore AzureFileDatastore "
    "AzureDataLakeGen2Datastore AccountKeyConfiguration SasTokenConfiguration "
    "ServicePrincipalConfiguration SshJobService JupyterLabJobService TensorBoardJobService "
    "VsCodeJobService JobService QueueSettings ResourceConfiguration"
)
_V2 = {
    **{f"v2:{name}": "" for name in _KEYWORDS_ONLY.split()},
    **{f"v2:{name}": parameters for name, parameters in V2_SWEEPS.items()},
    "v2:MLClient": "credential subscription_id resource_group_name workspace_name",
    "v2:MLClient.from_config": "credential path file_name",
    "v2:dsl.pipeline": "func",
    "v2:components.get": "name version label",
    "v2:environments.get": "name version label",
    "v2:data.get": "name version label",
    "v2:compute.get": "name",
}
SIGNATURES: dict[str, tuple[str, ...]] = {
    **{name: tuple(parameters.split()) for name, parameters in {**_V1, **_V2}.items()},
    **{f"batchai:{name}": tuple(fields) for name, fields in MODELS.items()},
}

SIGNATURES["elsewhere:load_component"] = ("source",)

METHODS: dict[str, tuple[str, ...]] = {
    "submit": ("config", "tags"),
    "start_logging": (),
    "get_default_datastore": (),
    "path": ("path", "data_reference_name"),
    "as_mount": ("path_on_compute",),
    "as_download": ("path_on_compute", "overwrite"),
    "as_upload": ("path_on_compute", "overwrite"),
    "as_named_input": ("name",),
    "upload": ("src_dir", "target_path", "overwrite", "show_progress"),
    "upload_files": ("files", "relative_root", "target_path", "overwrite", "show_progress"),
    "add_pip_package": ("pip_package",),
    "add_conda_package": ("conda_package",),
    "add_tensorflow_pip_package": ("core_type", "version"),
    "add_channel": ("channel",),
    "set_python_version": ("version",),
    "set_pip_requirements": ("pip_requirements",),
    "set_pip_index_url": ("index_url",),
    "update": ("min_nodes", "max_nodes", "idle_seconds_before_scaledown"),
    "clone": ("new_name",),
    "set_default_datastore": ("name",),
    "as_input": ("name",),
    "as_dataset": (),
    "read_delimited_files": (),
    "parse_parquet_files": (),
    "run_after": ("step",),
    "set_resources": ("instance_type", "instance_count", "locations", "properties", "docker_args", "shm_size"),
    "set_limits": ("timeout",),
    "set_objective": ("goal", "primary_metric"),
}
FILES = {
    "%%writefile": ("path", "text"),
    "open": ("path", "mode"),
    "shutil.copy": ("src", "dst"),
    "shutil.copy2": ("src", "dst"),
    "shutil.copyfile": ("src", "dst"),
    "shutil.copytree": ("src", "dst"),
    "shutil.move": ("src", "dst"),
}
"""What writes and copies files that a job may need."""

SUBMITS = ("submit", "begin_create_or_update", "create_or_update")
"""Methods that make something on Azure, or submit a job."""

LOOSE = {"path", "as_mount", "as_download", "as_upload", "as_named_input", "get_default_datastore", "upload_files"}
"""Methods that are taken for the SDK's even on what is not known, such as a function's parameter."""

V2_NAMES = {name.removeprefix("v2:") for name in _V2}
V2_ONLY = {
    "AmlCompute": {"size", "min_instances", "max_instances", "tier", "idle_time_before_scale_down"},
    "Environment": {"image", "build", "conda_file"},
    "Workspace": {"location", "display_name"},
}
"""Keywords by which a class that both SDKs have is the one of SDK v2, in a snippet without imports."""

_STEPS = "a pipeline that is built so is not taken apart: import each step as a job of its own, or a pipeline file"
_STEP = "a step of a pipeline: write it as a job of its own"
_AUTOMATED = "automated ML chooses the training itself: there is no script to run"
_BATCH = "batch inference over mini-batches has no place in a spec"
_DEPLOYED = "deployment of a trained model has no place in a spec"
_ATTACHED = "compute that is attached is used by its bare name: `compute: NAME`"
_MACHINE = "a machine to work on is no cluster for jobs"

OTHER_JOBS = {
    **dict.fromkeys(("Pipeline", "dsl.pipeline"), _STEPS),
    **dict.fromkeys(("PythonScriptStep", "EstimatorStep", "MpiStep", "HyperDriveStep", "CommandStep"), _STEP),
    "AutoMLConfig": _AUTOMATED,
    **dict.fromkeys(
        (
            "automl.classification",
            "automl.regression",
            "automl.forecasting",
            "automl.image_classification",
            "automl.image_classification_multilabel",
            "automl.image_object_detection",
            "automl.image_instance_segmentation",
            "automl.text_classification",
            "automl.text_classification_multilabel",
            "automl.text_ner",
        ),
        _AUTOMATED,
    ),
    **dict.fromkeys(("ParallelRunConfig", "ParallelRunStep", "parallel_run_function"), _BATCH),
    "command_component": "a component that is a Python function has no command: write it as a script with arguments",
    "DatabricksStep": "jobs on Databricks have no place in a spec",
    "load_job": "the job stands in a file of its own: `specrun import azureml FILE` reads that",
    "load_component": "a component stands in a file of its own: write its command as the job of a spec",
}
"""What these SDKs run that is no job of a spec, and why."""

ELSEWHERE = {
    **OTHER_JOBS,
    **dict.fromkeys(("HDInsightCompute.attach_configuration", "RemoteCompute.attach_configuration"), _ATTACHED),
    "AksCompute.provisioning_configuration": "a cluster for deployed models has no place in a spec",
    **dict.fromkeys(
        (
            "AciWebservice.deploy_configuration",
            "AksWebservice.deploy_configuration",
            "InferenceConfig",
            "Model.deploy",
            "ManagedOnlineEndpoint",
            "ManagedOnlineDeployment",
            "BatchEndpoint",
            "BatchDeployment",
        ),
        _DEPLOYED,
    ),
    "Model.register": "registration of a model has no place in a spec: it is done after the run",
    **dict.fromkeys(("ComputeInstance.provisioning_configuration", "ComputeInstance"), _MACHINE),
}
"""What these SDKs do besides jobs and clusters, and why it is not in the spec."""


_ORDINARY = {*DISTRIBUTIONS, *V2_DISTRIBUTIONS, "Objective"}
"""Names that others have, too: without an import they are the SDK's where they stand alone."""

_ALIASES = {"CNTKSettings": "CNTKsettings", "CntkSettings": "CNTKsettings", "EnvironmentSetting": "EnvironmentVariable"}


def kind_of(function: Reference, keywords: Collection[str]) -> str:
    """The name in `SIGNATURES`, `elsewhere:NAME` for what is known and has no place in a spec; else nothing.

    In snippets without imports a class that both SDKs have is told by its keywords.
    """
    words = function.dotted.replace("runconfig.EnvironmentDefinition", "Environment").split(".")  # its first name
    tails = [".".join(words[-length:]) for length in (3, 2, 1) if length <= len(words)]
    if tails[-1] == "urlretrieve":
        return "urlretrieve"
    if not function.imported:
        return _loose(tails, keywords)
    if words[0] in ("azure", "azureml") or words[0].startswith("azureml"):
        if "batchai" in words:
            return _batchai(tails)
        prefix = "v2:" if words[:3] == ["azure", "ai", "ml"] else ""
        return next((f"{prefix}{tail}" for tail in tails if f"{prefix}{tail}" in SIGNATURES), "") or _elsewhere(tails)
    if words[0] == "mldesigner":
        return _elsewhere(tails)
    return _batchai(tails) if "models" in words or "batchai" in words else ""


def _loose(tails: list[str], keywords: Collection[str]) -> str:
    last = tails[-1]
    if last in _ORDINARY and len(tails) > 1:
        return ""
    if len(tails) == 1 and last in ("Input", "Output", "command", "Data"):
        telling = {
            "Input": {"type", "path"},
            "Output": {"type", "path", "mode"},
            "command": {"command"},
            "Data": {"path"},
        }
        return f"v2:{last}" if telling[last] & set(keywords) else ""
    if last in V2_ONLY and V2_ONLY[last] & set(keywords) and not any(tail in SIGNATURES for tail in tails[:-1]):
        return f"v2:{last}"
    for tail in tails:
        if tail in SIGNATURES:
            return tail
        if tail in V2_NAMES and tail != "command":
            return f"v2:{tail}"
    return _batchai(tails) or _elsewhere(tails)


def _batchai(tails: list[str]) -> str:
    last = _ALIASES.get(tails[-1], tails[-1])
    return f"batchai:{last}" if last in MODELS else ""


def _elsewhere(tails: list[str]) -> str:
    return next((f"elsewhere:{tail}" for tail in tails if tail in ELSEWHERE), "")
