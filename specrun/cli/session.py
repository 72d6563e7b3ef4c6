"""What the verbs that talk to an engine start from: valid specs, one engine, one graph."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from specrun.apply.survey import identity_of, survey
from specrun.cli.engines import choose_engine, make_engine, require_engine, scope_of
from specrun.cli.exit_codes import FAILED, INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.masking import mask_environment, remember
from specrun.cli.options import Reading
from specrun.engines.base import Engine, Scope
from specrun.engines.registry import IN_WORKSPACES, UNREAD
from specrun.plan.changes import Plan
from specrun.plan.hashes import HashCache
from specrun.plan.home import home_of
from specrun.plan.observed import Run
from specrun.plan.planner import Options, Planner
from specrun.plan.resources import Graph, build_graph
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.load import Loaded, load
from specrun.spec.model import Spec
from specrun.spec.source import read
from specrun.views.diagnostics import diagnostic_text
from specrun.views.text import paint_for, terminal_width


@dataclass(frozen=True, slots=True)
class Session:
    """Specs and the engine they go to. `home` is the state folder, `hashes` the memory of file hashes in it."""

    specs: Sequence[Spec]
    graph: Graph
    engine: Engine
    home: Path
    hashes: HashCache
    reading: Reading

    @property
    def arguments(self) -> str:
        """What another verb must be given to find the same runs."""
        chosen = ["--engine", self.reading.engine] if self.reading.engine else []
        return shlex.join([*(os.path.relpath(spec.file) for spec in self.specs if spec.job), *chosen])

    def plan(self, options: Options) -> Plan:
        """What the engine has, against what the specs say. Ends the command when that cannot be found out."""
        seen = survey(self.engine, self.graph)
        if seen.errors:
            lines = [f"error: {what}: {error}" for what, error in seen.errors.items()]
            raise Exit(FAILED, mask_environment("\n".join(lines)))
        identity = partial(identity_of, self.engine)
        planner = Planner(self.engine, seen, identity, self.home, self.hashes, options)
        plan = planner.plan(self.graph)
        self.hashes.save()
        return plan


@dataclass(frozen=True, slots=True)
class Runs:
    """The engine that has a spec's runs, and the name under which it has them."""

    spec: str
    engine: Engine

    def newest(self, name: str | None) -> Run:
        """The run of this name, or the spec's newest. Ends the command when there is none."""
        if name is not None:
            return self.engine.run(name)
        runs = self.engine.runs(self.spec)
        if not runs:
            raise Exit(FAILED, f"{self.spec} has no runs on {self.engine.target}: `specrun apply` starts one")
        return runs[0]


def open_session(reading: Reading, *, secrets_required: bool = False) -> Session:
    """Read the specs, show what is wrong or worth knowing, and choose the engine. Ends the command on an error."""
    if reading.engine is not None:
        require_engine(reading.engine)
    loaded = load_specs(reading, secrets_required=secrets_required)
    remember(spec.document.text for spec in loaded.specs)
    # That a field which this engine never reads is not set is for `validate` to say, not for every apply.
    show(found for found in loaded.diagnostics if (found.code, found.severity) != ("unset-env", Severity.NOTE))
    if not loaded.ok:
        raise Exit(INVALID_SPEC)
    name = choose_engine(reading.engine, loaded.specs)
    home = _home(loaded.specs)
    hashes = HashCache(home)
    engine = make_engine(name, home, hashes, scope_of(loaded.specs) if name in IN_WORKSPACES else Scope())
    graph = build_graph(loaded.specs)
    unfit = [*graph.diagnostics, *(found for spec in loaded.specs for found in engine.check(spec))]
    show(unfit)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in unfit):
        raise Exit(INVALID_SPEC)
    _warn_of_default(reading, loaded.specs, name)
    engine.sign_in()
    return Session(loaded.specs, graph, engine, home, hashes, reading)


def check_fit(reading: Reading) -> tuple[Diagnostic, ...]:
    """What is wrong with the specs, and what the chosen engine cannot do of those that are valid."""
    loaded = load_specs(reading)
    found = list(loaded.diagnostics)
    for spec in loaded.specs:
        home = home_of(spec.folder)
        found += make_engine(str(reading.engine), home, HashCache(home), scope_of([spec])).check(spec)
    return tuple(found)


def load_specs(reading: Reading, *, secrets_required: bool = False) -> Loaded:
    """The specs as the command line wants them read."""
    return load(
        reading.files,
        variables=reading.variables,
        engine=reading.engine,
        inputs=reading.inputs,
        environment=reading.environment,
        unread=UNREAD,
        secrets_required=secrets_required,
    )


def open_runs(reading: Reading) -> list[Runs]:
    """The specs' names and engine, for verbs about runs: a file that is being edited need not be valid for them."""
    found = []
    for file in reading.files:
        document, diagnostics = read(file)
        values = document.values if document is not None else None
        if document is None or not isinstance(values, dict) or not isinstance(values.get("name"), str):
            show(diagnostics)
            raise Exit(INVALID_SPEC, "" if diagnostics else f"{file} has no `name`: is it a spec?")
        remember([document.text])
        home = home_of(Path(file).absolute().parent)
        name = str(reading.engine or values.get("engine") or "local")
        scope = _scope_in(replace(reading, files=(file,))) if name in IN_WORKSPACES else Scope()
        engine = make_engine(name, home, HashCache(home), scope)
        engine.sign_in()
        found.append(Runs(values["name"], engine))
    return found


def _scope_in(reading: Reading) -> Scope:
    """Where the runs of a file are: in a workspace, which only a valid spec names."""
    loaded = load_specs(reading)
    if not loaded.ok:
        show(loaded.diagnostics)
        raise Exit(INVALID_SPEC)
    return scope_of(loaded.specs)


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to standard error."""
    width = terminal_width()
    paint = paint_for(sys.stderr)
    for diagnostic in diagnostics:
        print(mask_environment(diagnostic_text(diagnostic, paint, width)), end="\n\n", file=sys.stderr)


def _home(specs: Sequence[Spec]) -> Path:
    homes = {home_of(spec.folder): spec for spec in specs}
    if len(homes) > 1:
        listed = ", ".join(str(home) for home in homes)
        raise Exit(WRONG_USAGE, f"the specs keep their state in several places ({listed}): choose one in SPECRUN_HOME")
    return next(iter(homes))


def _warn_of_default(reading: Reading, specs: Sequence[Spec], engine: str) -> None:
    by_default = [spec for spec in specs if spec.workspace is not None and not (reading.engine or spec.engine)]
    if engine == "local" and by_default:
        show(
            Diagnostic(
                Severity.WARNING,
                "local-by-default",
                "A spec with a workspace goes to this machine.",
                f"{spec.name} names a workspace, but no engine: write `engine: azureml` in the spec or say "
                "`--engine azureml` to use it, or `--engine local` if this machine is meant.",
                ("workspace",),
                spec.document.location(("workspace",), key=True),
            )
            for spec in by_default
        )
