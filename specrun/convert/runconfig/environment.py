"""What a run configuration runs in: conda file and packages, image, Docker's settings, variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from specrun.convert import coerce, conda
from specrun.convert.document import Key
from specrun.convert.runconfig.packages import content_of, gathered, put_framework, put_packages, text_of
from specrun.convert.section import Fields, Section, dropped
from specrun.convert.unknown import Missing, is_open

TO: Key = ("job", "environment")

_DEFAULTS = ("default-environment", "default", "project_environment")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DROPPED = (
    *dropped("it is for PySpark alone", "spark"),
    *dropped("it is for Databricks alone", "databricks"),
    *dropped("specrun has Python alone", "r"),
    *dropped("it is for serving; specrun trains", "inferencingStackVersion"),
    *dropped("an environment that stands in a spec is known by its content", "assetId"),
    *dropped("an environment that stands in a spec has no name: it is known by its content", "name", "version"),
)
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
    _put_variables(section, job)
    name = section.first("environment", "environmentDefinition")
    value = section.get(name)
    if isinstance(value, str) or (is_open(value) and not isinstance(value, Mapping)):
        job.put("environment", _registered(value), *section.origins(name), note="a registered environment")
        _put_docker(section.inner("docker"), job, off=False)
        return
    environment = section.inner(name)
    _put_variables(environment, job)
    python, docker, of_run = environment.inner("python"), environment.inner("docker"), section.inner("docker")
    is_local = (coerce.word(section.get("target", "computeTarget")) or "").lower() == "local"
    off = is_local and not any(map(coerce.truth, (docker.get("enabled"), of_run.get("useDocker"))))
    place = Fields(environment.path)
    _put_image(section, environment, docker, place, off=off)
    if coerce.truth(python.get("userManagedDependencies")):
        where = "this machine's own Python" if is_local else "the Python of the image"
        python.drop("userManagedDependencies", f"true: {where}, in which nothing is installed")
        python.take(dropped("nothing is installed", "condaDependenciesFile", "condaDependencies"), ())
        if coerce.word(python.get("interpreterPath")) not in (None, "python"):
            job.put("interpreter", python.get("interpreterPath"), *python.origins("interpreterPath"))
    else:
        packages = gathered(section, environment, root)
        put_framework(section, place, packages, root)
        put_packages(place, packages, root)
        python.drop("userManagedDependencies", "false is what a conda file means")
    _put_dockerfile(docker, place, root)
    for settings in (of_run, docker):
        _put_docker(settings, job, off=off)
    if place or coerce.truth(python.get("userManagedDependencies")):
        job.put("environment", place)
    else:
        _put_default(environment, job)
    python.take(_DROPPED_OF_PYTHON, ())
    environment.take(_DROPPED, ())


def _registered(value: object) -> object:
    """A registered environment as the CLI v2 names it."""
    if not isinstance(value, str):
        return value
    plain = value.strip().removeprefix("azureml:")
    return f"azureml:{plain}" if set(plain) & set(":@") else f"azureml:{plain}@latest"


def _put_default(environment: Section, job: Fields) -> None:
    """A registered environment, where the file says no more of it than its name; else what SDK v1 takes then."""
    name, version = coerce.word(environment.get("name")), coerce.word(environment.get("version"))
    if name is not None and _NAME.fullmatch(name) and name not in _DEFAULTS:
        end = f":{version}" if version and re.fullmatch(r"[^:@/\s]+", version) else "@latest"
        origins = (*environment.origins("name"), *environment.origins("version"))
        job.put("environment", f"azureml:{name}{end}", *origins, note="the registered environment")
    else:
        place = job.inner("environment")
        place.put("pip", ["azureml-defaults"], comment="what SDK v1 installs where nothing is said")


def _put_variables(holder: Section, job: Fields) -> None:
    variables = holder.inner("environmentVariables", to=("job", "environment_variables"))
    for name, value in variables.values.items():
        job.inner("environment_variables").put(name, value, *variables.origins(name))


def _put_image(section: Section, environment: Section, docker: Section, place: Fields, *, off: bool) -> None:
    """The image, with its registry."""
    holder, name = next(
        (
            (holder, name)
            for holder, name in (
                (docker, "baseImage"),
                (environment, "image"),
                (section, "customDockerImage"),
                (section, "customDockerBaseImage"),
            )
            if holder.get(name) is not None
        ),
        (docker, "baseImage"),
    )
    registries = (docker.inner("baseImageRegistry"), section.inner("imageRegistryDetails"))
    registry = next((one for one in registries if list(one.names())), registries[0])
    image, address = holder.get(name), coerce.word(registry.get("address"))
    registry.drop("registryIdentity", "the workspace's identity pulls the image")
    if off or image is None:
        why = "Docker was off" if image is not None else "there is no image of it"
        for of, key in ((holder, name), *((registry, key) for key in registry.names())):
            if of.get(key) is not None:
                of.drop(key, why)
        return
    server = (address or "").removeprefix("https://").strip("/")
    is_whole = not isinstance(image, str) or not server or image.startswith(f"{server}/")
    origins = (*holder.origins(name), *(registry.origins("address") if address else ()))
    secret = next((key for key in ("password", "username") if registry.get(key) is not None), "")
    if secret:
        what = "specrun hands no credentials to a registry: let the workspace's identity pull from it"
        registry.doubt(secret, (*TO, "image"), what)
    registry.take(dropped("who may pull the image is the workspace's affair", "username", "password"), ())
    note = "" if is_whole else "with its registry"
    place.put("image", image if is_whole else f"{server}/{image}", *origins, note=note)


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
