"""The software of a job, as a command job has it."""

from __future__ import annotations

from pathlib import Path

from specrun.convert.document import Document, Value
from specrun.convert.pip_lists import notes_on_pip, pip_for_others
from specrun.convert.to_azureml.words import path_from, plain
from specrun.engines.azure.images import base_image
from specrun.engines.azureml_v2.environments import conda_of, registered_name
from specrun.spec.model import Environment, Job


def put_environment(page: Document, job: Job, wants_gpu: bool, folder: Path) -> None:
    """Write `environment`: a name, or how it is built."""
    environment = job.environment or Environment(pip=())
    value = _environment(environment, wants_gpu, folder)
    page.put("environment", value)
    for note in notes_on_pip(environment):
        page.comment(("environment",), note)
    gpu = job.resources.gpu
    if not isinstance(value, dict) or value.get("image") != base_image(wants_gpu):
        if gpu is not None:
            page.comment(
                ("environment",), f"resources.gpu: {str(gpu).lower()} has no counterpart: what is here decides"
            )
    elif environment.image is None:
        said = "" if gpu is None else f", with resources.gpu: {str(gpu).lower()}"
        page.comment(("environment", "image"), f"The spec names no image: this is specrun's own{said}")
    if environment.framework is not None:
        said = f"framework {environment.framework} with version {environment.version}"
        page.comment(("environment",), f"{said}: what Azure ML kept for the estimators of SDK v1 is gone")


def _environment(environment: Environment, wants_gpu: bool, folder: Path) -> Value:
    if environment.registered is not None:
        name = registered_name(environment.registered)
        return name if name.startswith("azureml:") else f"azureml:{name}"
    if environment.build_path is not None:
        build: dict[str, Value] = {"path": path_from(environment.build_path, folder)}
        if environment.dockerfile_path is not None:
            build["dockerfile_path"] = environment.dockerfile_path
        return {"build": build}
    found: dict[str, Value] = {"image": environment.image or base_image(wants_gpu)}
    conda = conda_of(environment, wants_gpu, pip_for_others(environment))
    if environment.conda_file is not None:
        found["conda_file"] = path_from(environment.conda_file, folder)
    elif conda is not None:
        found["conda_file"] = plain(conda)
    return found
