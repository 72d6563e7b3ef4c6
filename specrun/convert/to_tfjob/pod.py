"""The pod of a TFJob's role: its image with what has to be installed in it first, its variables and volumes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from specrun.convert.document import TODO, Value
from specrun.convert.pip_lists import notes_on_pip, pip_for_others
from specrun.convert.to_tfjob.volumes import CODE, Volume, command_text
from specrun.engines.azureml_v2.environments import conda_of
from specrun.engines.azureml_v2.job_words import SHM_SIZE
from specrun.spec.frozen import dataclass
from specrun.spec.model import Environment, Job, Secret, Spec
from specrun.spec.sizes import gpu_count

_UNITS = {"b": "", "k": "Ki", "m": "Mi", "g": "Gi"}


@dataclass(frozen=True, slots=True)
class Image:
    """`installs` are requirements for pip; `notes` are for people."""

    name: str
    installs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def image_of(job: Job, gpu: bool) -> Image:
    """Where a job finds its software. TODO where an image has to be built first."""
    environment = job.environment or Environment(pip=())
    if environment.registered is not None:
        return Image(
            TODO, notes=(f"Azure ML keeps {environment.registered}: put the like of it in a registry of yours.",)
        )
    if environment.build_path is not None:
        folder = environment.build_path.written
        file = f"{folder}/{environment.dockerfile_path or 'Dockerfile'}"
        return Image(TODO, notes=(f"docker build -t TODO -f {file} {folder} && docker push TODO",))
    if environment.conda_file is not None:
        base = f" on {environment.image}" if environment.image else ""
        return Image(TODO, notes=(f"Build it{base} from {environment.conda_file.written}.",))
    python, installs = _installed(environment, gpu)
    faster = ("Faster: an image that has this already, instead of pip at each start.",) if installs else ()
    notes = (*faster, *notes_on_pip(environment))
    return Image(environment.image or f"python:{python}-slim", installs, notes)


def _installed(environment: Environment, gpu: bool) -> tuple[str, tuple[str, ...]]:
    """The Python, and what pip installs in it."""
    lines = [
        word for line in pip_for_others(environment) for word in (shlex.split(line) if "-" in line[:1] else [line])
    ]
    conda = conda_of(environment, gpu, lines) or {}
    listed = conda.get("dependencies")
    python, installs = "", []
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping):
            installs += [str(requirement) for requirement in one["pip"]]
        elif str(one).startswith("python="):
            python = str(one).removeprefix("python=")
    return python, tuple(installs)


def template(job: Job, name: str, image: Image, volumes: tuple[Volume, ...], gpus: int) -> Value:
    """The pod's template, of a role that has so many GPUs; `name` is what the TFJob is called."""
    mounts: list[Value] = [{"name": "shm", "mountPath": "/dev/shm"}]
    held: list[Value] = [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": _shm(job)}}]
    for volume in volumes:
        mount: dict[str, Value] = {"name": volume.name, "mountPath": volume.path}
        mounts.append(mount if volume.writable else {**mount, "readOnly": True})
        held.append({"name": volume.name, "persistentVolumeClaim": {"claimName": volume.claim}})
    # The operator finds the container by this name.
    container: dict[str, Value] = {"name": "tensorflow", "image": image.name}
    container["command"] = ["/bin/bash", "-c", escape(_script(job, image))]
    if job.code is not None:
        container["workingDir"] = CODE
    variables = [_variable(name, key, value) for key, value in job.environment_variables.items()]
    if variables:
        container["env"] = variables
    if gpus:
        container["resources"] = {"limits": {"nvidia.com/gpu": gpus}}
    container["volumeMounts"] = mounts[1:] + mounts[:1]
    pod: dict[str, Value] = {"containers": [container], "volumes": held[1:] + held[:1]}
    # Kubeflow's own namespaces put a proxy beside each container, with which no job ever ends.
    return {"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}}, "spec": pod}


def escape(text: str) -> str:
    """A text that Kubernetes gives to the container as it is here: it would replace $(NAME), and halve $$."""
    return re.sub(r"\$(?=[$(])", "$$", text)


def gpus_of(spec: Spec) -> int:
    """How many a worker gets: as many as an instance has; one where the spec does not say what that is."""
    if not spec.wants_gpu:
        return 0
    size = None if spec.compute is None or isinstance(spec.compute, str) else spec.compute.get("size")
    return 1 if size is None else gpu_count(str(size)) or 1


def secret_name(name: str) -> str:
    """The Kubernetes secret with the job's secrets."""
    return f"{name}-secrets"


def _script(job: Job, image: Image) -> str:
    first = f"pip install --no-cache-dir {shlex.join(image.installs)} || exit 1\n" if image.installs else ""
    return first + command_text(job)


def _variable(job: str, name: str, value: str | Secret) -> Value:
    if isinstance(value, Secret):
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name(job), "key": value.name}}}
    return {"name": name, "value": escape(value)}


def _shm(job: Job) -> str:
    size = job.resources.shm_size or SHM_SIZE
    return size[:-1] + _UNITS[size[-1].lower()]
