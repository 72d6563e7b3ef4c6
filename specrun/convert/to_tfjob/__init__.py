"""A spec's job as a TFJob of Kubeflow's training operator, for those who go on with Kubernetes.

Its processes get the same TF_CONFIG: tasks of the types ps and worker, no chief. The job has succeeded when all workers
have, and parameter servers end then, as with specrun.
"""

from __future__ import annotations

from specrun.convert.document import Document, Value
from specrun.convert.to_tfjob.findings import TAG, losses, refusals
from specrun.convert.to_tfjob.pod import Image, gpus_of, image_of, secret_name, template
from specrun.convert.to_tfjob.volumes import Volume, volumes_of
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Job, Secret, Spec

FILE = "tfjob.yml"


def export_tfjob(spec: Spec) -> tuple[str, tuple[Diagnostic, ...]]:
    """The file's text, and what of the spec it does not say; a job that cannot be one has no text, and errors."""
    refused = tuple(refusals(spec))
    if refused:
        return "", refused
    job = spec.job
    assert job is not None
    lost = tuple(losses(spec))
    name, image = object_name(spec.name), image_of(job, spec.wants_gpu)
    volumes = volumes_of(job, name, spec.file.name)
    page = Document(plain=True)
    page.comment((), f"From {spec.file.name}, by specrun export: kubectl apply -f {FILE}")
    page.comment((), *_needs(name, job, volumes))
    if lost:
        page.comment((), "What the spec says and this does not:", *(f"  {one.detail}" for one in lost))
    page.put("apiVersion", "kubeflow.org/v1")
    page.put("kind", "TFJob")
    page.put("metadata", {"name": name, **_annotations(job)})
    page.put("spec", _spec(job, name, image, volumes, gpus_of(spec)))
    for role in ("PS", "Worker"):
        _explain(page, role, image, volumes)
    return page.text(), lost


def object_name(name: str) -> str:
    """A spec's name as one of Kubernetes: services are called by it, so it begins with a letter."""
    plain = name.strip("-")
    return plain if plain[:1].isalpha() else f"job-{plain}".rstrip("-")


def _annotations(job: Job) -> dict[str, Value]:
    tags = {f"specrun.tags/{name}": value for name, value in job.tags.items() if TAG.fullmatch(name)}
    said = {"specrun/display-name": job.display_name, "specrun/description": job.description, **tags}
    found: dict[str, Value] = {name: value for name, value in said.items() if value is not None}
    return {"annotations": found} if found else {}


def _spec(job: Job, name: str, image: Image, volumes: tuple[Volume, ...], gpus: int) -> Value:
    processes = job.processes()
    policy: dict[str, Value] = {"cleanPodPolicy": "Running"}
    if job.timeout is not None:
        policy["activeDeadlineSeconds"] = job.timeout
    replicas: dict[str, Value] = {}
    for role, count, each in (("PS", processes.parameter_servers, 0), ("Worker", processes.workers, gpus)):
        if count:
            pod = template(job, name, image, volumes, each)
            replicas[role] = {"replicas": count, "restartPolicy": "Never", "template": pod}
    return {"runPolicy": policy, "successPolicy": "AllWorkers", "tfReplicaSpecs": replicas}


def _needs(name: str, job: Job, volumes: tuple[Volume, ...]) -> list[str]:
    """What has to be there before, each with how to make it where that is one line."""
    lines = [f"  claim {one.claim}: {one.holds}" for one in volumes]
    secrets = [value.name for value in job.environment_variables.values() if isinstance(value, Secret)]
    if secrets:
        literals = " ".join(f'--from-literal={one}="${one}"' for one in dict.fromkeys(secrets))
        lines.append(f"  kubectl create secret generic {secret_name(name)} {literals}")
    many = "It needs, in its namespace (claims with ReadWriteMany where pods on several nodes share them):"
    return [many, *lines] if lines else []


def _explain(page: Document, role: str, image: Image, volumes: tuple[Volume, ...]) -> None:
    """Comments in a role's pod."""
    pod = ("spec", "tfReplicaSpecs", role, "template", "spec")
    page.comment((*pod, "containers", 0, "image"), *image.notes)
    for index, volume in enumerate(volumes):
        page.comment((*pod, "volumes", index), volume.holds)
