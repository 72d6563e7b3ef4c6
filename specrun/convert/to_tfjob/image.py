"""The container image of a job's processes, and what has to be installed in it first."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from specrun.convert.document import TODO
from specrun.convert.pip_lists import notes_on_pip, pip_for_others
from specrun.engines.azureml_v2.environments import conda_of
from specrun.spec.frozen import dataclass
from specrun.spec.model import Environment, Job


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
