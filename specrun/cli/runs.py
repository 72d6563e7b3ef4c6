"""`specrun runs`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import islice

import click

from specrun.cli.opened import open_runs
from specrun.cli.options import color_option, output_option
from specrun.cli.reading import Reading, runs_options
from specrun.engines.reliable import Reliable
from specrun.plan.observed import Run, RunStatus
from specrun.spec.visible import json_text, visible
from specrun.views.data import run_data
from specrun.views.runs import Identity, changed_since, runs_text
from specrun.views.text import paint_for, terminal_width

EXPLAINED = 2
"""Of how many runs that did not succeed the reason is asked for: that is a request for each."""


@click.command()
@runs_options
@output_option("text", "json")
@color_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The newest N.")
def runs(reading: Reading, output: str, limit: int) -> None:
    """Past runs of a spec, newest first, and what changed between them."""
    listed: list[dict[str, object]] = []
    for opened in open_runs(reading).runs:
        # One more than is shown: what the oldest of these changed is said, too.
        found = _explained(opened.engine, list(islice(opened.every(), limit + 1)))
        identity = _as_kept(opened.engine.identity)
        if output == "json":
            listed += [
                {**run_data(run), "changes": list(changed_since(run, found[number + 1 :], identity))}
                for number, run in enumerate(found[:limit])
            ]
        else:
            width = terminal_width()
            print(runs_text(found, identity, paint_for(sys.stdout), width, shown=limit))
        if len(found) > limit:
            print(f"{visible(opened.spec)} has older runs: --limit {limit * 5} shows more", file=sys.stderr)
    if output == "json":
        print(json_text(listed, 2))


def _as_kept(identity: Identity) -> Identity:
    """What runs consisted of, until that is not kept of one: a look is a request, and older ones will lack it too."""
    known: dict[str, Mapping[str, object]] = {}

    def kept(name: str) -> Mapping[str, object]:
        if name not in known:
            known[name] = identity(name) if all(known.values()) else {}
        return known[name]

    return kept


def _explained(engine: Reliable, runs: Sequence[Run]) -> Sequence[Run]:
    """The same, with why the newest of those that did not succeed did not: a list does not say that."""
    unsuccessful = [run.name for run in runs if run.status in (RunStatus.FAILED, RunStatus.CANCELLED)]
    return [engine.run(run.name) if run.name in unsuccessful[:EXPLAINED] and not run.reason else run for run in runs]
