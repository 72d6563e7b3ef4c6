"""A spec's job as SDK v1 submits one: a ScriptRunConfig around a RunConfiguration."""

from __future__ import annotations

import shlex
from typing import Any

from specrun.engines.azure.datastores import revealed
from specrun.engines.azure.run_marks import VARIABLE
from specrun.engines.azureml_v1.command import start_of
from specrun.engines.azureml_v1.environments import environment_of
from specrun.engines.azureml_v1.references import references
from specrun.engines.base import Staged
from specrun.plan.submission import Submission
from specrun.spec.model import Job, Properties
from specrun.spec.processes import JobResources, Processes

SHM_SIZE = "2g"
WHOLE = ("", "/", ".", "./")
"""How a path says that it is all of its datastore; SDK v1 says that with none."""


def configure(submission: Submission, staged: Staged, workspace: Any, default_datastore: str) -> Any:
    """The ScriptRunConfig for a submission. Secrets are revealed in it: keep it short.

    `default_datastore` is the name of the workspace's. Raises EngineError, SecretUnset and the SDK's errors.
    """
    from azureml.core import RunConfiguration, ScriptRunConfig

    job = submission.job
    start, processes = start_of(job), job.processes()
    config = RunConfiguration(script=start.script, arguments=list(start.arguments), command=start.command)
    config.target = submission.cluster
    config.environment = environment_of(submission, staged, workspace)
    config.docker = _docker(job.resources)
    config.max_run_duration_seconds = job.timeout
    config.node_count = processes.instances
    _distribute(config, processes)
    config.data_references = _data_references(job, default_datastore)
    config.services = {name: _service(words) for name, words in job.services.items()}
    config.environment_variables = {**revealed(job.environment_variables), VARIABLE: submission.fingerprint}
    return ScriptRunConfig(source_directory=str(staged.code), run_config=config)


def _docker(resources: JobResources) -> Any:
    from azureml.core.runconfig import DockerConfiguration

    arguments = shlex.split(resources.docker_args or "")
    return DockerConfiguration(use_docker=True, shm_size=resources.shm_size or SHM_SIZE, arguments=arguments)


def _distribute(config: Any, processes: Processes) -> None:
    """As ScriptRunConfig does it; but that takes the number of workers for the number of nodes."""
    from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration

    match processes.kind:
        case "tensorflow":
            config.framework, config.communicator = "TensorFlow", "ParameterServer"
            config.tensorflow = TensorflowConfiguration(processes.workers, processes.parameter_servers)
        case "mpi":
            config.framework, config.communicator = "Python", "IntelMpi"
            config.mpi = MpiConfiguration(processes.per_instance, processes.instances)
        case "pytorch":
            config.framework = "PyTorch"
            config.pytorch = PyTorchConfiguration(process_count=processes.count, node_count=processes.instances)
            config.communicator = config.pytorch.communication_backend


def _service(words: Properties) -> Any:
    from azureml.core.runconfig import ApplicationEndpointConfiguration

    types = {"ssh": "SSH", "jupyter_lab": "JupyterLab", "tensor_board": "TensorBoard", "vs_code": "VSCode"}
    named = {"sshPublicKeys": words.get("ssh_public_keys"), "logDir": words.get("log_dir")}
    properties = {name: value for name, value in named.items() if value is not None}
    return ApplicationEndpointConfiguration(types[str(words["type"])], words.get("port"), properties)


def _data_references(job: Job, default_datastore: str) -> dict[str, Any]:
    from azureml.core.runconfig import DataReferenceConfiguration

    return {
        reference.name: DataReferenceConfiguration(
            datastore_name=reference.datastore or default_datastore,
            mode=reference.mode,
            path_on_datastore=None if reference.path in WHOLE else reference.path,
            # The files of an attempt that was lost must not stand in the way of the next.
            overwrite=reference.mode == "upload",
        )
        for reference in references(job)
    }
