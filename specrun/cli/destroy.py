"""`specrun destroy`."""

from __future__ import annotations

import sys

import click

from specrun.cli.apply import carry_out, confirm
from specrun.cli.exit_codes import Exit
from specrun.cli.options import Reading, color_option, reading_options
from specrun.cli.session import open_specs, show
from specrun.plan.kinds import ON_DEMAND
from specrun.views.narration import Narration
from specrun.views.text import terminal_width


@click.command()
@reading_options
@click.option("--also", type=click.Choice(ON_DEMAND), multiple=True, help="Delete this kind too.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@color_option
def destroy(reading: Reading, also: tuple[str, ...], yes: bool) -> None:
    """Delete what a spec made, and nothing else: its cluster and datastores; more with --also."""
    project = open_specs(reading)
    made = project.plan_destruction(also)
    show(made.notes)
    narration = Narration(sys.stdout, sys.stderr, terminal_width())
    try:
        # Deleting cannot be undone: unlike apply, this asks on every engine.
        raise Exit(carry_out(project, made, reading, narration, ask=None if yes else confirm, detach=True))
    finally:
        narration.close()
