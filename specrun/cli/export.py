"""`specrun export`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from specrun.cli.engines import scope_of
from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.options import Reading, reading_options
from specrun.cli.session import load_specs, show
from specrun.engines.registry import IN_WORKSPACES


@click.group()
def export() -> None:
    """Write what other programs read."""


@export.command()
@reading_options
@click.option("--out", metavar="PATH", help="Write to this file instead of standard output.")
def config(reading: Reading, out: str | None) -> None:
    """The workspace as a config.json, which `Workspace.from_config` reads."""
    from specrun.engines.azure.coordinates import check_coordinates, config_text, locate

    if reading.engine not in IN_WORKSPACES:  # another one would not mind what a workspace lacks
        reading = replace(reading, engine=min(IN_WORKSPACES))
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
    text = config_text(locate(scope.workspace, scope.folder))
    if out is None:
        print(text, end="")
    else:
        Path(out).write_text(text, encoding="utf-8")
