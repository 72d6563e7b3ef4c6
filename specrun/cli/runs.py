"""`specrun runs`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, zip_longest

import click

from specrun.cli.failed import Failed, look
from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import color_option, output_option, since_option
from specrun.cli.priced import Pricing, tell_prices
from specrun.cli.reading import Reading, runs_options
from specrun.cli.telling import quiet, tell
from specrun.plan.observed import Run, RunStatus
from specrun.spec.frozen import dataclass
from specrun.spec.visible import json_text, visible
from specrun.views.data import place_data, run_data
from specrun.views.run_table import Row, runs_text
from specrun.views.runs import Identity, changed_since
from specrun.views.text import paint_for, terminal_width

EXPLAINED = 2
"""Of how many runs that did not succeed the reason is asked for: that is a request for each."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A run with its engine, and the run of the same spec before it."""

    runs: RunsOfSpec
    run: Run
    before: Run | None
    identity: Identity
    failed: Failed | None = None


@click.command()
@runs_options
@output_option("text", "json")
@color_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The newest N.")
@since_option("Only runs submitted since then")
def runs(reading: Reading, output: str, limit: int, since: float | None) -> None:
    """Past runs of specs, newest first, and what changed between them."""
    opened = open_runs(reading)
    # One more than is shown of each: what the oldest of these changed is said, too.
    found = opened.ask(lambda one: list(islice(one.every(), limit + 1)))
    listed = [entry for one, several in found for entry in _listed(one, several)]
    listed.sort(key=lambda entry: entry.run.submitted or 0.0, reverse=True)
    if since is not None:
        # Of what nobody knows when it was submitted nobody can say that it was before.
        listed = [entry for entry in listed if entry.run.submitted is None or entry.run.submitted >= since]
    names = quiet() and output == "text"
    shown = listed[:limit] if names else _explained(listed[:limit], reading)
    changes = [changed_since(one.run, [one.before] if one.before else [], one.identity) for one in shown if not names]
    now = time.time()
    pricing = Pricing(now)
    spent = [pricing.spent(one.runs, one.run) for one in shown if not names]
    if output == "json":
        told = [
            {
                **run_data(one.run),
                "place": place_data(one.runs.engine.place),
                "cost": cost.data,
                "changes": list(changed),
                "failure": one.failed.data() if one.failed is not None else None,
            }
            for one, changed, cost in zip(shown, changes, spent, strict=True)
        ]
        if told or not opened.failed:
            print(json_text(told, 2))
    elif names:
        print("".join(f"{visible(one.run.name)}\n" for one in shown), end="")
    elif shown or not opened.failed:
        rows = [
            Row(
                one.run,
                one.runs.spec,
                one.runs.engine.place.title,
                changed,
                raised=one.failed.raised if one.failed is not None else "",
                cost=cost.cell,
            )
            for one, changed, cost in zip(shown, changes, spent, strict=True)
        ]
        print(runs_text(rows, now, paint_for(sys.stdout), terminal_width()))
        tell_prices(spent)
    if len(listed) > limit:
        of = f"{listed[0].runs.spec} has" if opened.alone else "there are"
        tell(f"{of} older runs: --limit {limit * 5} shows more")
    opened.finish()


def _listed(runs: RunsOfSpec, found: Sequence[Run]) -> list[_Listed]:
    identity = _as_kept(runs.engine.identity)
    return [_Listed(runs, run, before, identity) for run, before in zip_longest(found, found[1:])]


def _as_kept(identity: Identity) -> Identity:
    """What runs consisted of, until that is not kept of one: a look is a request, and older ones will lack it too."""
    known: dict[str, Mapping[str, object]] = {}

    def kept(name: str) -> Mapping[str, object]:
        if name not in known:
            known[name] = identity(name) if all(known.values()) else {}
        return known[name]

    return kept


def _explained(listed: Sequence[_Listed], reading: Reading) -> list[_Listed]:
    """The same, with why the newest of those that did not succeed did not: a list does not say that."""
    failed = [one for one in listed if one.run.status in (RunStatus.FAILED, RunStatus.CANCELLED)][:EXPLAINED]
    return [_looked(one, reading) if one in failed else one for one in listed]


def _looked(one: _Listed, reading: Reading) -> _Listed:
    run = one.run if one.run.reason else one.runs.engine.run(one.run.name)
    return replace(one, run=run, failed=look(one.runs, run, reading))
