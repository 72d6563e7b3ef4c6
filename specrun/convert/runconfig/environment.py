"""The environment of a run configuration: conda, image and Docker's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce, conda, credentials, locations
from specrun.convert.document import Key
from specrun.convert.runconfig.reading import RunconfigImport
from specrun.convert.section import Section, has_expression
from specrun.convert.variables import write_variables
from specrun.convert.writers.resources import docker_args

TO: Key = ("job", "environment")

_DEFAULTS = ("default-environment", "default", "project_environment")
_NO_COUNTERPART = {
    "spark": "it is for PySpark alone",
    "databricks": "it is for Databricks alone",
    "r": "specrun has Python alone",
    "inferencingStackVersion": "it is for serving; specrun trains",
    "assetId": "an environment that stands in a spec is known by its content",
}


def write_environment(reading: RunconfigImport) -> None:
    """Take over conda file, image, variables and Docker's settings."""
    section = reading.section
    environment = section.inner("environment")
    python, docker = environment.inner("python"), environment.inner("docker")
    managed = _write_python(reading, python)
    _write_image(reading, docker, managed)
    _write_dockerfile(reading, docker)
    for settings in (docker, section.inner("docker")):
        _write_docker(settings, off=reading.local and not _uses_docker(reading, docker))
    _write_name(reading, environment)
    write_variables(environment.inner("environmentVariables"))
    write_variables(section.inner("environmentVariables"))
    for key, why in _NO_COUNTERPART.items():
        environment.drop(key, why)
    python.drop("baseCondaEnvironment", "a conda file stands on its own")
    if _is_written(reading) or reading.local:
        return
    what = "without conda file and image a run gets a plain Python"
    section.ask("environment", TO, what)


def _is_written(reading: RunconfigImport) -> bool:
    job = reading.section.draft.values().get("job")
    return isinstance(job, Mapping) and "environment" in job


def _write_python(reading: RunconfigImport, python: Section) -> bool:
    """Write the conda file; whether Azure ML manages the environment."""
    managed = not coerce.truth(python.get("userManagedDependencies"))
    to = (*TO, "conda_file")
    if not managed:
        where = "this machine's own Python" if reading.local else "the Python of the image"
        python.rewrite("userManagedDependencies", TO, f"true: {where}")
        for key in ("condaDependenciesFile", "condaDependencies"):
            python.drop(key, "userManagedDependencies: nothing is installed")
        python.drop("interpreterPath", "the program in the command")
        return False
    python.drop("userManagedDependencies", "false is what a conda file means")
    python.drop("interpreterPath", "the environment's own Python")
    file, inline = coerce.word(python.get("condaDependenciesFile")), python.get("condaDependencies")
    if file and not has_expression(file):
        local = reading.path(file)
        python.put("condaDependenciesFile", to, local, "" if local == file else "relative to the spec")
        python.drop("condaDependencies", "the file comes before it")
    elif isinstance(inline, Mapping):
        _write_inline(reading, python, inline)
    elif python.get("condaDependenciesFile") is not None or inline is not None:
        key = "condaDependenciesFile" if python.get("condaDependenciesFile") is not None else "condaDependencies"
        python.ask(key, to, "a conda file's path is expected here")
    return True


def _write_inline(reading: RunconfigImport, python: Section, inline: Mapping[str, object]) -> None:
    to = (*TO, "conda_file")
    text = conda.conda_text(inline, locations.base_name(python.ledger.file))
    if text is None:
        python.ask("condaDependencies", to, "a credential stands in it: it is not copied", write=True)
        return
    file = f"{reading.name}.conda.yml"
    reading.files[file] = text
    python.draft.set(to, file)
    python.rewrite("condaDependencies", to, f"written to {file}, beside the spec")


def _write_image(reading: RunconfigImport, docker: Section, managed: bool) -> None:
    """The image, with its registry. On this machine it counts only when Docker was on."""
    registry = docker.inner("baseImageRegistry")
    image = coerce.word(docker.get("baseImage"))
    if image is None:
        if docker.get("baseImage") is not None:
            docker.ask("baseImage", (*TO, "image"), "an image's name is expected here")
    elif reading.local and not _uses_docker(reading, docker):
        docker.drop("baseImage", "Docker was off")
    elif has_expression(image) or credentials.reveals(image):
        docker.ask("baseImage", (*TO, "image"), "an expression or a credential is not copied", write=True)
    else:
        address = (coerce.word(registry.get("address")) or "").removeprefix("https://").strip("/")
        full = image if not address or image.startswith(f"{address}/") else f"{address}/{image}"
        docker.put("baseImage", (*TO, "image"), full, "" if full == image else "with its registry")
    if registry.get("address") is not None:
        registry.rewrite("address", (*TO, "image"), "the image's name begins with it")
    for key in ("username", "password"):
        if registry.get(key) is not None:
            what = "specrun hands no credentials to a registry: let the workspace's identity pull from it"
            registry.ask(key, (*TO, "image"), what)
    registry.drop("registryIdentity", "the workspace's identity pulls the image")


def _write_dockerfile(reading: RunconfigImport, docker: Section) -> None:
    """A Dockerfile's text in a folder beside the spec, or its path."""
    written, to = coerce.text(docker.get("baseDockerfile")), (*TO, "build", "path")
    context = docker.inner("buildContext")
    folder, context_file = coerce.word(context.get("location")), coerce.word(context.get("dockerfilePath"))
    others = [key for key in ("conda_file", "image") if docker.draft.get((*TO, key)) is not None]
    if folder and not has_expression(folder):
        if others:
            context.ask("location", to, f"build stands alone: put {' and '.join(others)} into the Dockerfile")
            return
        context.put("location", to, reading.path(folder), "relative to the spec")
        if context_file:
            context.put("dockerfilePath", (*TO, "build", "dockerfile_path"), context_file)
        context.drop("locationType", "a folder beside the spec")
    elif written:
        _write_dockerfile_text(reading, docker, written, others)


def _write_dockerfile_text(reading: RunconfigImport, docker: Section, written: str, others: list[str]) -> None:
    to = (*TO, "build", "path")
    if credentials.reveals(written):
        docker.ask("baseDockerfile", to, "a credential stands in it: it is not copied")
        return
    is_text = "\n" in written or re.match(r"(?i)\s*(from|arg|#)\b", written) is not None
    if others:
        what = f"build stands alone: put {' and '.join(others)} into the Dockerfile"
        docker.ask("baseDockerfile", to, what)
        if is_text:
            reading.files[f"{reading.name}.docker/Dockerfile"] = written.rstrip("\n") + "\n"
    elif is_text:
        reading.files[f"{reading.name}.docker/Dockerfile"] = written.rstrip("\n") + "\n"
        docker.draft.set(to, f"{reading.name}.docker")
        docker.rewrite("baseDockerfile", to, "its text is written beside the spec")
    else:
        folder, _, file = written.strip().replace("\\", "/").rpartition("/")
        docker.draft.set(to, reading.path(folder or "."))
        docker.draft.set((*TO, "build", "dockerfile_path"), file or "Dockerfile")
        docker.rewrite("baseDockerfile", to, "the folder that it is in, and its name")


def _uses_docker(reading: RunconfigImport, docker: Section) -> bool:
    run = reading.section.inner("docker")
    return bool(coerce.truth(docker.get("enabled")) or coerce.truth(run.get("useDocker")))


def _write_docker(docker: Section, *, off: bool) -> None:
    """Docker's settings, as the environment has them and, later, the run itself."""
    if off:
        for key in ("enabled", "useDocker", "shmSize", "arguments", "gpuSupport", "sharedVolumes", "platform"):
            docker.drop(key, "Docker was off")
        return
    docker.copy("shmSize", ("job", "resources", "shm_size"), coerce.shm_size, "a size, such as 8g,")
    docker.copy("arguments", ("job", "resources", "docker_args"), docker_args, "docker's arguments")
    if coerce.truth(docker.get("gpuSupport")):
        docker.draft.set(("job", "resources", "gpu"), True)
        docker.rewrite("gpuSupport", ("job", "resources", "gpu"), "the job uses GPUs")
    else:
        docker.drop("gpuSupport", "the size of the cluster's machines decides")
    for key in ("enabled", "useDocker"):
        docker.drop(key, "a run on Azure is always in a container, one on this machine never")
    docker.drop("sharedVolumes", "specrun mounts what it needs itself")
    docker.drop("platform", "a run is on Linux and amd64")


def _write_name(reading: RunconfigImport, environment: Section) -> None:
    """A registered environment, where the file says no more of it than its name."""
    name, version = coerce.word(environment.get("name")), coerce.word(environment.get("version"))
    known = name is not None and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) is not None
    if known and name not in _DEFAULTS and not _is_written(reading):
        version = version if version and re.fullmatch(r"[^:@/\s]+", version) else None
        end = f":{version}" if version else "@latest"
        environment.draft.set(TO, f"azureml:{name}{end}")
        for key in ("name", "version"):
            if environment.get(key) is not None:
                environment.rewrite(key, TO, "the registered environment")
        return
    for key in ("name", "version"):
        environment.drop(key, "an environment that stands in a spec has no name: it is known by its content")
