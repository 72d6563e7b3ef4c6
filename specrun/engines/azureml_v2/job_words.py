"""A spec's job in the words of Azure ML, as plain values: what the SDK is given, and what an exported file says."""

from __future__ import annotations

from dataclasses import asdict

from specrun.engines.azure.datastore_paths import input_path
from specrun.spec.datastore_paths import datastore_uri
from specrun.spec.model import Data, Input, Job, Properties
from specrun.spec.processes import JobResources

SHM_SIZE = "2g"
PLAIN = ("queue_settings", "services")


def data_uri(data: Data, entry: Input, default_datastore: str) -> str:
    """Where an input finds its data; `default_datastore` is the name of the workspace's."""
    return datastore_uri(data.datastore or default_datastore, input_path(data, entry))


def input_mode(entry: Input) -> str:
    """An input's mode under the one name that it has there."""
    return "ro_mount" if entry.mode == "mount" else entry.mode


def distribution_words(job: Job) -> dict[str, str | int]:
    """The distribution's type and counts; {} for one process.

    Counts are written even where they are the SDK's defaults: those are not the spec's.
    """
    processes = job.processes()
    match processes.kind:
        case "single":
            return {}
        case "tensorflow":
            counts = {"parameter_server_count": processes.parameter_servers, "worker_count": processes.workers}
            return {"type": "tensorflow", **counts}
        case kind:
            return {"type": kind, "process_count_per_instance": processes.per_instance}


def resources_words(resources: JobResources) -> dict[str, str | int | list[str]]:
    """What the job takes: all that is said of it, for Azure ML has the same words. GPUs are the machines' matter."""
    said = {**asdict(resources), "gpu": None, "shm_size": resources.shm_size or SHM_SIZE}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in said.items() if v is not None}


def plain_words(job: Job) -> dict[str, Properties]:
    """The parts of a job that Azure ML has in the spec's own words, as far as they are there."""
    return {name: getattr(job, name) for name in PLAIN if getattr(job, name)}


def identity_words(job: Job) -> dict[str, str]:
    """The identity's type and the ids that choose a managed one; {} where the job names none."""
    if job.identity is None:
        return {}
    kind = str(job.identity["type"])
    ids = ("client_id", "object_id", "resource_id") if kind == "managed" else ()
    return {"type": kind, **{name: str(job.identity[name]) for name in ids if name in job.identity}}
