"""Specs that were named, and what can be done with them: checked, planned, applied, and their runs looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, TypeAlias

from specrun.api.applying import carry_out
from specrun.api.models import Model, Models
from specrun.api.plans import Diagnostics, Plan
from specrun.api.run import Run
from specrun.api.runs import Runs
from specrun.apply.lineage import not_there, version_of, versions_of
from specrun.apply.opening import check_allowed, noting, open_loaded, untried, worth_telling
from specrun.apply.project import Project
from specrun.apply.runs_of import PassedOver, RunsOf, look_for, runs_of_specs
from specrun.apply.validation import validated
from specrun.engines.base import Missing
from specrun.engines.facts import unread
from specrun.engines.registry import check_engine
from specrun.plan.attempts import OF_TRIALS
from specrun.plan.kinds.run import Follow, RunChange
from specrun.plan.models import LATEST
from specrun.plan.planning import PlanOptions
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.errors import Error, SpecInvalid, UsageError
from specrun.spec.load import load as load_files
from specrun.spec.loaded import Loaded, in_order
from specrun.spec.model import ModelVersion, Scalar
from specrun.spec.named import Found, find, listed, nothing, own_repository, own_spec
from specrun.spec.overrides import chosen, scalars
from specrun.spec.target_choice import nowhere, undecided
from specrun.spec.unchecked import load_unchecked
from specrun.spec.visible import json_text

File: TypeAlias = "str | os.PathLike[str]"


class ConfirmationNeeded(Error):
    """The plan changes what costs money or is others', and nobody has said `yes=True`."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(f"this would be done, and nobody has said yes=True:\n{plan}")
        self.plan = plan


class ApplyFailed(Error):
    """Some of a plan could not be carried out: `errors` say what, and why. `runs` are those that there are."""

    def __init__(self, errors: Sequence[str], runs: Runs, code: int) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)
        self.runs = runs
        self.code = code


def load(
    *files: File,
    target: str | None = None,
    engine: str | None = None,
    vars: Mapping[str, Scalar] | None = None,
    var_files: Iterable[File] = (),
    inputs: Mapping[str, File] | None = None,
    environment: File | None = None,
    allow_outside: Iterable[File] = (),
) -> Specs:
    """The specs of some files, folders and globs; without any the `job.yaml` of this folder or the nearest above it in
    its repository, else what its `.specrun.yaml` lists.

    All of it means what it means on the command line (`--target`, `--engine`, `--var`, `--var-file`, `--input`,
    `--environment`, `--allow-outside`; SPECRUN_ENGINE and SPECRUN_TARGET where nothing is said). Only a text in `vars`
    is a text: `"10"` is none of the numbers. Nothing is read before it is needed, and then as it is on the disk.
    """
    said = {
        "variables": {name: _typed(name, value) for name, value in (vars or {}).items()},
        "var_files": tuple(os.fspath(one) for one in var_files),
        "inputs": {name: os.fspath(path) for name, path in (inputs or {}).items()},
        "environment": None if environment is None else os.fspath(environment),
        "allow_outside": tuple(os.fspath(one) for one in allow_outside),
    }
    return Specs(tuple(os.fspath(one) for one in files), *chosen(engine, target), said)


class Specs:
    """Some specs. Each call reads them anew: what is edited meanwhile counts. To be made by `load`."""

    def __init__(self, names: Sequence[str], engine: str | None, target: str | None, said: Mapping[str, Any]) -> None:
        self._names = names
        self._engine = engine
        self._target = target
        self._said = said
        self._folder = os.getcwd()  # noqa: PTH109

    def __repr__(self) -> str:
        said = [*map(repr, self._names)]
        said += [f"{name}={value!r}" for name, value in (("engine", self._engine), ("target", self._target)) if value]
        return f"specrun.load({', '.join(said)})"

    def validate(self) -> Diagnostics:
        """Every mistake of the specs, each at its place, as `specrun validate` tells them. Offline.

        Raises UsageError where there is no such engine or target.
        """
        check_engine(self._engine)
        options = self._options()
        loaded = self._with_target(validated(**options))
        return Diagnostics(in_order([*loaded.diagnostics, *loaded.broken], options["files"]), loaded.broken)

    def plan(
        self,
        *,
        rerun: bool = False,
        cancel_previous: bool = False,
        allow_replace: bool = False,
        max_runs: int = 10,
        adopt: Iterable[str] = (),
    ) -> Plan:
        """What `apply` would do, and why, as `specrun plan` shows it. Changes nothing.

        Raises SpecInvalid, UsageError and EngineError. What forbids the plan, or makes it impossible, stands in it.
        """
        project, found = self._open()
        options = PlanOptions(rerun, cancel_previous, allow_replace, max_runs, tuple(adopt))
        return Plan(noting(project.plan(options), self._said["environment"]), found)

    def apply(
        self,
        *,
        yes: bool = False,
        rerun: bool = False,
        cancel_previous: bool = False,
        allow_replace: bool = False,
        max_runs: int = 10,
        adopt: Iterable[str] = (),
        detach: bool = False,
        fail_fast: bool = False,
        lock_timeout: float = 600.0,
        show: Callable[[str], object] | None = None,
    ) -> Runs:
        """Make it so, and follow the runs to their ends; with `detach` until they are submitted. These runs, whatever
        became of them: see `Run.check`.

        `show` is called with each line that `specrun apply` would print (`show=print`), in the thread of the caller.
        `yes` is needed where the command line would ask: where a place costs money. An interrupt (Ctrl-C, the stop
        button of a notebook) ends what is under way and raises KeyboardInterrupt; what was submitted goes on.

        Raises SpecInvalid, UsageError, Refused, PlanFailed and ConfirmationNeeded before anything is changed, and
        ApplyFailed where some of it could not be done.
        """
        if why := untried("this"):
            raise Error(why)
        project, found = self._open(secrets_required=True)
        made = project.plan(PlanOptions(rerun, cancel_previous, allow_replace, max_runs, tuple(adopt)))
        check_allowed(made)
        project.check_locks(made)
        if made.pending and not yes and any(engine.facts.asks for engine in project.engines.values()):
            raise ConfirmationNeeded(Plan(made, found))
        outcome, errors = carry_out(project, made, show, detach=detach, fail_fast=fail_fast, lock_timeout=lock_timeout)
        runs = Runs(_runs_in(project, made.changes))
        if outcome.stale or outcome.refused or outcome.failed:
            raise ApplyFailed(errors, runs, outcome.code)
        return runs

    def runs(self, limit: int | None = 100) -> Runs:
        """The newest runs of the specs, newest first; with `limit=None` all. The files need not be valid for that.

        What was passed over stands in their `notes`. Raises SpecInvalid, UsageError and EngineError.
        """
        notes: list[PassedOver] = []
        listed = [Run(one, run) for one in self.places() for run in islice(one.every(notes.append), limit)]
        listed.sort(key=lambda run: run.observed.submitted or 0.0, reverse=True)
        return Runs(listed[:limit], [text for one in notes for text in one.notes])

    def run(self, name: str) -> Run:
        """A run by its name, wherever the specs have their runs. Raises Missing where it is not."""
        if OF_TRIALS.fullmatch(name) is None:
            raise UsageError(f"{name} is no run's name: those are SPEC-FINGERPRINT, as `runs()` lists them")
        found = look_for(name, self._places())
        assert found.run is not None
        return Run(found, found.run)

    def models(self, name: str | None = None, limit: int | None = 100) -> Models:
        """The versions of a model, newest first, or of each model the newest, where the specs have their runs: whoever
        registered them. Raises SpecInvalid, UsageError and EngineError.
        """
        found = [Model(one, there) for one in self._registries() for there in versions_of(one.engine, name, limit)]
        found.sort(key=lambda one: one.observed.created or 0.0, reverse=True)
        return Models(found[:limit])

    def model(self, name: str, version: str | int = LATEST) -> Model:
        """A version of a model. Raises Missing where it is not, UsageError where several places have one."""
        wanted, registries = ModelVersion(name, str(version)), self._registries()
        found = [Model(one, there) for one in registries if (there := version_of(one.engine, wanted)) is not None]
        if not found:
            raise Missing(not_there((one.engine for one in registries), f"{name}:{version}"))
        if len(found) > 1:
            raise UsageError(f"there is a model {name}:{version} in several places: load one spec, or one target")
        return found[0]

    def places(self) -> Sequence[RunsOf]:
        """Where the runs of each spec are."""
        return [open_runs() for open_runs in self._places()]

    def _registries(self) -> Sequence[RunsOf]:
        """Where models are, each place once."""
        found = list({one.where: one for one in self.places()}.values())
        for one in found:
            one.engine.sign_in()
        return found

    def _places(self) -> Sequence[Callable[[], RunsOf]]:
        check_engine(self._engine)
        options = self._options()
        wrong = [one for one in options["mistakes"] if one.severity is Severity.ERROR]
        if wrong:
            raise SpecInvalid(wrong)
        loaded = self._with_target(load_unchecked(options))
        return runs_of_specs(loaded, options["files"], options, {}, RunsOf)

    def _open(self, *, secrets_required: bool = False) -> tuple[Project, list[Diagnostic]]:
        """Where the specs go, and what is worth knowing of them."""
        check_engine(self._engine)
        loaded = load_files(**self._options(), unread=unread(), secrets_required=secrets_required, under_rules=True)
        if not loaded.ok:
            raise SpecInvalid([*loaded.diagnostics, *loaded.broken])
        self._with_target(loaded)
        found = list(worth_telling(loaded.diagnostics))
        return open_loaded(loaded, self._engine, found.extend, under_rules=True), found

    def _with_target(self, loaded: Loaded) -> Loaded:
        if lines := undecided(loaded) or nowhere(loaded, self._target):
            raise UsageError(*lines)
        return loaded

    def _options(self) -> dict[str, Any]:
        """What `load` of the files needs."""
        found = self._found()
        return {
            **self._said,
            "files": found.files,
            "scanned": found.scanned,
            "mistakes": found.mistakes,
            "engine": self._engine,
            "target": self._target,
            "selection": None,
        }

    def _found(self) -> Found:
        if self._names:
            here = os.getcwd()  # noqa: PTH109
            moved = here != self._folder  # a program may go to another folder in between
            return find([os.path.join(self._folder, name) if moved else name for name in self._names])  # noqa: PTH118
        if file := own_spec():
            return find([file])
        repository = own_repository()
        if any(found.severity is Severity.ERROR for found in repository.diagnostics):
            return Found(mistakes=tuple(repository.diagnostics))
        return listed(repository) if repository.specs else Found(mistakes=(nothing(repository),))


def _runs_in(project: Project, changes: Iterable[object]) -> Iterator[Run]:
    """The runs of a plan that was carried out, as far as they were submitted."""
    for change in changes:
        if isinstance(change, RunChange):
            engine, resource = project.engines[change.key.place], change.resource
            name = change.run.name if isinstance(change, Follow) else change.submission.name
            with suppress(Missing):
                found = engine.run(name)
                yield Run(RunsOf(resource.maker, engine, project.home, resource.origin.document.file, found), found)


def _typed(name: str, value: object) -> str:
    """A value of Python as it is typed behind `--var`."""
    item = getattr(value, "item", None)
    value = item() if callable(item) else value  # as numbers of numpy are
    if value is not None and not isinstance(value, (str, int, float)):
        raise TypeError(f"vars: {name} is {type(value).__name__}, and is to be text, a number, True, False or None")
    text = value if isinstance(value, str) else json_text(value)
    read = scalars({name: text})[name]
    return text if type(read) is type(value) and read == value else json_text(value)
