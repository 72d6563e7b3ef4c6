"""Which machines specs may use, where, and how many of them."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.spec.diagnostics import Path
from specrun.spec.repository_rules import Rule
from specrun.spec.repository_rules.case import Broken, Case, Found, Open
from specrun.spec.repository_rules.patterns import fits
from specrun.spec.sizes import plain_name
from specrun.spec.wording import listed

_LOW = "low_priority"


def sizes(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether the size of the cluster, or of a serverless run, is one of the rule `sizes`."""
    size, path = _size(case)
    if size is None:
        yield from _unknown_size(case, path)
    elif not any(fits(pattern, plain_name(size)) for pattern in rule.value):
        allowed = listed([f"STANDARD_{pattern}" for pattern in rule.value], "and")
        has = f"`{size}` is none of the sizes" if path[-1] != "compute" else f"Its instances are {size}, none of those"
        yield Broken(path, f"{has} that are allowed: {allowed}.", path[-1] == "compute")


def _size(case: Case) -> tuple[str | None, Path]:
    if case.spec.compute is not None:
        size = case.of_cluster("size")
        written = case.declared is not None and "size" in case.declared
        return None if size is None else str(size), ("compute", "size") if written else ("compute",)
    job = case.spec.job
    size = job.resources.instance_type if job is not None else None
    return size, ("job", "resources", "instance_type") if size is not None else ("job",)


def _unknown_size(case: Case, path: Path) -> Iterator[Found]:
    if case.is_serverless:
        yield Open(path, "Azure ML chooses the size of a serverless run. Write `job.resources.instance_type`")
    elif case.in_azure and case.spec.compute is not None:
        yield Open(path, f"nothing says the size of {case.spec.cluster_name}", planned=case.seen is None)


def regions(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether the workspace, and a serverless run, are in regions that the rule `regions` has."""
    allowed = listed(rule.value, "and")
    location = (case.spec.workspace or {}).get("location")
    path: Path = ("workspace", "location")
    if location is None:
        path = ("workspace",)
        location = (case.seen.workspace or {}).get("location") if case.seen is not None else None
    if location is not None and _plain(location) not in rule.value:
        where = f"`{location}`" if path[-1] == "location" else f"The workspace is in {location}, which"
        yield Broken(path, f"{where} is none of the regions that are allowed: {allowed}.", path[-1] != "location")
    elif location is None and case.in_azure:
        yield Open(path, "nothing says where the workspace is", planned=case.seen is None)
    job = case.spec.job
    for number, region in enumerate((job.resources.locations or ()) if job is not None else ()):
        if _plain(region) not in rule.value:
            detail = f"`{region}` is none of the regions that are allowed: {allowed}."
            yield Broken(("job", "resources", "locations", number), detail)


def _plain(region: object) -> str:
    return "".join(str(region).lower().split())


def tiers(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether the tier of the cluster, or of a serverless run, is one of the rule `tiers`."""
    allowed = listed(rule.value, "and")
    job = case.spec.job
    if case.declared is not None:
        tier = case.declared.get("tier")
        if tier is None and "dedicated" not in rule.value:
            detail = f"A cluster without a `tier` is dedicated. Allowed is {allowed}: write `tier: {rule.value[0]}`."
            yield Broken(("compute",), detail, True)
        elif tier is not None and tier not in rule.value:
            yield Broken(("compute", "tier"), f"Allowed is {allowed}: write `tier: {rule.value[0]}`.")
    elif case.spec.compute is not None:
        tier = case.of_cluster("tier")
        if tier is None and case.in_azure:
            yield Open(("compute",), f"nothing says the tier of {case.spec.cluster_name}", planned=case.seen is None)
        elif tier is not None and tier not in rule.value:
            yield Broken(
                ("compute",), f"The instances of {case.spec.cluster_name} are {tier}. Allowed is {allowed}.", True
            )
    elif job is not None and (job.queue_settings or case.is_serverless or job.resources.instance_type):
        written = (job.queue_settings or {}).get("job_tier")
        if (_LOW if written == "spot" else "dedicated") not in rule.value:
            spot = "`job_tier: spot` has low_priority instances, any other dedicated ones"
            path: Path = ("job", "queue_settings", "job_tier") if written else ("job",)
            yield Broken(path, f"Allowed is {allowed}. In `job.queue_settings` {spot}.", written is None)


def max_instances(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether a cluster that is declared, or a serverless run, has no more instances than the rule `max_instances`."""
    allowed = f"At most {rule.value} {_instances(rule.value)} allowed"
    if case.declared is not None:
        count = case.of_cluster("max_instances")
        if isinstance(count, int) and count > rule.value:
            written = "max_instances" in case.declared
            detail = f"{allowed}, and this is {count}: write `max_instances: {rule.value}`."
            yield Broken(("compute", "max_instances") if written else ("compute",), detail, not written)
        elif count is None and case.in_azure:
            yield Open(("compute",), "nothing says how many instances it may have", planned=case.seen is None)
    elif case.is_serverless and case.spec.job is not None:
        wanted = case.spec.job.resources
        for field in ("instance_count", "max_instance_count"):
            count = getattr(wanted, field)
            if count is not None and count > rule.value:
                yield Broken(("job", "resources", field), f"{allowed}, and this is {count}.")


def min_instances(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether a cluster that is declared has no more instances always on than the rule `min_instances`."""
    if case.declared is None:
        return
    count = case.of_cluster("min_instances")
    written = "min_instances" in case.declared
    if isinstance(count, int) and count > rule.value:
        limit = (
            f"At most {rule.value} {_instances(rule.value)} allowed to be always on"
            if rule.value
            else ("No instance may be always on")
        )
        detail = f"{limit}, and this is {count}: write `min_instances: {rule.value}`."
        yield Broken(("compute", "min_instances") if written else ("compute",), detail, not written)
    elif count is None and case.in_azure and case.seen is None:
        yield Open(("compute",), "a cluster that exists may have some", planned=True)


def _instances(count: int) -> str:
    return "instance is" if count == 1 else "instances are"
