"""How the processes of a job of SDK v1 find each other, and how many instances it takes."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.document import TODO, Key
from specrun.convert.scripts.values import Call
from specrun.convert.scripts.writing import Writing

TO: Key = ("job", "distribution")
COUNT: Key = ("job", "resources", "instance_count")
_TYPES = {
    "TensorflowConfiguration": "tensorflow",
    "ParameterServer": "tensorflow",
    "MpiConfiguration": "mpi",
    "Mpi": "mpi",
    "PyTorchConfiguration": "pytorch",
    "Nccl": "pytorch",
    "Gloo": "pytorch",
}
_BACKENDS = {
    "ps": "tensorflow", "parameterserver": "tensorflow", "mpi": "mpi", "intelmpi": "mpi", "openmpi": "mpi",
    "nccl": "pytorch", "gloo": "pytorch",
}  # fmt: skip
_NODES = "instances, as a whole number"


def write_distribution(writing: Writing, job: Call, configuration: Call | None) -> None:
    """The section `distribution`, and `resources.instance_count`."""
    holders = [call for call in (job, configuration) if call is not None]
    nodes: object = None
    for holder in holders:
        if holder.find("node_count") is not None:
            nodes = writing.copy(holder, "node_count", COUNT, coerce.count, _NODES)
    inner = next(
        (
            holder.get(name)
            for holder in holders
            for name in ("distributed_training", "distributed_job_config")
            if isinstance(holder.get(name), Call)
        ),
        None,
    )
    if isinstance(inner, Call) and inner.kind in _TYPES:
        for holder in holders:
            for name in ("distributed_training", "distributed_job_config"):
                if holder.get(name) is inner:
                    writing.rewrite(holder, name, TO, "its fields are those of the section")
        if not inner.arguments:
            writing.rewrite(inner, "", TO, f"written as {_TYPES[inner.kind]}")
        if inner.find("node_count") is not None:
            nodes = writing.copy(inner, "node_count", COUNT, coerce.count, _NODES)
        if inner.find("communication_backend") is not None:
            writing.drop(inner, "communication_backend", "the script says it, in init_process_group")
        _of_type(writing, _TYPES[inner.kind], inner, nodes, holders)
        return
    for holder in holders:
        for name in ("distributed_backend", "communicator"):
            value = holder.get(name)
            kind = _BACKENDS.get(value.lower().replace("_", "")) if isinstance(value, str) else None
            if kind is not None:
                writing.rewrite(holder, name, TO, f"written as type: {kind}")
                _of_type(writing, kind, holder, nodes, holders)
                return
            if value is not None and str(value).lower() != "none":
                writing.ask(holder, name, TO, "which kind: tensorflow, pytorch or mpi")
    if any(job.find(name) is not None for name in ("worker_count", "parameter_server_count")):
        _of_type(writing, "tensorflow", job, nodes, holders)
    elif job.get("process_count_per_node") not in (None, 1):
        _of_type(writing, "mpi", job, nodes, holders)


def _of_type(writing: Writing, kind: str, call: Call, nodes: object, holders: list[Call]) -> None:
    writing.draft.set((*TO, "type"), kind)
    if kind == "tensorflow":
        _tensorflow(writing, call, nodes, holders)
        return
    to = (*TO, "process_count_per_instance")
    for name in ("process_count_per_node", "mpi.process_count_per_node"):
        for holder in dict.fromkeys((call, *holders)):
            if holder.find(name) is not None:
                writing.copy(holder, name, to, coerce.count, "processes, as a whole number")
    total = call.get("process_count")
    if total is None:
        return
    if isinstance(total, int) and isinstance(nodes or 1, int):
        instances = nodes if isinstance(nodes, int) else 1
        writing.draft.set(to, max(1, -(-total // instances)))
        writing.rewrite(
            call, "process_count", to, f"{total} in all are {-(-total // instances)} on each of {instances}"
        )
    else:
        writing.draft.set(to, TODO, "TODO: all processes, divided by the instances")
        writing.ask(
            call, "process_count", to, "the number of all processes is computed: write how many each instance has"
        )


def _tensorflow(writing: Writing, call: Call, nodes: object, holders: list[Call]) -> None:
    counts: dict[str, object] = {}
    for name, default in (("parameter_server_count", 0), ("worker_count", None)):
        for holder in dict.fromkeys((call, *holders)):
            for path in (name, f"tensorflow.{name}"):
                if holder.find(path) is not None:
                    counts[name] = writing.copy(holder, path, (*TO, name), coerce.whole, "a whole number")
        if counts.get(name) is None:
            # SDK v1 takes one of each; its TensorflowConfiguration has no parameter server of its own accord
            fallback = 1 if call.kind in ("ParameterServer", "TensorFlow", "TensorflowConfiguration") else default
            if fallback is not None and (name == "worker_count" or call.kind != "TensorflowConfiguration"):
                counts[name] = fallback
                writing.draft.set((*TO, name), fallback, "what SDK v1 takes where nothing is said")
    if counts.get("parameter_server_count") not in (None, 0) and counts.get("worker_count") in (None, 0):
        writing.draft.set((*TO, "worker_count"), TODO, "TODO: parameter servers need workers")
        writing.lack((*TO, "worker_count"), "there are parameter servers and no workers: how many?")
    numbers = [count for count in counts.values() if isinstance(count, int)]
    least = max(numbers, default=1)
    if nodes is None and least > 1:
        writing.draft.set(
            COUNT, least, "the script does not say it: each instance runs at most one process of each kind"
        )
    elif isinstance(nodes, int) and nodes < least:
        writing.draft.set(COUNT, least, f"the script says {nodes}; each instance runs at most one process of each kind")
        for holder in [*holders, call]:
            if holder.find("node_count") is not None:
                writing.rewrite(
                    holder,
                    "node_count",
                    COUNT,
                    f"{least}, not {nodes}: each instance runs at most one process of each kind",
                )
                break
