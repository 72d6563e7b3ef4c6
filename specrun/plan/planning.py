"""What the resources of one place are planned with, and what is found on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from specrun.plan.changes import Capability
from specrun.plan.files import SourceFile
from specrun.plan.hashes import HashCache
from specrun.plan.observed import Observed, Run, Survey
from specrun.plan.resources import Key, Kind, Place, Resource
from specrun.plan.transfer import Transfer
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.model import Origin
from specrun.spec.rules.travel import Journey, found_wrong
from specrun.spec.tree import MOST_ENTRIES, Tree


class Unplanned(Exception):
    """What a resource consists of could not be read, which is noted as a problem: nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the command line adds to the specs."""

    rerun: bool = False
    cancel_previous: bool = False
    allow_replace: bool = False
    max_runs: int = 10


@dataclass(frozen=True, slots=True)
class View:
    """What planning knows of a place: what its engine can do, and what it has now.

    `shows_extra`: whether a job sees files on a target that its source does not have. `identity` says what an earlier
    run consisted of.
    """

    capabilities: Mapping[Kind, Capability]
    shows_extra: bool
    survey: Survey
    identity: Callable[[str], Mapping[str, object]]


@dataclass(slots=True)
class Planning:
    """The planning of one place."""

    place: Place
    view: View
    options: PlanOptions
    home: Path
    hashes: HashCache
    refusals: list[Diagnostic] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    notes: list[Diagnostic] = field(default_factory=list)
    sources: dict[Key, tuple[SourceFile, ...]] = field(default_factory=dict)
    """The files of each data source that could be read."""
    transfers: dict[Key, Transfer] = field(default_factory=dict)
    _runs: dict[str, list[Run]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for run in self.view.survey.runs:
            self._runs.setdefault(run.spec, []).append(run)

    def observed(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        return self.view.survey.observed[resource.key]

    def capability(self, kind: Kind) -> Capability:
        """What the engine can do to a kind."""
        return self.view.capabilities.get(kind, Capability())

    def runs_of(self, spec: str) -> list[Run]:
        """A spec's runs here, newest first."""
        return self._runs.get(spec, [])

    def unfinished(self, uses: Callable[[Run], bool]) -> list[str]:
        """The names of the unfinished runs, of any spec, of which `uses` is true."""
        return [run.name for run in self.view.survey.runs if not run.status.ended and uses(run)]

    def refuse(self, resource: Resource, code: str, detail: str) -> None:
        """Note what forbids the plan."""
        self.refusals.append(resource.origin.diagnostic(code, detail))

    def problem(self, resource: Resource, code: str, detail: str) -> None:
        """Note what makes the plan impossible."""
        self.problems.append(resource.origin.diagnostic(code, detail))

    def check_travel(self, origin: Origin, tree: Tree, journey: Journey) -> None:
        """Note what of the files that are sent cannot arrive, written at `origin`. Raises Unplanned where there is any.

        Of most folders the rules have said it, at the same place; they look at no more than MOST_ENTRIES.
        """
        mistakes = [origin.diagnostic(code, detail) for code, detail in found_wrong(tree, journey)]
        errors = [found for found in mistakes if found.severity is Severity.ERROR]
        self.problems.extend(errors)
        if tree.entries > MOST_ENTRIES:
            self.notes.extend(found for found in mistakes if found.severity is not Severity.ERROR)
        if errors:
            raise Unplanned

    def note(self, resource: Resource, code: str, detail: str) -> None:
        """Note what a reader of the plan would not expect."""
        self.notes.append(resource.origin.diagnostic(code, detail))
