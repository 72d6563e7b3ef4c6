"""A spec's job as SDK v1 submits one: a ScriptRunConfig around a RunConfiguration."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specrun.engines.azureml_v1.command import start_of
from specrun.engines.azureml_v1.environments import environment_of
from specrun.engines.azureml_v1.references import references
from specrun.spec.model import Job, JobResources, Secret, Spec

SHM_SIZE = "2g"
WHOLE = ("", "/", ".", "./")
"""How a path says that it is all of its datastore; SDK v1 says that with none."""


def configure(spec: Spec, fingerprint: str, staged: Path, workspace: Any, default_datastore: str) -> Any:
    """The ScriptRunConfig for a spec's job, with the code in `staged`. Secrets are revealed in it: keep it short.

    `default_datastore` is the name of the workspace's. Raises EngineError, SecretUnset and the SDK's errors.
    """
    from azureml.core import RunConfiguration, ScriptRunConfig

    job = spec.job
    assert job is not None
    start = start_of(spec)
    config = RunConfiguration(script=start.script, arguments=list(start.arguments), command=start.command)
    config.target = compute_name(spec)
    config.environment = environment_of(spec, workspace)
    config.docker = _docker(job.resources)
    config.max_run_duration_seconds = job.timeout
    config.node_count = job.resources.instance_count
    _distribute(config, job)
    config.data_references = _data_references(spec, default_datastore)
    config.environment_variables = {**_variables(job), "SPECRUN_FINGERPRINT": fingerprint}
    return ScriptRunConfig(source_directory=str(staged), run_config=config)


def compute_name(spec: Spec) -> str:
    """The name of the cluster that the spec's job runs on; "" when the spec names none."""
    if spec.compute is None or isinstance(spec.compute, str):
        return spec.compute or ""
    return str(spec.compute["name"])


def _variables(job: Job) -> Mapping[str, str]:
    variables = job.environment_variables.items()
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in variables}


def _docker(resources: JobResources) -> Any:
    from azureml.core.runconfig import DockerConfiguration

    arguments = shlex.split(resources.docker_args or "")
    return DockerConfiguration(use_docker=True, shm_size=resources.shm_size or SHM_SIZE, arguments=arguments)


def _distribute(config: Any, job: Job) -> None:
    """As ScriptRunConfig does it; but that takes the number of workers for the number of nodes."""
    from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration

    shape, nodes = job.distribution, job.resources.instance_count
    if shape is None:
        return
    processes = shape.process_count_per_instance or 1
    if shape.type == "tensorflow":
        workers = nodes if shape.worker_count is None else shape.worker_count
        config.framework, config.communicator = "TensorFlow", "ParameterServer"
        config.tensorflow = TensorflowConfiguration(workers, shape.parameter_server_count or 0)
    elif shape.type == "mpi":
        config.framework, config.communicator = "Python", "IntelMpi"
        config.mpi = MpiConfiguration(processes, nodes)
    else:
        config.framework = "PyTorch"
        config.pytorch = PyTorchConfiguration(process_count=processes * nodes, node_count=nodes)
        config.communicator = config.pytorch.communication_backend


def _data_references(spec: Spec, default_datastore: str) -> dict[str, Any]:
    from azureml.core.runconfig import DataReferenceConfiguration

    return {
        reference.name: DataReferenceConfiguration(
            datastore_name=reference.datastore or default_datastore,
            mode=reference.mode,
            path_on_datastore=None if reference.path in WHOLE else reference.path,
            # The files of an attempt that was lost must not stand in the way of the next.
            overwrite=reference.mode == "upload",
        )
        for reference in references(spec)
    }
