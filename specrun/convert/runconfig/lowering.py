"""A run configuration of SDK v1, lowered to a command job in the words of the CLI v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.convert import coerce
from specrun.convert.report import FieldPath
from specrun.convert.runconfig.environment import put_environment
from specrun.convert.runconfig.program import put_program
from specrun.convert.section import Fields, Row, Section, dropped
from specrun.convert.unknown import Missing
from specrun.spec.names import foreign_key, foreign_value

_ROWS = (
    *("experimentName", "maxRunDurationSeconds", "displayName", "description", "tags", "useGpu", "shmSize"),
    *("inputs", "outputs", "datastores", "uploads"),
)
_OWN_NAMES = {
    "experimentName": "experiment_name", "displayName": "display_name", "jobName": "name", "name": "name",
    "target": "compute", "computeTarget": "compute", "uploads": "data",
}  # fmt: skip
"""What the CLI v2 calls what stands elsewhere in a spec, and what is ours."""

_NO_AML = "specrun has clusters of Azure ML alone"
_DROPPED: tuple[Row, ...] = (
    *dropped("specrun always keeps the outputs of a run, and its code by content", "history"),
    *dropped("it is for PySpark alone", "spark"),
    *dropped("it is for HDInsight alone", "hdi"),
    *dropped("it is for Databricks alone", "databricks"),
    *dropped("it is for parallel steps alone", "paralleltask"),
    *dropped("specrun sends the code folder itself", "sourceDirectoryDataStore", "snapshotId"),
    *dropped("specrun always prepares the environment", "autoPrepareEnvironment"),
    *dropped("specrun leaves the queue to the cluster", "priority"),
    *dropped(_NO_AML, "kubernetescompute", "cmk8scompute", "aiSuperComputer", "resourceLayout"),
    *dropped("Batch AI was closed in 2019: the number of nodes stands in nodeCount, too", "batchai"),
    *dropped("SDK v1 itself dropped container instances", "containerInstance"),
    *dropped("specrun has no caches of data", "datacaches"),
    *dropped("specrun names its cluster", "autoClusterComputeSpecification"),
    *dropped("the script's path starts at the code folder", "useAbsolutePath"),
    *dropped("specrun sends no telemetry", "telemetryValues"),
    *dropped("specrun sets a run's properties itself", "properties"),
)
_COUNTS: Mapping[str, Mapping[str, str]] = {
    "tensorflow": {"workerCount": "worker_count", "parameterServerCount": "parameter_server_count"},
    "mpi": {"processCountPerNode": "process_count_per_instance"},
    "pytorch": {"processCount": "process_count", "processCountPerNode": "process_count_per_instance"},
}
"""The counts of each kind of distribution, in a section of that name, and what the CLI v2 calls them."""
_OF_SERVICES = {
    "type": "type", "port": "port", "nodes": "nodes", "sshPublicKeys": "ssh_public_keys", "logDir": "log_dir",
}  # fmt: skip


def lowered(section: Section, root: str = "") -> Fields:
    """A run's fields as a command job's. `section` has the words of a `.runconfig`, in any spelling.

    It may have more of them, as SDK v1's objects do: `estimator` with `frameworkVersion`, `vmSize`, `useGpu`, lists of
    packages, and `inputs`, `outputs`, `uploads` and `datastores` in the words of the CLI v2. `root` is the folder of
    the project, in which files are looked at that the run names.
    """
    job = Fields(section.path)
    for name in _ROWS:
        _put(job, name, section)
    put_program(section, job)
    put_environment(section, job, root)
    _put_compute(section, job)
    _put_distribution(section, job)
    _put_services(section, job)
    if coerce.truth(section.get("credentialPassthrough")):
        note = "the identity of who submits the job"
        job.inner("identity").put("type", "user_identity", *section.origins("credentialPassthrough"), note=note)
    else:
        section.drop("credentialPassthrough", "off is what a spec says by leaving identity out")
    _put(job, section.first("jobName", "name"), section)
    section.take(_DROPPED, ())
    return job


def _put(job: Fields, name: str, section: Section, note: str = "") -> None:
    """A field where the table of names has it, as it stands."""
    if section.get(name) is None:
        return
    foreign = foreign_key("job", name)
    target = _OWN_NAMES.get(name) or (foreign.target if foreign is not None else None) or name
    *above, last = target.removeprefix("job.").split(".")
    place = job
    for step in above:
        place = place.inner(step)
    value = section.get(name)
    if isinstance(value, Mapping) and not isinstance(value, Fields):
        value = Fields.of(value, section.at(name))
    place.put(last, value, *section.origins(name), note=note)
    if isinstance(section.values, Fields) and (remark := section.values.remarks.get(section.key(name))):
        place.remarks[last] = remark


def _put_compute(section: Section, job: Fields) -> None:
    """The cluster by its name, or machines that the run has for itself."""
    own, name = section.inner("amlcompute"), section.first("target", "computeTarget")
    target = section.get(name)
    word, holder = (coerce.word(target) or "").lower(), _holder([own, section], "vmSize")
    if word == "local":
        section.drop(name, "without `compute` a run is on this machine")
    elif word == "amlcompute" or (target is None and holder.get("vmSize") is not None):
        section.drop(name, "without `compute` Azure ML has machines for this run alone, as SDK v1 made them")
        _put(job, "vmSize", holder, "machines for this run alone, without a cluster")
        if coerce.tier(holder.get("vmPriority")) == "low_priority":
            queue = job.inner("queue_settings")
            queue.put("job_tier", "spot", *holder.origins("vmPriority"), note="machines that may be taken away")
        else:
            holder.drop("vmPriority", "dedicated is what is taken where nothing is said")
        own.take(dropped("there is no cluster to make", "name", "retainCluster", "clusterMaxNodeCount"), ())
        return
    else:
        _put(job, name, section)
    section.take(dropped("the cluster has its machines", "vmSize", "vmPriority"), ())
    own.take(tuple(Row(key, why="there is no cluster of the run's own") for key in own.names()), ())


def _put_distribution(section: Section, job: Fields) -> None:
    """The distribution that communicator, or an object of SDK v1, and counts mean; and the number of instances."""
    chosen = section.inner(section.first("distributedTraining", "distributedJobConfig"))
    holder, said = (chosen, "type") if chosen.values else (section, section.first("communicator", "distributedBackend"))
    written = (coerce.word(holder.get(said)) or "").replace("Configuration", "")
    kind = foreign_value("job.distribution.type", written) or _kind_of_counts(section)
    part = chosen if chosen.values else section.inner(kind) if kind else section
    holders = [part, section]
    if kind:
        _put_kind(kind, holders, job, *holder.origins(said), *section.origins("framework"))
    elif written.lower() not in ("", "none"):
        what = f"specrun has tensorflow, pytorch and mpi, not {coerce.shown(written)}"
        job.inner("distribution").put("type", Missing(what), *holder.origins(said))
    else:
        section.drop(said, "one process, which is what a spec without `distribution` means")
        _doubt_counts(section, job)
    _put_count(kind, holders, job)
    if not kind:
        section.drop("framework", "the environment says what the script runs in")
    for name in _COUNTS:
        other = section.inner(name)
        for key in other.names():
            if name != kind:
                other.drop(key, "it does not count with this communicator")
    if part is not section and section.get("nodeCount") is not None:
        part.drop("nodeCount", "the run's own nodeCount counts")


def _kind_of_counts(section: Section) -> str:
    """What an estimator takes counts for that it is given itself."""
    if any(section.get(name) is not None for name in _COUNTS["tensorflow"]):
        return "tensorflow"
    return "mpi" if (coerce.count(section.get("processCountPerNode")) or 0) > 1 else ""


def _put_kind(kind: str, holders: Sequence[Section], job: Fields, *origins: FieldPath) -> None:
    """The type of a distribution and its counts; SDK v1 takes one of each where it says nothing."""
    place = job.inner("distribution")
    place.put("type", kind, *origins, note="communicator and framework together are the distribution")
    for name, ours in _COUNTS[kind].items():
        of = _holder(holders, name)
        if of.get(name) is not None:
            place.put(ours, of.get(name), *of.origins(name))
        elif kind == "tensorflow":
            place.put(ours, 1, comment="what SDK v1 takes where nothing is said")
    holders[0].drop("communicationBackend", "the script chooses it, in init_process_group")


def _doubt_counts(section: Section, job: Fields) -> None:
    """Several processes that nothing starts: SDK v1 did not either, but somebody may have meant them."""
    for kind, names in _COUNTS.items():
        part = section.inner(kind)
        for name in names:
            if (coerce.count(part.get(name)) or 0) > 1:
                what = "without a communicator SDK v1 starts one process: write job.distribution if several are meant"
                origins = (*section.origins("nodeCount"), *part.origins(name))
                job.inner("resources").put("instance_count", section.get("nodeCount") or 1, *origins, doubt=what)


def _put_count(kind: str, holders: Sequence[Section], job: Fields) -> None:
    """The number of instances: at most one process of each kind is on one, where there are parameter servers."""
    place, of = job.inner("resources"), _holder([*holders][::-1], "nodeCount")
    nodes = coerce.count(of.get("nodeCount")) or 1
    least = (
        max((coerce.count(_holder(holders, name).get(name)) or 1 for name in _COUNTS[kind]), default=1) if kind else 1
    )
    if kind == "tensorflow" and least > nodes:
        note = f"{least}: an instance runs at most one process of each kind"
        place.put("instance_count", least, *of.origins("nodeCount"), note=note, comment=note)
    elif of.get("nodeCount") is not None and "instance_count" not in place:
        place.put("instance_count", of.get("nodeCount"), *of.origins("nodeCount"))


def _holder(holders: Sequence[Section], name: str) -> Section:
    """The first of these that says a field."""
    return next((one for one in holders if one.get(name) is not None), holders[-1])


def _put_services(section: Section, job: Fields) -> None:
    """What a run lets people look into, each with its settings."""
    for key in ("services", "applicationEndpoints"):
        for name, service in section.inner(key).sections():
            place = job.inner("services").inner(name)
            for of in (service, service.inner("properties")):
                for theirs, ours in _OF_SERVICES.items():
                    if of.get(theirs) is not None:
                        place.put(ours, of.get(theirs), *of.origins(theirs))
