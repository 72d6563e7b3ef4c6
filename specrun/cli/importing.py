"""`specrun import`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from specrun.cli.delivering import deliver, expanded, read_all, read_one
from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.options import Kinds, color_option, output_option, pairs_of
from specrun.cli.reading import where_options

if TYPE_CHECKING:
    from specrun.convert.batchai import BatchaiOptions
    from specrun.convert.imported import Imported
    from specrun.convert.options import ImportOptions
    from specrun.spec.model import Properties

F = TypeVar("F", bound=Callable[..., Any])


def _written(command: F) -> F:
    """The options about what is written."""
    for option in (
        click.option("--engine", metavar="ENGINE", help="Judge the spec for this engine (else azureml)."),
        click.option("--workspace", metavar="FILE", help="A config.json: the spec names that workspace."),
    ):
        command = option(command)
    return _named(command)


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


def _batchai(command: F) -> F:
    """The options about Batch AI, of whose files some things do not stand in them."""
    for option in (
        click.option("--code", metavar="DIR", help="Batch AI: the folder of the job's scripts, instead of a share."),
        click.option("--image", metavar="IMAGE", help="Batch AI: the image of jobs that name none."),
        click.option(
            "--mount",
            "mounts",
            multiple=True,
            metavar="REL=DATASTORE[:PATH]",
            help="Batch AI: what was at REL.",
        ),
        click.option("--cluster", metavar="CLUSTER.json", help="Batch AI: the cluster's file: size, mounts, set-up."),
    ):
        command = option(command)
    return command


def _jobs(command: F) -> F:
    """The options that choose among the jobs of a script."""
    every = click.option("--all", "every", is_flag=True, help="All jobs of a script: into --out-dir.")
    return click.option("--job", metavar="NUMBER|NAME", help="This of the jobs of a script (else what trains).")(
        every(command)
    )


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@_jobs
@_batchai
@_written
def any_files(
    files: tuple[str, ...],
    job: str | None,
    every: bool,
    name: str | None,
    workspace: str | None,
    cluster: str | None,
    mounts: tuple[str, ...],
    image: str | None,
    code: str | None,
    **written: Any,
) -> None:
    """Turn what others wrote into a spec, with a report of every field."""
    from specrun.cli.brought import looked_at, works

    _no_kind(files)
    brought = looked_at([*files, *([cluster] if cluster else [])])
    if (mounts or image or code) and "batchai" not in brought.sources:
        raise click.UsageError("--mount, --image and --code are for Batch AI's files, and none of these is one.")
    scripts = [*brought.sources.get("script", ()), *brought.sources.get("azcli", ())]
    if (job is not None or every) and not scripts and not brought.refused:
        raise click.UsageError("--job and --all choose among the jobs of a script, and none of these files is one.")
    options = _options(name, workspace or brought.config(), written, job, every, len(scripts))
    batchai = _batchai_options(options, mounts, image, code)
    deliver(works(brought, batchai, options), brought.refused, looks=brought.looks.values(), **written)


@click.group(name="import", cls=Kinds, plain=any_files, subcommand_metavar="KIND [OPTIONS] FILE…")
def import_() -> None:
    """Turn what others wrote into a spec, with a report of every field.

    FILEs are looked at, and so are those in folders: Batch AI's, run configurations of SDK v1, files of the Azure ML
    CLI v2, Python and notebooks, shell scripts of the CLI v1. It is said what each is taken for, and what belongs
    together is imported together. KIND says it where that is wrong: a file that is called like one is written ./script.
    """


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="JOB.json…")
@_batchai
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
    from specrun.convert.batchai import folder_imports
    from specrun.convert.sources import read_json

    sources, refused = read_all(read_json, expanded(files, (".json",)))
    options = replace(
        _batchai_options(_options(name, workspace, written), mounts, image, code),
        cluster=read_one(read_json, cluster) if cluster else None,
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
    found = [(source, refusal_of(source, sources)) for source in sources]
    refused += [refusal for _, refusal in found if refusal is not None]
    fit = [source for source, refusal in found if refusal is None]
    deliver([partial(import_azureml, fit, _options(name, workspace, written))] if fit else [], refused, **written)


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.py…")
@_jobs
@_written
def script(
    files: tuple[str, ...], job: str | None, every: bool, name: str | None, workspace: str | None, **written: Any
) -> None:
    """Python files and notebooks that use an SDK of Azure ML or Batch AI: they are read, and never run."""
    from specrun.convert.scripts import import_script
    from specrun.convert.sources import read_script

    sources, refused = read_all(read_script, expanded(files, (".py", ".ipynb")))
    options = _options(name, workspace, written, job, every, len(sources))
    works = [partial(import_script, source.file, source.text, options) for source in sources]
    deliver(works, refused, **written)


@import_.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE.sh…")
@_jobs
@_written
def azcli(
    files: tuple[str, ...], job: str | None, every: bool, name: str | None, workspace: str | None, **written: Any
) -> None:
    """Shell scripts, and notebooks, that submit with the Azure ML CLI v1: `az ml run submit-script`."""
    from specrun.convert.azcli import import_azcli
    from specrun.convert.sources import read_script

    sources, refused = read_all(read_script, expanded(files, (".sh", ".bash", ".azcli")))
    options = _options(name, workspace, written, job, every, len(sources))
    deliver([partial(import_azcli, source, options) for source in sources], refused, **written)


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
    deliver(
        [partial(live.made_of, named, opened, ImportOptions(name, section, _folder(written)))],
        [],
        engine=place.engine,
        **written,
    )


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


def _options(
    name: str | None,
    workspace: str | None,
    written: dict[str, Any],
    job: str | None = None,
    every: bool = False,
    scripts: int = 1,
) -> ImportOptions:
    from specrun.convert.options import ImportOptions

    if job is not None and every:
        raise click.UsageError("--job is for one job of a script, --all for each: give one of them.")
    if job is not None and scripts > 1:
        raise click.UsageError(f"--job chooses a job of one script, and these are {scripts}: give one of them.")
    return ImportOptions(name, _workspace(workspace), _folder(written), job, every)


def _batchai_options(
    options: ImportOptions, mounts: tuple[str, ...], image: str | None, code: str | None
) -> BatchaiOptions:
    from specrun.convert.batchai import BatchaiOptions

    return BatchaiOptions(
        mounts=pairs_of("--mount", mounts),
        image=image,
        code=os.path.relpath(code, options.folder) if code is not None else None,
        name=options.name,
        workspace=options.workspace,
    )


def _no_kind(files: tuple[str, ...]) -> None:
    """A word that is no file may have been meant as a kind. Raises click.UsageError."""
    for word in files:
        if not os.path.lexists(word) and "." not in word and "/" not in word:
            kinds = ", ".join(import_.commands)
            raise click.UsageError(f"There is no file `{word}`, and no kind of that name: the kinds are {kinds}.")


def _folder(written: dict[str, Any]) -> Path:
    """Where the spec will lie: what it names is relative to that."""
    out, out_dir = written["out"], written["out_dir"]
    return Path(out_dir) if out_dir else Path(out).parent if out else Path()
