"""The runs of a spec in one place, for whoever shows them: what was passed over is told, and nothing is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from specrun.apply.project import DEFAULT_ENGINE, scope_of
from specrun.engines.base import EngineError, Missing, Scope
from specrun.engines.facts import ENGINES, unread
from specrun.engines.history import History
from specrun.engines.registry import check_engine, find_place, make_engine
from specrun.engines.reliable import Reliable
from specrun.plan.hashes import HashCache
from specrun.plan.home import open_home
from specrun.plan.makers import Maker, namesakes
from specrun.plan.observed import Run
from specrun.plan.repositories import Repositories
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.errors import Error, SpecInvalid, UsageError
from specrun.spec.expressions import OPEN
from specrun.spec.frozen import dataclass
from specrun.spec.load import load
from specrun.spec.loaded import Loaded
from specrun.spec.model import Spec
from specrun.spec.source import Document

R = TypeVar("R", bound="RunsOf")


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What was not given where the runs of a `maker` were asked for: `others` of the same name, which are of another
    repository or target, and what was not looked at at all (`unread`, in words; "": nothing).
    """

    maker: Maker
    others: Sequence[Run] = ()
    unread: str = ""

    @property
    def notes(self) -> Iterator[str]:
        """The same for people."""
        if self.others:
            told = namesakes([run.maker for run in self.others], self.maker)
            are = "is passed over" if len(self.others) == 1 else "are passed over"
            yield f"{told} named {self.maker.spec} {are}: --run {self.others[0].name} shows one"
        if self.unread:
            yield f"{self.maker.spec} may have older runs: {self.unread}"


Tell: TypeAlias = Callable[[PassedOver], None]
"""What is called once the runs have been read as far as they were wanted."""


def untold(_: PassedOver) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class RunsOf:
    """The engine that has a spec's runs, and whose they are there; or a `run` that is meant alone.

    `home` is the state folder of the spec, `file` is where it stands ("": nobody knows).
    """

    maker: Maker
    engine: Reliable
    home: Path
    file: str = ""
    run: Run | None = None

    @classmethod
    def open(
        cls: type[R], maker: Maker, engine: str, scope: Scope, folder: Path, shared: dict[str, Any], file: str = ""
    ) -> R:
        """The runs of a maker, with the engine that has them; `folder` is that of the spec. Raises EngineError."""
        home = open_home(folder)
        place = find_place(engine, scope.workspace)
        # One for all that is asked: what a place has told is not asked again for the next spec.
        engines: dict[object, Reliable] = shared.setdefault("engines", {})
        if (place, home) not in engines:
            engines[place, home] = make_engine(place, home, HashCache(home), replace(scope, shared=shared))
        return cls(maker, engines[place, home], home, file)

    @property
    def spec(self) -> str:
        """The spec's name."""
        return self.maker.spec

    @property
    def where(self) -> tuple[object, ...]:
        """Where its runs are: those of others may be there, too."""
        place = self.engine.place
        return (place,) if self.engine.facts.in_workspace else (place, self.home)

    def newest(self, tell: Tell = untold) -> Run | None:
        """The run that is meant, or the spec's newest; what is passed over is told where there is none.

        Raises EngineError.
        """
        passed_over: list[PassedOver] = []
        for run in self.every(passed_over.append):
            return run
        for one in passed_over:
            tell(one)
        return None

    def every(self, tell: Tell = untold) -> Iterator[Run]:
        """All runs, newest first, read on as they are wanted. Raises EngineError where some could not be read."""
        if self.run is not None:
            yield self.run
            return
        self.engine.sign_in()
        history, unread = History(self.engine), ""
        try:
            yield from history.every(self.maker)
            unread = history.unread(self.spec) if history.error is None else ""
        finally:
            if (others := history.others(self.spec)) or unread:
                tell(PassedOver(self.maker, others, unread))
        if history.error is not None:
            raise history.error

    def before(self, run: Run, tell: Tell = untold) -> Run | None:
        """The run before one of the spec's; None where that is the first. Raises EngineError."""
        every = RunsOf.every(replace(self, run=None), tell)
        for one in every:
            if one.name == run.name:
                break
        return next(every, None)

    def not_own(self, run: Run) -> str:
        """Why a run is not to be ended from here, as it was made in another repository or for another target; "": it
        may be.
        """
        if run.maker.is_beside(self.maker):
            return ""
        there = "from there" if run.maker.target in ("", self.maker.target) else "with its own --target"
        return f"{run.name} is a run of {run.maker}: it is ended {there}, or in the portal"


def look_for(name: str, places: Sequence[Callable[[], R]]) -> R:
    """The run of a name, wherever it is of some places, each of which is asked once: the spec's that is likely to have
    made it. Raises UsageError where it is in several, Missing where it is in none, and EngineError.
    """
    by_place: dict[tuple[object, ...], list[R]] = {}
    problems: list[Exception] = []
    for place in places:
        try:
            one = place()
            by_place.setdefault(one.where, []).append(one)
        except Error as error:
            problems.append(error)
    found: list[R] = []
    missing: list[Exception] = []
    for at in by_place.values():
        try:
            at[0].engine.sign_in()
            run = at[0].engine.run(name)
        except Missing as error:
            missing.append(error)
        except EngineError as error:
            problems.append(error)
        else:
            own = [one for one in at if run.is_for(one.maker)] or [one for one in at if run.maker.is_beside(one.maker)]
            found.append(replace((own or at)[0], run=run))
    if len(found) > 1:
        titles = " and ".join(one.engine.place.title for one in found)
        raise UsageError(f"there is a run {name} in {titles}: choose by --target, --engine, or one FILE")
    for problem in [] if found else [*problems, *missing]:
        raise problem
    return found[0]


def runs_of_specs(
    loaded: Loaded, files: Sequence[str], options: Mapping[str, Any], shared: dict[str, Any], kind: type[R]
) -> list[Callable[[], R]]:
    """How to open the runs of each spec, of those that were `loaded` unchecked with the `options` of `load`: a file
    that is being edited need not be valid for them, unless its name can only be told so.

    Raises SpecInvalid and UsageError, as does what is returned; that EngineError, too.
    """
    if loaded.abstract and not loaded.values and loaded.ok:
        raise SpecInvalid((), f"{loaded.abstract[0]} is `abstract: true`, a base of others: name those")
    read = {document.file: document for document, _ in loaded.values}
    passed_over = {
        *dict(loaded.without_target),
        *loaded.abstract,
        *(one.file for one in loaded.about if not one.chosen),
    }
    found: list[Callable[[], R]] = []
    repositories = Repositories()
    for file in (one for one in files if one not in passed_over):
        spec, engine = _named(file, read.get(file), options, loaded.diagnostics)
        check_engine(engine)
        maker = Maker(spec, repositories.name(file), read[file].target)
        found.append(partial(_open_runs, maker, engine, file, options, shared, kind))
    if repositories.mistakes:
        raise SpecInvalid(repositories.mistakes)
    return found


def _open_runs(
    maker: Maker, engine: str, file: str, options: Mapping[str, Any], shared: dict[str, Any], kind: type[R]
) -> R:
    scope = scope_of([_spec_in(file, options)]) if ENGINES[engine].in_workspace else Scope()
    return kind.open(maker, engine, scope, Path(file).absolute().parent, shared, file)


def _named(
    file: str, document: Document | None, options: Mapping[str, Any], mistakes: Sequence[Diagnostic]
) -> tuple[str, str]:
    """The names of a spec and of its engine. Raises SpecInvalid where they cannot be told."""
    chosen = options["engine"]
    values: Mapping[str, object] = document.values if document is not None else {}
    name, engine = values.get("name"), chosen or values.get("engine") or DEFAULT_ENGINE
    if not isinstance(name, str):
        raise SpecInvalid(mistakes, "" if mistakes else f"{file} has no `name`: is it a spec?")
    if OPEN not in name and OPEN not in str(engine):
        return name, str(engine)
    spec = _spec_in(file, options)
    return spec.name, chosen or spec.engine or DEFAULT_ENGINE


def _spec_in(file: str, options: Mapping[str, Any]) -> Spec:
    """The spec in a file, which has to be valid."""
    loaded = load(**{"unread": unread(), **options, "files": (file,), "selection": None})
    if not loaded.ok or not loaded.specs:
        raise SpecInvalid(loaded.diagnostics)
    return loaded.specs[0]
