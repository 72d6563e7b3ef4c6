"""A spec's job as the SDK submits one: a command, or what a sweep runs as its trials."""

from __future__ import annotations

from typing import Any

from specrun.engines.azure.datastores import revealed
from specrun.engines.azure.run_marks import VARIABLE, run_tags
from specrun.engines.azure.run_record import record_of, run_properties
from specrun.engines.azureml_v2.assets import asset_path
from specrun.engines.azureml_v2.command import command_of, literals_of, variables_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.environments import environment_of
from specrun.engines.azureml_v2.job_words import (
    data_uri,
    distribution_words,
    identity_words,
    input_mode,
    resources_words,
)
from specrun.engines.azureml_v2.sweep_form import sweep_of
from specrun.engines.base import Report, Staged
from specrun.plan.submission import Submission
from specrun.spec.model import Input, Job, Output, Properties


def job_of(submission: Submission, staged: Staged, connection: Connection, report: Report) -> Any:
    """The SDK's Command, or SweepJob, for a planned run. Secrets are revealed in it: keep it short.

    Raises EngineError, SecretUnset and the SDK's errors.
    """
    from azure.ai.ml import command
    from azure.ai.ml.entities import JobResourceConfiguration

    job, sweep = submission.job, submission.sweep
    trial = {
        # None where there is nothing to send, which the SDK refuses.
        "code": str(staged.code) if any(staged.code.iterdir()) else None,
        "command": command_of(job, sweep),
        "environment": environment_of(submission, staged, connection, report),
        "environment_variables": {**revealed(variables_of(job)), VARIABLE: submission.fingerprint},
        "distribution": _distribution(job),
    }
    shared = {
        "name": submission.name,
        "display_name": job.display_name or submission.name,
        "description": job.description,
        "experiment_name": submission.experiment,
        "tags": {**job.tags, **run_tags(submission.maker, submission.fingerprint)},
        "properties": run_properties(record_of(submission), submission.provenance),
        "inputs": {**literals_of(job), **_inputs(job, connection)},
        "outputs": {name: _output(output) for name, output in job.outputs.items()},
        "compute": submission.cluster or None,
        "identity": _identity(job),
        "queue_settings": _queue_settings(job),
    }
    resources = JobResourceConfiguration(**resources_words(job.resources))
    if sweep is not None:
        return sweep_of(sweep, job, shared, trial, resources)
    services = {name: _service(words) for name, words in job.services.items()} or None
    return command(**shared, **trial, resources=resources, timeout=job.timeout, services=services)


def _inputs(job: Job, connection: Connection) -> dict[str, Any]:
    from azure.ai.ml import Input as Definition

    return {
        name: Definition(type=entry.type, path=_path(entry, connection), mode=input_mode(entry))
        for name, entry in job.inputs.items()
        if not entry.is_scalar
    }


def _path(entry: Input, connection: Connection) -> str:
    if entry.data is None:
        return asset_path(entry.uri or "")
    return data_uri(entry.data, entry, entry.data.datastore or str(connection.datastore(None).name))


def _output(output: Output) -> Any:
    from azure.ai.ml import Output as Definition

    return Definition(type="uri_folder", path=output.path, mode=output.mode)


def _distribution(job: Job) -> Any:
    from azure.ai.ml import MpiDistribution, PyTorchDistribution, TensorFlowDistribution

    known = {"tensorflow": TensorFlowDistribution, "mpi": MpiDistribution, "pytorch": PyTorchDistribution}
    words = distribution_words(job)
    return known[str(words.pop("type"))](**words) if words else None


def _identity(job: Job) -> Any:
    from azure.ai.ml.entities import AmlTokenConfiguration, ManagedIdentityConfiguration, UserIdentityConfiguration

    known = {
        "user_identity": UserIdentityConfiguration,
        "aml_token": AmlTokenConfiguration,
        "managed": ManagedIdentityConfiguration,
    }
    words = identity_words(job)
    return known[words.pop("type")](**words) if words else None


def _queue_settings(job: Job) -> Any:
    from azure.ai.ml.entities import QueueSettings

    return QueueSettings(**job.queue_settings) if job.queue_settings else None


def _service(words: Properties) -> Any:
    from azure.ai.ml import entities

    known = {
        "ssh": entities.SshJobService,
        "jupyter_lab": entities.JupyterLabJobService,
        "tensor_board": entities.TensorBoardJobService,
        "vs_code": entities.VsCodeJobService,
    }
    return known[str(words["type"])](**{name: value for name, value in words.items() if name != "type"})
