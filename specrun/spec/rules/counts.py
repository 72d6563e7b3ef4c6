"""Instances and processes must fit together."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.subject import Subject, lacks, mapping, number


def instances(subject: Subject) -> Iterator[Diagnostic]:
    """The minimum is within the maximum, and so is what the job asks for."""
    most = number(subject.compute.get("max_instances"))
    if most is None:
        return
    least = number(subject.compute.get("min_instances"))
    if least is not None and least > most:
        detail = (
            f"A cluster cannot shrink to {least} instances (`min_instances`) where it may only grow to {most}: "
            "lower the one, or raise the other."
        )
        yield subject.at("instances-min-above-max", detail, "compute", "min_instances")
    asked = number(mapping(subject.job.get("resources")).get("instance_count"))
    if asked is not None and asked > most:
        detail = (
            f"The job would wait for ever: it needs {asked} instances and `compute.max_instances` is {most}. "
            f"Raise that to {asked}, or ask for at most {most}."
        )
        yield subject.at("instances-above-cluster", detail, "job", "resources", "instance_count")


def processes(subject: Subject) -> Iterator[Diagnostic]:
    """A parameter server serves workers; each instance runs at most one process of each kind."""
    distribution = mapping(subject.job.get("distribution"))
    if distribution.get("type") != "tensorflow":
        return
    servers = number(distribution.get("parameter_server_count"))
    workers = number(distribution.get("worker_count"))
    place = ("job", "distribution")
    if servers and lacks(distribution, "worker_count"):
        detail = "Parameter servers only keep the variables; workers train. Write `worker_count: 1` or more."
        yield subject.at("parameter-server-without-worker", detail, *place, "parameter_server_count")
    resources = mapping(subject.job.get("resources"))
    count = number(resources.get("instance_count", 1))
    if count is None:
        return
    for key, processes in (("parameter_server_count", servers), ("worker_count", workers)):
        if processes is not None and processes > count:
            said = "is" if "instance_count" in resources else "is left out, which means"
            detail = (
                f"Azure ML runs at most one process of each kind on an instance, and `instance_count` {said} {count}. "
                f"Write `resources: {{instance_count: {processes}}}`, or `{key}: {count}`."
            )
            yield subject.at("more-processes-than-instances", detail, *place, key)


def lonely_instances(subject: Subject) -> Iterator[Diagnostic]:
    """Several instances are of use to processes that know of each other."""
    count = number(mapping(subject.job.get("resources")).get("instance_count"))
    most = number(subject.compute.get("max_instances"))
    if count is None or count < 2 or not lacks(subject.job, "distribution") or (most is not None and count > most):
        return
    truth = {
        "local": f"This machine runs one process and keeps {count} places of the cluster for it.",
        "azureml": f"Azure ML takes {count} instances, and tells no process of the others: no rank, no TF_CONFIG.",
        "azureml-v1": f"SDK v1 asks for {count} instances without saying how their processes find each other.",
    }.get(subject.engine, "No process is told of the others.")
    detail = (
        f"{truth} Write what starts on each: `distribution: {{type: pytorch}}`, `{{type: tensorflow}}` or "
        "`{type: mpi}`; or leave `instance_count` out."
    )
    yield subject.at("instances-without-distribution", detail, "job", "resources", "instance_count")
