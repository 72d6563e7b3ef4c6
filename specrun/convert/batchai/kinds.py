"""What a file is: a Batch AI job, a Batch AI cluster, or something of another tool's that is refused by name."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert.sources import Refused, Source

TOOLKITS = (
    "tensorFlowSettings",
    "pyTorchSettings",
    "horovodSettings",
    "customMpiSettings",
    "chainerSettings",
    "cntkSettings",
    "caffeSettings",
    "caffe2Settings",
    "customToolkitSettings",
)

_JOB = {"nodecount", "stdouterrpathprefix", "inputdirectories", "outputdirectories", "containersettings", "tooltype"}
_CLUSTER = {"vmsize", "vmpriority", "scalesettings", "nodesetup", "useraccountsettings", "virtualmachineconfiguration"}
_SERVER = {"sshconfiguration", "datadisks"}

# Keys (in lower case, all of them) that only another tool's file has, and what to do with it.
_OTHERS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"poolsize"}), "a doAzureParallel cluster (Azure Batch for R)"),
    (frozenset({"rpackages"}), "a doAzureParallel cluster (Azure Batch for R)"),
    (frozenset({"batchaccount", "storageaccount"}), "a doAzureParallel credentials file"),
    (frozenset({"sharedkey"}), "a doAzureParallel credentials file"),
    (frozenset({"argumentvector"}), "a run configuration of the Azure ML Workbench of 2017"),
    (frozenset({"framework", "target"}), "a run configuration of SDK v1: use `specrun import runconfig`"),
    (frozenset({"script", "communicator"}), "a run configuration of SDK v1: use `specrun import runconfig`"),
    (frozenset({"apiversion", "kind"}), "a Kubernetes manifest"),
    (frozenset({"job_specifications"}), "a Batch Shipyard configuration"),
    (frozenset({"pool_specification"}), "a Batch Shipyard configuration"),
    (frozenset({"batch_shipyard"}), "a Batch Shipyard configuration"),
    (frozenset({"spark_version"}), "a Databricks cluster"),
    (frozenset({"new_cluster"}), "a Databricks job"),
    (frozenset({"node_type_id"}), "a Databricks cluster"),
    (frozenset({"poolinfo"}), "an Azure Batch job"),
    (frozenset({"poolinformation"}), "an Azure Batch job"),
    (frozenset({"taskfactory"}), "an Azure Batch job"),
    (frozenset({"jobflowrole"}), "an Amazon EMR cluster"),
    (frozenset({"releaselabel"}), "an Amazon EMR cluster"),
    (frozenset({"trainingjobname"}), "an Amazon SageMaker job"),
    (frozenset({"containerdefinitions"}), "an Amazon ECS task"),
    (frozenset({"clustername", "config"}), "a Google Dataproc cluster"),
    (frozenset({"cells", "nbformat"}), "a notebook: use `specrun import script`"),
    (frozenset({"apiversion", "name", "job"}), "a spec of specrun already"),
)


def kind_of(values: object) -> str:
    """`job`, `cluster`, or "" for what is neither."""
    document = unwrapped(values)
    if not isinstance(document, Mapping) or not isinstance(values, Mapping):
        return ""
    keys = lower_keys(document)
    if foreign(values) or keys & _SERVER:
        return ""
    if keys & {name.lower() for name in TOOLKITS} or keys & _JOB:
        return "job"
    by_schema = "batchai/" in _schema(values) and _schema(values).endswith("cluster.json")
    return "cluster" if keys & _CLUSTER or by_schema else ""


def foreign(values: Mapping[str, object]) -> str:
    """Whose file it is, where it is known to be another tool's; else ""."""
    keys, schema = lower_keys(values), _schema(values)
    if "azureml" in schema and "batchai" not in schema:
        return "a file of the Azure ML CLI v2: use `specrun import azureml`"
    if "deploymenttemplate" in schema:
        return "a deployment template of Azure Resource Manager: take the `properties` of its job or cluster"
    return next((what for marks, what in _OTHERS if marks <= keys), "")


def check(source: Source, expected: str) -> Mapping[str, object]:
    """The file's mapping, if it is of the expected kind. Raises Refused with what it is instead."""
    values = source.values
    if not isinstance(values, Mapping):
        raise Refused(source.file, "it is no Batch AI file: that is a mapping, with `properties`")
    whose = foreign(values)
    if whose:
        raise Refused(source.file, f"it is no Batch AI {expected} but {whose}")
    document = unwrapped(values)
    if isinstance(document, Mapping) and lower_keys(document) & _SERVER:
        what = "a Batch AI file server: copy its files to a datastore, and name that with --mount REL=DATASTORE"
        raise Refused(source.file, f"it is no {expected} but {what}")
    kind = kind_of(values)
    if kind == expected:
        return values
    if kind:
        use = "--cluster takes it" if kind == "cluster" else "it is imported by itself"
        raise Refused(source.file, f"it is a Batch AI {kind}, and a {expected} was expected: {use}")
    raise Refused(source.file, f"it is no Batch AI {expected}: it has none of the fields of one")


def unwrapped(values: object) -> object:
    """The document's `properties`, or all of it where the command line showed it flat."""
    if not isinstance(values, Mapping):
        return values
    inner = next((value for key, value in values.items() if str(key).lower() == "properties"), None)
    return inner if isinstance(inner, Mapping) else values


def lower_keys(values: Mapping[str, object]) -> set[str]:
    """The keys in lower case."""
    return {str(key).lower() for key in values}


def _schema(values: Mapping[str, object]) -> str:
    schema = values.get("$schema")
    return schema.lower() if isinstance(schema, str) else ""
