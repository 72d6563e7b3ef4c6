"""A plan to delete what a spec made, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from specrun.plan.changes import Action, Capability, Change, Plan, ResourceChange
from specrun.plan.graph import Graph
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.run import RunRequest
from specrun.plan.observed import Observed, Status
from specrun.plan.planning import View
from specrun.plan.resources import Key, Place
from specrun.spec.diagnostics import Diagnostic


def plan_destruction(graph: Graph, views: Mapping[Place, View], also: Collection[str]) -> Plan:
    """Delete changes of the places that are in view, dependents first. `also` names further kinds."""
    # What needs a resource goes before it: the edges are turned round.
    needed_by: dict[Key, list[Key]] = {key: [] for key in graph.resources}
    for key, resource in graph.resources.items():
        for need in resource.needs:
            needed_by[need].append(key)
    specs = {resource.owner for resource in graph.resources.values()}
    changes: list[Change] = []
    refusals: list[Diagnostic] = []
    notes: list[Diagnostic] = []
    in_view = [(key, resource) for key, resource in graph.resources.items() if key.place in views]
    for key, resource in reversed(in_view):
        view = views[key.place]
        change = _change(replace(resource, needs=tuple(needed_by[key])), view, also, specs)
        users = [run.name for run in view.survey.runs if not run.status.ended and resource.is_used_by(run)]
        if change.action is Action.DELETE and users:
            detail = f"{', '.join(users)} still uses {key}: wait, or `specrun cancel`."
            refusals.append(resource.origin.diagnostic("in-use", detail))
        leaves = view.capabilities.get(resource.kind, Capability()).leaves
        if change.action is Action.DELETE and leaves:
            notes.append(resource.origin.diagnostic("left-behind", f"{key}: {leaves}."))
        changes.append(change)
    going = {change.key.place: change.key for change in changes if _takes_all(change)}
    told = tuple(_as_part(change, going.get(change.key.place)) for change in changes)
    return Plan(tuple(views), told, graph.spec_digests, tuple(refusals), notes=tuple(notes))


def _takes_all(change: Change) -> bool:
    """Whether all that is in a place goes with it."""
    return change.action is Action.DELETE and change.resource.kind == "workspace"


def _as_part(change: Change, workspace: Key | None) -> Change:
    """The change, of a place whose workspace is deleted: nothing in it stays, but for files on its datastores."""
    if workspace is None or not isinstance(change, ResourceChange) or change.action is not Action.NO_OP:
        return change
    if change.resource.kind == "data" or change.before.status is Status.MISSING:
        return change
    return replace(change, reason=f"goes with {workspace}")


def _change(resource: Planned, view: View, also: Collection[str], specs: Collection[str]) -> Change:
    seen = _seen(resource, view)
    kept = view.capabilities.get(resource.kind, Capability()).kept

    def left(reason: str) -> Change:
        return ResourceChange(resource, Action.NO_OP, reason, seen)

    if not resource.managed:
        return left("only named by this spec")
    if seen.status is Status.MISSING:
        return left("it does not exist")
    if seen.status is Status.UNSEEN and not kept:
        return left(f"{seen.status.value}: {seen.reason}")
    if kept:
        return left(f"kept: {kept}")
    if resource.on_demand and resource.kind not in also:
        return left(f"kept: say `--also {resource.kind}` to delete it too")
    makers = resource.made_by(seen, specs)
    if not makers:
        return left("kept: this spec did not make it")
    return ResourceChange(resource, Action.DELETE, resource.deleted_since(makers), seen)


def _seen(resource: Planned, view: View) -> Observed:
    if not isinstance(resource, RunRequest):
        return view.survey.observed[resource.key]
    there = any(run.spec == resource.name for run in view.survey.runs)
    return Observed(Status.READY if there else Status.MISSING)
