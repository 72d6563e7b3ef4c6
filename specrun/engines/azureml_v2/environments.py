"""A spec's environment as the SDK takes one: the service builds it once for its content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.images import PYTHON, base_image
from specrun.engines.azure.pip_lists import revealed_lines
from specrun.engines.azure.upload import send
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.base import Report, Staged
from specrun.plan.files import SourceFile
from specrun.plan.hashes import content_digest
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.makers import Maker
from specrun.plan.submission import Submission
from specrun.spec.model import Environment

CONTEXTS = "specrun/contexts"
"""Where, on the default datastore, folders lie that images are built from."""

OLD_PYTHONS = {
    "3.6": ("1.10", "1.11", "1.12"),
    "3.7": ("1.13", "1.14", "1.15", "2.0", "2.1"),
    "3.8": ("2.2", "2.3", "2.4"),
    "3.9": ("2.5", "2.6", "2.7"),
}
"""The newest Python that an old TensorFlow is made for; newer ones take `PYTHON`."""

OLDEST = OLD_PYTHONS["3.6"][0]
_SINCE = (2, 8)
"""From this TensorFlow on there is one for `PYTHON`."""

CUDA_SINCE = (2, 14)
"""From this TensorFlow on pip brings the CUDA that it needs: before, an image has to have it."""


def environment_of(submission: Submission, staged: Staged, connection: Connection, report: Report) -> Any:
    """The SDK's Environment for a planned run, or the name of one that is registered.

    Raises EngineError and the SDK's errors.
    """
    from azure.ai.ml.entities import BuildContext
    from azure.ai.ml.entities import Environment as Definition

    content = submission.environment or EnvironmentContent(Environment(pip=()))
    wanted = content.definition
    if wanted.registered is not None:
        return registered_name(wanted.registered)
    if wanted.build_path is not None:
        context = _send_context(content.context, staged, submission.maker, connection, report)
        return Definition(build=BuildContext(path=context, dockerfile_path=wanted.dockerfile_path or "Dockerfile"))
    image = wanted.image or base_image(submission.gpu)
    conda = str(staged.conda) if staged.conda is not None else conda_of(wanted, submission.gpu, revealed_lines(content))
    return Definition(image=image) if conda is None else Definition(image=image, conda_file=conda)


def conda_of(definition: Environment, gpu: bool, lines: Sequence[str]) -> dict[str, object] | None:
    """The conda environment of what pip is to install, which are `lines` where it is a list; None where nothing is."""
    if definition.framework is not None:
        return _conda(framework_requirements(definition, gpu), _python(definition))
    return None if definition.pip is None else _conda(lines, PYTHON)


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


def has_python(series: tuple[int, ...]) -> bool:
    """Whether there is a Python for a TensorFlow, by its first two numbers."""
    known = ".".join(map(str, series))
    return series >= _SINCE or any(known in made_for for made_for in OLD_PYTHONS.values())


def _send_context(
    files: Sequence[SourceFile], staged: Staged, maker: Maker, connection: Connection, report: Report
) -> str:
    """Upload the folder that an image is built from, below a name that is its content's; the folder's address.

    Not through the SDK: it names a folder by a hash in which names and contents run into each other, so that one
    folder may be taken for another.
    """
    assert staged.context is not None
    container = connection.open_datastore(None)
    folder = f"{CONTEXTS}/{context_digest(files)}"
    there = list_files(container, folder)
    if not all(file.path in there and there[file.path].md5 == file.md5 for file in files):
        send(container, folder, [replace(file, source=staged.context / file.path) for file in files], maker, report)
    return f"{container.account_url}/{container.name}/{folder}/"


def context_digest(files: Iterable[SourceFile]) -> str:
    """A digest of a folder's paths, contents and executable bits."""
    return content_digest({file.path: [file.md5, file.executable] for file in files})[:40]


def _conda(requirements: Sequence[str], python: str) -> dict[str, object]:
    """A conda environment with what pip installs."""
    listed: list[object] = [f"python={python}", "pip"]
    if requirements:
        listed.append({"pip": list(requirements)})
    return {"name": "specrun", "channels": ["conda-forge"], "dependencies": listed}


def _python(environment: Environment) -> str:
    series = ".".join(str(environment.version).split(".")[:2])
    return next((python for python, made_for in OLD_PYTHONS.items() if series in made_for), PYTHON)
