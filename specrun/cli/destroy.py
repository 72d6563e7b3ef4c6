"""`specrun destroy`."""

from __future__ import annotations

import sys

import click

from specrun.apply.survey import survey
from specrun.cli.apply import carry_out, confirm
from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.options import Reading, color_option, reading_options
from specrun.cli.session import open_session
from specrun.plan.destruction import NAMED_ONLY, plan_destruction
from specrun.views.narration import Narration
from specrun.views.text import terminal_width


@click.command()
@reading_options
@click.option("--also", type=click.Choice(NAMED_ONLY), multiple=True, help="Delete this kind too.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@color_option
def destroy(reading: Reading, also: tuple[str, ...], yes: bool) -> None:
    """Delete what a spec made, and nothing else: its cluster and datastores; more with --also."""
    session = open_session(reading)
    engine = session.engine
    seen = survey(engine, session.graph)
    if seen.errors:
        raise Exit(FAILED, "\n".join(f"error: {what}: {error}" for what, error in seen.errors.items()))
    made = plan_destruction(session.graph, engine, seen.observed, seen.runs, also)
    narration = Narration(sys.stdout, sys.stderr, terminal_width())
    try:
        # Deleting cannot be undone: unlike apply, this asks on every engine.
        raise Exit(carry_out(session, made, narration, ask=None if yes else confirm, detach=True))
    finally:
        narration.close()
