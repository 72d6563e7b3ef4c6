"""Reads ARM templates: which resources one asks for, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from emulator.expressions import Expressions, Scope, invalid, resource_path

NESTED = "microsoft.resources/deployments"


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
        return f"{scope}/providers/{resource_path(self.kind, self.name.split('/'))}"


def read(template: Mapping[str, Any], given: Mapping[str, Any], scope: Scope) -> list[Wanted]:
    """The resources of a template and of those nested in it, each after what it depends on; those whose condition does
    not hold are not among them. Raises Refused.
    """
    expressions = Expressions(scope, _parameters(template, given), template.get("variables") or {})
    resources: dict[int, dict[str, Any]] = {}
    known: dict[str, int] = {}
    for number, one in enumerate(_flat(template["resources"])):
        for name in _names({key: expressions.value(one[key]) for key in ("type", "name")}, scope):
            known.setdefault(name, number)
        if expressions.value(one.get("condition", True)):
            resources[number] = expressions.value(one)
    order = TopologicalSorter({number: _needs(one, known) & set(resources) for number, one in resources.items()})
    wanted: list[Wanted] = []
    try:
        for number in order.static_order():
            wanted += _expand(resources[number], scope)
    except CycleError:
        raise invalid("Circular dependency detected on the resources of the template.") from None
    return wanted


def _parameters(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What each parameter is: as given, or its default, which may be an expression. Raises Refused."""
    declared = template.get("parameters") or {}
    known = {name.lower(): one.get("value") for name, one in given.items()}
    if unknown := known.keys() - {name.lower() for name in declared}:
        told = f"The template parameters '{', '.join(sorted(unknown))}' in the parameters file are not valid; they are "
        raise invalid(
            told + "not present in the original template and can therefore not be provided at deployment time"
        )
    values = {}
    for name, one in declared.items():
        value = known.get(name.lower())
        if value is None and "defaultValue" not in one:
            raise invalid(f"The value for the template parameter '{name}' is not provided.")
        allowed = one.get("allowedValues")
        if value is not None and allowed and value not in allowed:
            told = f"The provided value '{value}' for the template parameter '{name}' is not valid. The value "
            raise invalid(told + f"'{value}' is not part of the allowed value(s): '{','.join(map(str, allowed))}'.")
        values[name] = one["defaultValue"] if value is None else _literal(value)
    return values


def _literal(value: Any) -> Any:
    """A given value is no expression, even if it looks like one."""
    return f"[{value}" if isinstance(value, str) and value.startswith("[") else value


def _flat(resources: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Resources and those that stand within them; such as these only where their condition may hold."""
    for one in resources:
        yield {key: value for key, value in one.items() if key != "resources"}
        for child in one.get("resources") or []:
            name = f"[concat({_inner(one['name'])}, '/', {_inner(child['name'])})]"
            yield {**child, "type": f"{one['type']}/{child['type']}", "name": name}


def _inner(text: str) -> str:
    """A text as a part of an expression."""
    return text[1:-1] if text.startswith("[") else f"'{text}'"


def _expand(resource: Mapping[str, Any], scope: Scope) -> list[Wanted]:
    if resource["type"].lower() != NESTED:
        return [Wanted(resource["type"], resource["name"], scope.group, resource)]
    group = resource.get("resourceGroup") or (None if "subscriptionId" in resource else scope.group)
    properties = resource["properties"]
    inner = Scope(scope.subscription, scope.tenant, group)
    return read(properties["template"], properties.get("parameters") or {}, inner)


def _names(resource: Mapping[str, Any], scope: Scope) -> tuple[str, ...]:
    """What a dependency may call it, in lower case."""
    kind, name = resource["type"], resource["name"]
    wanted = Wanted(kind, name, scope.group, resource).id(scope.subscription)
    return name.lower(), f"{kind}/{name}".lower(), wanted.lower()


def _needs(resource: Mapping[str, Any], known: Mapping[str, int]) -> set[int]:
    needs = set()
    for dependency in resource.get("dependsOn") or []:
        if str(dependency).lower() not in known:
            raise invalid(f"The resource '{dependency}' is not defined in the template.")
        needs.add(known[str(dependency).lower()])
    return needs
