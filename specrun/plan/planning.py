"""What the resources of one place are planned with, and what is found on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from specrun.plan.checkout import other_line_ends
from specrun.plan.files import SourceFile
from specrun.plan.hashes import HashCache
from specrun.plan.makers import Maker
from specrun.plan.models import ModelOfRun, RegisteredModel
from specrun.plan.observed import Observed, Run, Survey, Written
from specrun.plan.resources import Capability, Key, Kind, Place, Resource
from specrun.plan.transfer import Transfer
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.frozen import dataclass
from specrun.spec.model import Origin
from specrun.spec.rules.travel import Journey, found_wrong
from specrun.spec.tree import MOST_ENTRIES, Tree

if TYPE_CHECKING:
    from specrun.plan.kinds.base import Planned
    from specrun.plan.kinds.run import RunChange
    from specrun.plan.kinds.upstream import Look
    from specrun.plan.submission import Submission
    from specrun.plan.trials import Trial


class Unplanned(Exception):
    """What a resource consists of could not be read, which is noted as a problem: nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the command line adds to the specs."""

    rerun: bool = False
    cancel_previous: bool = False
    allow_replace: bool = False
    max_runs: int = 10
    adopt: tuple[str, ...] = ()
    """Names of runs, or of specs that they were submitted for, that become runs of the specs of the same content."""
    planned: frozenset[str] = frozenset()
    """Names of the runs of a saved plan: where one of them is, no further attempt is asked for."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whose runs are looked up, and at which fingerprint; `adopt` are the names to look under where it has none."""

    maker: Maker
    fingerprint: str = ""
    adopt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What has run under a spec's name, newest first: the spec's `runs`, with all attempts at its fingerprint.

    `others` are of another repository or target: they count for nothing. `alike` are attempts at the fingerprint under
    another name, looked for where there is no run.
    """

    runs: Sequence[Run] = ()
    others: Sequence[Run] = ()
    alike: Sequence[Run] = ()


class History(Protocol):
    """The runs of a place, read as far as a plan needs them."""

    @property
    def error(self) -> Exception | None:
        """Why some of them could not be read."""

    def look_up(self, wanted: Sequence[Sought]) -> Mapping[str, Past]:
        """The newest runs of each spec and all attempts at the fingerprint that it has now, by the spec."""

    def newest(self, makers: Sequence[Maker]) -> Mapping[str, Past]:
        """The newest runs of each spec, by the spec."""

    def unfinished(self) -> Sequence[Run]:
        """All runs that go on, whichever specs they are of."""

    def listed(self) -> Sequence[Run]:
        """The runs of all specs, newest first, as far as they were read for `unfinished`."""

    def trials(self, sweep: str) -> Sequence[Trial]:
        """The trials of a sweep, by its name. Raises Error where they cannot be read."""

    def trials_there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        """The runs of these fingerprints that a sweep of the spec would not run again."""

    def unread(self, spec: str = "") -> str:
        """What was not looked at, in words: of a spec's runs, or of all of those that go on; "" for nothing."""


@dataclass(frozen=True, slots=True)
class View:
    """What planning knows of a place: what its engine can do, and what it has now.

    `shows_extra`: whether a job sees files on a target that its source does not have. `identity` says what an earlier
    run consisted of. `takes_trials`: whether a sweep takes runs that are there for its trials.
    """

    capabilities: Mapping[Kind, Capability]
    shows_extra: bool
    survey: Survey
    history: History
    identity: Callable[[str], Mapping[str, object]]
    takes_trials: bool = False
    registered: Callable[[Sequence[ModelOfRun]], Mapping[ModelOfRun, RegisteredModel]] = lambda wanted: {}
    """Those versions of models of these that there are."""
    outputs_there: Callable[[Collection[Written]], Mapping[Written, bool]] = lambda written: {}
    """Whether anything is there of what runs have written to these outputs; also where nobody can tell."""


def unread_runs(views: Mapping[Place, View]) -> Mapping[Place, Mapping[str, str]]:
    """The places whose runs could not be read as far as they were needed, with why."""
    errors = {place: view.history.error for place, view in views.items()}
    return {place: {"the runs so far": str(error)} for place, error in errors.items() if error is not None}


@dataclass(slots=True)
class Planning:
    """The planning of one place."""

    place: Place
    view: View
    options: PlanOptions
    home: Path
    hashes: HashCache
    makers: frozenset[Maker] = frozenset()
    """Who asks for what is planned, in all places."""
    refusals: list[Diagnostic] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    notes: list[Diagnostic] = field(default_factory=list)
    sources: dict[Key, tuple[SourceFile, ...]] = field(default_factory=dict)
    """The files of each data source that could be read."""
    transfers: dict[Key, Transfer] = field(default_factory=dict)
    drafts: dict[str, Submission] = field(default_factory=dict)
    """What each spec's run would be, as a first attempt."""
    adopted: set[str] = field(default_factory=set)
    """Which names of `options.adopt` have a run that is one of the specs'."""
    used: frozenset[str] = frozenset()
    """Specs that were not given and whose runs are read from."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The files of specs with a run, as they are shown, by the spec."""
    changes: dict[str, RunChange] = field(default_factory=dict)
    """What is planned of the run of each given spec."""
    readings: list[Look] = field(default_factory=list)
    """Which outputs of runs that have succeeded are to be read by new attempts: all are looked at together."""
    best: dict[str, str] = field(default_factory=dict)
    """The best trial of each sweep that has succeeded and is read from, looked for once; "" where it has none."""
    registered: Mapping[ModelOfRun, RegisteredModel] = field(default_factory=dict)
    """The versions of models that runs are already, likewise."""
    since: dict[tuple[str, str], tuple[tuple[str, ...], list[tuple[str, str]]]] = field(default_factory=dict)
    """What changed of a spec since it was a fingerprint, and of which it read from: looked for once."""
    _past: Mapping[str, Past] = field(default_factory=dict)

    def look_up_runs(self, requests: Sequence[Resource]) -> None:
        """Read the runs of these, each of which has a draft."""
        adopt = self.options.adopt
        wanted = [Sought(one.maker, self.drafts[one.name].fingerprint, adopt) for one in requests]
        self._past = self.view.history.look_up(wanted)

    def observed(self, resource: Resource) -> Observed:
        """The resource as it is now."""
        return self.view.survey.observed[resource.key]

    def capability(self, kind: Kind) -> Capability:
        """What the engine can do to a kind."""
        return self.view.capabilities.get(kind, Capability())

    def past_of(self, spec: str) -> Past:
        """A spec's newest runs here and all attempts at its fingerprint."""
        return self._past.get(spec, Past())

    def users_of(self, resource: Planned) -> list[Run]:
        """The unfinished runs, of any spec, that need a resource. Asked only about what would change: it may take
        reading a list of all runs, and what of that was not read is noted.
        """
        unfinished = self.view.history.unfinished()
        if unread := self.view.history.unread():
            self.note(resource, "runs-not-looked-at", f"Whether a run that goes on uses it: {unread}.")
        return [run for run in unfinished if resource.is_used_by(run)]

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

    def check_line_ends(self, origin: Origin, files: Sequence[SourceFile]) -> None:
        """Note what is not as git has it, but for who reads bytes alone, of the files named at `origin`."""
        suspect = self.hashes.windows_ends and [one.source for one in files if one.source in self.hashes.windows_ends]
        if suspect and (found := other_line_ends(suspect)):
            self.notes.append(origin.diagnostic("other-line-ends", found))

    def note(self, resource: Resource, code: str, detail: str) -> None:
        """Note what a reader of the plan would not expect."""
        self.notes.append(resource.origin.diagnostic(code, detail))
