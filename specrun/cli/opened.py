"""What verbs about runs start from: the runs of each spec, or some that are named, and the engines that have them.

What cannot be told of one of several is said, and hides nothing of the others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from specrun.apply.runs_of import PassedOver, RunsOf, Tell, look_for, runs_of_specs
from specrun.cli.answers import note_error
from specrun.cli.exit_codes import DONE, FAILED, INVALID_SPEC, REFUSED, Exit, worst
from specrun.cli.left_out import check_targets, tell_selected
from specrun.cli.reading import Reading
from specrun.cli.session import about_run, require_engine, show, showing
from specrun.cli.telling import tell, tell_waits
from specrun.engines.base import EngineError
from specrun.plan.observed import Run
from specrun.spec.diagnostics import Severity
from specrun.spec.errors import UsageError
from specrun.spec.expressions import OPEN
from specrun.spec.frozen import dataclass
from specrun.spec.source import STDIN, read
from specrun.spec.unchecked import load_unchecked
from specrun.views.own_paths import OwnPaths
from specrun.views.text import indented

T = TypeVar("T")


def tell_passed_over(passed_over: PassedOver) -> None:
    """Say of runs that they are passed over."""
    for note in passed_over.notes:
        tell(f"note: {note}")


@dataclass(frozen=True, slots=True)
class RunsOfSpec(RunsOf):
    """The same for a command, which says what is passed over, and ends where there is nothing."""

    def about(self, verb: str, run: Run, reading: Reading, *options: str) -> str:
        """A command about one of its runs."""
        return about_run(verb, run.name, self.engine.place.engine, self.home, self.file, reading, *options)

    def own_paths(self, run: Run) -> OwnPaths:
        """What names the user's own files in what a run wrote."""
        is_here = not self.engine.facts.in_workspace
        return OwnPaths(run.name, run.code or _code_of(self.file), str(self.home) if is_here else "")

    def newest(self, tell: Tell = tell_passed_over) -> Run:
        """The run that is meant, or the spec's newest. Ends the command when there is none."""
        if (newest := RunsOf.newest(self, tell)) is None:
            title = self.engine.place.title
            raise Exit(FAILED, f"{self.spec} has no runs on {title}: `specrun apply` starts one")
        return newest

    def every(self, tell: Tell = tell_passed_over) -> Iterator[Run]:
        """All runs, newest first, read on as they are wanted."""
        return RunsOf.every(self, tell)

    def check_own(self, run: Run) -> None:
        """End the command rather than touch what was made in another repository, or for another target."""
        if why := self.not_own(run):
            raise Exit(REFUSED, why)


@dataclass(slots=True)
class Opened:
    """What a command is about. Of several, each is asked although another does not answer."""

    runs: list[RunsOfSpec] = field(default_factory=list)
    alone: bool = True
    """Whether it is one spec or run that was asked for."""
    failed: set[int] = field(default_factory=set)
    """How the command ends for what could not be told."""

    def ask(self, work: Callable[[RunsOfSpec], T]) -> list[tuple[RunsOfSpec, T]]:
        """What comes of something that is done with each, of those with which it can be done."""
        several = len({one.where for one in self.runs}) > 1
        told = [(one, self.attempt(partial(work, one), one.engine.place.title if several else "")) for one in self.runs]
        return [(one, answer) for one, found in told for answer in found]

    def attempt(self, work: Callable[[], T], where: str = "") -> list[T]:
        """What comes of it; nothing where it fails and something else may not, which is said."""
        try:
            with showing():
                return [work()]
        except (EngineError, Exit, UsageError) as error:
            if self.alone:
                raise
            self.failed.add(error.code)
            said = ": ".join(filter(None, (where, str(error))))
            note_error(said)
            if said:
                print(indented(f"error: {said}" if isinstance(error, EngineError) else said), file=sys.stderr)
        return []

    def finish(self, codes: Iterable[int] = ()) -> None:
        """End the command, with what its answer says, or where something could not be told."""
        ends = {*codes, *self.failed}
        if code := worst(ends) or max(ends, default=DONE):
            raise Exit(code)


def open_runs(reading: Reading, *, ending: bool = False) -> Opened:
    """The runs of the specs, or those that are named: a file that is being edited need not be valid for them.

    `ending`: they are to be ended, if they have not.
    """
    require_engine(reading.engine)
    tell_waits()
    works: list[Callable[[], RunsOfSpec]] = []
    shared: dict[str, Any] = {}
    if reading.runs.anywhere:
        from specrun.cli.by_name import find_run  # late: a spec is named, as a rule

        works += [partial(find_run, name, reading, shared, ending=ending) for name in reading.runs.anywhere]
    if not reading.runs.alone:
        specs = _of_specs(reading, shared)
        works += [partial(look_for, name, specs) for name in reading.runs.in_files] or specs
    opened = Opened(alone=len(works) == 1)
    opened.runs = [found for work in works for found in opened.attempt(work)]
    return opened


def _of_specs(reading: Reading, shared: dict[str, Any]) -> list[Callable[[], RunsOfSpec]]:
    """The runs of each spec. Ends the command where the names of specs cannot be told."""
    show(reading.found.mistakes)
    if any(mistake.severity is Severity.ERROR for mistake in reading.found.mistakes):
        raise Exit(INVALID_SPEC)
    loaded = load_unchecked(reading.options())
    tell_selected(loaded, reading)
    check_targets(loaded, reading.target)
    with showing():
        return runs_of_specs(loaded, reading.files, reading.options(), shared, RunsOfSpec)


def _code_of(file: str) -> str:
    """The folder of a spec's code, as its file says; "" where it does not, or not in plain text."""
    document, _ = read(file) if file not in ("", STDIN) else (None, ())
    job = document.values.get("job") if document is not None and isinstance(document.values, Mapping) else None
    code = job.get("code") if isinstance(job, Mapping) else None
    is_told = isinstance(code, str) and OPEN not in code
    return str(Path(file).absolute().parent / str(code)) if is_told else ""
