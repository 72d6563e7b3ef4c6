"""`specrun models`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from specrun.apply.lineage import Lineage, lineages, not_there, sources_of, version_of, versions_of
from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.opened import Opened, RunsOfSpec, open_runs
from specrun.cli.options import color_option, output_option
from specrun.cli.reading import LOCAL, Reading, models_options
from specrun.cli.telling import quiet, tell
from specrun.engines.base import Scope
from specrun.engines.parts import NAMES
from specrun.plan.makers import NOBODY
from specrun.plan.models import RegisteredModel
from specrun.spec.model import ModelVersion
from specrun.spec.visible import json_text, visible
from specrun.views.models import Row, model_data, model_text, models_csv, models_text
from specrun.views.text import canvas, paint_for, terminal_width


@click.command()
@models_options
@output_option("text", "json", "csv")
@color_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The newest N.")
def models(model: str, reading: Reading, output: str, limit: int) -> None:
    """Registered models: the newest version of each, the versions of one, or a version with all that it came from."""
    opened = registries(reading)
    name, _, version = model.partition(":")
    listed: list[tuple[RunsOfSpec, Sequence[RegisteredModel]]] = []
    if version:
        found = [(one, there) for one, there in opened.ask(lambda one: _version(one, name, version)) if there]
    else:
        listed = opened.ask(lambda one: versions_of(one.engine, name or None, limit + 1))
        found = [(one, there) for one, several in listed for there in several]
        found.sort(key=lambda each: _age(each[1]))
    shown = found[:limit]
    known = list(zip(shown, _lineages(shown), strict=True))
    rows = [Row(lineage, one.engine.place) for (one, _), lineage in known]
    if version:
        rows = [
            replace(row, sources=sources_of(one.engine, row.lineage.model))
            for row, (one, _) in zip(rows, shown, strict=True)
        ]
    if not rows and not opened.failed and model:
        raise Exit(FAILED, not_there((one.engine for one in opened.runs), model))
    _print(rows, output, alone=bool(version) and len(opened.runs) == 1)
    if len(found) > limit:
        tell(f"there are more: --limit {limit * 5} shows them")
    elif not rows and not opened.failed:
        tell("no models yet: `register` of an output has it be one, once its run has succeeded")
    if not name and any(one.engine.facts.in_workspace and len(several) >= NAMES for one, several in listed):
        tell(f"the first {NAMES} models were looked at: name one to see another")
    opened.finish()


def registries(reading: Reading) -> Opened:
    """The places where models are, each once: that of this repository on this machine, or those of some specs."""
    if not reading.files and not reading.found.mistakes:
        return Opened([RunsOfSpec.open(NOBODY, LOCAL, Scope(), Path.cwd(), {})])
    opened = open_runs(reading)
    opened.runs = list({one.where: one for one in opened.runs}.values())
    return opened


def _print(rows: Sequence[Row], output: str, *, alone: bool) -> None:
    if output == "json":
        data = [model_data(row) for row in rows]
        print(json_text(data[0] if alone and data else data, 2))
    elif output == "csv":
        canvas(sys.stdout).write(models_csv(rows))
    elif quiet():
        print("".join(f"{visible(str(row.lineage.model))}\n" for row in rows), end="")
    elif rows:
        paint, width = paint_for(sys.stdout), terminal_width()
        if rows[0].sources is not None:
            print("\n\n".join(model_text(row, paint, width) for row in rows))
        else:
            print(models_text(rows, paint, width))


def _version(one: RunsOfSpec, name: str, version: str) -> RegisteredModel | None:
    return version_of(one.engine, ModelVersion(name, version))


def _lineages(shown: Sequence[tuple[RunsOfSpec, RegisteredModel]]) -> list[Lineage]:
    """What is known of each, asked of each place at once."""
    if quiet():
        return [Lineage(model) for _, model in shown]
    by_place: dict[tuple[object, ...], list[int]] = {}
    for at, (one, _) in enumerate(shown):
        by_place.setdefault(one.where, []).append(at)
    found: dict[int, Lineage] = {}
    for numbers in by_place.values():
        engine = shown[numbers[0]][0].engine
        found |= dict(zip(numbers, lineages(engine, [shown[at][1] for at in numbers]), strict=True))
    return [found[at] for at in range(len(shown))]


def _age(model: RegisteredModel) -> float:
    return -(model.created or 0.0)
