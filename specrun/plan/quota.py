"""Whether what clusters may grow to, and what runs want at once, is within the quotas of a region.

A limit is of vCPUs, and all clusters of a subscription share it. What is in use changes by the minute: what is said of
it is told beside a plan and never compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple, TypeAlias

from specrun.plan.changes import Action, Plan, ResourceChange
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.run import Submit
from specrun.plan.resources import Key, Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.model import Origin

Sku: TypeAlias = tuple[str, str]
"""A VM size, and a tier as specs have it."""

MORE = "ask for more (portal: Quotas, Machine Learning)"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many `vcpus` may be in use at once. `scope` is who shares them, in words: the subscription, or one workspace.

    `used` are in use now, by everybody, and `of_clusters` by clusters of this workspace, by name in lower case (None,
    and none: nobody says).
    """

    name: str
    scope: str
    vcpus: int
    used: int | None = None
    of_clusters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What counts in a region for instances of one size and tier: their `vcpus` each, and the limits on these.

    `unknown` says which limit is not known, and why ("": all are).
    """

    region: str
    vcpus: int = 0
    limits: tuple[Limit, ...] = ()
    unknown: str = ""


class Growing(NamedTuple):
    """A declared cluster that is made, or changed in how much it may use (`changes`), or that `runs` are to be on."""

    cluster: Cluster
    action: Action
    changes: bool
    runs: tuple[Submit, ...]

    @property
    def sku(self) -> Sku:
        """What its instances are."""
        wanted = self.cluster.properties
        return str(wanted.get("size", "")), str(wanted.get("tier", "dedicated"))

    @property
    def most(self) -> int:
        """How many instances it may have at once."""
        return int(str(self.cluster.properties.get("max_instances", 0)))


def growing(plan: Plan) -> Mapping[Place, Sequence[Growing]]:
    """The clusters of a plan that will use more, or may."""
    runs: dict[Key, list[Submit]] = {}
    for change in plan.changes:
        if isinstance(change, Submit):
            runs.setdefault(Key(change.key.place, f"compute/{change.submission.cluster}"), []).append(change)
    found: dict[Place, list[Growing]] = {}
    for change in plan.changes:
        if isinstance(change, ResourceChange) and isinstance(cluster := change.resource, Cluster):
            one = Growing(cluster, change.action, _changes(change), tuple(runs.get(change.key, ())))
            if cluster.managed and one.sku[0] and (one.changes or one.runs):
                found.setdefault(change.key.place, []).append(one)
    return found


def _changes(change: ResourceChange) -> bool:
    if change.action is Action.UPDATE:
        return any(field.path == "max_instances" for field in change.fields)  # another size or tier is a replacement
    return change.action in (Action.CREATE, Action.REPLACE)


def unread(clusters: Sequence[Growing], reason: str) -> Diagnostic:
    """That nobody could say what the quotas of a place are."""
    names = ", ".join(one.cluster.name for one in clusters[:3]) + (", …" if len(clusters) > 3 else "")
    verb = "is" if len(clusters) == 1 else "are"
    return _said(clusters[0], "quota-not-read", f"{names} {verb} planned without it: {reason}")


def compare(clusters: Sequence[Growing], allowances: Mapping[Sku, Allowance]) -> Iterator[Diagnostic]:
    """What of a place's clusters its quotas do not allow, or not now."""
    told = set[Sku]()
    for one in clusters:
        allowance = allowances[one.sku]
        yield from _alone(one, allowance)
        if allowance.unknown and one.sku not in told:
            told.add(one.sku)
            yield unread([other for other in clusters if other.sku == one.sku], allowance.unknown)
    yield from _together([one for one in clusters if one.changes], allowances)


def _alone(one: Growing, allowance: Allowance) -> Iterator[Diagnostic]:
    size, each = one.sku[0], allowance.vcpus
    tightest = min(allowance.limits, key=lambda limit: limit.vcpus, default=None)
    if tightest is not None and one.most * each > tightest.vcpus:
        fits = tightest.vcpus // each
        detail = (
            f"{one.cluster.name} may grow to {one.most} × {size}, {_vcpus(one.most * each)}, and {allowance.region} "
            f"allows {tightest.scope} {_vcpus(tightest.vcpus)} of these at once ({tightest.name}{_in_use(tightest)}): "
            + (f"no more than {fits} will ever start. " if fits else "none will ever start. ")
        )
        wanting = [run for run in one.runs if run.submission.job.resources.instance_count > fits]
        if wanting and fits:
            detail += f"{wanting[0].submission.spec} wants {wanting[0].submission.job.resources.instance_count}. "
        instead = f"Write `max_instances: {fits}`" if fits and not wanting else "Take another `size` or `tier`"
        yield _said(one, "over-quota", f"{detail}{instead}, or {MORE}.", "max_instances")
        return
    for run in one.runs:
        wanted = run.submission.job.resources.instance_count
        several = _at_once(one, run)
        for limit in allowance.limits:
            free = _free(one, limit)
            if free is not None and wanted * each * several > free:
                trials = f"{several} trials at once on " if several > 1 else ""
                until = "it waits until enough are free"
                if wanted * each <= free:
                    until = f"no more than {free // (wanted * each)} run at once until more are free"
                detail = (
                    f"{run.submission.spec} wants {trials}{wanted} × {size}{' each' * (several > 1)}, "
                    f"{_vcpus(wanted * each * several)}, and of the {_vcpus(limit.vcpus)} that {allowance.region} "
                    f"allows {limit.scope} ({limit.name}) {limit.used} are in use now: {until}."
                )
                yield run.resource.origin.diagnostic("quota-in-use", detail)
                break


def _at_once(one: Growing, run: Submit) -> int:
    """How many times the instances that its job asks for a run wants at once: a sweep, for several trials."""
    submission = run.submission
    if submission.sweep is None or run.trials is None:
        return 1
    return submission.sweep.at_once(run.trials.to_run, one.most // max(submission.job.resources.instance_count, 1))


def _free(one: Growing, limit: Limit) -> int | None:
    """The vCPUs that a cluster can get now, with those that it has; None where these are not told apart."""
    own = 0 if one.action is Action.CREATE else limit.of_clusters.get(one.cluster.name.lower())
    return None if own is None or limit.used is None else limit.vcpus - limit.used + own


def _together(clusters: Sequence[Growing], allowances: Mapping[Sku, Allowance]) -> Iterator[Diagnostic]:
    """Limits within which each of several clusters is, and all of them are not."""
    sharing: dict[tuple[str, str], tuple[Limit, str, list[tuple[Growing, int]]]] = {}
    for one in clusters:
        allowance = allowances[one.sku]
        for limit in allowance.limits:
            wanted = one.most * allowance.vcpus
            if wanted <= limit.vcpus:
                sharing.setdefault((limit.name, limit.scope), (limit, allowance.region, []))[2].append((one, wanted))
    said = set[tuple[str, ...]]()
    for limit, region, those in sorted(sharing.values(), key=lambda found: found[0].vcpus):
        names, whole = tuple(one.cluster.name for one, _ in those), sum(wanted for _, wanted in those)
        if whole > limit.vcpus and names not in said:
            said.add(names)
            detail = (
                f"{', '.join(names[:-1])} and {names[-1]} may grow to {_vcpus(whole)} together, and {region} allows "
                f"{limit.scope} {_vcpus(limit.vcpus)} of these at once ({limit.name}{_in_use(limit)}): when one is "
                "full the others wait."
            )
            yield _said(those[-1][0], "quota-shared", detail, "max_instances")


def _in_use(limit: Limit) -> str:
    return "" if limit.used is None else f", {limit.used} in use"


def _vcpus(number: int) -> str:
    return f"{number} vCPU{'' if number == 1 else 's'}"


def _said(one: Growing, code: str, detail: str, *path: str) -> Diagnostic:
    at = one.cluster.origin
    return Origin(at.document, (*at.path, *path)).diagnostic(code, detail)
