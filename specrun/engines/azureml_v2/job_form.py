"""A spec's job as the SDK submits one: a command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specrun.engines.azure.datastore_paths import datastore_uri
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, TAG, VARIABLE
from specrun.engines.azureml_v2.assets import asset_path
from specrun.engines.azureml_v2.command import command_of, literals_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.environments import environment_of
from specrun.engines.azureml_v2.run_record import record_of, record_properties
from specrun.engines.base import Report
from specrun.plan.changes import Submission
from specrun.plan.resources import input_data
from specrun.spec.model import Input, Job, JobResources, Output, Secret, Spec

SHM_SIZE = "2g"


def job_of(submission: Submission, connection: Connection, report: Report) -> Any:
    """The SDK's Command for a planned run. Secrets are revealed in it: keep it short.

    Raises EngineError, SecretUnset and the SDK's errors.
    """
    from azure.ai.ml import command

    spec = submission.spec
    job = spec.job
    assert job is not None
    return command(
        name=submission.name,
        display_name=job.display_name or submission.name,
        description=job.description,
        experiment_name=spec.experiment,
        tags={**job.tags, TAG: spec.name, FINGERPRINT_TAG: submission.fingerprint},
        properties=record_properties(record_of(submission)),
        code=_code(submission.staged),
        command=command_of(spec),
        environment=environment_of(spec, connection, report),
        environment_variables={**_variables(job), VARIABLE: submission.fingerprint},
        inputs={**literals_of(spec), **_inputs(spec, connection)},
        outputs={name: _output(output) for name, output in job.outputs.items()},
        distribution=_distribution(job),
        compute=compute_name(spec) or None,
        timeout=job.timeout,
        identity=_identity(job),
        **_resources(job.resources),
    )


def compute_name(spec: Spec) -> str:
    """The name of the cluster that the spec's job runs on; "" when the spec names none."""
    if spec.compute is None or isinstance(spec.compute, str):
        return spec.compute or ""
    return str(spec.compute["name"])


def _code(staged: Path | None) -> str | None:
    """The folder to send; None where there is nothing to send, which the SDK refuses."""
    return str(staged) if staged is not None and any(staged.iterdir()) else None


def _variables(job: Job) -> Mapping[str, str]:
    variables = job.environment_variables.items()
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in variables}


def _inputs(spec: Spec, connection: Connection) -> dict[str, Any]:
    from azure.ai.ml import Input as Definition

    assert spec.job is not None
    found = {}
    for name, entry in spec.job.inputs.items():
        path = _input_path(spec, entry, connection)
        if path is not None:
            mode = "ro_mount" if entry.mode == "mount" else entry.mode
            found[name] = Definition(type=entry.type, path=path, mode=mode)
    return found


def _input_path(spec: Spec, entry: Input, connection: Connection) -> str | None:
    data = input_data(spec, entry)
    if data is None:
        return entry.path and asset_path(entry.path)
    datastore = data.datastore or str(connection.default_datastore().name)
    # A file keeps its name on the datastore; its input is the file when it says so, else the folder around it.
    file = f"/{Path(data.path).name}" if entry.type == "uri_file" else ""
    return datastore_uri(datastore, data.target + file)


def _output(output: Output) -> Any:
    from azure.ai.ml import Output as Definition

    return Definition(type="uri_folder", path=output.path, mode=output.mode)


def _distribution(job: Job) -> Any:
    """Counts are written even where they are the SDK's defaults: those are not the spec's."""
    from azure.ai.ml import MpiDistribution, PyTorchDistribution, TensorFlowDistribution

    shape = job.distribution
    if shape is None:
        return None
    processes = shape.process_count_per_instance or 1
    if shape.type == "tensorflow":
        workers = job.resources.instance_count if shape.worker_count is None else shape.worker_count
        return TensorFlowDistribution(parameter_server_count=shape.parameter_server_count or 0, worker_count=workers)
    if shape.type == "mpi":
        return MpiDistribution(process_count_per_instance=processes)
    return PyTorchDistribution(process_count_per_instance=processes)


def _resources(resources: JobResources) -> dict[str, Any]:
    return {
        "instance_count": resources.instance_count,
        "instance_type": resources.instance_type,
        "shm_size": resources.shm_size or SHM_SIZE,
        "docker_args": resources.docker_args,
    }


def _identity(job: Job) -> Any:
    from azure.ai.ml.entities import AmlTokenConfiguration, ManagedIdentityConfiguration, UserIdentityConfiguration

    if job.identity is None:
        return None
    if job.identity["type"] == "user_identity":
        return UserIdentityConfiguration()
    if job.identity["type"] == "aml_token":
        return AmlTokenConfiguration()
    named = {
        name: str(job.identity[name]) for name in ("client_id", "object_id", "resource_id") if name in job.identity
    }
    return ManagedIdentityConfiguration(**named)
