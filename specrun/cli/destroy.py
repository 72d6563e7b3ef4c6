"""`specrun destroy`."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection

import click

from specrun.apply.other_specs import OtherSpecs
from specrun.cli.apply import carry_out, confirm, refuse_on_windows
from specrun.cli.exit_codes import Exit
from specrun.cli.options import color_option, every_option, lock_timeout_option
from specrun.cli.reading import Reading, reading_options
from specrun.cli.session import open_specs
from specrun.cli.telling import quiet
from specrun.engines.facts import unread
from specrun.plan.kinds import ON_DEMAND
from specrun.views.narration import Narration
from specrun.views.text import terminal_width


@click.command()
@reading_options
@every_option
@click.option("--also", type=click.Choice(ON_DEMAND), multiple=True, help="Delete this kind too.")
@click.option(
    "--older-than",
    "older_than",
    metavar="AGE",
    help="With --also run: delete runs that ended longer ago, such as 30d or 12h, and nothing else.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@lock_timeout_option
@color_option
def destroy(reading: Reading, also: tuple[str, ...], older_than: str | None, yes: bool, lock_timeout: int) -> None:
    """Delete what a spec made, and nothing else: its cluster and datastores; more with --also."""
    refuse_on_windows("destroy")
    ended_before = None if older_than is None else _moment(older_than, also)
    project = open_specs(reading, deleting=True)
    others = OtherSpecs(project, reading.engine, {**reading.options(), "unread": unread()})
    made = project.plan_destruction(also, ended_before, others.keep)
    narration = Narration(sys.stdout, sys.stderr, terminal_width(), quiet=quiet())
    try:
        # Deleting cannot be undone: unlike apply, this asks on every engine.
        ask = None if yes else confirm
        raise Exit(carry_out(project, made, reading, narration, ask=ask, detach=True, lock_timeout=lock_timeout))
    finally:
        narration.close()


def _moment(age: str, also: Collection[str]) -> float:
    """The moment (Unix seconds) that is so long ago. Raises click.UsageError."""
    if set(also) != {"run"}:
        raise click.UsageError("--older-than is about runs and nothing else: it goes with `--also run` alone.")
    from specrun.spec.moments import seconds_in  # late: few ask for it

    seconds = seconds_in(age)
    if seconds is None:
        raise click.UsageError(f"--older-than wants a number and one of s, m, h, d, w, such as 30d; not `{age:.40}`.")
    return max(0.0, time.time() - seconds)
