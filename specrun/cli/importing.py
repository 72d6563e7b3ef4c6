"""`specrun import`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from specrun.cli.delivering import deliver, expanded, read_all, read_one
from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.options import Kinds, color_option, output_option, pairs_of
from specrun.cli.reading import where_options

if TYPE_CHECKING:
    from specrun.convert.imported import Imported
    from specrun.spec.model import Properties

F = TypeVar("F", bound=Callable[..., Any])


def _written(command: F) -> F:
    """The options about what is written."""
    option = click.option("--workspace", metavar="FILE", help="A config.json: the spec names that workspace.")
    return _named(option(command))


def _named(command: F) -> F:
    for option in (
        color_option,
        output_option("text", "markdown", "json"),
        click.option("--force", is_flag=True, help="Overwrite files that exist."),
        click.option("--out-dir", metavar="DIR", help="Write each spec to a file of its name in this folder."),
        click.option("--out", metavar="SPEC.yaml", help="Write the spec to this file instead of standard output."),
        click.option("--name", metavar="NAME", help="The spec's name, instead of one made of the source's."),
    ):
        command = option(command)
    return command


@click.group(name="import", cls=Kinds, subcommand_metavar="KIND [ARGS]...")
def import_() -> None:
    """Turn what others wrote into a spec, with a report of every field."""


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="JOB.json…")
@click.option("--cluster", metavar="CLUSTER.json", help="The cluster's file: its size, mounts and set-up.")
@click.option("--mount", "mounts", multiple=True, metavar="REL=DATASTORE[:PATH]", help="What was mounted at REL.")
@click.option("--image", metavar="IMAGE", help="The image of jobs that name none.")
@click.option("--code", metavar="DIR", help="The folder of the job's scripts, instead of the share that they are on.")
@_written
def batchai(
    files: tuple[str, ...],
    cluster: str | None,
    mounts: tuple[str, ...],
    image: str | None,
    code: str | None,
    name: str | None,
    workspace: str | None,
    **written: Any,
) -> None:
    """Azure Batch AI: job and cluster files, or folders of them."""
    from specrun.convert.batchai import BatchaiOptions, folder_imports
    from specrun.convert.sources import read_json

    sources, refused = read_all(read_json, expanded(files, (".json",)))
    options = BatchaiOptions(
        cluster=read_one(read_json, cluster) if cluster else None,
        mounts=pairs_of("--mount", mounts),
        image=image,
        code=os.path.relpath(code, _folder(written)) if code is not None else None,
        name=name,
        workspace=_workspace(workspace),
    )
    works = [partial(_alone, work) for work in folder_imports(sources, options)]
    deliver(works, refused, **written)


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@_written
def runconfig(files: tuple[str, ...], name: str | None, workspace: str | None, **written: Any) -> None:
    """Run configurations of SDK v1: .runconfig files, as YAML or JSON."""
    from specrun.convert.runconfig import import_runconfig
    from specrun.convert.sources import read_yaml

    sources, refused = read_all(read_yaml, expanded(files, (".runconfig", ".yml", ".yaml", ".json")))
    options = _options(name, workspace, written)
    deliver([partial(_alone, import_runconfig, source, options) for source in sources], refused, **written)


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="JOB.yml [COMPUTE.yml …]")
@_written
def azureml(files: tuple[str, ...], name: str | None, workspace: str | None, **written: Any) -> None:
    """Files of the Azure ML CLI v2: jobs, with the clusters and data that belong to them."""
    from specrun.convert.azureml import import_azureml, refusal_of
    from specrun.convert.sources import read_yaml

    sources, refused = read_all(read_yaml, expanded(files, (".yml", ".yaml", ".json")))
    found = [(source, refusal_of(source)) for source in sources]
    refused += [refusal for _, refusal in found if refusal is not None]
    fit = [source for source, refusal in found if refusal is None]
    deliver([partial(import_azureml, fit, _options(name, workspace, written))] if fit else [], refused, **written)


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.py…")
@_written
def script(files: tuple[str, ...], name: str | None, workspace: str | None, **written: Any) -> None:
    """Python files and notebooks that use an SDK of Azure ML or Batch AI: they are read, and never run."""
    from specrun.convert.scripts import import_script
    from specrun.convert.sources import read_script

    sources, refused = read_all(read_script, expanded(files, (".py", ".ipynb")))
    options = _options(name, workspace, written)
    works = [partial(_alone, import_script, source.file, source.text, options) for source in sources]
    deliver(works, refused, **written)


@import_.command()
@click.argument("things", nargs=-1, required=True, metavar="KIND/NAME… [FILE]")
@where_options
@click.option(
    "--workspace",
    metavar="WHERE",
    help="The workspace: a config.json, a spec that names it, or its resource id (else as your specs say).",
)
@_named
def live(
    things: tuple[str, ...],
    name: str | None,
    workspace: str | None,
    engine: str | None,
    target: str | None,
    var_files: tuple[str, ...],
    variables: tuple[str, ...],
    **written: Any,
) -> None:
    """Clusters and datastores that exist, as compute/NAME and datastore/NAME: a plan right after it is empty."""
    from specrun.cli import live, places
    from specrun.convert.options import ImportOptions

    named, where = live.sorted_out(things, workspace)
    place, section = places.meant(where, places.said_by(engine, target, var_files, variables))
    opened = places.opened(place, section, _folder(written))
    deliver([partial(live.made_of, named, opened, ImportOptions(name, section, _folder(written)))], [], **written)


def _alone(importer: Callable[..., Imported], *arguments: Any) -> list[Imported]:
    """What an importer of single files gives, as those of several do."""
    return [importer(*arguments)]


def _workspace(file: str | None) -> Properties | None:
    """What a config.json says, as a spec's section."""
    if file is None:
        return None
    from specrun.engines.azure.coordinates import BadConfig, read_workspace, section_of

    try:
        return section_of(read_workspace(file))
    except BadConfig as error:
        raise Exit(INVALID_SPEC, f"error: {error}") from error


def _options(name: str | None, workspace: str | None, written: dict[str, Any]) -> Any:
    from specrun.convert.options import ImportOptions

    return ImportOptions(name, _workspace(workspace), _folder(written))


def _folder(written: dict[str, Any]) -> Path:
    """Where the spec will lie: what it names is relative to that."""
    out, out_dir = written["out"], written["out_dir"]
    return Path(out_dir) if out_dir else Path(out).parent if out else Path()
