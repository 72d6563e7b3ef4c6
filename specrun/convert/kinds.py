"""Kinds of files that people bring along, and by which words in them each is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file: what it is, the importer that reads it ("": none does), and what to do with it else.

    `brought` is false for what has nothing to do with what specrun imports, such as a workflow of GitHub.
    """

    what: str
    importer: str = ""
    instead: str = ""
    brought: bool = True


class Taken(NamedTuple):
    """What a file was taken for, and by what: `its $schema`, or "" where nothing has to be said."""

    kind: Kind
    why: str

    @property
    def told(self) -> str:
        """As it is told: `a command job of the CLI v2 (its $schema)`."""
        return f"{self.kind.what} ({self.why})" if self.kind.what and self.why else self.kind.what or self.why


class Recognized(NamedTuple):
    """A file, what it was taken for, and whether it is imported; one that is not lay in a folder that was named."""

    file: str
    taken: Taken
    imported: bool = True


JOB = Kind("a command job of the CLI v2", "azureml")
SWEEP = Kind("a sweep job of the CLI v2", "azureml")
PIPELINE = Kind("a pipeline job of the CLI v2", "azureml")
COMPONENT = Kind("a component of the CLI v2", "azureml", "give it together with the pipeline that uses it")
CLUSTER = Kind("a cluster of the CLI v2", "azureml")
ENVIRONMENT = Kind("an environment of the CLI v2", "azureml", "give it together with the job that names it")
DATASTORE = Kind("a datastore of the CLI v2", "azureml")
DATA = Kind("a data asset of the CLI v2", "azureml")
WORKSPACE = Kind("a workspace of the CLI v2", "azureml", "give it together with the job that runs in it")
BATCHAI_JOB = Kind("a Batch AI job", "batchai")
BATCHAI_CLUSTER = Kind("a Batch AI cluster", "batchai")
RUNCONFIG = Kind("a run configuration of SDK v1", "runconfig")
SCRIPT = Kind("Python that uses an SDK of Azure ML or Batch AI", "script")
NOTEBOOK = Kind("a notebook that uses an SDK of Azure ML or Batch AI", "script")
AZCLI = Kind("a shell script that calls `az ml` or `az batchai`", "azcli")
CELLS = Kind("a notebook that calls `az ml` or `az batchai`", "azcli")
CONFIG = Kind("the config.json of a workspace", "", "give it with --workspace")

OTHER_COMPUTE = Kind("compute that is no cluster", "", "it is used by its name, `compute: NAME`, and not made")
OTHER_DATASTORE = Kind("a datastore of a kind that specrun does not have")
MODEL = Kind("a model", "", "import the job that makes it")
ENDPOINT = Kind("an endpoint", "", "specrun trains, and does not serve")
FILE_SERVER = Kind(
    "a Batch AI file server", "", "copy its files to a datastore, and name that with --mount REL=DATASTORE"
)
WORKBENCH = Kind(
    "a run configuration of Azure ML Workbench (2017), which ended in 2019",
    "",
    "write a spec with the script and the arguments of its ArgumentVector",
)
TEMPLATE = Kind("a deployment template of Azure Resource Manager", "", "take the `properties` of its job or cluster")
OTHER_RESOURCE = Kind("a resource of Azure Resource Manager", brought=False)
SPEC = Kind("a spec already", "", "specrun plan FILE", brought=False)
CONDA = Kind("a conda environment", "", "name it as `conda_file` in a job's environment", brought=False)
INSIDE = Kind("Python that runs in a job, and makes none", "", "import what submits it", brought=False)
NO_SDK = Kind(
    "Python that uses no SDK of Azure ML or Batch AI",
    "",
    "import what submits it; `specrun import script` reads it all the same",
    brought=False,
)
NO_CLI = Kind("a shell script that calls no `az ml`", brought=False)
CI = Kind("a pipeline that calls `az ml`", "", "copy the calls into a shell script, and import that", brought=False)
UNKNOWN = Kind("", brought=False)

TYPES = {
    **dict.fromkeys(("command", "command_job", "commandjob"), JOB),
    "amlcompute": CLUSTER,
    **dict.fromkeys(("azure_blob", "azure_file", "azure_data_lake_gen2"), DATASTORE),
    **dict.fromkeys(("azure_data_lake_gen1", "hdfs", "one_lake"), OTHER_DATASTORE),
    **dict.fromkeys(("uri_folder", "uri_file"), DATA),
    **dict.fromkeys(
        ("computeinstance", "kubernetes", "virtualmachine", "synapsespark", "attachedspark"), OTHER_COMPUTE
    ),
    **dict.fromkeys(("custom_model", "mlflow_model", "triton_model"), MODEL),
    **dict.fromkeys(("sweep_job", "sweepjob"), SWEEP),
    "pipeline_job": PIPELINE,
}
SCHEMAS = {
    **{name.replace("_", ""): kind for name, kind in TYPES.items()},
    "environment": ENVIRONMENT,
    "data": DATA,
    "dataset": DATA,
    "workspace": WORKSPACE,
}
# Words of a type or in the name of a schema; the last one that is in a name counts.
WORDS = {
    "pipeline": PIPELINE,
    "sweep": SWEEP,
    "spark": Kind("a Spark job, which specrun cannot run"),
    "parallel": Kind("a parallel job, which specrun cannot run"),
    "automl": Kind("an AutoML job, which has no command to run"),
    "import": Kind("a data import, which has no command to run"),
    "component": COMPONENT,
    "endpoint": ENDPOINT,
    "deployment": Kind("a deployment", "", "specrun trains, and does not serve"),
    "schedule": Kind("a schedule", "", "import the job that it starts"),
    "model": MODEL,
    "registry": Kind("a registry, which specrun does not make"),
    "compute": OTHER_COMPUTE,
    "mltable": Kind("a table", "", "name it in an input by its asset, `path: azureml:NAME:VERSION`"),
}

_TOOLKITS = ("tensorFlow", "pyTorch", "horovod", "customMpi", "chainer", "cntk", "caffe", "caffe2", "customToolkit")
TOOLKITS = tuple(f"{name}Settings" for name in _TOOLKITS)
JOB_FIELDS = {"stdouterrpathprefix", "inputdirectories", "outputdirectories", "containersettings", "tooltype"}
CLUSTER_FIELDS = {"vmpriority", "scalesettings", "nodesetup", "useraccountsettings", "virtualmachineconfiguration"}
RUNCONFIG_FIELDS = {
    *("script", "command", "arguments", "target", "framework", "communicator", "nodecount", "datareferences"),
    *("environment", "rundefinition", "amlcompute", "history", "outputdata", "maxrundurationseconds"),
}
PROGRAM_FIELDS = {"script", "command", "target", "framework", "arguments", "environment"}
RUNCONFIG_MARKS = {"script", "target", "framework", "communicator", "nodecount", "datareferences", "history"}
OF_A_JOB = {
    *("environment", "compute", "code", "resources", "experiment_name", "display_name", "distribution"),
    *("environment_variables", "limits", "inputs", "outputs"),
}


_OF_WORKBENCH = ("argumentvector", "prepareenvironment", "condadependenciesfile", "sparkdependenciesfile")


def _elsewhere() -> Iterator[tuple[str, Kind]]:
    """Marks of other tools' files, and what they are."""
    for what, marks in {
        "a Kubernetes manifest": "apiversion kind",
        "a workflow of GitHub": "jobs on|jobs true",
        "a doAzureParallel cluster (Azure Batch for R)": "poolsize|rpackages",
        "a doAzureParallel credentials file": "batchaccount storageaccount|sharedkey",
        "a Batch Shipyard configuration": "job_specifications|pool_specification|batch_shipyard",
        "a Databricks cluster": "spark_version|node_type_id",
        "a Databricks job": "new_cluster",
        "an Azure Batch job": "poolinfo|poolinformation|taskfactory",
        "an Amazon EMR cluster": "jobflowrole|releaselabel",
        "an Amazon SageMaker job": "trainingjobname",
        "an Amazon ECS task": "containerdefinitions",
        "a Google Dataproc cluster": "clustername config",
    }.items():
        yield from ((mark, Kind(what, brought=False)) for mark in marks.split("|"))


OTHERS: tuple[tuple[str, Kind], ...] = (
    ("cells nbformat", Kind("a notebook", "script")),
    ("apiversion name job", SPEC),
    *_elsewhere(),
    *((mark, WORKBENCH) for mark in _OF_WORKBENCH),
    ("subscription_id resource_group", CONFIG),
    ("channels dependencies", CONDA),
)
"""Keys (in lower case, all of them) that only such a file has, and what it is."""
