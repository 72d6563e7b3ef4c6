"""What of a plan costs money on Azure: the machines that clusters and runs have, and what is paid for while idle.

Prices are not told: they depend on region, contract and day. On this machine nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from specrun.plan.changes import Action
from specrun.plan.shown import ShownChange, ShownRun
from specrun.spec.visible import visible
from specrun.views.text import count, duration

if TYPE_CHECKING:
    from specrun.spec.machines import Machine

LONG = 3600
"""Seconds of idle time from which on it is said what it means."""

IDLE = "no instance is on while there is nothing to do: idle it costs nothing"

_MADE = (Action.CREATE, Action.UPDATE, Action.REPLACE)


def cost_lines(change: ShownChange) -> Iterator[str]:
    """What a workspace or a cluster brings along, has, and costs while nobody works."""
    if not change.key.place.workspace or change.action is Action.DELETE:
        return
    if change.kind == "workspace" and change.action is Action.CREATE:
        yield from _brought(change)
    elif change.kind == "compute" and change.managed:
        yield from _cluster(change)


def run_line(run: ShownRun) -> str:
    """`on 2 × STANDARD_NC4AS_T4_V3: 4 vCPUs, 28 GiB, 1 × T4 (16 GB) each`; "" where that is not known."""
    if not run.size:
        return ""
    if run.processes.instances == 1:
        return f"on {size_line(run.size)}"
    each = " each" if _machine(run.size) is not None else ""
    return f"on {run.processes.instances} × {size_line(run.size)}{each}"


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
    if change.kind != "compute" or not change.key.place.workspace or not (size := _properties(change).get("size")):
        return {}
    return {"machine": machine_data(str(size)), "always_on": always_on(change)}


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
        yield f"{count(least, 'instance')} always on, also idle{each}"
    elif made:
        yield IDLE
    idle = properties.get("idle_time_before_scale_down")
    if made and isinstance(idle, int) and idle >= LONG:
        yield f"an instance stays on for {duration(idle)} after its work, and costs as much then"


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
