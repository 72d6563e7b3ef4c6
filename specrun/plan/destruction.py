"""A plan to delete what a spec made, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from specrun.plan.changes import Action, Change, Plan, ResourceChange
from specrun.plan.graph import Graph
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.run import RunDeletion, RunRequest
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.plan.planning import Past, View, unread_runs
from specrun.plan.resources import Capability, Key, Place
from specrun.spec.diagnostics import Diagnostic


def plan_destruction(
    graph: Graph,
    views: Mapping[Place, View],
    also: Collection[str],
    ended_before: float | None = None,
    kept: Callable[[Planned], str] = lambda resource: "",
) -> Plan:
    """Delete changes of the places that are in view, dependents first. `also` names further kinds.

    With `ended_before` (Unix seconds) only runs are deleted, and of these those that had ended by then. `kept` says why
    a resource that could be deleted is not; it is asked about no other.
    """
    # What needs a resource goes before it: the edges are turned round.
    needed_by: dict[Key, list[Key]] = {key: [] for key in graph.resources}
    for key, resource in graph.resources.items():
        for need in resource.needs:
            needed_by[need].append(key)
    makers = {resource.maker for resource in graph.resources.values()}
    changes: list[Change] = []
    refusals: list[Diagnostic] = []
    notes: list[Diagnostic] = []
    ours = ((key, resource) for key, resource in graph.resources.items() if key not in graph.used)
    in_view = [(key, resource) for key, resource in ours if key.place in views]
    seen = _seen(in_view, views)
    for key, resource in reversed(in_view):
        view = views[key.place]
        change = _change(replace(resource, needs=tuple(needed_by[key])), seen[key], view, also, makers)
        if change.action is Action.DELETE and ended_before is None and (why := kept(resource)):
            change = ResourceChange(change.resource, Action.NO_OP, f"kept: {why}", seen[key])
        if ended_before is not None:
            change = _of_old_runs(change, ended_before)
        changes.append(change)
        if isinstance(resource, RunRequest) and "run" in also and (unread := view.history.unread(resource.name)):
            detail = f"Whether there are runs to delete: {unread}."
            notes.append(resource.origin.diagnostic("runs-not-looked-at", detail))
        if change.action is Action.DELETE and ended_before is None:
            _check_unused(resource, view, refusals, notes)
            if leaves := view.capabilities.get(resource.kind, Capability()).leaves:
                notes.append(resource.origin.diagnostic("left-behind", f"{key}: {leaves}."))
    going = {change.key.place: change.key for change in changes if _takes_all(change)}
    unseen = unread_runs(views)
    told = tuple(_as_part(change, going.get(change.key.place)) for change in changes if change.key.place not in unseen)
    places = tuple(place for place in views if place not in unseen)
    stays = () if ended_before is not None else tuple(_stays(told, views, going))
    return Plan(places, told, graph.spec_digests, tuple(refusals), notes=tuple(notes), unseen=unseen, stays=stays)


def _stays(changes: Sequence[Change], views: Mapping[Place, View], going: Collection[Place]) -> Iterator[str]:
    """What goes on to be there of each kind in each place; where the workspace goes, too, that is data."""
    several = len({change.key.place for change in changes}) > 1
    said: dict[tuple[Place, str], str] = {}
    for change in changes:
        capability = views[change.key.place].capabilities.get(change.resource.kind, Capability())
        there = isinstance(change, ResourceChange) and change.before.status is not Status.MISSING
        if change.key.place in going and change.resource.kind != "data":
            continue
        if there and change.action is Action.NO_OP and capability.stays and change.resource.managed:
            said.setdefault((change.key.place, change.resource.kind), capability.stays)
    for (place, _), words in said.items():
        yield f"{place.title}: {words}" if several else words


def _of_old_runs(change: Change, ended_before: float) -> Change:
    """The change, where nothing but runs that ended before a moment is to be deleted; what goes on needs those not."""
    if not isinstance(change.resource, RunRequest):
        return replace(change, action=Action.NO_OP, reason="kept: only old runs are to be deleted")
    if not isinstance(change, RunDeletion):
        return change
    moment = datetime.fromtimestamp(ended_before).strftime("%Y-%m-%d %H:%M")
    return replace(change, ended_before=ended_before, reason=f"those that ended before {moment}")


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


def _check_unused(resource: Planned, view: View, refusals: list[Diagnostic], notes: list[Diagnostic]) -> None:
    users = [run.name for run in view.history.unfinished() if resource.is_used_by(run)]
    if users:
        detail = f"{', '.join(users)} still uses {resource.address}: wait, or `specrun cancel`."
        refusals.append(resource.origin.diagnostic("in-use", detail))
    if unread := view.history.unread():
        detail = f"Whether a run that goes on uses it: {unread}."
        notes.append(resource.origin.diagnostic("runs-not-looked-at", detail))


def _change(resource: Planned, seen: Observed, view: View, also: Collection[str], makers: Collection[Maker]) -> Change:
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
    specs = resource.made_by(seen, makers)
    if not specs:
        return left(f"kept: {_made_by_another(resource, seen)}")
    kind = RunDeletion if isinstance(resource, RunRequest) else ResourceChange
    return kind(resource, Action.DELETE, resource.deleted_since(specs), seen)


def _seen(in_view: Sequence[tuple[Key, Planned]], views: Mapping[Place, View]) -> Mapping[Key, Observed]:
    """What there is of the resources; of runs, whether there is any of a spec's."""
    requests = [key for key, resource in in_view if isinstance(resource, RunRequest)]
    seen = {
        key: Observed(Status.UNSEEN) if resource.after_runs else views[key.place].survey.observed[key]
        for key, resource in in_view
        if key not in requests
    }
    for place, view in views.items():
        here = [(key, resource) for key, resource in in_view if key in requests and key.place == place]
        pasts = view.history.newest([resource.maker for _, resource in here])
        seen |= {key: _run_seen(pasts[resource.name], resource.maker) for key, resource in here}
    return seen


def _run_seen(past: Past, maker: Maker) -> Observed:
    """Whose runs there are of a spec's name: its own, if there are any."""
    makers = [run.maker for run in (*past.runs, *past.others)]
    if not makers:
        return Observed(Status.MISSING)
    return Observed(Status.READY, maker=next((one for one in makers if one.is_of(maker)), makers[0]))


def _made_by_another(resource: Planned, seen: Observed) -> str:
    """Why something is not the specs' to delete; where it was made for a namesake of theirs, for which."""
    makers = {seen.maker, *(file.maker for file in seen.files.values())}
    others = sorted(str(maker) for maker in makers if maker.spec == resource.maker.spec)
    if others:
        return f"made by {' and '.join(others)}"
    return f"this spec did not make it{f', but {seen.maker}' if seen.maker else ''}"
