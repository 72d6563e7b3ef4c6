"""Reads ARM templates: which resources one asks for, in the order in which they depend on each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tests.emulator.router import Refused

NESTED = "microsoft.resources/deployments"
_CALL = re.compile(r"\[(parameters|variables|resourceId|concat)\((.*)\)\]", re.DOTALL)
_TEXT = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True)
class Wanted:
    """A resource of a template. `group` None: a resource of the subscription."""

    kind: str
    name: str
    group: str | None
    body: Mapping[str, Any]

    def id(self, subscription: str) -> str:
        """Its resource id."""
        if self.kind.lower() == "microsoft.resources/resourcegroups":
            return f"/subscriptions/{subscription}/resourceGroups/{self.name}"
        scope = f"/subscriptions/{subscription}" + (f"/resourceGroups/{self.group}" if self.group else "")
        return f"{scope}/providers/{self.kind}/{self.name}"


def read(template: Mapping[str, Any], given: Mapping[str, Any], group: str | None) -> list[Wanted]:
    """The resources of a template and of those nested in it, each after what it depends on. Raises Refused."""
    parameters = {name: one.get("defaultValue") for name, one in (template.get("parameters") or {}).items()}
    parameters |= {name: one.get("value") for name, one in given.items()}
    values = {"parameters": parameters, "variables": template.get("variables") or {}}
    resources = [_resolve(one, values) for one in template["resources"]]
    known = {name: number for number, one in enumerate(resources) for name in _names(one)}
    order = TopologicalSorter({number: _needs(one, known) for number, one in enumerate(resources)})
    wanted: list[Wanted] = []
    try:
        for number in order.static_order():
            wanted += _expand(resources[number], group)
    except CycleError:
        raise _invalid("Circular dependency detected on the resources of the template.") from None
    return wanted


def _expand(resource: Mapping[str, Any], group: str | None) -> list[Wanted]:
    if resource["type"].lower() != NESTED:
        return [Wanted(resource["type"], resource["name"], group, resource)]
    scope = resource.get("resourceGroup") or (None if "subscriptionId" in resource else group)
    properties = resource["properties"]
    return read(properties["template"], properties.get("parameters") or {}, scope)


def _names(resource: Mapping[str, Any]) -> tuple[str, str]:
    return resource["name"].lower(), f"{resource['type']}/{resource['name']}".lower()


def _needs(resource: Mapping[str, Any], known: Mapping[str, int]) -> set[int]:
    needs = set()
    for dependency in resource.get("dependsOn") or []:
        if str(dependency).lower() not in known:
            raise _invalid(f"The resource '{dependency}' is not defined in the template.")
        needs.add(known[str(dependency).lower()])
    return needs


def _resolve(value: Any, values: Mapping[str, Mapping[str, Any]]) -> Any:
    """The value with its expressions replaced; those of the SDK are all literal but for resourceId and concat."""
    if isinstance(value, dict):
        inner = value.get("type", "") == "Microsoft.Resources/deployments"
        return {key: one if inner and key == "properties" else _resolve(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolve(one, values) for one in value]
    if not isinstance(value, str) or not (call := _CALL.fullmatch(value)):
        return value
    function, texts = call[1], [text.replace("''", "'") for text in _TEXT.findall(call[2])]
    if function in ("parameters", "variables"):
        if texts[0] not in values[function]:
            raise _invalid(f"The template {function[:-1]} '{texts[0]}' is not found.")
        return values[function][texts[0]]
    return ("/" if function == "resourceId" else "").join(texts)


def _invalid(message: str) -> Refused:
    return Refused(400, "InvalidTemplate", f"Deployment template validation failed: '{message}'")
