"""What the runs of a plan are on, and what of its clusters is always on: instances of a size, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from specrun.plan.changes import Action, Change, Plan, ResourceChange
from specrun.plan.costs import Costs, Standing
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.run import RunChange, Submit
from specrun.plan.resources import Key, Place, Resource
from specrun.spec.cost import MONTH, Cost, Instances, all_on, always_on, cost_of, cost_of_trials, instances_of
from specrun.spec.model import Properties, Spec

if TYPE_CHECKING:
    from specrun.spec.prices import Prices

_GROWING = (Action.CREATE, Action.UPDATE, Action.REPLACE)


class Machines:
    """The machines of a plan: what its clusters have when it is carried out, and what its runs are on.

    On this machine that is what the specs declare for Azure.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    @cached_property
    def _clusters(self) -> Mapping[Key, Properties]:
        """Each as it is declared; what a spec leaves out, and one that is only named, as it was seen."""
        clusters = (change for change in self._resources() if isinstance(change.resource, Cluster))
        return {
            change.key: {**change.before.facts, **change.before.properties, **change.resource.wanted}
            for change in clusters
        }

    @cached_property
    def _regions(self) -> Mapping[Key, str]:
        """Where each workspace is, as far as a spec or the workspace itself says so."""
        found = {}
        for change in self._resources():
            location = change.resource.wanted.get("location") or change.before.properties.get("location")
            if change.resource.kind == "workspace" and location:
                found[change.key] = str(location)
        return found

    @cached_property
    def _of_place(self) -> Mapping[Place, str]:
        """Where the workspace of a place is: for a spec that goes there and names none."""
        return {key.place: region for key, region in self._regions.items() if key.place.workspace}

    def of_run(self, change: RunChange) -> Instances | None:
        """The instances that a run is on; None where nobody knows."""
        request = change.resource
        cluster = self._clusters.get(Key(request.place, f"compute/{request.cluster}"), {}) if request.cluster else None
        return instances_of(request.job, cluster, self._region(request))

    def size_of(self, change: RunChange) -> str:
        """Their size; "" where nobody knows, and on this machine."""
        instances = self.of_run(change) if change.key.place.workspace else None
        return instances.size if instances is not None else ""

    def costs(self, prices_of: Callable[[Change], Prices | None]) -> Costs:
        """What the plan costs, each change by the prices that count for its spec. Nothing is asked."""
        runs: dict[Key, Cost] = {}
        clusters: dict[Key, Standing] = {}
        for change in self._changes:
            if isinstance(change, RunChange) and (instances := self.of_run(change)) is not None:
                runs[change.key] = self._cost(change, instances, prices_of(change))
            elif (
                isinstance(change, ResourceChange) and isinstance(change.resource, Cluster) and change.resource.managed
            ):
                standing = self._standing(change, change.resource, prices_of(change))
                clusters |= {change.key: standing} if standing is not None else {}
        return Costs(runs, clusters)

    def _cost(self, change: RunChange, instances: Instances, prices: Prices | None) -> Cost:
        """What a run costs at most; a sweep, what those of its trials do that are to be run."""
        request = change.resource
        if request.sweep is None:
            return cost_of(instances, request.job.timeout, prices)
        known = change.trials if isinstance(change, Submit) else None
        trials = known.to_run if known is not None else request.sweep.most_trials
        cluster = self._clusters.get(Key(request.place, f"compute/{request.cluster}"))
        return cost_of_trials(instances, request.job, request.sweep, trials, prices, cluster)

    def _standing(self, change: ResourceChange, cluster: Cluster, prices: Prices | None) -> Standing | None:
        """What a spec's own cluster costs in a month; None where no instance is always on, and nothing is changed that
        has a price.
        """
        states = (change.before.properties, {} if change.action is Action.DELETE else self._clusters[change.key])
        region = self._region(cluster)

        def cost(of: Callable[[Properties, str], Instances | None]) -> list[Cost | None]:
            found = (of(state, region) for state in states)
            return [None if one is None else cost_of(one, MONTH, prices) for one in found]

        before, after = cost(always_on)
        full_before, full = cost(all_on) if change.action in _GROWING and prices is not None else (None, None)
        if full is None or full.hour is None:
            return None if before is None and after is None else Standing(before, after)
        return Standing(before, after, full_before, full)

    def _resources(self) -> Iterable[ResourceChange]:
        return (change for change in self._changes if isinstance(change, ResourceChange))

    def _region(self, resource: Resource) -> str:
        named = (self._regions[need] for need in resource.needs if need in self._regions)
        return next(named, self._of_place.get(resource.place, ""))


def with_costs(plan: Plan, specs: Iterable[Spec]) -> Plan:
    """The plan of some specs, and what it costs by the prices of their repositories."""
    prices = {str(spec.file): spec.prices for spec in specs}

    def prices_of(change: Change) -> Prices | None:
        return prices.get(str(Path(change.resource.origin.document.file).absolute()))

    return replace(plan, costs=Machines(plan.changes).costs(prices_of))
