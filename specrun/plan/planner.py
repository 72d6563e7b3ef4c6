"""Desired and observed to a plan. All decisions are made here and in the kinds; apply only carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from specrun.plan.changes import Action, Change, Plan
from specrun.plan.graph import Graph
from specrun.plan.hashes import HashCache
from specrun.plan.planning import Planning, PlanOptions, Unplanned, View
from specrun.plan.resources import Key, Place


def make_plan(graph: Graph, views: Mapping[Place, View], options: PlanOptions, home: Path, hashes: HashCache) -> Plan:
    """One change for each resource of the places that are in view, in dependency order.

    None for what cannot be read, nor for what needs it: of that nothing can be said.
    """
    plannings = {place: Planning(place, view, options, home, hashes) for place, view in views.items()}
    changes: list[Change] = []
    unplanned: dict[Key, None] = {}
    for key, resource in graph.resources.items():
        if key.place not in plannings:
            continue
        try:
            change = resource.plan(plannings[key.place])  # also of what needs such a thing: it has mistakes of its own
        except Unplanned:
            unplanned[key] = None
            continue
        if unplanned.keys().isdisjoint(resource.needs):
            changes.append(change)
        else:
            unplanned[key] = None
    submitted = [change for change in changes if change.action is Action.SUBMIT]
    refusals = list(chain.from_iterable(planning.refusals for planning in plannings.values()))
    if len(submitted) > options.max_runs:
        detail = (
            f"{len(submitted)} runs would be submitted, and the limit is {options.max_runs}: "
            f"if all are meant, say so with --max-runs {len(submitted)}."
        )
        refusals.append(submitted[0].resource.origin.diagnostic("too-many-runs", detail))
    return Plan(
        places=tuple(plannings),
        changes=tuple(changes),
        spec_digests=graph.spec_digests,
        refusals=tuple(refusals),
        problems=tuple(chain.from_iterable(planning.problems for planning in plannings.values())),
        notes=tuple(chain.from_iterable(planning.notes for planning in plannings.values())),
        unplanned=tuple(unplanned),
    )
