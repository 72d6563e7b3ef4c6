"""A registered model as the files of a managed online endpoint and its deployment, which the Azure ML CLI v2 reads.

Nothing is made up that Azure would only miss when it serves: what is needed and not said is left open, and told.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from specrun.convert.document import TODO, Document, Value
from specrun.convert.to_azureml.words import schema_url
from specrun.plan.models import COMMIT_TAG, FINGERPRINT_TAG, RUN_TAG, RegisteredModel
from specrun.spec.frozen import dataclass

ENDPOINT, DEPLOYMENT = "endpoint.yml", "deployment.yml"

NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
"""The name of an endpoint, or of a deployment."""

WITHOUT_CODE = ("mlflow_model", "triton_model")
"""Types of models that Azure serves as they are."""

PORT = 5001


@dataclass(frozen=True, slots=True)
class Serving:
    """How a model is to be served. `workspace` are the names of its resource group and of itself; () for a model that
    is registered on this machine: then what serves it is sent its files. `home` is specrun's own folder.

    `scoring` is the script, whose folder is sent, `environment` a registered one or a conda file, which stands on an
    `image`; all "" where that is not said.
    """

    model: RegisteredModel
    workspace: tuple[str, ...]
    endpoint: str
    deployment: str
    instance_type: str
    instance_count: int
    scoring: str = ""
    environment: str = ""
    image: str = ""
    home: Path | None = None


def endpoint_name(model: str) -> str:
    """A name for the endpoint of a model, as Azure lets it be."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", model).strip("-")
    plain = plain if plain[:1].isalpha() else f"model-{plain}"
    return f"{plain[:23].rstrip('-')}-endpoint"


def endpoint_files(serving: Serving, folder: Path) -> Mapping[str, str]:
    """The text of each file by its name, in the order in which `az` has to be given them; `folder` is where they will
    lie.
    """
    first, second = commands(serving, Path())
    page = Document(plain=True)
    page.comment((), f"From the model {serving.model}, by specrun export endpoint: {first}")
    page.put("$schema", schema_url("managedOnlineEndpoint"))
    page.put("name", serving.endpoint, "No other endpoint of the region may be called so.")
    page.put("auth_mode", "key")
    return {ENDPOINT: page.text(), DEPLOYMENT: _deployment(serving, folder, second)}


def commands(serving: Serving, folder: Path) -> Sequence[str]:
    """What makes the endpoint, and then what has it serve the model."""
    where = [word for pair in zip(("-g", "-w"), serving.workspace, strict=False) for word in pair]
    return [
        shlex.join(["az", "ml", "online-endpoint", "create", "-f", str(folder / ENDPOINT), *where]),
        shlex.join(
            ["az", "ml", "online-deployment", "create", "-f", str(folder / DEPLOYMENT), "--all-traffic", *where]
        ),
    ]


def serve_here(path: str, programs: str = "") -> str:
    """What serves a model of MLflow on this machine, to this machine alone, with the `mlflow` of a folder of `programs`
    ("": of the Python that is active), which starts others of it by their names.
    """
    where = f"PATH={shlex.quote(programs)}:$PATH " if programs else ""
    words = ["mlflow", "models", "serve", "-m", path, "-h", "127.0.0.1", "-p", str(PORT), "--env-manager", "local"]
    return f"{where}{shlex.join(words)}"


def download(serving: Serving, to: str) -> tuple[str, str]:
    """What fetches a model of a workspace of which no run is known, and where its files are then."""
    model, (group, workspace) = serving.model, serving.workspace
    words = ["-n", model.name, "-v", model.version, "--download-path", to, "-g", group, "-w", workspace]
    return shlex.join(["az", "ml", "model", "download", *words]), f"{to}/{model.name}/{Path(model.path).name}"


def left_open(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a file at which something is still to be written, by their numbers."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.endswith(f": {TODO}"):
            yield number, line.strip()


def _deployment(serving: Serving, folder: Path, command: str) -> str:
    model = serving.model
    page = Document(plain=True)
    page.comment((), f"From the model {model}, by specrun export endpoint: {command}")
    page.put("$schema", schema_url("managedOnlineDeployment"))
    page.put("name", serving.deployment)
    page.put("endpoint_name", serving.endpoint)
    page.put("model", _model(serving, folder))
    if not serving.workspace:
        page.comment(("model",), f"{model} is registered on this machine: az sends its files.")
    if model.type not in WITHOUT_CODE or serving.scoring or serving.environment or serving.image:
        page.put("code_configuration", _code(serving, folder))
        if not serving.scoring:
            page.comment(
                ("code_configuration",), f"A {model.type} is served by a script with init() and run(): --scoring"
            )
        elif serving.home is not None and Path(serving.scoring).resolve().parent in serving.home.resolve().parents:
            page.comment(
                ("code_configuration",), f"az sends all files there: let an .amlignore name {serving.home.name}"
            )
        page.put("environment", _environment(serving, folder))
        if page.get(("environment",)) == TODO or not _is_whole(serving):
            page.comment(("environment",), "What the script runs in: --environment, and --image for a conda file")
    page.put("instance_type", serving.instance_type)
    page.put("instance_count", serving.instance_count)
    known = {tag: model.tags[tag] for tag in (RUN_TAG, FINGERPRINT_TAG, COMMIT_TAG) if model.tags.get(tag)}
    page.put("tags", known)
    return page.text()


def _model(serving: Serving, folder: Path) -> Value:
    model = serving.model
    if serving.workspace:
        return f"azureml:{model}"
    return {"path": _path_from(model.path, folder), "type": model.type}


def _code(serving: Serving, folder: Path) -> Value:
    if not serving.scoring:
        return {"code": TODO, "scoring_script": TODO}
    script = Path(serving.scoring).absolute()
    return {"code": _path_from(str(script.parent), folder), "scoring_script": script.name}


def _environment(serving: Serving, folder: Path) -> Value:
    if serving.environment.startswith("azureml:"):
        return serving.environment
    if not serving.environment:
        return {"image": serving.image} if serving.image else TODO
    return {"image": serving.image or TODO, "conda_file": _path_from(str(Path(serving.environment).absolute()), folder)}


def _is_whole(serving: Serving) -> bool:
    return serving.environment.startswith("azureml:") or bool(serving.image)


def _path_from(path: str, folder: Path) -> str:
    plain = Path(os.path.relpath(path, folder.absolute())).as_posix()
    return plain if plain.startswith(".") else f"./{plain}"
