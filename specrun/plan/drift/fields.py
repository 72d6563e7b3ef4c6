"""A workspace, a cluster or a datastore against what is there, field by field."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from specrun.plan.diff import diff
from specrun.plan.drift.findings import Difference, Way
from specrun.plan.kinds.base import Converging
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Capability
from specrun.spec.diagnostics import Path
from specrun.spec.model import Origin, Properties


def compare_fields(resource: Converging, seen: Observed, capability: Capability) -> Iterator[Difference]:
    """How a resource differs; one that is only named has to be there and of use, and nothing more."""
    others = max(0, len(resource.origins) - 1)
    match seen.status:
        case Status.MISSING:
            yield Difference(Way.MISSING, reason="it does not exist", origin=resource.origin, others=others)
        case Status.DELETING:
            yield Difference(Way.DELETING, reason="it will be gone", origin=resource.origin, others=others)
        case Status.FAILED:
            why = seen.reason or "the service gives no reason"
            yield Difference(Way.FAILED, reason=why, origin=resource.origin, others=others)
    if not resource.managed or seen.status not in (Status.READY, Status.FAILED):
        return
    for one in diff(resource.properties, seen.properties, capability):
        first, *more = _saying(resource, _steps(resource.properties, one.path))
        yield Difference(Way.CHANGED, one.path, one.after, one.before, origin=first, others=len(more))


def who_else(resource: Converging, seen: Observed, capability: Capability, makers: Collection[Maker]) -> str:
    """Who made it that is not one of us, in words; "" too where the service keeps nothing that would tell."""
    if not resource.managed or seen.status is not Status.READY or capability.kept:
        return ""
    if seen.maker and any(seen.maker.is_beside(maker) for maker in makers):
        return ""
    return f"made by {seen.maker or 'somebody else'}"


def _steps(values: Properties, path: str) -> Path:
    """The keys of a field's dotted path: a tag may have dots in its name."""
    for name, value in values.items():
        if path == name:
            return (name,)
        if path.startswith(f"{name}.") and isinstance(value, Mapping):
            below = _steps(value, path[len(name) + 1 :])
            if below:
                return (name, *below)
    return ()


def _saying(resource: Converging, steps: Path) -> list[Origin]:
    """Where a field is declared, by each of the specs that have it; else where the resource is."""
    found = [replace(origin, path=(*origin.path, *steps)) for origin in resource.origins or (resource.origin,)]
    return [origin for origin in found if _is_at(origin.document.values, origin.path)] or [resource.origin]


def _is_at(values: Any, path: Path) -> bool:
    for step in path:
        if not isinstance(values, Mapping) or step not in values:
            return False
        values = values[step]
    return True
