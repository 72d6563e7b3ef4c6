"""What of a plan costs money on Azure: the machines that clusters and runs have, and what is paid for while idle.

How much, by the prices that the repository has; on this machine only that, as it would be on Azure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from specrun.plan.changes import Action, Plan
from specrun.plan.shown import Shown, ShownChange, ShownRun, shown
from specrun.spec.visible import visible
from specrun.views.text import count, duration

if TYPE_CHECKING:
    from specrun.plan.costs import Standing
    from specrun.spec.cost import Cost
    from specrun.spec.machines import Machine

LONG = 3600
"""Seconds of idle time from which on it is said what it means."""

IDLE = "no instance is on while there is nothing to do: idle it costs nothing"

_MADE = (Action.CREATE, Action.UPDATE, Action.REPLACE)


def cost_lines(change: ShownChange) -> Iterator[str]:
    """What a workspace or a cluster brings along, has, and costs while nobody works."""
    if change.key.place.workspace and change.action is not Action.DELETE:
        if change.kind == "workspace" and change.action is Action.CREATE:
            yield from _brought(change)
        elif change.kind == "compute" and change.managed:
            yield from _cluster(change)
    if change.standing is not None:
        yield from _always(change, change.standing)


def run_lines(change: ShownChange) -> Iterator[str]:
    """What a run is on, and what one attempt at it costs at most; without a price that stands on the same line."""
    run = change.run
    if run is None:
        return
    on, cost = run_line(run), run.cost
    if cost is None:
        yield from [on] if on else []
        return
    from specrun.views.amounts import most_text  # late: of many a run nobody knows the size

    most = most_text(cost, charged=is_charged(change))
    if cost.currency:
        yield from filter(None, (on, most))
    elif on:
        yield f"{on}; {most}"
    elif not cost.unbounded:
        yield most


def sweep_lines(change: ShownChange) -> Iterator[str]:
    """How many trials a sweep has, and how many of them are to be run."""
    if change.run is not None and change.run.trials is not None:
        from specrun.views.trials import planned_text  # late: few specs have a sweep

        yield f"sweep: {planned_text(change.run.trials)}"


def run_line(run: ShownRun) -> str:
    """`on 2 × STANDARD_NC4AS_T4_V3: 4 vCPUs, 28 GiB, 1 × T4 (16 GB) each`; "" where that is not known."""
    if not run.size:
        return ""
    on = "on" if run.trials is None else "each trial on"
    if run.processes.instances == 1:
        return f"{on} {size_line(run.size)}"
    each = " each" if _machine(run.size) is not None else ""
    return f"{on} {run.processes.instances} × {size_line(run.size)}{each}"


def size_line(size: str) -> str:
    """`STANDARD_NC4AS_T4_V3: 4 vCPUs, 28 GiB, 1 × T4 (16 GB)`."""
    return f"{visible(size)}: {_machine(size) or 'a size not known to specrun'}"


def machine_data(size: str) -> dict[str, object] | None:
    """The same for programs: memory in GiB, that of each GPU in GB (null: not known)."""
    machine = _machine(size)
    if machine is None:
        return None
    return {
        "vcpus": machine.vcpus,
        "memory_gib": machine.memory,
        "gpus": machine.gpus,
        "gpu": machine.gpu or None,
        "gpu_memory_gb": machine.gpu_memory or None,
        "gpu_part": machine.part or None,
    }


def cluster_data(change: ShownChange) -> dict[str, object]:
    """What programs are told of a cluster on Azure: its machines, and how many of them are always on."""
    if change.kind != "compute":
        return {}
    standing, size = change.standing, str(_properties(change).get("size") or "")
    told: dict[str, object] = {}
    if change.key.place.workspace and size:
        told = {"machine": machine_data(size), "always_on": always_on(change)}
    if standing is not None:
        from specrun.views.amounts import month_data

        ranges = {"always": (standing.before, standing.after), "full": (standing.full_before, standing.full)}
        charged = is_charged(change)
        told |= {name: month_data(*costs, charged=charged) for name, costs in ranges.items() if any(costs)}
    return told


def attempt_data(change: ShownChange) -> dict[str, object] | None:
    """What programs are told of what one attempt costs at most; null where nobody knows on which size it runs."""
    if change.run is None or change.run.cost is None:
        return None
    from specrun.views.amounts import cost_data

    return cost_data(change.run.cost, charged=is_charged(change))


def total(plan: Shown) -> str:
    """What all of it costs, on a line; "" where nothing costs anything that is known."""
    if not _costs(plan):
        return ""
    from specrun.views.totals import total_line

    return total_line(plan)


def asked(plan: Plan) -> str:
    """What is paid for a plan, in the question whether it is meant; "" where nobody says a price."""
    if not any(cost.hour for cost in plan.costs.runs.values()) and not plan.costs.clusters:
        return ""
    from specrun.views.totals import total_asked

    return total_asked(shown(plan))


def plan_cost_data(plan: Shown) -> dict[str, object] | None:
    """The same for programs; null for nothing."""
    if not _costs(plan):
        return None
    from specrun.views.totals import total_data

    return total_data(plan)


def _costs(plan: Shown) -> bool:
    """Whether anything is known of what it costs: few specs that run on this machine have a size."""
    return any(change.standing or (change.run is not None and change.run.cost) for change in plan.changes)


def is_charged(change: ShownChange) -> bool:
    """Whether anybody pays for it: on this machine nobody does."""
    return bool(change.key.place.workspace)


def always_on(change: ShownChange) -> int:
    """How many instances of a cluster run also when there is nothing to do."""
    least = _properties(change).get("min_instances")
    return least if isinstance(least, int) and change.kind == "compute" and change.key.place.workspace else 0


def _cluster(change: ShownChange) -> Iterator[str]:
    properties, made = _properties(change), change.action in _MADE
    size = str(properties.get("size") or "")
    if made and size:
        yield size_line(size)
    if least := always_on(change):
        machine = _machine(size)
        each = f", each {machine}" if machine is not None and not made else ""
        yield f"{count(least, 'instance')} always on, also idle{each}{_hours(change)}"
    elif made:
        yield IDLE
    idle = properties.get("idle_time_before_scale_down")
    if made and isinstance(idle, int) and idle >= LONG:
        yield f"an instance stays on for {duration(idle)} after its work, and costs as much then"


def _always(change: ShownChange, standing: Standing) -> Iterator[str]:
    """`always: 365.00 EUR a month (2 × 0.25 EUR × 730 h)`, and what it comes to with all instances that it may have;
    with what it was before where that is another amount.
    """
    yield from _monthly(change, "always", standing.before, standing.after)
    if standing.full is not None and is_charged(change):
        yield from _monthly(change, "with all instances", standing.full_before, standing.full)


def _monthly(change: ShownChange, what: str, before: Cost | None, after: Cost | None) -> Iterator[str]:
    if not any(cost is not None and cost.hour is not None for cost in (before, after)):
        return
    from specrun.views.amounts import month_text

    charged = is_charged(change)
    told = f"{'' if charged else 'on Azure '}{what}: {month_text(after, charged=charged)}"
    differs = change.action is not Action.CREATE and before != after
    yield f"{told}, before {month_text(before, charged=charged)}" if differs else told


def _hours(change: ShownChange) -> str:
    """What is always on, in hours a month, where nobody says what it costs."""
    after = change.standing.after if change.standing is not None else None
    if after is None or after.hour is not None:
        return ""
    from specrun.views.amounts import month_text

    return f", {month_text(after, charged=True)}"


def _machine(size: str) -> Machine | None:
    from specrun.spec.machines import machine_of  # late: on this machine nothing is said of sizes

    return machine_of(size)


def _properties(change: ShownChange) -> Mapping[str, Any]:
    """What a cluster will be: what a spec leaves out is as it was."""
    return {**change.before, **change.wanted}


def _brought(change: ShownChange) -> Iterator[str]:
    from specrun.engines.facts import ENGINES

    facts = ENGINES.get(change.key.place.engine)
    capability = facts.capabilities.get("workspace") if facts is not None else None
    if capability is None or not capability.brings:
        return
    group = visible(str(change.wanted.get("resource_group") or ""))
    own = "" if change.wanted.get("storage_account") else "a storage account (by the GB), "
    yield f"brings along{f', in resource group {group}' if group else ''}: {own}{capability.brings}"
