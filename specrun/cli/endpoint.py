"""`specrun export endpoint`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import click

from specrun.apply.lineage import not_there, version_of
from specrun.cli.delivering import check_below
from specrun.cli.exit_codes import FAILED, INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.models import registries
from specrun.cli.opened import RunsOfSpec
from specrun.cli.options import not_empty
from specrun.cli.reading import Reading, models_options
from specrun.cli.telling import quiet
from specrun.convert.to_endpoint import (
    NAME,
    Serving,
    commands,
    download,
    endpoint_files,
    endpoint_name,
    left_open,
    serve_here,
)
from specrun.engines.base import EngineError
from specrun.plan.models import LATEST, TRIAL_TAG, RegisteredModel
from specrun.spec.model import ModelVersion
from specrun.spec.visible import visible


def _named(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and NAME.fullmatch(value) is None:
        raise click.UsageError(
            f"{option.opts[0]} {value}: 3 to 32 letters, digits and hyphens, the first a letter, the last no hyphen."
        )
    return value


@click.command()
@models_options
@click.option("--out-dir", metavar="DIR", callback=not_empty, help="Write a file for each thing into this folder.")
@click.option("--name", metavar="NAME", callback=_named, help="The endpoint's name (else made of the model's).")
@click.option("--deployment", metavar="NAME", default="blue", show_default=True, callback=_named, help="Its name.")
@click.option("--instance-type", metavar="SIZE", default="Standard_DS3_v2", show_default=True, help="What serves it.")
@click.option("--instance-count", metavar="N", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@click.option("--scoring", metavar="FILE", callback=not_empty, help="The script that serves a custom model.")
@click.option(
    "--environment", "served_in", metavar="NAME|FILE", callback=not_empty, help="azureml:NAME:VERSION, or a conda file."
)
@click.option("--image", metavar="IMAGE", callback=not_empty, help="The image that a conda file stands on.")
def endpoint(
    model: str,
    reading: Reading,
    out_dir: str | None,
    name: str | None,
    deployment: str,
    instance_type: str,
    instance_count: int,
    scoring: str | None,
    served_in: str | None,
    image: str | None,
) -> None:
    """A registered model as a managed online endpoint and its deployment, for `az ml`."""
    if not model:
        raise click.UsageError("which model? Say MODEL, or MODEL:VERSION, as `specrun models` lists them.")
    if out_dir is None:
        raise Exit(
            WRONG_USAGE, "these are 2 files (endpoint.yml, deployment.yml): write them into a folder with --out-dir DIR"
        )
    for file in filter(None, (scoring, None if (served_in or "azureml:").startswith("azureml:") else served_in)):
        if not Path(file).is_file():
            raise Exit(WRONG_USAGE, f"there is no file {file}")
    if image and (served_in or "").startswith("azureml:"):
        raise Exit(WRONG_USAGE, f"{served_in} has an image: --image {image} is for a conda file, or alone")
    where, found = _find(model, reading)
    place = where.engine.place
    workspace = (place.workspace.split("/")[1], place.name) if where.engine.facts.in_workspace else ()
    serving = Serving(
        found,
        workspace,
        name or endpoint_name(found.name),
        deployment,
        instance_type,
        instance_count,
        scoring or "",
        served_in or "",
        image or "",
        where.home,
    )
    folder = Path(out_dir)
    texts = endpoint_files(serving, folder)
    check_below([folder / one for one in texts], folder)
    folder.mkdir(parents=True, exist_ok=True)
    for one, text in texts.items():
        (folder / one).write_text(text, encoding="utf-8", newline="\n")
    if not quiet():
        print(f"2 files in {visible(str(folder))}, to be made in this order:")
        for command in commands(serving, folder):
            print(f"  {visible(command)}")
        for line in _on_this_machine(where, serving):
            print(visible(line))
    _check_whole(folder, texts)


def _find(model: str, reading: Reading) -> tuple[RunsOfSpec, RegisteredModel]:
    name, _, version = model.partition(":")
    wanted = ModelVersion(name, version or LATEST)
    opened = registries(reading)
    there = [(one, found) for one, found in opened.ask(lambda one: version_of(one.engine, wanted)) if found is not None]
    opened.finish()
    if len(there) > 1:
        places = " and ".join(one.engine.place.title for one, _ in there)
        raise Exit(WRONG_USAGE, f"there is a model {model} in {places}: choose by --target, --engine, or one FILE")
    if not there:
        raise Exit(FAILED, not_there((one.engine for one in opened.runs), model))
    if there[0][1].damaged:
        raise EngineError(f"model {there[0][1]}: {there[0][1].damaged}")
    return there[0]


def _on_this_machine(where: RunsOfSpec, serving: Serving) -> list[str]:
    """What serves a model of MLflow here, after what fetches it where it is in a workspace."""
    model = serving.model
    if model.type != "mlflow_model":
        return []
    if not where.engine.facts.in_workspace:
        return ["on this machine:", f"  {serve_here(_nearby(model.path), _programs(where, model))}"]
    folder, run = f"{model.name}-{model.version}", model.tags.get(TRIAL_TAG, model.run)
    if not run:
        fetch, fetched = download(serving, folder)
        return ["on this machine:", f"  {fetch}", f"  {serve_here(fetched)}"]
    words = ["specrun", "outputs", "--engine", where.engine.place.engine, "--run", run, "--fetch", folder]
    fetch = shlex.join([*words, "--only", f"{model.output}/*", *filter(None, [where.file])])
    return ["on this machine:", f"  {fetch}", f"  {serve_here(f'{folder}/{model.output}')}"]


def _programs(where: RunsOfSpec, model: RegisteredModel) -> str:
    """Where the programs are of the environment that was built here for its run, if MLflow is among them."""
    from specrun.engines.local.environments import environment_folder  # late: for a model of this machine alone

    reads: Sequence[str] = ()
    with suppress(EngineError):  # a model stays when its run is deleted
        reads = where.engine.run(model.run).reads if model.run else ()
    for digest in [one.removeprefix("environment/") for one in reads if one.startswith("environment/")]:
        programs = environment_folder(where.home, digest) / "bin"
        if (programs / "mlflow").is_file():
            return str(programs)
    return ""


def _nearby(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _check_whole(folder: Path, texts: Mapping[str, str]) -> None:
    """End the command where something is left open, with the lines at which it is to be written."""
    found = [f"{folder / one}:{at}: {line}" for one, text in texts.items() for at, line in left_open(text)]
    if found:
        raise Exit(INVALID_SPEC, "still to be written, before az takes it:", *(f"  {one}" for one in found))
