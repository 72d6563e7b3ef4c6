"""A spec's environment as the SDK takes one: the service builds it once for its content."""

from __future__ import annotations

from typing import Any

from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.containers import Container
from specrun.engines.azure.images import PYTHON, base_image, wants_gpu
from specrun.engines.azure.upload import send
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.base import EngineError, Report
from specrun.plan.files import SourceFile, list_data
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Resource, content_digest
from specrun.spec.model import Environment, Spec

CONTEXTS = "specrun/contexts"
"""Where, on the default datastore, folders lie that images are built from."""

OLD_PYTHONS = {
    "3.6": ("1.10", "1.11", "1.12"),
    "3.7": ("1.13", "1.14", "1.15", "2.0", "2.1"),
    "3.8": ("2.2", "2.3", "2.4"),
    "3.9": ("2.5", "2.6", "2.7"),
}
"""The newest Python that an old TensorFlow is made for; newer ones take `PYTHON`."""

CUDA_SINCE = (2, 14)
"""From this TensorFlow on pip brings the CUDA that it needs: before, an image has to have it."""


def observe_environment(resource: Resource) -> Observed:
    """Always there: the definition goes with the run. A registered one that is missing is found on submission."""
    return Observed(Status.READY, resource.properties)


def environment_of(spec: Spec, connection: Connection, report: Report) -> Any:
    """The SDK's Environment of a spec's job, or the name of one that is registered.

    Raises EngineError, OSError and the SDK's errors.
    """
    from azure.ai.ml.entities import BuildContext
    from azure.ai.ml.entities import Environment as Definition

    assert spec.job is not None
    environment = spec.job.environment or Environment(pip=())
    if environment.registered is not None:
        return registered_name(environment.registered)
    if environment.build_path is not None:
        context = send_context(spec, environment, connection, report)
        return Definition(build=BuildContext(path=context, dockerfile_path=environment.dockerfile_path or "Dockerfile"))
    image = environment.image or base_image(spec)
    if environment.conda_file is not None:
        path = spec.folder / environment.conda_file
        if not path.is_file():
            raise EngineError(f"environment: {path} cannot be read: it is not there")
        return Definition(image=image, conda_file=str(path))
    conda = conda_of(spec, environment)
    return Definition(image=image) if conda is None else Definition(image=image, conda_file=conda)


def conda_of(spec: Spec, environment: Environment) -> dict[str, object] | None:
    """The conda environment of what pip is to install; None where nothing is."""
    if environment.framework is not None:
        return _conda(framework_requirements(environment, wants_gpu(spec)), _python(environment))
    return None if environment.pip is None else _conda(environment.pip, PYTHON)


def registered_name(name: str) -> str:
    """A registered environment's name as the SDK takes it: of the newest version where the spec says none.

    The SDK looks for a label only at a name without its prefix.
    """
    plain = name.removeprefix("azureml:")
    if plain.startswith("//") or ":" in plain:
        return name
    return plain if "@" in plain else f"{plain}@latest"


def framework_requirements(environment: Environment, gpu: bool) -> tuple[str, ...]:
    """What pip is to install for `framework: tensorflow` with its version: of a series, such as 2.3, the newest."""
    version = str(environment.version)
    package = "tensorflow[and-cuda]" if gpu else "tensorflow"
    return (f"{package}=={version}" if version.count(".") > 1 else f"{package}=={version}.*",)


def series_of(version: str) -> tuple[int, ...] | None:
    """A version's first two numbers; None for what is no version."""
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if len(parts) == 2 and all(part.isdigit() for part in parts) else None


def send_context(spec: Spec, environment: Environment, connection: Connection, report: Report) -> str:
    """Upload the folder that an image is built from, below a name that is its content's; the folder's address.

    Not through the SDK: it names a folder by a hash in which names and contents run into each other, so that one
    folder may be taken for another.
    """
    assert environment.build_path is not None
    files = list_data(spec.folder / environment.build_path, HashCache(connection.home))
    container = connection.open_datastore(None)
    folder = f"{CONTEXTS}/{context_digest(files)}"
    if not _is_complete(container, folder, files):
        send(container, folder, files, spec.name, report)
    return f"{container.account_url}/{container.name}/{folder}/"


def context_digest(files: tuple[SourceFile, ...]) -> str:
    """A digest of a folder's paths, contents and executable bits."""
    return content_digest({file.path: [file.md5, file.executable] for file in files})[:40]


def _is_complete(container: Container, folder: str, files: tuple[SourceFile, ...]) -> bool:
    there = list_files(container, folder)
    return all(file.path in there and there[file.path].md5 == file.md5 for file in files)


def _conda(requirements: tuple[str, ...], python: str) -> dict[str, object]:
    """A conda environment with what pip installs."""
    listed: list[object] = [f"python={python}", "pip"]
    if requirements:
        listed.append({"pip": list(requirements)})
    return {"name": "specrun", "channels": ["conda-forge"], "dependencies": listed}


def _python(environment: Environment) -> str:
    series = ".".join(str(environment.version).split(".")[:2])
    return next((python for python, made_for in OLD_PYTHONS.items() if series in made_for), PYTHON)
