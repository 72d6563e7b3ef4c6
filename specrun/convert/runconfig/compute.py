"""Where a run configuration runs, and how its processes find each other."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.document import Key
from specrun.convert.references import cluster_name
from specrun.convert.runconfig.reading import RunconfigImport
from specrun.convert.section import Section

_COUNT: Key = ("job", "resources", "instance_count")
_TO: Key = ("job", "distribution")
_MPI = ("mpi", "openmpi", "intelmpi")
_TORCH = ("gloo", "nccl")
_UNUSED = "it does not count with this communicator"


def write_compute(reading: RunconfigImport) -> None:
    """The cluster by its name, or one that the run made for itself."""
    section = reading.section
    target = coerce.word(section.get("target"))
    own = section.inner("amlcompute")
    size = coerce.word(own.get("vmSize"))
    if reading.local:
        section.drop("target", "without `compute` a run is on this machine")
    elif (target or "").lower() == "amlcompute" or (target is None and size):
        _write_own_cluster(section, own, reading.name)
        return
    else:
        name = cluster_name(target or "")
        if name is None:
            section.ask("target", ("compute",), "the name of the cluster", write=True)
        else:
            section.put("target", ("compute",), name)
    for key in own.values:
        own.drop(key, "the target is not a cluster of the run's own")


def _write_own_cluster(section: Section, own: Section, name: str) -> None:
    """SDK v1 made a cluster for the run and deleted it: a named one, with no instance while idle, does the same."""
    cluster = cluster_name(coerce.word(own.get("name")) or "") or cluster_name(name[:32].rstrip("-"))
    section.draft.set(("compute", "name"), cluster or "cpu-cluster")
    section.draft.comment(("compute",), "instead of a cluster for each run: it has no instance while it is idle")
    if section.get("target") is not None:
        section.rewrite("target", ("compute",), "a cluster with a name, which is kept")
    if own.get("name") is not None:
        own.tell("name", ("compute", "name"), "" if cluster == own.get("name") else "as a cluster may be called")
    if own.copy("vmSize", ("compute", "size"), coerce.word, "a VM size") is None:
        own.ask("vmSize", ("compute", "size"), "the size of the machines, such as STANDARD_D4DS_V5", write=True)
    own.copy("vmPriority", ("compute", "tier"), coerce.tier, "dedicated or lowpriority")
    section.draft.set(("compute", "min_instances"), 0)
    if own.copy("clusterMaxNodeCount", ("compute", "max_instances"), coerce.count, "a number of nodes") is None:
        section.draft.set(("compute", "max_instances"), coerce.count(section.get("nodeCount")) or 1)
    own.drop("retainCluster", "the cluster stays; `specrun destroy` deletes it")


def write_distribution(section: Section) -> None:
    """The distribution that framework and communicator mean together, and the number of instances."""
    count = coerce.count(section.get("nodeCount")) or 1
    written = (coerce.word(section.get("communicator")) or "").lower()
    framework = (coerce.word(section.get("framework")) or "python").lower()
    parts = {key: section.inner(key) for key in ("tensorflow", "mpi", "pytorch")}
    used = ""
    if written == "parameterserver" or (not written and _has_workers(framework, parts["tensorflow"])):
        used = "tensorflow"
        _write_tensorflow(section, parts["tensorflow"], count)
    elif written in _MPI:
        used = "mpi"
        section.draft.set((*_TO, "type"), "mpi")
        parts["mpi"].copy("processCountPerNode", (*_TO, "process_count_per_instance"), coerce.count, "a number")
        parts["mpi"].drop("nodeCount", "the run's own nodeCount counts")
    elif written in _TORCH or (not written and framework == "pytorch" and count > 1):
        used = "pytorch"
        _write_pytorch(section, parts["pytorch"], count)
    elif written not in ("", "none"):
        section.ask("communicator", _TO, f"specrun knows no communicator {coerce.shown(written)}")
    if section.draft.get(_COUNT) is None:
        section.copy("nodeCount", _COUNT, coerce.count, "a number of nodes")
    _tell(section, used)
    for key, part in parts.items():
        if key != used:
            for name in part.values:
                part.drop(name, _UNUSED)


def _tell(section: Section, used: str) -> None:
    for key in ("communicator", "framework"):
        if section.get(key) is None or section.get(key) == "":
            continue
        if used:
            section.rewrite(key, (*_TO, "type"), "framework and communicator together are the distribution")
        elif key == "framework" or (coerce.word(section.get(key)) or "").lower() == "none":
            section.drop(key, "one process, which is what a spec without `distribution` means")


def _has_workers(framework: str, section: Section) -> bool:
    return framework == "tensorflow" and (coerce.count(section.get("workerCount")) or 0) > 1


def _write_tensorflow(section: Section, counts: Section, nodes: int) -> None:
    section.draft.set((*_TO, "type"), "tensorflow")
    servers = counts.copy("parameterServerCount", (*_TO, "parameter_server_count"), coerce.whole, "a number")
    workers = counts.copy("workerCount", (*_TO, "worker_count"), coerce.whole, "a number")
    needed = max([nodes, *(number for number in (servers, workers) if isinstance(number, int))])
    if needed > nodes:
        note = f"{needed}: an instance runs at most one process of each kind"
        section.draft.set(_COUNT, needed, note)
        if section.get("nodeCount") is not None:
            section.rewrite("nodeCount", _COUNT, note)


def _write_pytorch(section: Section, counts: Section, nodes: int) -> None:
    section.draft.set((*_TO, "type"), "pytorch")
    total, to = coerce.count(counts.get("processCount")), (*_TO, "process_count_per_instance")
    if total is None:
        if counts.get("processCount") is not None:
            counts.ask("processCount", to, "a number of processes is expected here")
    elif total % nodes:
        counts.ask("processCount", to, f"{total} processes cannot be the same number on each of {nodes} instances")
    else:
        counts.put("processCount", to, total // nodes, "SDK v1 counts the processes of all instances together")
    counts.drop("communicationBackend", "the script chooses it, in init_process_group")
    counts.drop("nodeCount", "the run's own nodeCount counts")
