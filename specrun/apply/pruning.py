"""What there is of a repository in all of its places, looked at for what no spec asks for any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from typing import TypeAlias

from specrun.apply.survey import accounts_of, survey
from specrun.engines.base import EngineError, Missing
from specrun.engines.calls import read_all
from specrun.engines.history import History
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Plan
from specrun.plan.graph import Graph
from specrun.plan.planning import View
from specrun.plan.pruning import KINDS, Claims, Sorted, is_listed, plan_pruning, resource_of, target_of
from specrun.plan.resources import DEFAULT_DATASTORE, Place
from specrun.spec.frozen import dataclass

_Errors: TypeAlias = dict[Place, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Pruning:
    """A look at the places of some engines. `named` are those that a person has named: they have to be there.

    With `data` what was uploaded to datastores counts, too.
    """

    engines: Mapping[Place, Reliable]
    claims: Claims
    named: Collection[Place] = ()
    data: bool = False
    found: Sorted = field(default_factory=Sorted)
    _unseen: _Errors = field(default_factory=dict)

    def plan(self, now: float, max_share: float) -> Plan:
        """What would be deleted, and what stays for a reason that somebody may want to know.

        Two requests for each place, or one for each page; those of uploads (see `Resources.uploads`) with `data`; then
        one for each subscription and each thing that may go, and where there are such the list of runs.
        """
        for place, engine in self.engines.items():
            try:
                engine.sign_in()
            except EngineError as error:
                self._unseen[place] = {"": str(error)}
        stores = self._list()
        if self.data:
            self._list_uploads(stores)
        graph = Graph(self.found.gone, {})
        reached = {place: engine for place, engine in self.engines.items() if place not in self._unseen}
        views: dict[Place, View] = {}
        for place, seen in survey(reached, graph, accounts=bool(graph.resources)).items():
            engine = reached[place]
            if seen.errors:
                self._unseen[place] = dict(seen.errors)
            else:
                facts = engine.facts
                views[place] = View(facts.capabilities, facts.shows_extra, seen, History(engine), engine.identity)
        made = plan_pruning(self.found, views, self.claims, now, max_share)
        return replace(made, unseen={**self._unseen, **made.unseen}, accounts=accounts_of(views))

    def _list(self) -> Mapping[Place, list[str]]:
        """Sort what there is of clusters and datastores; the datastores that data may be on, by place."""
        stores = {place: [DEFAULT_DATASTORE] for place in self.engines}
        reads = [(place, kind, engine.listed(kind)) for place, engine in self._reached() for kind in KINDS]
        for (place, kind, _), answer in zip(reads, read_all(read for *_, read in reads), strict=True):
            if isinstance(answer, EngineError):
                self._note(place, f"every {kind}", answer)
                continue
            for one in answer:
                if is_listed(kind, one):
                    resource = resource_of(place, kind, one, self.claims.origin)
                    self.found.add(resource, self.claims)
                    if kind == "datastore" and (self.claims.is_own(one.maker) or self.claims.user_of(resource)):
                        stores[place].append(one.name)
        return stores

    def _list_uploads(self, stores: Mapping[Place, Collection[str]]) -> None:
        reads = [(place, engine.uploads(stores[place])) for place, engine in self._reached()]
        for (place, _), answer in zip(reads, read_all(read for _, read in reads), strict=True):
            if isinstance(answer, EngineError):
                self._note(place, "every data", answer)
                continue
            for one in answer:
                self.found.add(target_of(place, one, self.claims.origin), self.claims)

    def _reached(self) -> list[tuple[Place, Reliable]]:
        return [(place, engine) for place, engine in self.engines.items() if place not in self._unseen]

    def _note(self, place: Place, what: str, error: EngineError) -> None:
        """Note that something was not seen; a workspace of a spec that is not there has nothing in it."""
        if not isinstance(error, Missing) or place in self.named:
            self._unseen.setdefault(place, {})[what] = str(error)
