"""What a run configuration runs in: conda file and packages, image, Docker's settings, variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from specrun.convert import coerce, conda
from specrun.convert.document import Key
from specrun.convert.runconfig.packages import content_of, gathered, put_framework, put_packages, text_of
from specrun.convert.section import Fields, Row, Section, dropped
from specrun.convert.unknown import Missing, is_open

TO: Key = ("job", "environment")

_DEFAULTS = ("default-environment", "default", "project_environment")
_OLD_IMAGE = "customDockerBaseImage"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DROPPED = (
    *dropped("it is for PySpark alone", "spark"),
    *dropped("it is for Databricks alone", "databricks"),
    *dropped("specrun has Python alone", "r"),
    *dropped("it is for serving; specrun trains", "inferencingStackVersion"),
    *dropped("an environment that stands in a spec is known by its content", "assetId"),
)
_NAMELESS = dropped("an environment that stands in a spec has no name: it is known by its content", "name", "version")
_DROPPED_OF_PYTHON = (
    *dropped("a conda file stands on its own", "baseCondaEnvironment"),
    *dropped("the environment's own Python", "interpreterPath"),
)
_DROPPED_OF_DOCKER = (
    *dropped("a run on Azure is always in a container, one on this machine never", "enabled", "useDocker"),
    *dropped("specrun mounts what it needs itself", "sharedVolumes"),
    *dropped("a run is on Linux and amd64", "platform"),
)


def put_environment(section: Section, job: Fields, root: str) -> None:
    """Environment and variables; `root` is the folder in which its files are looked at."""
    name = section.first("environment", "environmentDefinition")
    value = section.get(name)
    named = value if isinstance(value, str) or (is_open(value) and not isinstance(value, Mapping)) else None
    environment = section.inner(name) if named is None else replace(section, values={})
    for holder in (section, environment):
        variables = holder.inner("environmentVariables", to=("job", "environment_variables"))
        for variable, text in variables.values.items():
            job.inner("environment_variables").put(variable, text, *variables.origins(variable))
    docker, of_run = environment.inner("docker"), section.inner("docker")
    is_local = (coerce.word(section.get("target", "computeTarget")) or "").lower() == "local"
    off = is_local and not any(map(coerce.truth, (docker.get("enabled"), of_run.get("useDocker"))))
    for settings in (of_run, docker):
        _put_docker(settings, job, off=off)
    if named is not None:
        job.put("environment", _registered(named), *section.origins(name), note="a registered environment")
        return
    place = Fields(environment.path)
    _put_image(section, environment, docker, place, off=off)
    _put_python(section, environment, job, place, root)
    _put_dockerfile(docker, place, root)
    named, nameless = environment.get("name"), _NAMELESS
    if place or job.get("interpreter") is not None:
        job.put("environment", place)
    elif coerce.truth(environment.inner("python").get("userManagedDependencies")):
        pass  # an image of Azure ML's own, or this machine's Python: what a spec without an environment takes
    elif isinstance(named, str) and _NAME.fullmatch(named) and named not in _DEFAULTS:
        version = coerce.word(environment.get("version"))
        whole = f"{named}:{version}" if version and re.fullmatch(r"[^:@/\s]+", version) else named
        origins = (*environment.origins("name"), *environment.origins("version"))
        job.put("environment", _registered(whole), *origins, note="the registered environment")
        nameless = ()
    else:
        default = ["azureml-defaults"]
        job.inner("environment").put("pip", default, comment="what SDK v1 installs where nothing is said")
    environment.take((*_DROPPED, *nameless), ())


def _registered(value: object) -> object:
    """A registered environment as the CLI v2 names it."""
    if not isinstance(value, str):
        return value
    plain = value.strip().removeprefix("azureml:")
    return f"azureml:{plain}" if set(plain) & set(":@") else f"azureml:{plain}@latest"


def _put_python(section: Section, environment: Section, job: Fields, place: Fields, root: str) -> None:
    """The packages, or the program of an environment in which nothing is installed."""
    python = environment.inner("python")
    if coerce.truth(python.get("userManagedDependencies")):
        why = "true: the Python of the image, or of this machine, in which nothing is installed"
        python.take(dropped(why, "userManagedDependencies", "condaDependenciesFile", "condaDependencies"), ())
        if coerce.word(python.get("interpreterPath")) not in (None, "python"):
            job.put("interpreter", python.get("interpreterPath"), *python.origins("interpreterPath"))
    else:
        packages = gathered(section, environment, root)
        put_framework(section, place, packages, root)
        put_packages(place, packages, root)
        python.drop("userManagedDependencies", "false is what a conda file means")
    python.take(_DROPPED_OF_PYTHON, ())


def _put_image(section: Section, environment: Section, docker: Section, place: Fields, *, off: bool) -> None:
    """The image, with its registry."""
    names = ((docker, "baseImage"), (environment, "image"), (section, "customDockerImage"), (section, _OLD_IMAGE))
    holder, name = next(((of, key) for of, key in names if of.get(key) is not None), names[0])
    registries = (docker.inner("baseImageRegistry"), section.inner("imageRegistryDetails"))
    registry = next((one for one in registries if list(one.names())), registries[0])
    image, address = holder.get(name), (coerce.word(registry.get("address")) or "")
    if off or image is None:
        if image is not None:
            holder.drop(name, "Docker was off")
        registry.take(tuple(Row(key, why="there is no image of it") for key in registry.names()), ())
        return
    server = address.removeprefix("https://").strip("/")
    is_whole = not isinstance(image, str) or not server or image.startswith(f"{server}/")
    origins = (*holder.origins(name), *(registry.origins("address") if address else ()))
    place.put(
        "image", image if is_whole else f"{server}/{image}", *origins, note="" if is_whole else "with its registry"
    )
    if registry.get("password", "username") is not None:
        what = "specrun hands no credentials to a registry: let the workspace's identity pull from it"
        registry.doubt(registry.first("password", "username"), (*TO, "image"), what)
    registry.take(dropped("the workspace's identity pulls the image", "username", "password", "registryIdentity"), ())


def _put_dockerfile(docker: Section, place: Fields, root: str) -> None:
    """A Dockerfile's text in a folder beside the spec, or its path; the conda file is a step of it, as in SDK v1."""
    context, written = docker.inner("buildContext"), coerce.text(docker.get("baseDockerfile"))
    build = Fields(docker.path)
    if context.get("location") is not None:
        build.put("path", context.get("location"), *context.origins("location"))
        build.put("dockerfile_path", context.get("dockerfilePath"), *context.origins("dockerfilePath"))
        context.drop("locationType", "a folder beside the spec")
    elif written:
        is_text = "\n" in written or re.match(r"(?i)\s*(from|arg|#)\b", written) is not None
        text, origins = written if is_text else text_of(written, root), docker.origins("baseDockerfile")
        step = _conda_step(place.get("conda_file"), root) if text is not None else ""
        if step:
            doubt = "the conda file is a step of the Dockerfile now: it needs an image with conda in it, as before"
            del place["conda_file"]
            whole = f"{text}\n{step}"
            build.put("dockerfile", whole, *origins, *place.origins.pop("conda_file"), doubt=doubt)
        elif is_text:
            build.put("dockerfile", written, *origins)
        else:
            folder, _, file = written.strip().replace("\\", "/").rpartition("/")
            build.put("path", folder or ".", *origins, note="the folder that it is in")
            build.put("dockerfile_path", file or "Dockerfile")
    if build and "conda_file" in place:
        what = "the conda file cannot be read: write into the Dockerfile what installs it, and name its folder here"
        place.put("conda_file", Missing(what), *place.origins["conda_file"])
    if build:
        place.put("build", build, *docker.origins("baseDockerfile"), *docker.origins("buildContext"))


def _conda_step(conda_file: object, root: str) -> str:
    """What makes and takes a conda environment in an image; "" for a file that cannot be read."""
    values = content_of(conda_file, root) if isinstance(conda_file, str) else conda_file
    text = conda.conda_text(values, "the run configuration") if isinstance(values, Mapping) else None
    if text is None:
        return ""
    lines = " ".join(shlex.quote(line) for line in text.split("\n") if line.strip() and not line.startswith("#"))
    made = "conda env create -p /opt/specrun -f /tmp/conda.yml && conda clean -ay"
    return f"RUN printf '%s\\n' {lines} > /tmp/conda.yml && {made}\nENV PATH=/opt/specrun/bin:$PATH\n"


def _put_docker(docker: Section, job: Fields, *, off: bool) -> None:
    """Docker's settings, as the run itself and, before, the environment have them; the run's come first."""
    place = job.inner("resources")
    for key, ours in (("shmSize", "shm_size"), ("arguments", "docker_args")):
        if off or ours in place:
            docker.drop(key, "Docker was off" if off else "what the run itself says counts")
        elif docker.get(key) is not None:
            value = docker.get(key)
            if isinstance(value, list) and not is_open(value):
                value = shlex.join(str(coerce.text(word)) for word in value)
            place.put(ours, value, *docker.origins(key))
    if coerce.truth(docker.get("gpuSupport")) and not off:
        place.put("gpu", True, *docker.origins("gpuSupport"), note="the job uses GPUs")
    else:
        docker.drop("gpuSupport", "Docker was off" if off else "the size of the cluster's machines decides")
    docker.take(_DROPPED_OF_DOCKER, ())
