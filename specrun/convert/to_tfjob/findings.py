"""What a TFJob cannot be or say, each at its place in the spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import reduce

from specrun.engines.facts import unread
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.model import Job, Spec

INSTEAD = {
    "pytorch": "Its processes look for MASTER_ADDR and RANK, which a PyTorchJob (kubeflow.org/v1) gives them.",
    "mpi": "It is started by mpirun, which an MPIJob (kubeflow.org/v2beta1) does.",
}
INSTEAD_OF = {"identity": "pods have a serviceAccountName."}
TAG = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""The names that Kubernetes takes for annotations."""


def refusals(spec: Spec) -> Iterator[Diagnostic]:
    """Why the spec cannot be a TFJob."""
    for path, detail in _refusals(spec):
        yield spec.at(*path).diagnostic("not-a-tfjob", detail)


def losses(spec: Spec) -> Iterator[Diagnostic]:
    """What of the spec is not in its TFJob."""
    job = spec.job
    assert job is not None
    for path, detail in _losses(spec, job):
        yield spec.at(*path).diagnostic("not-in-tfjob", detail)


def _refusals(spec: Spec) -> Iterator[tuple[Path, str]]:
    job = spec.job
    if spec.sweep is not None:
        detail = (
            "It is a sweep, and a TFJob is one run: write an Experiment of Katib around it, or take `sweep` out and "
            "give each parameter a value."
        )
        yield ("sweep",), detail
    elif job is None:
        yield (), "The spec has no `job`: there is nothing to run."
    elif job.distribution is None:
        detail = (
            "It is one process: write a Job (batch/v1) of Kubernetes; or, if it reads TF_CONFIG, "
            "`distribution: {type: tensorflow, worker_count: 1}`."
        )
        yield ("job",), detail
    elif job.distribution.type != "tensorflow":
        yield ("job", "distribution", "type"), INSTEAD[job.distribution.type]


def _losses(spec: Spec, job: Job) -> Iterator[tuple[Path, str]]:
    if spec.compute is not None:
        named = spec.compute if isinstance(spec.compute, str) else spec.compute.get("size") or spec.compute["name"]
        yield ("compute",), f"compute ({named}): Kubernetes chooses nodes, by resources.requests or a nodeSelector."
    if spec.workspace is not None:
        yield ("workspace",), "workspace: it is Azure ML's."
    for name in spec.datastores:
        yield ("datastores", name), f"datastores.{name}: what is in it has to be in a claim."
    resources = job.resources
    if resources.instance_count != job.processes().workers:
        yield (
            ("job", "resources", "instance_count"),
            f"resources.instance_count {resources.instance_count}: Kubernetes decides how many nodes the pods are on.",
        )
    if job.max_attempts is not None:
        detail = f"limits.max_attempts {job.max_attempts}: it is specrun that submits again."
        yield ("job", "limits", "max_attempts"), detail
    yield from _of_azure(job)
    for name, entry in job.inputs.items():
        if entry.mode == "download":
            yield ("job", "inputs", name, "mode"), f"inputs.{name}.mode download: the claim is mounted."
    for name, output in job.outputs.items():
        if output.mode == "upload":
            yield ("job", "outputs", name, "mode"), f"outputs.{name}.mode upload: the claim is mounted."
        if output.model:
            detail = f"outputs.{name}.register ({output.model}, {output.model_type}): Kubernetes keeps no models."
            yield ("job", "outputs", name, "register"), detail
    for name in job.tags:
        if not TAG.fullmatch(name):
            yield ("job", "tags", name), f"tags.{name}: Kubernetes takes letters, digits, dots, hyphens, underscores."


def _of_azure(job: Job) -> Iterator[tuple[Path, str]]:
    """The fields of a job that Azure ML alone reads, but for what a pod has, too."""
    for path in unread()["local"]:
        if path[0] != "job" or "*" in path or path[-1] == "shm_size":
            continue
        value, name = reduce(getattr, map(str, path[1:]), job), ".".join(map(str, path[1:]))
        if value and name in INSTEAD_OF:
            yield path, f"{name}: {INSTEAD_OF[name]}"
        elif value:
            yield path, f"{name} ({_in_words(value)})."


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (Mapping, tuple)) else str(value)
