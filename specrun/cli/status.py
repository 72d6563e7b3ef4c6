"""`specrun status`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import click

from specrun.apply.failures import failure_of
from specrun.apply.lineage import registered_of
from specrun.apply.watch import code_of
from specrun.cli.chained import links_of, newest_or_none, upstream_in
from specrun.cli.exit_codes import FAILED
from specrun.cli.failed import Failed, look
from specrun.cli.opened import RunsOfSpec, open_runs
from specrun.cli.options import color_option, output_option
from specrun.cli.priced import Pricing, Spent
from specrun.cli.reading import Reading, runs_options
from specrun.cli.telling import quiet
from specrun.engines.base import EngineError
from specrun.engines.calls import read_all
from specrun.plan.metrics import Logged, Series
from specrun.plan.observed import Run, RunStatus
from specrun.plan.parameters import parameters
from specrun.plan.trials import Trial
from specrun.spec.visible import json_text
from specrun.views.chains import NOT_SUBMITTED, chain_text, link_data
from specrun.views.data import around_data, place_data, run_data
from specrun.views.runs import Surroundings, status_text
from specrun.views.sweep_text import sweep_text, trial_text
from specrun.views.text import paint_for, room_in, terminal_width
from specrun.views.trials import sweep_data

T = TypeVar("T")

DRAWN = 8
"""Metrics of which it is shown how they went."""


@click.command()
@runs_options
@click.option("--wait", is_flag=True, help="Return when the run has ended, with the status of apply.")
@output_option("text", "json")
@color_option
def status(reading: Reading, wait: bool, output: str) -> None:
    """Where a run is: the newest of a spec, or one by its name."""
    opened = open_runs(reading)
    upstream = upstream_in(opened.runs)
    newest = opened.ask(lambda runs: _newest(runs, wait, quiet=quiet() or output == "json", chain=upstream))
    found = [(runs, run) for runs, run in newest if run is not None]
    links = links_of(upstream, {runs.spec: run for runs, run in newest})
    left = [link for link in links if link.run is None]
    alone = quiet() and output == "text"
    pricing = Pricing(time.time())
    told = [] if alone else [_told(runs, run, reading, pricing, drawn=output == "text") for runs, run in found]
    if alone:
        said = [run.status.value if run is not None else NOT_SUBMITTED for _, run in newest]
        print("".join(f"{text}\n" for text in said), end="")
    elif output == "json":
        places = [place_data(runs.engine.place) for runs, _ in found]
        data = [
            {
                **run_data(run),
                "place": place,
                "cost": spent.data,
                **around_data(around),
                **({"sweep": sweep_data(run, around.trials)} if run.is_sweep else {}),
                "failure": failed.data(),
            }
            for place, (run, around, failed, spent) in zip(places, told, strict=True)
        ]
        data += [link_data(link) for link in left]
        if data:
            print(json_text(data[0] if opened.alone else data, 2))
    else:
        paint = paint_for(sys.stdout)
        room = room_in(sys.stdout, terminal_width())
        parts = (
            (
                status_text(run, around, paint, room, spent.line),
                trial_text(run, around.trial, room),
                sweep_text(
                    run,
                    around.trials,
                    paint,
                    room,
                    partial(runs.about, "runs", run, reading, "--tree"),
                    _raised(runs, run, around),
                ),
                failed.text(paint, room),
            )
            for (runs, _), (run, around, failed, spent) in zip(found, told, strict=True)
        )
        chain = [chain_text(links, paint, terminal_width())] if links else []
        texts = [*chain, *("\n".join(filter(None, texts)) for texts in parts)]
        print("\n\n".join(texts), end="\n" * bool(texts))
    opened.finish({*(code_of(run) for _, run in found), *([FAILED] if left else [])} if wait else ())


def _told(
    runs: RunsOfSpec, run: Run, reading: Reading, pricing: Pricing, *, drawn: bool
) -> tuple[Run, Surroundings, Failed, Spent]:
    return run, _surroundings(runs, run, drawn=drawn), look(runs, run, reading), pricing.spent(runs, run)


def _raised(runs: RunsOfSpec, run: Run, around: Surroundings) -> Mapping[str, str]:
    """What the first trial that failed says of it; of a sweep that failed more of that is shown anyway."""
    failed = next((one for one in around.trials if one.status is RunStatus.FAILED and one.run), None)
    if failed is None or run.status is RunStatus.FAILED:
        return {}
    try:
        found = failure_of(runs.engine, runs.engine.run(failed.run)).raised
    except EngineError:
        return {}  # no more than a help
    return {failed.run: runs.own_paths(replace(run, name=failed.run))(found)} if found else {}


def _newest(runs: RunsOfSpec, wait: bool, *, quiet: bool, chain: Mapping[str, Mapping[str, str]]) -> Run | None:
    """The run, or None for a spec that others have to run before."""
    if chain.get(runs.spec) and newest_or_none(runs) is None:
        return None
    return _now(runs, wait, quiet=quiet)


def _now(runs: RunsOfSpec, wait: bool, *, quiet: bool) -> Run:
    run = runs.newest()
    if wait:
        run = wait_for(runs, run, quiet=quiet)
    # A list of runs may leave out what costs a service more to say about each of them.
    return run if wait or runs.run is not None else runs.engine.run(run.name)


def _surroundings(runs: RunsOfSpec, run: Run, *, drawn: bool) -> Surroundings:
    """What can be read of it: that one thing cannot hides nothing else."""
    engine, unread = runs.engine, dict[str, str]()

    def read(what: str, ask: Callable[[str], T], name: str, nothing: T) -> T:
        try:
            return ask(name) if name else nothing
        except EngineError as error:
            unread[what] = str(error)
            return nothing

    no_nodes = dict[str, int]()
    no_trials: Sequence[Trial] = ()
    logged = read("metrics", engine.logged, run.name, Logged())
    # How a metric went is a request for each, where that is one: of many only those are asked that come first.
    names = list(logged.main)[:DRAWN] if drawn else []
    reads = read_all(engine.telling(run.name, name) for name in names)
    return Surroundings(
        read("outputs", engine.address, run.name, ""),
        run.compute,
        read("cluster", engine.nodes, run.compute, no_nodes),
        logged,
        unread,
        parameters(run, engine.identity(run.name), logged.params),
        {name: series for name, series in zip(names, reads, strict=True) if isinstance(series, Series)},
        read("trials", engine.trials, run.name if run.is_sweep else "", no_trials),
        next((one for one in read("sweep", engine.trials, run.parent, no_trials) if one.run == run.name), None),
        {output: str(model) for output, model in registered_of(runs, run, unread).items()},
    )


def wait_for(runs: RunsOfSpec, run: Run, *, quiet: bool = False) -> Run:
    """The run once it has ended. That it goes on is shown meanwhile, unless all is to be `quiet`."""
    from specrun.views.following import following  # late: only who waits has something to see

    with following(quiet=quiet) as followed:
        while not run.status.ended:
            followed.wait(run, runs.engine)
            run = runs.engine.run(run.name)
    return run
