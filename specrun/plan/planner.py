"""Desired and observed to a plan. All decisions are made here and in the kinds; apply only carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from specrun.plan.changes import Action, Plan
from specrun.plan.graph import Graph
from specrun.plan.hashes import HashCache
from specrun.plan.planning import Planning, PlanOptions, View
from specrun.plan.resources import Place


def make_plan(graph: Graph, views: Mapping[Place, View], options: PlanOptions, home: Path, hashes: HashCache) -> Plan:
    """One change for each resource of the places that are in view, in dependency order."""
    plannings = {place: Planning(place, view, options, home, hashes) for place, view in views.items()}
    changes = tuple(
        resource.plan(plannings[key.place]) for key, resource in graph.resources.items() if key.place in plannings
    )
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
        changes=changes,
        spec_digests=graph.spec_digests,
        refusals=tuple(refusals),
        problems=tuple(chain.from_iterable(planning.problems for planning in plannings.values())),
        notes=tuple(chain.from_iterable(planning.notes for planning in plannings.values())),
    )
