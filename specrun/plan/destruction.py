"""A plan to delete what a spec made, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from specrun.plan.changes import Action, Capability, Change, Plan
from specrun.plan.observed import Observed, Run, Status
from specrun.plan.planner import Target
from specrun.plan.resources import Graph, Resource
from specrun.spec.diagnostics import Diagnostic, Severity

NAMED_ONLY = ("workspace", "data", "environment", "run")
"""Kinds that are deleted only when they are named: they hold what cannot be made again, or what others share."""


def plan_destruction(
    graph: Graph,
    engine: Target,
    observed: Mapping[str, Observed],
    runs: Sequence[Run],
    also: Collection[str],
) -> Plan:
    """Delete changes, dependents first. `also` names further kinds."""
    unfinished = [run for run in runs if not run.status.ended]
    # What needs a resource goes before it: the edges are turned round.
    needed_by: dict[str, list[str]] = {key: [] for key in graph.resources}
    for key, resource in graph.resources.items():
        for need in resource.needs:
            needed_by[need].append(key)
    specs = {resource.spec.name for resource in graph.resources.values()}
    changes: list[Change] = []
    refusals: list[Diagnostic] = []
    for key, resource in reversed(list(graph.resources.items())):
        turned = replace(resource, needs=tuple(needed_by[key]))
        seen = _seen(resource, observed, {run.spec for run in runs})
        kept = engine.capabilities.get(resource.kind, Capability()).kept
        change = _change(turned, seen, also, specs, kept)
        users = _users(resource, unfinished)
        if change.action is Action.DELETE and users:
            detail = f"{', '.join(users)} still uses {key}: wait, or `specrun cancel`."
            refusals.append(
                Diagnostic(
                    Severity.ERROR, "in-use", "An unfinished run uses it.", detail, resource.path, resource.location
                )
            )
        changes.append(change)
    digests = {str(resource.spec.file): resource.spec.digest for resource in graph.resources.values()}
    return Plan(engine.name, engine.target, tuple(changes), digests, tuple(refusals))


def _seen(resource: Resource, observed: Mapping[str, Observed], specs: Collection[str]) -> Observed:
    if resource.kind != "run":
        return observed[resource.key]
    return Observed(Status.READY if resource.name in specs else Status.MISSING, owner=resource.spec.name)


def _change(resource: Resource, seen: Observed, also: Collection[str], specs: Collection[str], kept: str) -> Change:
    if not resource.managed:
        return Change(resource, Action.NO_OP, "only named by this spec", seen)
    if seen.status is Status.MISSING:
        return Change(resource, Action.NO_OP, "it does not exist", seen)
    if kept:
        return Change(resource, Action.NO_OP, f"kept: {kept}", seen)
    if resource.kind in NAMED_ONLY and resource.kind not in also:
        return Change(resource, Action.NO_OP, f"kept: say `--also {resource.kind}` to delete it too", seen)
    if resource.kind == "environment":
        return Change(resource, Action.DELETE, "built for this content alone", seen)
    # Several specs may share a resource: it is theirs when any of those that were given made it.
    owned = {file.owner for file in seen.files.values()} if resource.kind == "data" else {seen.owner} & set(specs)
    if resource.kind == "data":
        owned &= {resource.spec.name}
    if not owned:
        return Change(resource, Action.NO_OP, "kept: this spec did not make it", seen)
    return Change(resource, Action.DELETE, f"made by {', '.join(owned)}", seen)


def _users(resource: Resource, unfinished: Sequence[Run]) -> list[str]:
    if resource.kind == "compute":
        return [run.name for run in unfinished if run.compute == resource.name]
    if resource.kind in ("data", "environment"):
        return [run.name for run in unfinished if resource.key in run.reads]
    if resource.kind == "run":
        return [run.name for run in unfinished if run.spec == resource.spec.name]
    return []
