"""What a run costs at most, what it has cost, and what a cluster costs in a month: instances, for a time, at a price.

What is counted is the time that one attempt runs, on all of its instances. Money is decimal, and exact until it is
rounded to the cent: up, where it is said to be the most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from decimal import Decimal

    from specrun.spec.machines import Machine
    from specrun.spec.model import Job, Properties, Spec
    from specrun.spec.prices import Prices
    from specrun.spec.sweep import Sweep

DEDICATED, LOW_PRIORITY = "dedicated", "low_priority"

HOUR = 3600
MONTH = 730 * HOUR
"""Seconds of a month, as Azure counts them: a twelfth of a year."""

CENT = 100
MOST = 10**9
"""Instances that a run may be on, by what was kept with it."""

_NOTHING: Properties = {}


@dataclass(frozen=True, slots=True)
class Instances:
    """So many instances of a VM size. `tier` is dedicated or low_priority, `region` the workspace's ("": not known)."""

    size: str
    count: int = 1
    tier: str = DEDICATED
    region: str = ""

    @property
    def machine(self) -> Machine | None:
        """What each of them has; None of a size that nobody knows."""
        from specrun.spec.machines import machine_of  # late: a price is enough, where there is one

        return machine_of(self.size)

    def noted(self) -> dict[str, object]:
        """What is kept with a run, as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cost:
    """Instances for so many `seconds` (None: for as long as it takes, since there is no timeout).

    Of a sweep these are the instances of one trial, and the seconds of all `trials` together, of which `at_once` run at
    the same time at most (None, and 1: it is no sweep).
    `hour` is the price of one of them for an hour (None: the list has none), `currency` and `updated`, an ISO date, are
    the list's ("": there is none). `bound`: it is the price of a dedicated instance, since there is none for
    low_priority, which is mostly less.
    """

    instances: Instances
    seconds: float | None
    hour: Decimal | None = None
    currency: str = ""
    updated: str = ""
    bound: bool = False
    trials: int | None = None
    at_once: int = 1

    @property
    def unbounded(self) -> bool:
        """Whether nothing ends it."""
        return self.seconds is None

    @property
    def varies(self) -> bool:
        """Whether its price is Azure's to change from hour to hour: that of Spot machines is."""
        return self.instances.tier == LOW_PRIORITY

    @property
    def per_hour(self) -> Decimal | None:
        """What all of its instances that are on at once cost in an hour, exactly."""
        return None if self.hour is None else self.hour * self.instances.count * self.at_once

    @property
    def at_most(self) -> Decimal | None:
        """Rounded up to the cent; None where it is unbounded, or has no price."""
        return self._money(up=True)

    @property
    def amount(self) -> Decimal | None:
        """Rounded to the nearest cent, likewise."""
        return self._money(up=False)

    @property
    def instance_hours(self) -> Decimal | None:
        """Rounded up to two places; None where it is unbounded."""
        return self._hours(1)

    @property
    def vcpu_hours(self) -> Decimal | None:
        """The same, times the vCPUs of each; None, too, of a size that nobody knows."""
        machine = self.instances.machine
        return None if machine is None else self._hours(machine.vcpus)

    @property
    def gpu_hours(self) -> Decimal | None:
        """The same for GPUs, as a process sees them."""
        machine = self.instances.machine
        return None if machine is None else self._hours(machine.gpus)

    def _money(self, *, up: bool) -> Decimal | None:
        if self.hour is None or self.seconds is None:
            return None
        price, of = self.hour.as_integer_ratio()
        return _rounded(price * self.instances.count * _milliseconds(self.seconds), of * HOUR * 1000, up=up)

    def _hours(self, each: int) -> Decimal | None:
        if self.seconds is None:
            return None
        return _rounded(each * self.instances.count * _milliseconds(self.seconds), HOUR * 1000, up=True)


def most(spec: Spec, prices: Prices | None, seen: Properties = _NOTHING, region: str = "") -> Cost | None:
    """What one attempt at a spec's job costs at most; None where it has no job, or nobody knows on which size it runs.

    `seen` is what its cluster has that exists, and `region` where its workspace is, if the spec does not say.
    """
    if spec.job is None:
        return None
    location = str((spec.workspace or {}).get("location") or region)
    declared = {} if isinstance(spec.compute, str) else spec.compute
    cluster = None if declared is None else {**seen, **declared}
    instances = instances_of(spec.job, cluster, location)
    if instances is None:
        return None
    if spec.sweep is not None:
        return cost_of_trials(instances, spec.job, spec.sweep, spec.sweep.most_trials, prices, cluster)
    return cost_of(instances, spec.job.timeout, prices)


def instances_of(job: Job, cluster: Properties | None, region: str = "") -> Instances | None:
    """The instances that a job is on at most, of a `cluster` with these properties (None: it names none, and its own
    `instance_type` counts); None where nobody knows their size.
    """
    wanted = job.resources
    if cluster is not None:
        size, tier, count = cluster.get("size"), str(cluster.get("tier") or DEDICATED), wanted.instance_count
    else:
        spot = (job.queue_settings or {}).get("job_tier") == "spot"
        size, tier = wanted.instance_type, LOW_PRIORITY if spot else DEDICATED
        count = max(wanted.instance_count, wanted.max_instance_count or 0)
    return Instances(str(size), count, tier, region) if size else None


def always_on(cluster: Properties, region: str = "") -> Instances | None:
    """The instances of a cluster with these properties that are on whether there is work or not; None for none."""
    return _so_many(cluster, "min_instances", region)


def all_on(cluster: Properties, region: str = "") -> Instances | None:
    """As many as it may have at once; None for none."""
    return _so_many(cluster, "max_instances", region)


def _so_many(cluster: Properties, field: str, region: str) -> Instances | None:
    size, count = cluster.get("size"), cluster.get(field)
    if not size or not isinstance(count, int) or count < 1:
        return None
    return Instances(str(size), count, str(cluster.get("tier") or DEDICATED), region)


def instances_in(noted: object) -> Instances | None:
    """What was kept with a run; None where that is no such thing, and of older runs, with which nothing was."""
    if not isinstance(noted, Mapping):
        return None
    size, count, tier, region = (noted.get(name) for name in ("size", "count", "tier", "region"))
    if not (isinstance(size, str) and size and type(count) is int and 0 < count <= MOST):
        return None
    return Instances(size, count, LOW_PRIORITY if tier == LOW_PRIORITY else DEDICATED, str(region or ""))


def cost_of(instances: Instances, seconds: float | None, prices: Prices | None) -> Cost:
    """What instances cost for a time, by a list of prices (None: there is none)."""
    if prices is None:
        return Cost(instances, seconds)
    hour = prices.hour(instances.size, instances.tier, instances.region)
    bound = hour is None and instances.tier == LOW_PRIORITY
    if bound:
        hour = prices.hour(instances.size, DEDICATED, instances.region)
    return Cost(instances, seconds, hour, prices.currency, prices.updated.isoformat(), bound and hour is not None)


def cost_of_trials(
    one: Instances, job: Job, sweep: Sweep, trials: int, prices: Prices | None, cluster: Properties | None
) -> Cost:
    """What so many trials of a sweep cost at most, each on the instances of `one`; of a `cluster` with these properties
    no more of them run at once than it has instances for.
    """
    room = (cluster or {}).get("max_instances")
    several = sweep.at_once(trials, room // one.count if isinstance(room, int) else None)
    each = sweep.trial_timeout if sweep.trial_timeout is not None else job.timeout
    bounds = [trials * each] if each is not None else [] if trials else [0]
    bounds += [several * sweep.timeout] if sweep.timeout is not None else []
    return replace(cost_of(one, min(bounds, default=None), prices), trials=trials, at_once=several)


def money(amount: Decimal, currency: str) -> str:
    """`12.40 EUR`; a price of more places as it is: `0.0416 EUR`."""
    whole, _, rest = f"{amount.normalize():f}".partition(".")
    return f"{whole}.{rest:0<2} {currency}"


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _rounded(number: int, of: int, *, up: bool) -> Decimal:
    """A ratio with two places."""
    from decimal import Decimal  # late: few plans have something to pay

    cents = -(-number * CENT // of) if up else (2 * number * CENT + of) // (2 * of)
    return Decimal(cents).scaleb(-2)
