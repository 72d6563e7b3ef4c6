"""Batch AI's classes: a job and its cluster as the JSON that they would be."""

from __future__ import annotations

from specrun.convert.scripts.lowering import Lowering
from specrun.convert.scripts.values import Call, Value
from specrun.convert.section import Fields

JOB, CLUSTER = "batchai:JobCreateParameters", "batchai:ClusterCreateParameters"


def lower_parts(lowering: Lowering, job: Call | None) -> tuple[Fields | None, Fields | None]:
    """The job, and the cluster that the script makes: the one that the job names, else the first."""
    clusters = lowering.of(CLUSTER)
    reference = job.get("cluster") if job is not None else None
    named = reference.get("id") if isinstance(reference, Call) else None
    cluster = next((one for one in clusters if named is not None and _name(lowering, one) == named), None)
    cluster = cluster or (clusters[0] if clusters else None)
    made = _root(lowering, cluster, "compute") if cluster is not None else None
    if job is None:
        return None, made
    fields = _root(lowering, job, "job")
    properties = fields.get("properties")
    called = _name(lowering, cluster) if cluster is not None else None
    known = called is not None and not isinstance(named, str)
    if known and isinstance(reference, Call) and isinstance(properties, Fields):
        there = Fields((reference.key,))
        there.put("id", lowering.word(called, "cluster"), (reference.key, "id"))
        properties.put("cluster", there, (job.key, "cluster"))
    return fields, made


def _root(lowering: Lowering, call: Call, to: str) -> Fields:
    """What its file would hold: the properties, and what it is called where it is made."""
    root = Fields()
    root.put("properties", lowering.fields(call, to, camel), (call.key,))
    made = _made(lowering, call)
    if made is not None:
        for name in ("cluster_name", "job_name"):
            lowering.put(root, "name", made, name)
        experiment = made.get("experiment")
        if isinstance(experiment, str):
            lowering.put(root, "experimentName", made, "experiment")
    return root


def _made(lowering: Lowering, call: Call) -> Call | None:
    return next((made for made in lowering.of("batchai.create") if made.get("parameters") is call), None)


def _name(lowering: Lowering, call: Call) -> Value:
    made = _made(lowering, call)
    return (made.get("cluster_name") or made.get("job_name")) if made is not None else None


def camel(name: str) -> str:
    """`vm_size` as JSON has it: `vmSize`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
