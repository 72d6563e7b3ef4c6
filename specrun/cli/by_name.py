"""Where a run is that is named and nothing more: on this machine, else where the specs of its name go.

It is asked for by its name; no list of runs is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from specrun.apply.project import DEFAULT_ENGINE
from specrun.apply.runs_of import look_for
from specrun.cli.exit_codes import FAILED, INVALID_SPEC, Exit
from specrun.cli.opened import RunsOfSpec
from specrun.cli.places import section_in
from specrun.cli.reading import Reading
from specrun.cli.session import show
from specrun.cli.telling import tell
from specrun.engines.base import Missing, Scope
from specrun.engines.facts import ENGINES, LOCAL
from specrun.engines.registry import THIS_MACHINE, find_place
from specrun.plan.attempts import spec_of
from specrun.plan.home import home_of
from specrun.plan.makers import Maker
from specrun.plan.repositories import Repositories
from specrun.spec.errors import Error
from specrun.spec.finding import Scan, TooMany
from specrun.spec.glimpse import is_abstract, may_name
from specrun.spec.named import SPEC, find, listed, own_repository, own_spec
from specrun.spec.reading import read_text
from specrun.spec.repository import repository_of
from specrun.spec.unchecked import values_by_target

FEW = 20_000
"""Files and folders that are looked at for specs outside of a repository."""


def find_run(name: str, reading: Reading, shared: dict[str, Any], *, ending: bool) -> RunsOfSpec:
    """The run of a name, and who has it. One of this machine needs no spec.

    A run that is to be ended, and has ended here, is looked for elsewhere, too. Ends the command where there is none.
    """
    here = _on_this_machine(name, reading, shared, ending=ending)
    if here is not None and (reading.engine or not ending or not _has_ended(here)):
        _tell_elsewhere(name, reading)
        return here
    looking = _Looking(name, reading, shared)
    for files in _specs_here():
        places = [place for file in files for place in looking.places(file)]
        try:
            if places:
                return look_for(name, places)
        except Missing:
            pass  # another spec may be called so, too
    if here is not None:
        return here
    raise Exit(FAILED, *looking.found_nothing())


def _has_ended(found: RunsOfSpec) -> bool:
    return found.run is not None and found.run.status.ended


def _on_this_machine(name: str, reading: Reading, shared: dict[str, Any], *, ending: bool) -> RunsOfSpec | None:
    """The run, if the state folder that belongs here has it."""
    if reading.engine not in (None, LOCAL.name):
        return None
    here = Path.cwd()
    if not os.path.lexists(home_of(here) / "runs" / name):
        return None
    repositories = Repositories()
    repository = repositories.name(SPEC)
    if ending and repositories.mistakes:  # whose it is is not known
        show(repositories.mistakes)
        raise Exit(INVALID_SPEC)
    opened = RunsOfSpec.open(Maker(spec_of(name), repository), LOCAL.name, Scope(), here, shared)
    run = opened.engine.run(name)
    # Which target it is for says its name as well, unless another one is asked for.
    return RunsOfSpec(
        Maker(run.spec, repository, reading.target or run.target), opened.engine, opened.home, opened.file, run
    )


def _tell_elsewhere(name: str, reading: Reading) -> None:
    """Say where the spec that is meant here would have a run of this name, if that is not this machine."""
    file = own_spec() if reading.engine is None else ""
    with suppress(Error):  # of a workspace that cannot be told
        for engine, scope in _Looking(name, reading, {}).goes_to(file) if file else ():
            if ENGINES[engine].in_workspace:
                title = find_place(engine, scope.workspace).title
                tell(f"note: this is the run on this machine; --engine {engine} takes the one in {title}")
                return


class _Looking:
    """The places of the specs that a run may be of, by its name; and what to say where it is in none."""

    def __init__(self, name: str, reading: Reading, shared: dict[str, Any]) -> None:
        self._name = name
        self._spec = spec_of(name)
        self._reading = reading
        self._shared = shared
        self._values_in = values_by_target(**reading.options(), every_target=True)
        self._repositories = Repositories()
        self._asked: dict[str, None] = {}
        self._unread: list[str] = []

    def places(self, file: str) -> Iterator[Callable[[], RunsOfSpec]]:
        """Where the runs of a file's spec are, for each of its targets, if it is called as the run says."""
        for target, engine, written in self._specs_in(file):
            maker = Maker(self._spec, self._repositories.name(file), target)
            yield partial(self._open, file, maker, engine, written)

    def goes_to(self, file: str) -> Iterator[tuple[str, Scope]]:
        """The engine and the workspace of a file's spec, for each of its targets, if it is called as the run says."""
        for _, engine, written in self._specs_in(file):
            yield engine, _scope(file, written)

    def found_nothing(self) -> Iterator[str]:
        """That the run is nowhere, and how to say where it is."""
        verb = click.get_current_context().command.name
        local = self._reading.engine in (None, LOCAL.name)
        places = [*([f"on {THIS_MACHINE}"] if local else []), *(f"in {at}" for at in self._asked if at != THIS_MACHINE)]
        yield (
            f"there is no run {self._name} {', nor '.join(places)}" if places else f"nothing says where {self._name} is"
        )
        if local and not home_of(Path.cwd()).is_dir():
            yield "specrun has kept no state here: a run of this machine is known in the repository of its spec"
        if not self._asked:
            target = f" and has the target {self._reading.target}" if self._reading.target else ""
            yield f"No spec here is called {self._spec}{target}: say a FILE whose runs are in the same place, as in"
            yield f"  specrun {verb} --run {self._name} FILE"
        for file in self._unread:
            yield f"{file} cannot be read: `specrun validate` says why"

    def _specs_in(self, file: str) -> Iterator[tuple[str, str, object]]:
        try:
            text = read_text(file)
        except (OSError, ValueError):
            return
        if is_abstract(text) or not (may_name(text, [self._spec]) or "extends" in text):
            return
        read = False
        for target, values in self._values_in(file):
            read = True
            engine = self._reading.engine or values.get("engine") or DEFAULT_ENGINE
            if values.get("name") == self._spec and engine in ENGINES:
                yield target, str(engine), values.get("workspace") if ENGINES[engine].in_workspace else None
        if not read and self._reading.target is None:
            self._unread.append(file)

    def _open(self, file: str, maker: Maker, engine: str, written: object) -> RunsOfSpec:
        opened = RunsOfSpec.open(maker, engine, _scope(file, written), Path(file).absolute().parent, self._shared, file)
        self._asked[opened.engine.place.title] = None
        return opened


def _scope(file: str, written: object) -> Scope:
    return Scope(section_in(file, written)) if isinstance(written, Mapping) else Scope()


def _specs_here() -> Iterator[Sequence[str]]:
    """The specs that a run may be of: the one that is meant here, and only then all of this repository."""
    if file := own_spec():
        yield [file]
    repository = own_repository()
    if repository.specs:
        yield listed(repository).files
    elif repository_of(str(Path.cwd())) is not None:
        yield find([os.path.dirname(repository.path) or os.curdir]).files  # noqa: PTH120 - as it is typed
    else:
        try:
            yield list(Scan(FEW).below(os.curdir).specs.values())
        except TooMany:
            return
