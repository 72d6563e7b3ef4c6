"""Desired and observed to a plan. All decisions are made here and in the kinds; apply only carries them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from specrun.plan.attempts import NAME
from specrun.plan.changes import Action, Change, Plan
from specrun.plan.fingerprint import explain
from specrun.plan.graph import Graph
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.model import ModelRegistration
from specrun.plan.kinds.run import Follow, RunRequest
from specrun.plan.kinds.upstream import unreadable
from specrun.plan.planning import Planning, PlanOptions, Unplanned, View, unread_runs
from specrun.plan.resources import Key, Place, Resource


def make_plan(graph: Graph, views: Mapping[Place, View], options: PlanOptions, home: Path, hashes: HashCache) -> Plan:
    """One change for each resource of the places that are in view, in dependency order.

    None for what cannot be read, nor for what needs it: of that nothing can be said. Nothing is planned of a place
    whose runs could not be looked up.
    """
    makers = frozenset(resource.maker for resource in graph.resources.values())
    files = {
        place: {one.name: one.origin.document.file for one in graph.in_place(place) if isinstance(one, RunRequest)}
        for place in views
    }
    used = frozenset(key for key in graph.used if isinstance(graph.resources.get(key), RunRequest))
    plannings = {
        place: Planning(
            place,
            view,
            options,
            home,
            hashes,
            makers,
            used=frozenset(graph.resources[key].name for key in used if key.place == place),
            files=files[place],
        )
        for place, view in views.items()
    }
    # What is only used is looked at as all else, and nothing is done to it: what forbids that is of no interest.
    aside = {place: replace(one, refusals=[], problems=[], notes=[]) for place, one in plannings.items()}
    in_view = {key: resource for key, resource in graph.resources.items() if key.place in plannings}
    planned: dict[Key, Change] = {}
    unplanned: dict[Key, None] = {}
    for key, resource in in_view.items():
        planning = (aside if key in graph.used else plannings)[key.place]
        try:  # also of what needs such a thing: it has mistakes of its own
            if isinstance(resource, RunRequest):
                resource.draft(planning)
            elif not resource.after_runs and graph.is_looked_at(resource):
                planned[key] = resource.plan(planning)
        except Unplanned:
            unplanned[key] = None
        if not unplanned.keys().isdisjoint(resource.needs):
            unplanned[key] = None
    requests = {key: one for key, one in in_view.items() if isinstance(one, RunRequest) and key not in unplanned}
    # What runs would be is known once all else was planned: what has run is looked up then, for all of a place at once.
    for place, planning in plannings.items():
        planning.look_up_runs([request for key, request in requests.items() if key.place == place])
    for key, request in requests.items():
        if key in graph.used:
            continue
        try:
            change = planned[key] = request.plan(plannings[key.place])
            plannings[key.place].changes[request.name] = change
        except Unplanned:
            unplanned[key] = None
    for place, planning in plannings.items():
        for name in _without(planning, unreadable(planning)):
            del planned[key := Key(place, f"run/{name}")]
            unplanned[key] = None
        given = (one for key, one in in_view.items() if key.place == place and key not in graph.used)
        sought = (one.sought(planning) for one in given if isinstance(one, ModelRegistration))
        planning.registered = planning.view.registered([one for one in sought if one is not None])
    for key, resource in in_view.items():
        if resource.after_runs and key not in unplanned and key not in graph.used:
            try:
                planned[key] = resource.plan(plannings[key.place])
            except Unplanned:
                unplanned[key] = None
    unseen = unread_runs(views)
    if options.adopt and not unplanned and not unseen:
        _check_adopted(options.adopt, list(requests.values()) or list(in_view.values()), plannings)
    plannings = {place: planning for place, planning in plannings.items() if place not in unseen}
    if not graph.used.isdisjoint(unplanned):  # what cannot be read of them keeps others from being planned
        for place, one in plannings.items():
            one.problems += aside[place].problems
    left = unplanned.keys() | graph.used
    changes = [planned[key] for key in in_view if key not in left and key.place in plannings]
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
        unplanned=tuple(key for key in unplanned if key not in graph.used),
        unseen=unseen,
    )


def _without(planning: Planning, specs: frozenset[str]) -> list[str]:
    """Take back what was planned of the runs of these specs, and of all new ones that would read from those."""
    left = set(specs)
    for name, change in planning.changes.items():
        if not isinstance(change, Follow) and any(one.spec in left for one in change.submission.upstream.values()):
            left.add(name)
    for name in left:
        del planning.changes[name]
    return sorted(left)


def _check_adopted(names: Sequence[str], resources: Sequence[Resource], plannings: Mapping[Place, Planning]) -> None:
    """Note which of the names that were to be adopted have no run of exactly what the specs ask for now."""
    found = set[str]().union(*(planning.adopted for planning in plannings.values()))
    asked = resources[0]
    for name in (name for name in names if name not in found):
        match = NAME.fullmatch(name)
        spec, now = match["spec"] if match else name, asked.name if len(resources) == 1 else "any of these specs"
        detail = f"No run of {spec} is exactly what {now} is now."
        if len(resources) == 1:
            detail += "".join(_instead(spec, asked, plannings[asked.place]))
        plannings[asked.place].problem(asked, "cannot-adopt", detail)


def _instead(name: str, asked: Resource, planning: Planning) -> Iterator[str]:
    """What there is in place of a run that was to be adopted, in sentences."""
    past, draft = planning.past_of(asked.name), planning.drafts.get(asked.name)
    if draft is None:
        return
    if own := [run.name for run in past.runs if run.is_of(draft.fingerprint)]:
        yield f" It has run itself for exactly this: {own[0]}."
    elif past.alike:
        yield f" One that is: {past.alike[0].name}."
    newest = planning.view.history.newest([replace(asked.maker, spec=name)])[name].runs
    if newest and not own:
        differences = explain(planning.view.identity(newest[0].name), draft.identity)
        yield f" The newest of {name} is {newest[0].name}"
        yield f", and since then: {'; '.join(differences)}." if differences else "."
