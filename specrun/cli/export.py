"""`specrun export`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from specrun.apply.project import places_of, scope_of
from specrun.cli.changed import changed_options
from specrun.cli.delivering import check_below
from specrun.cli.endpoint import endpoint
from specrun.cli.exit_codes import INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.options import Kinds
from specrun.cli.reading import Reading, reading_options, translating_options
from specrun.cli.session import load_specs, show
from specrun.cli.telling import quiet, tell
from specrun.engines.facts import ENGINES, unread
from specrun.spec.masking import mask_property, masked
from specrun.spec.model import Secret
from specrun.spec.visible import visible

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Path as SpecPath
    from specrun.spec.model import Spec

_IN_VAIN = ("unknown-framework-version",)
"""Mistakes of a spec that the files written from it would have, too."""

out_option = click.option("--out", metavar="PATH", help="Write to this file instead of standard output.")


@click.group(cls=Kinds, subcommand_metavar="KIND [ARGS]...")
def export() -> None:
    """Write what other programs read."""


@export.command()
@reading_options
@changed_options()
@out_option
def config(reading: Reading, out: str | None) -> None:
    """The workspace as a config.json, which `Workspace.from_config` reads."""
    from specrun.engines.azure.coordinates import check_coordinates, config_text, locate

    if reading.engine is None or not ENGINES[reading.engine].in_workspace:
        # Another engine would not mind what a workspace lacks.
        reading = replace(reading, engine="azureml")
    loaded = load_specs(reading)
    show(loaded.diagnostics)
    if not loaded.ok:
        raise Exit(INVALID_SPEC)
    scope = scope_of(loaded.specs)
    naming = [spec for spec in loaded.specs if spec.workspace is not None]
    found = list(check_coordinates((naming or loaded.specs)[0]))
    show(found)
    if found:
        raise Exit(INVALID_SPEC)
    places = set(places_of(loaded.specs, reading.engine).values())
    if len(places) > 1:
        listed = ", ".join(place.title for place in places)
        raise Exit(WRONG_USAGE, f"the specs name several workspaces ({listed}), and a config.json names one")
    text = config_text(locate(scope.workspace))
    _write_one(text, out)


@export.command()
@translating_options
@changed_options()
@out_option
@click.option("--out-dir", metavar="DIR", help="Write a file for each thing into this folder.")
def azureml(reading: Reading, out: str | None, out_dir: str | None) -> None:
    """Files for `az ml`: the job, its cluster, datastores and data."""
    from specrun.convert.to_azureml import chains_of, export_azureml, export_chain, losses, losses_of_chain, unfilled

    if out is not None and out_dir is not None:
        raise click.UsageError("--out is for one file, --out-dir for a folder: give one of them.")
    specs = _chained(_read(reading, "azureml", (("workspace",),)), reading)
    _show_refusals(specs)
    folders = {spec.name: Path(out_dir, spec.name) if len(specs) > 1 else Path(out_dir) for spec in specs if out_dir}
    beside = Path(out).parent if out is not None else Path()
    files: dict[Path, str] = {}
    chains = chains_of(specs)
    show(unfilled(specs))
    for chain in chains:
        folder = Path(out_dir) if out_dir else beside
        file = "pipeline.yml" if len(chains) == 1 else f"pipeline-{chain[-1].name}.yml"
        files |= {folder / name: text for name, text in export_chain(chain, folder.absolute(), file).items()}
        show(one for spec in chain for one in losses(spec))
        show(losses_of_chain(chain))
        for spec in chain:
            _spare(spec, [Path(out)] if out is not None else [*files] if out_dir else [])
    in_chains = {spec.name for chain in chains for spec in chain}
    for spec in specs if not chains else [spec for spec in specs if spec.name not in in_chains]:
        folder = folders.get(spec.name, beside)
        written = export_azureml(spec, folder.absolute())
        show(losses(spec))
        files |= {folder / name: text for name, text in written.items()}
        _spare(spec, [Path(out)] if out is not None else [folder / name for name in written if out_dir])
    if not files:
        raise Exit(
            INVALID_SPEC, "there is nothing to write: no spec has a job, data, or a cluster or datastore to make"
        )
    if out_dir is not None:
        _write_all(specs, files, Path(out_dir))
    elif len(files) > 1:
        listed = ", ".join(path.name for path in files)
        raise Exit(WRONG_USAGE, f"these are {len(files)} files ({listed}): write them into a folder with --out-dir DIR")
    else:
        _write_one(next(iter(files.values())), out)


@export.command()
@translating_options
@changed_options()
@out_option
def tfjob(reading: Reading, out: str | None) -> None:
    """The job as a TFJob of Kubeflow, for Kubernetes."""
    from specrun.convert.to_azureml import chains_of
    from specrun.convert.to_tfjob import export_tfjob

    specs = _chained(_read(reading, "local", unread()["local"]), reading)
    if chains := chains_of(specs):
        names = " → ".join(spec.name for spec in chains[0])
        raise Exit(
            INVALID_SPEC,
            f"error: {names} is a chain, and TFJobs wait for no other: export each by itself, and have a workflow "
            "(Argo Workflows, Kubeflow Pipelines) create one when those before it have succeeded",
        )
    written = [export_tfjob(spec) for spec in specs]
    show(found for _, lost in written for found in lost)
    if not all(text for text, _ in written):
        raise Exit(INVALID_SPEC)
    for spec in specs:
        _spare(spec, [Path(out)] if out is not None else [])
    _write_one("---\n".join(text for text, _ in written), out)


export.add_command(endpoint)


def _read(reading: Reading, engine: str, spared: Sequence[SpecPath]) -> Sequence[Spec]:
    """The specs as an engine reads them, for whom what is written is. Ends the command when one is not valid."""
    loaded = load_specs(replace(reading, engine=engine), unread={engine: tuple(spared)})
    # What is written has a secret by its name: that it is not set here does not matter.
    show(found for found in loaded.diagnostics if found.code not in ("unset-secret", "unset-env") or not loaded.ok)
    if not loaded.ok:
        raise Exit(INVALID_SPEC)
    return [_without_credentials(spec) for spec in loaded.specs]


def _chained(specs: Sequence[Spec], reading: Reading) -> Sequence[Spec]:
    """The specs, whose inputs name others by their names. Ends the command where one names what is not there, or where
    they wait for each other.
    """
    from specrun.apply.chains import with_upstream
    from specrun.apply.validation import between

    chained = with_upstream(specs, {**reading.options(), "unread": unread()})
    if wrong := [*chained.mistakes, *between(chained, "local")]:  # where it would run is no matter
        show(wrong)
        raise Exit(INVALID_SPEC)
    return chained.specs


def _without_credentials(spec: Spec) -> Spec:
    """The spec without the values of variables that a credential is written out in."""
    if spec.job is None:
        return spec
    values = spec.job.environment_variables.items()
    shown = {name: one if isinstance(one, Secret) else str(mask_property(name, one)) for name, one in values}
    if shown == spec.job.environment_variables:
        return spec
    tell_of_asterisks()
    return replace(spec, job=replace(spec.job, environment_variables=shown))


def _masked(text: str) -> str:
    found = masked(text)
    if found != text and "****" not in text:  # then it was told
        tell_of_asterisks()
    return found


def tell_of_asterisks() -> None:
    """Say that what is written out is not all that the spec has."""
    tell(
        "note: asterisks stand where the spec has a credential written out: put it into the environment, and "
        "`${{ secrets.NAME }}` into the spec"
    )


def _show_refusals(specs: Sequence[Spec]) -> None:
    """What the engine would refuse of the specs, as warnings: the files say what they hold instead.

    But for what they could only hold in vain, which ends the command: an environment that nobody can build any more.
    """
    from specrun.engines.azureml_v2.checks import check_spec
    from specrun.spec.diagnostics import Severity

    found = [
        one
        for spec in specs
        for one in check_spec(spec)
        if "workspace" not in one.code and one.path[:1] != ("workspace",)
    ]
    show(
        replace(one, severity=Severity.WARNING) if one.severity is Severity.ERROR and one.code not in _IN_VAIN else one
        for one in found
    )
    if any(one.code in _IN_VAIN for one in found):
        raise Exit(INVALID_SPEC)


def _spare(spec: Spec, paths: Sequence[Path]) -> None:
    """End the command rather than write over the spec itself."""
    for path in paths:
        if path.absolute().resolve() == spec.file.absolute().resolve():
            raise Exit(WRONG_USAGE, f"{path} is the spec itself: write somewhere else")


def _write_one(text: str, out: str | None) -> None:
    text = _masked(text)
    if out is None:
        print(text, end="")
    else:
        Path(out).write_text(text, encoding="utf-8", newline="\n")


def _write_all(specs: Sequence[Spec], files: Mapping[Path, str], folder: Path) -> None:
    from specrun.convert.to_azureml import command_line

    check_below(files, folder)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_masked(text), encoding="utf-8", newline="\n")
    if quiet():
        return
    print(f"{len(files)} {'file' if len(files) == 1 else 'files'} in {visible(str(folder))}, to be made in this order:")
    own = {spec.name: spec for spec in specs}
    for path in files:
        print(f"  {visible(command_line(own.get(path.parent.name, specs[-1]), path))}")
