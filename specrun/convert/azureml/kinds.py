"""What kind of Azure ML CLI v2 file a mapping is, and what is said of those that are not imported."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert.sources import Refused, Source

JOB, CLUSTER, ENVIRONMENT, DATASTORE, DATA, WORKSPACE = (
    "command job",
    "cluster",
    "environment",
    "datastore",
    "data asset",
    "workspace",
)

_SCHEMAS = {
    "commandjob": JOB,
    "amlcompute": CLUSTER,
    "environment": ENVIRONMENT,
    "azureblob": DATASTORE,
    "azurefile": DATASTORE,
    "azuredatalakegen2": DATASTORE,
    "azuredatalakegen1": "other datastore",
    "onelake": "other datastore",
    "data": DATA,
    "dataset": DATA,
    "workspace": WORKSPACE,
}
_TYPES = {
    "command": JOB,
    "command_job": JOB,
    "commandjob": JOB,
    "amlcompute": CLUSTER,
    "azure_blob": DATASTORE,
    "azure_file": DATASTORE,
    "azure_data_lake_gen2": DATASTORE,
    "uri_folder": DATA,
    "uri_file": DATA,
}
_OTHERS = {
    "pipeline": "a pipeline: import the command jobs that are its steps one by one, each in a file of its own",
    "sweep": "a sweep: write its `trial` as a command job with a value for each parameter, and import that",
    "spark": "a Spark job, which specrun cannot run",
    "parallel": "a parallel job, which specrun cannot run",
    "automl": "an AutoML job, which has no command to run",
    "import": "a data import, which has no command to run",
    "component": "a component: write the command job that uses it, with a value for each input, and import that",
    "endpoint": "an endpoint: specrun trains, and does not serve",
    "deployment": "a deployment: specrun trains, and does not serve",
    "schedule": "a schedule: import the job that it starts",
    "model": "a model: import the job that makes it",
    "registry": "a registry, which specrun does not make",
    "compute": "compute that is no cluster: it is used by its name, `compute: NAME`, and not made",
    "other datastore": "a datastore of a kind that specrun does not have",
    "mltable": "a table: name it in an input by its asset, `path: azureml:NAME:VERSION`",
}
_OTHER_TYPES = {
    "computeinstance": "compute",
    "kubernetes": "compute",
    "virtualmachine": "compute",
    "synapsespark": "compute",
    "attachedspark": "compute",
    "azure_data_lake_gen1": "other datastore",
    "hdfs": "other datastore",
    "one_lake": "other datastore",
    "custom_model": "model",
    "mlflow_model": "model",
    "triton_model": "model",
    "sweep_job": "sweep",
    "pipeline_job": "pipeline",
}
_BY_ITSELF = {
    ENVIRONMENT: "an environment: give it together with the job that names it",
    WORKSPACE: "a workspace: give it together with the job that runs in it",
}


def kind_of(source: Source) -> str:
    """JOB, CLUSTER, ENVIRONMENT, DATASTORE, DATA or WORKSPACE. Raises Refused for all else, by its name."""
    values = source.values
    if not isinstance(values, Mapping):
        raise Refused(source.file, f"this is no file of the Azure ML CLI v2: it holds {_what(values)}")
    found = _by_type(values) or _by_schema(values) or _by_fields(values)
    if found in _OTHERS:
        raise Refused(source.file, f"it is {_OTHERS[found]}")
    if not found:
        raise Refused(source.file, f"this is no file of the Azure ML CLI v2{_foreign(values)}")
    return found


def refuse_alone(source: Source, kind: str) -> Refused:
    """Why a file of a kind is nothing on its own."""
    return Refused(source.file, f"it is {_BY_ITSELF[kind]}")


def _by_type(values: Mapping[str, object]) -> str:
    written = values.get("type")
    kind = written.strip().lower() if isinstance(written, str) else ""
    found = _TYPES.get(kind) or _OTHER_TYPES.get(kind) or (kind if kind in _OTHERS else "")
    if found == JOB and "component" in _by_schema(values):
        return "component"
    if found == "component" or (found == JOB and _is_component(values)):
        return "component"
    # A job's input or a component may have the type of a data asset; only a data asset has a path beside it.
    return found if found != DATA or "path" in values else ""


def _by_schema(values: Mapping[str, object]) -> str:
    address = values.get("$schema")
    match = re.search(r"(?<![A-Za-z0-9])([A-Za-z0-9]+)\.schema\.json", address) if isinstance(address, str) else None
    if match is None:
        return ""
    name = match[1].lower()
    if name == "commandjob" and _is_pipeline(values):
        return "pipeline"
    return _SCHEMAS.get(name) or next((kind for kind in reversed(_OTHERS) if kind in name), "")


def _by_fields(values: Mapping[str, object]) -> str:
    if _is_pipeline(values):
        return "pipeline"
    if "trial" in values or "search_space" in values:
        return "sweep"
    if isinstance(values.get("command"), str) and "apiVersion" not in values and "services" not in values:
        return "component" if _is_component(values) else JOB
    if {"image", "conda_file", "build"} & {*values} and "name" in values:
        return ENVIRONMENT
    if {"traffic", "auth_mode"} & {*values}:
        return "endpoint"
    return ""


def _is_pipeline(values: Mapping[str, object]) -> bool:
    jobs = values.get("jobs")
    return isinstance(jobs, Mapping) and any(
        isinstance(job, Mapping) and {"component", "command", "trial", "type"} & {*job} and "runs-on" not in job
        for job in jobs.values()
    )


def _is_component(values: Mapping[str, object]) -> bool:
    return bool({"is_deterministic", "version"} & {*values}) and "experiment_name" not in values


def _what(values: object) -> str:
    return "nothing" if values is None else "a list" if isinstance(values, list) else "a single value"


def _foreign(values: Mapping[str, object]) -> str:
    """Whose file it is, where that can be told."""
    keys = {str(key) for key in values}
    if str(values.get("apiVersion", "")).startswith("specrun/"):
        return ", but a spec already"
    if {"apiVersion", "kind"} <= keys:
        return ", but one of Kubernetes"
    if "jobs" in keys and ({"on", "True", "true"} & keys):
        return ", but a workflow of GitHub"
    if {"dependencies", "channels"} & keys:
        return ", but a conda environment: name it as `conda_file` in a job's environment"
    if {"ArgumentVector", "Framework", "PrepareEnvironment"} & keys:
        return ", but a run configuration of Azure ML Workbench (2017)"
    if {"script", "framework", "target", "nodeCount"} & keys and {"framework", "communicator", "arguments"} & keys:
        return ", but a run configuration of SDK v1: specrun import runconfig"
    if isinstance(values.get("properties"), Mapping):
        return ". If it is one of Azure Batch AI: specrun import batchai"
    return ": it has neither a $schema nor a type of one"
