"""Specs and the places they go to: what of them is wrong there, what would change, and having it changed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from specrun.apply.events import Event
from specrun.apply.locks import TIMEOUT, Locking, check_required, needs_lock
from specrun.apply.quotas import quota_notes
from specrun.apply.survey import accounts_of, models_of_runs, outputs_there, survey
from specrun.apply.walk import Outcome, Walk
from specrun.engines.base import EngineError, Scope
from specrun.engines.history import History
from specrun.engines.registry import find_place, make_engine, surroundings
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Change, Plan
from specrun.plan.destruction import plan_destruction
from specrun.plan.drift.compare import NoRuns, find_drift, to_look_at, without_runs
from specrun.plan.drift.findings import Drift
from specrun.plan.drift.ignores import Ignores
from specrun.plan.graph import Graph, build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.home import remove_abandoned
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.run import Submit
from specrun.plan.machines import with_costs
from specrun.plan.observed import Survey
from specrun.plan.planner import make_plan
from specrun.plan.planning import PlanOptions, View
from specrun.plan.provenance import collect
from specrun.plan.repositories import Repositories
from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.model import Spec
from specrun.spec.repository import repository_of
from specrun.spec.repository_file import RepositoryFiles

DEFAULT_ENGINE = "local"


@dataclass(frozen=True, slots=True)
class Project:
    """Valid specs, their resources, and the engine of each place. `home` is the state folder; what the command line
    leaves out of the graph is said in `left_out`.
    """

    specs: Sequence[Spec]
    graph: Graph
    engines: Mapping[Place, Reliable]
    places: Mapping[str, Place]
    home: Path
    hashes: HashCache
    left_out: str = ""
    lock_required: bool = False
    """Whether nothing is changed without a lock anywhere, also in places that have no specs to say so."""
    repositories: RepositoryFiles = field(default_factory=RepositoryFiles, compare=False)
    broken: Sequence[Diagnostic] = ()
    """Which rules of their repositories the specs do not keep, as far as they say it themselves."""
    engine: str | None = None
    """What the command line says."""
    under_rules: bool = False
    warnings: Sequence[Diagnostic] = ()
    """What was found in the specs, and stops nothing: it stands in the plan, for who reviews that."""

    def check(self) -> Iterable[Diagnostic]:
        """What the specs contradict each other in, and what the engines cannot do of them. Offline."""
        yield from self.graph.diagnostics
        for spec in self.specs:
            yield from self.engines[self.places[str(spec.file)]].check(spec)

    def plan(self, options: PlanOptions) -> Plan:
        """What the places have, against what the specs say. Of a place that cannot be observed nothing is planned."""
        views, unseen = self._look()
        plan = with_costs(make_plan(self.graph, views, options, self.home, self.hashes), self.specs)
        self.hashes.save()
        if self.under_rules:
            plan = self._judged(plan)
        seen, accounts = {**unseen, **plan.unseen}, accounts_of(views)
        return replace(
            plan,
            notes=(*plan.notes, *quota_notes(self.engines, plan)),
            warnings=tuple(self.warnings),
            unseen=seen,
            left_out=self.left_out,
            targets=self._targets(),
            accounts=accounts,
            surroundings=self._surroundings(plan),
        )

    def _judged(self, plan: Plan) -> Plan:
        """The plan, which what the specs break forbids, and what is there of them."""
        if not self.broken and all(self.repositories.of(spec.document.file).rules is None for spec in self.specs):
            return plan
        from specrun.apply.judging import judged  # late: few repositories have rules

        broken, notes = judged(plan, self.specs, self.places, self.repositories, self.engine)
        refusals = (*self.broken, *(one for one in broken if one not in self.broken), *plan.refusals)
        return replace(plan, refusals=refusals, notes=(*plan.notes, *notes))

    def plan_destruction(
        self,
        also: Collection[str],
        ended_before: float | None = None,
        kept: Callable[[Planned], str] = lambda resource: "",
    ) -> Plan:
        """What the specs made, to be deleted; of the kinds in ON_DEMAND those in `also`, and nothing that is `kept`.

        `ended_before`: nothing but runs, and of these only those that ended before a moment (Unix seconds).
        """
        views, unseen = self._look()
        plan = with_costs(plan_destruction(self.graph, views, also, ended_before, kept), self.specs)
        seen, accounts = {**unseen, **plan.unseen}, accounts_of(views)
        return replace(plan, unseen=seen, left_out=self.left_out, targets=self._targets(), accounts=accounts)

    def drift(self, ignores: Ignores) -> Drift:
        """What the places have, against what the specs say, resource by resource. No run is looked at, and nothing is
        written down.
        """
        graph = without_runs(self.graph)
        surveys, unseen = self._survey(to_look_at(graph, ignores), accounts=False)
        views = {}
        for place, seen in surveys.items():
            facts = self.engines[place].facts
            views[place] = View(facts.capabilities, facts.shows_extra, seen, NoRuns(), lambda _: {})
        found = find_drift(graph, views, unseen, ignores, self.home, self.hashes)
        return replace(found, left_out=self.left_out, targets=self._targets())

    def carry_out(
        self,
        plan: Plan,
        emit: Callable[[Event], None],
        stop: threading.Event,
        *,
        detach: bool,
        fail_fast: bool = False,
        lock_timeout: float = TIMEOUT,
    ) -> Outcome:
        """Carry out a plan and, unless `detach`, follow its runs to their end or until `stop` is set.

        With `fail_fast` nothing is begun any more once one of them has failed. `lock_timeout` is for how many seconds
        a lock is waited for.
        """
        remove_abandoned(self.home)
        locking = Locking(lock_timeout, self._locked_places(plan))
        walk = Walk(_with_origin(plan, self.specs), self.engines, self.home, emit, stop, detach, fail_fast, locking)
        outcome = walk.go()
        self.hashes.save()
        return outcome

    def check_locks(self, plan: Plan) -> None:
        """Find out whether locks may be taken wherever the rules want them. Raises LockRequired and EngineError."""
        check_required(plan, self.engines, self._locked_places(plan))

    def _locked_places(self, plan: Plan) -> frozenset[Place]:
        """Where nothing is changed without a lock: the places of the specs whose repository says so."""
        if not any(map(needs_lock, plan.changes)):
            return frozenset()
        if self.lock_required:
            return frozenset(self.engines)
        return frozenset(self.places[str(spec.file)] for spec in self.specs if self._wants_lock(spec))

    def _wants_lock(self, spec: Spec) -> bool:
        rules = self.repositories.of(spec.document.file).rules
        return rules is not None and rules.want_locks(spec.target)

    def sign_in(self) -> Mapping[Place, str]:
        """Have a person sign in where one has to; the places where that did not succeed, with why."""
        refused = {}
        for place, engine in self.engines.items():
            try:
                engine.sign_in()
            except EngineError as error:
                refused[place] = str(error)
        return refused

    def _surroundings(self, plan: Plan) -> Mapping[Place, str]:
        """What those jobs run in that are to be submitted and name no environment."""
        bare = [one for one in plan.changes if isinstance(one, Submit) and one.submission.environment is None]
        places = dict.fromkeys(one.key.place for one in bare)
        return {place: words for place in places if (words := surroundings(place.engine))}

    def _targets(self) -> Mapping[Place, tuple[str, ...]]:
        found: dict[Place, dict[str, None]] = {}
        for spec in self.specs:
            if spec.target:
                found.setdefault(self.places[str(spec.file)], {})[spec.target] = None
        return {place: tuple(names) for place, names in found.items()}

    def _look(self) -> tuple[Mapping[Place, View], Mapping[Place, Mapping[str, str]]]:
        """What is to be seen of each place, and what of those of which not everything is."""
        surveys, unseen = self._survey(self.graph)
        views: dict[Place, View] = {}
        for place, seen in surveys.items():
            if place not in unseen:
                engine = self.engines[place]
                facts, history = engine.facts, History(engine)
                views[place] = View(
                    facts.capabilities,
                    facts.shows_extra,
                    seen,
                    history,
                    engine.identity,
                    facts.takes_trials,
                    partial(models_of_runs, engine),
                    partial(outputs_there, engine),
                )
        return views, unseen

    def _survey(
        self, graph: Graph, *, accounts: bool = True
    ) -> tuple[Mapping[Place, Survey], Mapping[Place, Mapping[str, str]]]:
        """What the places of a graph have, as far as they can be reached; and what could not be seen of which."""
        refused = self.sign_in()
        unseen: dict[Place, Mapping[str, str]] = {
            place: {"": refused[place]} for place in graph.places if place in refused
        }
        reached = [place for place in graph.places if place not in unseen]
        surveys = survey({place: self.engines[place] for place in reached}, graph, accounts=accounts)
        unseen |= {place: seen.errors for place, seen in surveys.items() if seen.errors}
        return surveys, unseen


def _with_origin(plan: Plan, specs: Sequence[Spec]) -> Plan:
    """The plan, whose runs are submitted with where they come from, and keep their specs. Repositories are looked at
    once.
    """
    look = cache(collect)
    changes = {change.key: change for change in plan.changes}
    by_file = {spec.document.file: spec for spec in specs}

    def of(change: Change) -> Change:
        if not isinstance(change, Submit):
            return change
        from specrun.apply.kept_spec import as_ran  # late: most plans submit nothing

        document = change.resource.origin.document
        file = Path(document.file).absolute()
        provenance, cost = look(repository_of(str(file.parent))), plan.costs.runs.get(change.key)
        on = cost.instances if cost is not None else None
        submission = replace(change.submission, provenance=provenance, file=str(file), instances=on)
        spec = by_file.get(document.file)
        kept = as_ran(spec, submission, change.key.place, changes) if spec is not None else None
        return replace(change, submission=replace(submission, as_ran=kept))

    return replace(plan, changes=tuple(map(of, plan.changes)))


def open_project(specs: Sequence[Spec], engine: str | None, home: Path, used: Sequence[Spec] = ()) -> Project:
    """Find out where the specs go: to the engine that was chosen, else to their own, else to this machine.

    `home` is the state folder. Of the `used` specs, which were not given, the runs are read from.
    """
    hashes = HashCache(home)
    every = [*specs, *used]
    places = places_of(every, engine)
    engines: dict[Place, Reliable] = {}
    shared: dict[str, Any] = {}
    for place in dict.fromkeys(places.values()):
        here = [spec for spec in every if places[str(spec.file)] == place]
        engines[place] = make_engine(place, home, hashes, replace(scope_of(here), shared=shared))
    graph = build_graph(
        every,
        lambda spec: places[str(spec.file)],
        hashes,
        Repositories().maker,
        lambda place: engines[place].facts.capabilities,
        lambda spec: any(spec is one for one in used),
    )
    return Project(specs, graph, engines, places, home, hashes)


def places_of(specs: Sequence[Spec], engine: str | None) -> Mapping[str, Place]:
    """The place of each spec, by its file.

    A spec without a workspace goes where the others of its engine go, if that is one place.
    """
    chosen = {str(spec.file): engine or spec.engine or DEFAULT_ENGINE for spec in specs}
    named = {str(spec.file): find_place(chosen[str(spec.file)], spec.workspace) for spec in specs if spec.workspace}
    told = _told_apart(dict.fromkeys(named.values()))
    found: dict[str, Place] = {}
    for file, name in chosen.items():
        others = {place for place in told.values() if place.engine == name}
        at = named.get(file)
        found[file] = told[at] if at else others.pop() if len(others) == 1 else find_place(name, None)
    return found


def _told_apart(places: Collection[Place]) -> Mapping[Place, Place]:
    """The places with titles of their own: of workspaces of one name with as much of what they are in as it takes."""
    titles = Counter(place.title for place in places)
    told: dict[Place, Place] = {}
    for place in places:
        alike = {one.workspace for one in places if one.title == place.title} if titles[place.title] > 1 else set()
        for parts in (2, 3) if len(alike) > 1 else ():
            ends = {"/".join(one.split("/")[-parts:]) for one in alike}
            if len(ends) == len(alike):
                end = "/".join(place.workspace.split("/")[-parts:])
                told[place] = replace(place, title=f"workspace {end}")
                break
        told.setdefault(place, place)
    return told


def scope_of(specs: Iterable[Spec]) -> Scope:
    """What an engine must know of the specs that go to one place."""
    listed = list(specs)
    workspace = next((spec.workspace for spec in listed if spec.workspace is not None), None)
    return Scope(workspace, {spec.name: spec.experiment for spec in listed})
