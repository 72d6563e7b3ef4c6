"""What was asked for against what is there, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.plan.changes import FieldChange
from specrun.plan.resources import Capability
from specrun.spec.model import Properties, Secret


def diff(desired: Properties, observed: Properties, capability: Capability) -> tuple[FieldChange, ...]:
    """The fields that were asked for and are different. A field left out is not compared; neither is a secret, nor
    what the engine cannot observe.
    """
    return tuple(_diff("", desired, observed, capability))


def _diff(prefix: str, desired: Properties, observed: Properties, capability: Capability) -> Iterator[FieldChange]:
    for name, after in desired.items():
        path = f"{prefix}{name}"
        before = observed.get(name)
        if isinstance(after, Secret) or name == "credentials" or path in capability.write_only:
            continue
        if isinstance(after, Mapping):
            yield from _diff(f"{path}.", after, before if isinstance(before, Mapping) else {}, capability)
        elif normal(name, before, capability) != normal(name, after, capability):
            top = path.partition(".")[0]
            fixed = capability.in_place is not None and top not in capability.in_place
            reason = f"{top} cannot change in place" if fixed else ""
            yield FieldChange(path, before, after, reason, fixed)


def normal(name: str, value: object, capability: Capability) -> object:
    """A field's value as it is compared: without case, and a location without blanks, where the engine says so."""
    if not isinstance(value, str) or name not in capability.caseless:
        return value
    plain = value.lower()
    return plain.replace(" ", "") if name == "location" else plain
