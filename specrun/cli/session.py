"""What the verbs start from: specs that are valid, and where they go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from specrun.apply.opening import open_loaded, worth_telling
from specrun.apply.project import Project
from specrun.cli.answers import note_diagnostics, note_error, note_specs
from specrun.cli.exit_codes import INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.left_out import check_targets, tell_selected
from specrun.cli.reading import Reading
from specrun.cli.telling import audible, end_if_strict, judged, tell_waits
from specrun.engines.facts import ENGINES, unread
from specrun.engines.registry import check_engine
from specrun.plan.graph import Graph
from specrun.plan.home import home_of
from specrun.plan.restriction import counted, restrict
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.errors import OfDiagnostics, SpecInvalid
from specrun.spec.load import load
from specrun.spec.loaded import Loaded
from specrun.spec.wording import command, file_word, listed
from specrun.views.diagnostics import findings_text
from specrun.views.plan_text import Looked, unseen
from specrun.views.text import indented, paint_for, terminal_width


def open_specs(
    reading: Reading, *, secrets_required: bool = False, deleting: bool = False, under_rules: bool = False
) -> Project:
    """Read the specs, show what is wrong or worth knowing, and find out where they go. Ends the command on an error.

    Specs that are judged `under_rules` and break some stand in a plan that is refused.
    """
    require_engine(reading.engine)
    loaded = load_specs(reading, secrets_required=secrets_required, under_rules=under_rules)
    show(worth_telling(loaded.diagnostics))
    if not loaded.ok:
        show(loaded.broken)
        raise Exit(INVALID_SPEC)
    tell_waits()
    try:
        project = open_loaded(
            loaded,
            reading.engine,
            show,
            noted=lambda found: note_specs(found.specs, found.places),
            under_rules=under_rules,
            rules_from=reading.rules_from,
            options={**reading.options(), "unread": unread()},
        )
    except SpecInvalid as error:
        raise Exit(error.code) from error  # it has been told why
    graph, left_out = restricted(project.graph, reading, deleting=deleting)
    return replace(project, graph=graph, left_out=left_out)


@contextmanager
def showing() -> Iterator[None]:
    """While this lasts, what ends for mistakes in specs shows them, and ends the command."""
    try:
        yield
    except OfDiagnostics as error:
        show(error.diagnostics)
        raise Exit(error.code, error.said) from error


def restricted(graph: Graph, reading: Reading, *, deleting: bool = False) -> tuple[Graph, str]:
    """Those kinds of a graph that are selected, and what was left out. Ends the command where nothing is selected."""
    found, left_out = restrict(graph, reading.kinds, deleting=deleting)
    if graph.resources and not found.resources:
        raise Exit(WRONG_USAGE, f"nothing is selected, of {counted(graph)}")
    return found, left_out


def about_run(verb: str, run: str, engine: str, home: Path, file: str, reading: Reading, *options: str) -> str:
    """A command about a run, to be pasted here: by its name where that is enough, else with the spec's `file`.

    `home` is the state folder of the spec, as this machine has its own runs in it.
    """
    is_here = not ENGINES[engine].in_workspace
    named = [run] if not file or (is_here and home_of(Path.cwd()) == home) else [_here(file), "--run", run]
    chosen = ["--engine", engine] if reading.engine or not (file or is_here) else []
    chosen += ["--target", reading.target] if reading.target else []
    chosen += [word for one in reading.var_files for word in ("--var-file", one)]
    return command("specrun", verb, *named, *chosen, *options)


def apply_again(reading: Reading, *options: str) -> str:
    """The command that applies the same again, but for what it would submit once more; with further `options`."""
    words = [*map(file_word, reading.named)]
    words += ["--engine", reading.engine] if reading.engine else []
    words += ["--target", reading.target] if reading.target else []
    words += [word for one in reading.var_files for word in ("--var-file", one)]
    words += [word for name, value in reading.variables.items() for word in ("--var", f"{name}={value}")]
    words += [word for name, value in reading.inputs.items() for word in ("--input", f"{name}={value}")]
    words += ["--environment", reading.environment] if reading.environment else []
    words += [word for one in reading.allow_outside for word in ("--allow-outside", one)]
    words += [word for one in reading.only for word in ("--only", str(one))]
    words += [word for one in reading.exclude for word in ("--exclude", str(one))]
    words += ["--rules-from", reading.rules_from.name] if reading.rules_from is not None else []
    return command("specrun", "apply", *words, *options)


def _here(file: str) -> str:
    return file_word(os.path.relpath(file))


def report_unseen(plan: Looked) -> None:
    """Say what could not be observed, on standard error: of several things or places once, where it is the same."""
    several = len(plan.places) + len(plan.unseen) > 1
    for one in unseen(plan):
        named = [f"{place.title} (engine {place.engine})" for place in one.places] if several else []
        about = [about for about in (listed(named, "and", code=False), one.what) if about]
        said = ": ".join([*about, f"{one.reason}{one.rest}"])
        note_error(said, one.places[0])
        print(indented(f"error: {said}"), file=sys.stderr)


def load_specs(reading: Reading, **options: Any) -> Loaded:
    """The specs as the command line wants them read; `options` are others of `load`. Ends the command where it selects
    none of them, and where they are valid and a target would have to be chosen.
    """
    loaded = load(**{**reading.options(), "unread": unread(), **options})
    tell_selected(loaded, reading)
    if loaded.ok:
        check_targets(loaded, reading.target, reading.none)
    return loaded


def require_engine(name: str | None) -> None:
    """End the command when this specrun has no such engine."""
    if name is not None and name not in ENGINES:
        from specrun.cli.meant import engine_hint

        check_engine(name, engine_hint)


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to standard error. Ends the command where one of them is a warning, with --strict."""
    found = judged(diagnostics)
    note_diagnostics(found)
    width = terminal_width()
    paint = paint_for(sys.stderr)
    for text in findings_text(audible(found), paint, width):
        print(text, end="\n\n", file=sys.stderr)
    end_if_strict()
