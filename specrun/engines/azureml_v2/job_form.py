"""A spec's job as the SDK submits one: a command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specrun.engines.azure.run_marks import FINGERPRINT_TAG, TAG, VARIABLE
from specrun.engines.azureml_v2.assets import asset_path
from specrun.engines.azureml_v2.command import command_of, literals_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.environments import environment_of
from specrun.engines.azureml_v2.job_words import (
    compute_name,
    data_uri,
    distribution_words,
    identity_words,
    input_mode,
    resources_words,
)
from specrun.engines.azureml_v2.run_record import record_of, record_properties
from specrun.engines.base import Report
from specrun.plan.changes import Submission
from specrun.plan.resources import input_data
from specrun.spec.model import Input, Job, Output, Secret, Spec


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
        **resources_words(job.resources),
    )


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
            found[name] = Definition(type=entry.type, path=path, mode=input_mode(entry))
    return found


def _input_path(spec: Spec, entry: Input, connection: Connection) -> str | None:
    data = input_data(spec, entry)
    if data is None:
        return entry.path and asset_path(entry.path)
    return data_uri(data, entry, data.datastore or str(connection.default_datastore().name))


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
