"""A plan to delete what was made for specs of a repository that are gone: what carries its name, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path

from specrun.plan.changes import Action, Change, Plan, ResourceChange
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.data import DataTarget
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.makers import Maker, same_repository
from specrun.plan.observed import Existing, Observed, Run, Status, Uploaded
from specrun.plan.planning import View, unread_runs
from specrun.plan.resources import Capability, Key, Kind, Place, same_thing
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.expressions import OPEN
from specrun.spec.frozen import dataclass
from specrun.spec.model import LocalPath, Origin, Spec

KINDS: tuple[Kind, ...] = ("compute", "datastore")
"""What is deleted."""

ON_DEMAND: tuple[Kind, ...] = ("data",)
"""What is deleted when it is named: it cannot be made again."""

IN_USE = 30
"""Days after a run of another repository for which a cluster is kept."""

FEW = 10
"""Things of a repository, as many as octoDNS has records, of which less than this may all go."""

MAX_SHARE = 30
"""Per cent of a repository's things that may go, as octoDNS has it."""

_BUILT_IN = (
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceworkingdirectory",
    "workspaceartifactstore",
    "azureml_globaldatasets",
)

_DAY = 86_400
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a repository says of itself now: its name, what there is of specs, and what these declare or use.

    `uses` are things, in the form in which `same_thing` gives them, each with who uses it in words. `origin` is where
    what is said of the whole is shown.
    """

    repository: str
    makers: Mapping[Maker, str]
    """The makers that specs are, each with the name as the spec writes it, expressions in it."""
    uses: Mapping[tuple[str, str], str]
    origin: Origin = field(repr=False)

    @staticmethod
    def makers_of(specs: Iterable[Spec], maker: Maker) -> Mapping[Maker, str]:
        """The makers that specs of one repository are; `maker` has its name."""
        return {
            replace(maker, spec=spec.name, target=spec.target): str(spec.document.values.get("name")) for spec in specs
        }

    def is_own(self, maker: Maker) -> bool:
        """Whether something was made for this repository."""
        return bool(maker.repository) and same_repository(maker.repository, self.repository)

    def is_gone(self, maker: Maker) -> bool:
        """Whether there is no spec any more for whose target something was made.

        A name with an expression in it may have been any that fits: another `--var` gives another.
        """
        for one, written in self.makers.items():
            if maker.is_of(one):
                return False
            if OPEN in written and maker.target in ("", one.target) and _fits(written, maker.spec):
                return False
        return True

    def user_of(self, resource: Planned) -> str:
        """Who uses a thing, in words; "" for nobody."""
        if not isinstance(resource, DataTarget):
            return self.uses.get(same_thing(resource.key), "")
        target = resource.target.lower()
        for (workspace, address), user in self.uses.items():
            if workspace == resource.place.workspace and address.startswith("data/"):
                path = address.split("/", 2)[2]
                if not path or path == target or path.startswith(f"{target}/") or target.startswith(f"{path}/"):
                    return user
        return ""


@dataclass(slots=True)
class Sorted:
    """What there is in all places: `gone` may be deleted, `kept` is shown with why it is not.

    `own` counts what carries the repository's name, `others` what carries that of another.
    """

    gone: dict[Key, Planned] = field(default_factory=dict)
    kept: dict[Key, tuple[Planned, str]] = field(default_factory=dict)
    own: int = 0
    others: int = 0

    def add(self, resource: Planned, claims: Claims) -> None:
        """One more thing that is there, as a resource of who made it."""
        user, maker = claims.user_of(resource), resource.maker
        if not maker.repository:
            if not user:
                by = f"made by {maker}, of whichever repository" if maker else "nothing says who made it"
                self.kept[resource.key] = resource, f"kept: {by}"
        elif not claims.is_own(maker):
            self.others += 1
        else:
            self.own += 1
            if claims.is_gone(maker):
                if user:
                    self.kept[resource.key] = resource, f"kept: {user} uses it"
                else:
                    self.gone.setdefault(resource.key, resource)  # what others wrote there, too, goes the next time
            elif not user:
                self.kept[resource.key] = (
                    resource,
                    f"kept: made by {_for(maker)}, which is there and does not name it",
                )


def plan_pruning(
    found: Sorted, views: Mapping[Place, View], claims: Claims, now: float, max_share: float = MAX_SHARE
) -> Plan:
    """Delete what is gone of the places in view, data before the datastore that it is on; `now` is in Unix seconds.

    A cluster stays that another repository's run was on in the last IN_USE days, and whatever a run uses that goes on.
    """
    notes: list[Diagnostic] = []
    changes: list[Change] = []
    for key, resource in found.gone.items():
        if key.place in views:
            on_it = [one for one in found.gone if isinstance(found.gone[one], DataTarget) and _is_on(one, key)]
            changes.append(_change(replace(resource, needs=tuple(on_it)), views[key.place], claims, now, notes))
    for key, (resource, reason) in found.kept.items():
        if key.place in views and key not in found.gone:  # of data that several have written
            changes.append(ResourceChange(resource, Action.NO_OP, reason, Observed(Status.READY, maker=resource.maker)))
    unseen = unread_runs(views)
    changes = [change for change in changes if change.key.place not in unseen]
    places = tuple(place for place in views if place not in unseen)
    going = sum(change.action is Action.DELETE for change in changes)
    refusals = tuple(_too_many(going, found.own, claims, max_share))
    return Plan(places, tuple(changes), {}, refusals, notes=tuple(notes), unseen=unseen)


def _change(resource: Planned, view: View, claims: Claims, now: float, notes: list[Diagnostic]) -> Change:
    seen = view.survey.observed[resource.key]
    maker = _maker_of(resource, seen.maker, [file.maker for file in seen.files.values()])
    kept = view.capabilities.get(resource.kind, Capability()).kept
    if seen.status is Status.MISSING or (isinstance(resource, DataTarget) and not maker):
        return ResourceChange(resource, Action.NO_OP, "it is gone already", seen)
    if maker != resource.maker:  # since it was listed
        reason = f"kept: made by {maker or 'somebody else'}"
    elif kept:
        reason = f"kept: {kept}"
    else:
        reason = _in_use(resource, view, claims, now, notes)
    if reason:
        return ResourceChange(resource, Action.NO_OP, reason, seen)
    if leaves := view.capabilities.get(resource.kind, Capability()).leaves:
        notes.append(resource.origin.diagnostic("left-behind", f"{resource.key}: {leaves}."))
    return ResourceChange(resource, Action.DELETE, f"made by {_for(maker)}, which is gone", seen)


def _maker_of(resource: Planned, maker: Maker, files: Collection[Maker]) -> Maker:
    if isinstance(resource, DataTarget):
        return resource.maker if resource.maker in files else Maker()
    return maker


def _in_use(resource: Planned, view: View, claims: Claims, now: float, notes: list[Diagnostic]) -> str:
    """Why something that nobody declares any more is needed all the same; "" where it is not."""
    unfinished = [run for run in view.history.unfinished() if resource.is_used_by(run)]
    if unfinished:
        more = f" and {len(unfinished) - 1} more" if len(unfinished) > 1 else ""
        return f"kept: {unfinished[0].name}{more} still uses it"
    if not isinstance(resource, Cluster):
        return ""
    since = now - IN_USE * _DAY
    for run in view.history.listed():
        if resource.is_used_by(run) and _last(run, now) >= since and not claims.is_own(run.maker):
            when = datetime.fromtimestamp(_last(run, now)).strftime("%Y-%m-%d")
            whose = f"of {run.repository}" if run.repository else "of whichever repository"
            return f"kept: {run.name} {whose} was on it on {when}"
    if unread := view.history.unread():
        if all(_last(run, now) >= since for run in view.history.listed()[-1:]):
            return f"kept: who was on it in the last {IN_USE} days is not known: {unread}"
        detail = f"Whether a run uses {resource.address} that was submitted more than {IN_USE} days ago: {unread}."
        notes.append(resource.origin.diagnostic("runs-not-looked-at", detail))
    return ""


def _last(run: Run, now: float) -> float:
    """When a run was last known to be there."""
    return run.ended or run.started or run.submitted or now


def _too_many(going: int, own: int, claims: Claims, max_share: float) -> Iterator[Diagnostic]:
    if going and not claims.makers and max_share < 100:
        detail = (
            f"There is no spec in this repository, and all {going} things that were made for it would be deleted: if "
            "that is meant, say --max-share 100."
        )
        yield claims.origin.diagnostic("too-many-deletions", detail)
    elif own >= FEW and going * 100 > own * max_share:
        share = -(-going * 100 // own)
        detail = (
            f"{going} of the {own} things that were made for this repository would be deleted, and the limit is "
            f"{max_share:g} %: if that is meant, say --max-share {share}."
        )
        yield claims.origin.diagnostic("too-many-deletions", detail)


def resource_of(place: Place, kind: Kind, one: Existing, origin: Origin) -> Planned:
    """A cluster or a datastore that is there, as a resource of who made it."""
    if kind == "compute":
        return Cluster(place=place, name=one.name, maker=one.maker, origin=origin, properties={"name": one.name})
    return Datastore(place=place, name=one.name, maker=one.maker, origin=origin, properties={})


def target_of(place: Place, one: Uploaded, origin: Origin) -> Planned:
    """The same of what somebody has uploaded to a target."""
    return DataTarget(
        place=place,
        name=one.target,
        maker=one.maker,
        origin=origin,
        datastore=one.datastore,
        target=one.target,
        source=LocalPath(Path()),
        prune=False,
    )


def is_listed(kind: Kind, one: Existing) -> bool:
    """Whether something is of a kind that specrun makes: no other compute than clusters, and no datastore that each
    workspace has from the start.
    """
    if kind == "compute":
        return one.type.lower() in ("", "amlcompute")
    return one.name.lower() not in _BUILT_IN


def _is_on(data: Key, store: Key) -> bool:
    return data.place == store.place and data.address.startswith(f"data/{store.address.partition('/')[2]}/")


def _fits(written: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, _EXPRESSION.split(written))), name) is not None


def _for(maker: Maker) -> str:
    """A maker of the repository itself, as in `mnist for target prod`."""
    return str(replace(maker, repository=""))
