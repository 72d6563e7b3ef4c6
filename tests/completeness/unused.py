"""What is not used of the schema, by whom, and why: a field, or all that is below it.

Which engine reads a field stands in the schema (`x-engines`) and in `engines.facts`, and not here.
"""

from __future__ import annotations

from collections.abc import Mapping

from specrun.engines.facts import ENGINES, unread

_ONE = "it has one value"
_CHOSEN = "it says who is asked, and is gone then"
_MADE = "a file of the CLI describes what is in a workspace; which one stands in its command line"
_CLUSTER = "Kubernetes chooses nodes: that there is a cluster is said as a loss, and its size decides about GPUs"
_STORE = "that there is a datastore is said as a loss: what is in it has to be in a claim"
_SECRET = "an exported file has no credentials"
_UPLOAD = "the CLI makes no copies: where the data is expected is a data asset"
_REFUSED = "it is refused: not-on-this-machine"
_ALL = "every engine has it"
_CHANGE = "the table of what can change is about it"
_TAGS = "the row about tags is about it, too"
_PLANNED = "the plan bounds the attempts: an engine is given one"
_ABSENT = "where the source is here it says nothing; where it is not, the plan alone asks"
_TOGETHER = "what one spec reads of another is written where both are exported"
_ONE_EACH = "it is the only kind that there is"

UNUSED: Mapping[str, Mapping[str, str]] = {
    "model": {"apiVersion": _ONE},
    "local": {
        "apiVersion": _ONE,
        "data.*.source": _ABSENT,
        "engine": _CHOSEN,
        "experiment": "this machine files runs by spec",
        "compute.type": _ONE_EACH,
        "compute.size": "it decides about GPUs, which is asked of the model",
        "job.environment.image": _REFUSED,
        "job.environment.build": _REFUSED,
        "job.environment.version": _REFUSED,
        "job.limits.max_attempts": _PLANNED,
        "job.outputs.*.mode": "a folder is written to as it is: there is nothing to copy",
        "job.tags": "runs are found by spec",
        "job.display_name": "there is no portal",
        "job.description": "there is no portal",
    },
    "azureml": {
        "apiVersion": _ONE,
        "data.*.source": _ABSENT,
        "engine": _CHOSEN,
        "compute.type": _ONE_EACH,
        "job.limits.max_attempts": _PLANNED,
        "sweep.limits.max_failed_trials": "it is refused: not-with-azureml",
    },
    "azureml-v1": {
        "apiVersion": _ONE,
        "data.*.source": _ABSENT,
        "engine": _CHOSEN,
        "compute.type": _ONE_EACH,
        "job.limits.max_attempts": _PLANNED,
        "job.inputs.*.type": "a path on a datastore is a file or a folder by what is there",
        "job.environment.build": "it is refused: not-with-sdk-v1",
        "job.outputs.*.register": "it is refused: not-with-sdk-v1",
        "sweep": "it is refused: not-with-sdk-v1",
    },
    "export azureml": {
        "apiVersion": _ONE,
        "data.*.source": "whoever uploads has the source",
        "engine": _CHOSEN,
        "workspace.from_config": _MADE,
        "workspace.subscription_id": "the command line has the one that az is signed in to",
        "workspace.location": _MADE,
        "workspace.create": _MADE,
        "workspace.storage_account": _MADE,
        "compute.type": _ONE_EACH,
        "sweep.limits.max_failed_trials": "Azure ML cannot do that, which whoever exports is told",
    },
    "import azureml": {
        "apiVersion": _ONE,
        "engine": "a file of the CLI does not say who reads it",
        "workspace": _MADE,
        "compute.type": _ONE_EACH,
        "compute.ssh_settings.admin_password": _SECRET,
        "datastores.*.credentials": _SECRET,
        "data.*.path": _UPLOAD,
        "data.*.sha256": _UPLOAD,
        "data.*.prune": _UPLOAD,
        "data.*.source": _UPLOAD,
        "job.inputs.*.run": _TOGETHER,
        "job.inputs.*.output": _TOGETHER,
        "job.limits.max_attempts": "the CLI submits once, which the exported file says",
        "job.identity.resource_id": "the CLI cannot say it, which the exported file does",
        "sweep.limits.max_failed_trials": "the CLI has no such field",
    },
    "export tfjob": {
        "apiVersion": _ONE,
        "engine": _CHOSEN,
        "experiment": "Kubernetes has none",
        "workspace": "that there is one is said as a loss",
        "compute.name": _CLUSTER,
        "compute.type": _CLUSTER,
        "compute.tier": _CLUSTER,
        "compute.min_instances": _CLUSTER,
        "compute.max_instances": _CLUSTER,
        "compute.idle_time_before_scale_down": _CLUSTER,
        "compute.description": _CLUSTER,
        "compute.tags": _CLUSTER,
        "compute.identity": _CLUSTER,
        "compute.ssh_public_access_enabled": _CLUSTER,
        "compute.ssh_settings": _CLUSTER,
        "compute.network_settings": _CLUSTER,
        "compute.enable_node_public_ip": _CLUSTER,
        "datastores": _STORE,
        "data.*.sha256": "what is in a claim is there already",
        "data.*.prune": "what is in a claim is there already",
        "data.*.source": "what is in a claim is there already",
        "job.distribution.process_count_per_instance": "it is refused: pytorch and mpi are no TFJob",
        "job.services": "that there are some is said as a loss",
        "job.queue_settings": "that there are some is said as a loss",
        "job.identity": "that there is one is said as a loss",
        "sweep": "it is refused: a TFJob is one run",
    },
    "engines page": {
        "apiVersion": _ONE,
        "name": _ALL,
        "engine": "it chooses the column",
        "experiment": _ALL,
        "vars": "they are gone before an engine is asked",
        "compute.name": _ALL,
        "compute.type": _ONE_EACH,
        "compute.size": _ALL,
        "compute.min_instances": _CHANGE,
        "compute.max_instances": _CHANGE,
        "compute.idle_time_before_scale_down": _CHANGE,
        "compute.description": _CHANGE,
        "compute.tags": _CHANGE,
        "compute.ssh_public_access_enabled": "the row about SSH is about it, too",
        "job.code": _ALL,
        "job.command": _ALL,
        "job.script": _ALL,
        "job.arguments": _ALL,
        "job.resources.instance_count": "the rows about distributions are about it, too",
        "job.resources.gpu": _ALL,
        "job.display_name": _TAGS,
        "job.description": _TAGS,
    },
}


def unused(consumer: str) -> Mapping[str, str]:
    """The fields that a consumer does not use, each with the reason."""
    listed = dict(UNUSED.get(consumer, {}))
    if consumer in ENGINES:
        listed |= {".".join(map(str, path)): "x-engines in the schema" for path in unread()[consumer]}
    return listed


COUNTS = frozenset(
    {
        "vars",
        "data.*.path",
        "data.*.sha256",
        "job.code",
        "job.command",
        "job.script",
        "job.arguments",
        "job.inputs",
        "job.outputs.*.path",
        "job.outputs.*.mode",
        "job.environment",
        "job.environment_variables",
        "job.distribution",
        "job.resources.instance_count",
        "job.resources.gpu",
        "sweep.sampling_algorithm",
        "sweep.seed",
        "sweep.rule",
        "sweep.logbase",
        "sweep.search_space",
        "sweep.objective",
        "sweep.limits.max_total_trials",
        "sweep.early_termination",
    }
)
"""What can change a run's result: it counts in the fingerprint."""

DOES_NOT_COUNT: Mapping[str, str] = {
    "apiVersion": _ONE,
    "name": "the same job under another name is the same",
    "engine": "a fingerprint is the same on every engine",
    "experiment": "it says where a run is filed",
    "workspace": "it says where a run is",
    "compute": "machines are to make a run faster, and not another one",
    "datastores": "it says where data lies, and not what it is",
    "data.*.datastore": "it says where data lies, and not what it is",
    "data.*.target": "it says where data lies, and not what it is",
    "data.*.prune": "what is on the target beside the data counts, where a run sees it",
    "data.*.source": "what stands for a source that is not here has its fingerprint",
    "job.outputs.*.register": "what becomes of a run's output is not what the run is",
    "job.resources.shm_size": "it is the container's, and not the job's",
    "job.resources.docker_args": "they are the container's, and not the job's",
    "job.resources.instance_type": "machines are to make a run faster, and not another one",
    "job.resources.max_instance_count": "it says what a run may be given, and not what it asks for",
    "job.resources.locations": "it says where a run is",
    "job.queue_settings": "it says when a run gets its machines, and what they cost",
    "job.services": "they let people look at a run",
    "job.limits": "what a run would have been is the same, however long one waits for it",
    "job.tags": "they are for people",
    "job.display_name": "it is for people",
    "job.description": "it is for people",
    "job.identity": "it says who may read the data, and not what it is",
    "sweep.limits.max_concurrent_trials": "it says how soon a sweep is done, and not what comes of it",
    "sweep.limits.timeout": "what the trials would have been is the same, however long one waits for them",
    "sweep.limits.trial_timeout": "what a trial would have been is the same, however long one waits for it",
    "sweep.limits.max_failed_trials": "it says when to give up, and not what a trial is",
}
"""What does not, each with the reason."""
