"""A spec's job in the words of Azure ML, as plain values: what the SDK is given, and what an exported file says."""

from __future__ import annotations

from pathlib import Path

from specrun.engines.azure.datastore_paths import datastore_uri
from specrun.spec.model import Data, Input, Job, JobResources, Spec

SHM_SIZE = "2g"


def compute_name(spec: Spec) -> str:
    """The name of the cluster that the spec's job runs on; "" when the spec names none."""
    if spec.compute is None or isinstance(spec.compute, str):
        return spec.compute or ""
    return str(spec.compute["name"])


def data_uri(data: Data, entry: Input, default_datastore: str) -> str:
    """Where on a datastore an input finds its data.

    A file keeps its name there; its input is the file when it says so, else the folder around it.
    """
    file = f"/{Path(data.path).name}" if entry.type == "uri_file" else ""
    return datastore_uri(data.datastore or default_datastore, data.target + file)


def input_mode(entry: Input) -> str:
    """An input's mode under the one name that it has there."""
    return "ro_mount" if entry.mode == "mount" else entry.mode


def distribution_words(job: Job) -> dict[str, str | int]:
    """The distribution's type and counts; {} for one process.

    Counts are written even where they are the SDK's defaults: those are not the spec's.
    """
    shape = job.distribution
    if shape is None:
        return {}
    if shape.type == "tensorflow":
        workers = job.resources.instance_count if shape.worker_count is None else shape.worker_count
        return {
            "type": "tensorflow",
            "parameter_server_count": shape.parameter_server_count or 0,
            "worker_count": workers,
        }
    return {"type": shape.type, "process_count_per_instance": shape.process_count_per_instance or 1}


def resources_words(resources: JobResources) -> dict[str, str | int | None]:
    """What the job takes; None for what is not said."""
    return {
        "instance_count": resources.instance_count,
        "instance_type": resources.instance_type,
        "shm_size": resources.shm_size or SHM_SIZE,
        "docker_args": resources.docker_args,
    }


def identity_words(job: Job) -> dict[str, str]:
    """The identity's type and the ids that choose a managed one; {} where the job names none."""
    if job.identity is None:
        return {}
    kind = str(job.identity["type"])
    ids = ("client_id", "object_id", "resource_id") if kind == "managed" else ()
    return {"type": kind, **{name: str(job.identity[name]) for name in ids if name in job.identity}}
