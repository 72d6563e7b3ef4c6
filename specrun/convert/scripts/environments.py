"""The environment of a job, as SDK v1 says it."""

from __future__ import annotations

import posixpath
import re

from specrun.convert.document import TODO
from specrun.convert.locations import folder_of, rebased
from specrun.convert.scripts.packages import Packages, gather, gather_added
from specrun.convert.scripts.software import TO, write_gathered
from specrun.convert.scripts.values import Call, Member, Reference, Value
from specrun.convert.scripts.variables import write_variables
from specrun.convert.scripts.writing import Expressed, Writing

_CREATED = ("CondaDependencies", "CondaDependencies.create")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_IMAGES = {
    "DEFAULT_CPU_IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
    "DEFAULT_GPU_IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04",
}


def write_environment(writing: Writing, job: Call, configuration: Call | None) -> None:
    """The environment of an estimator or ScriptRunConfig, with the run configuration that it has."""
    packages = Packages()
    holders = [job, *([configuration] if configuration is not None else [])]
    for holder in holders:
        gather(writing, holder, packages)
        gather_added(writing, Member(holder, "environment.python.conda_dependencies"), packages)
        for name in ("conda_dependencies", "environment.python.conda_dependencies"):
            _dependencies(writing, holder, name, packages)
    image = ""
    for holder in holders:
        for name in ("environment", "environment_definition"):
            argument = holder.find(name)
            if argument is not None and argument.value is not None:
                image = _definition(writing, holder, name, argument.value, packages) or image
                if writing.draft.get(TO) is not None:
                    return
        image = _image(writing, holder, "environment.docker.", packages) or image
        for name in ("custom_docker_image", "custom_docker_base_image"):
            image = _image_of(writing, holder, name) or image
        write_variables(writing, holder, "environment.environment_variables")
    write_gathered(writing, job, packages, image)


def _definition(writing: Writing, holder: Call, name: str, value: Value, packages: Packages) -> str:
    """Follow an Environment; its image. A registered one becomes the whole section."""
    if not isinstance(value, Call):
        if isinstance(value, str) and _NAME.fullmatch(value.removeprefix("azureml:").split(":")[0].split("@")[0]):
            plain = value.removeprefix("azureml:")
            writing.draft.set(TO, f"azureml:{plain}" if set(plain) & set(":@") else f"azureml:{plain}@latest")
            writing.rewrite(holder, name, TO, "a registered environment")
        else:
            writing.draft.set(TO, TODO, "TODO: the environment is computed")
            writing.ask(holder, name, TO, "the environment is computed: say what the job runs in")
        return ""
    writing.rewrite(holder, name, TO, "its fields are those of the section")
    base = value
    while base.kind == "clone" and isinstance(base.owner, Call):
        writing.drop(base, "new_name", "an environment that goes with the job needs no name")
        base = base.owner
    if base.kind == "Environment.get":
        _registered(writing, base)
        return ""
    for call in dict.fromkeys((value, base)):
        write_variables(writing, call, "environment_variables")
        gather_added(writing, Member(call, "python.conda_dependencies"), packages)
        _dependencies(writing, call, "python.conda_dependencies", packages)
        for key in ("file_path", "conda_specification"):
            if call.get(key) is not None:
                of_pip = call.kind == "Environment.from_pip_requirements"
                packages.files += [] if of_pip else [(call, key, call.get(key))]
                if of_pip:
                    packages.pip.append(TODO)
                    writing.ask(
                        call,
                        key,
                        (*TO, "pip"),
                        "list the requirements of the file here: pip's own files cannot be named in a spec",
                    )
        if call.get("pip_requirements") is not None:
            gather(writing, call, packages)
        if call.find("name") is not None:
            writing.drop(call, "name", "an environment that goes with the job needs no name")
        if call.get("conda_environment_name") is not None:
            writing.ask(call, "conda_environment_name", TO, "an environment of this machine: write its packages")
    return _image(writing, value, "docker.", packages) or _image_of(writing, base, "image")


def _registered(writing: Writing, call: Call) -> None:
    name = call.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
        found = writing.word(name, "environment")
        writing.draft.set(TO, f"azureml:{found.value}" if not isinstance(name, str) else TODO)
        writing.settle(call, "name", TO, found, "a registered environment")
        return
    version, label = call.get("version"), call.get("label")
    plain = version if isinstance(version, str | int) else None
    ending = f":{plain}" if plain is not None else f"@{label if isinstance(label, str) and label else 'latest'}"
    writing.draft.set(TO, f"azureml:{name.strip()}{ending}", f"from {call.key} ({call.place})")
    for key in ("name", "version", "label"):
        if call.find(key) is not None:
            if key == "version" and version is not None and plain is None:
                writing.ask(call, key, TO, "the version is computed: write it instead of latest")
            else:
                writing.rewrite(call, key, TO, "the registered environment's name and version")


def _dependencies(writing: Writing, holder: Call, name: str, packages: Packages) -> None:
    value = holder.get(name)
    if isinstance(value, Call) and value.kind in _CREATED:
        writing.rewrite(holder, name, TO, "its packages are those of the environment")
        gather(writing, value, packages)
        gather_added(writing, value, packages)
    elif value is not None:
        writing.ask(holder, name, TO, "the packages are computed: write them")


def _image(writing: Writing, call: Call, prefix: str, packages: Packages) -> str:
    image = _image_of(writing, call, f"{prefix}base_image")
    dockerfile = call.get(f"{prefix}base_dockerfile")
    name = f"{prefix}base_dockerfile"
    if dockerfile is None:
        dockerfile, name = call.get("dockerfile"), "dockerfile"
    if isinstance(dockerfile, str) and dockerfile.strip() and "${{" not in dockerfile:
        to = (*TO, "build")
        if "\n" in dockerfile or dockerfile.lstrip().upper().startswith("FROM "):
            writing.files["docker/Dockerfile"] = dockerfile.strip("\n") + "\n"
            writing.draft.set((*to, "path"), "docker", "TODO: the Dockerfile stood in the script")
            writing.rewrite(call, name, to, "written as docker/Dockerfile beside the spec")
        else:
            path = rebased(dockerfile, folder_of(writing.file), writing.options.folder)
            writing.draft.set((*to, "path"), posixpath.dirname(path) or ".")
            if posixpath.basename(path) != "Dockerfile":
                writing.draft.set((*to, "dockerfile_path"), posixpath.basename(path))
            writing.rewrite(call, name, to, "its folder, and its name in it")
    elif dockerfile is not None:
        writing.draft.set((*TO, "build", "path"), TODO)
        writing.ask(call, name, (*TO, "build"), "the Dockerfile is computed: write its folder")
    return image


def _constant(value: Value) -> str | None:
    """The images that SDK v1 names by constants are gone: those that took their place."""
    return _IMAGES.get(value.dotted.rpartition(".")[2]) if isinstance(value, Reference) else None


def _image_of(writing: Writing, call: Call, name: str) -> str:
    value = call.get(name)
    if value is None:
        return ""
    found = writing.word(value, "image") if _constant(value) is None else Expressed(_constant(value))
    server = call.get(name.replace("base_image", "base_image_registry.address"))
    for key in call.attributes:
        if key.startswith(name.replace("base_image", "base_image_registry.")):
            if key.endswith(".address"):
                writing.rewrite(call, key, (*TO, "image"), "stands before the image")
            else:
                writing.drop(call, key, "the workspace's identity or a connection reads the registry")
    registry = call.get("image_registry_details") or call.get("container_registry")
    if isinstance(registry, Call):
        server = registry.get("address") or server
        writing.rewrite(
            call,
            "image_registry_details" if call.find("image_registry_details") else "container_registry",
            (*TO, "image"),
            "its address stands before the image; who may read it is the workspace's affair",
        )
        for key in registry.attributes:
            if key == "address":
                writing.rewrite(registry, key, (*TO, "image"), "stands before the image")
            else:
                writing.drop(registry, key, "the workspace's identity or a connection reads the registry")
    text = str(found.value).strip()
    if isinstance(server, str) and server and not text.startswith(server):
        text = f"{server.rstrip('/')}/{text}"
    writing.settle(call, name, (*TO, "image"), found, "" if text == value else f"written as {text}")
    return text
