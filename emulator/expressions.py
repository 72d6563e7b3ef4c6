"""The expressions of ARM templates, such as "[if(equals(parameters('kind'), 'hub'), 'a', variables('b'))]"."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.router import Refused

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|([(),.\[\]]))")


@dataclass(frozen=True)
class Scope:
    """Where a template is deployed. `group` None: in the subscription."""

    subscription: str
    tenant: str
    group: str | None

    @property
    def id(self) -> str:
        """The resource id of the group, or of the subscription."""
        return f"/subscriptions/{self.subscription}" + (f"/resourceGroups/{self.group}" if self.group else "")


class Expressions:
    """Evaluates a template's values. `parameters` and `variables` are read when an expression names them, so that what
    nobody needs may be without meaning.
    """

    def __init__(self, scope: Scope, parameters: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self._scope = scope
        self._named = {"parameters": parameters, "variables": variables}

    def value(self, given: Any) -> Any:
        """A value with all expressions in it replaced; a nested template keeps its own. Raises Refused."""
        if isinstance(given, dict):
            nested = str(given.get("type", "")).lower() == "microsoft.resources/deployments"
            return {
                self.value(key): one if nested and key == "properties" else self.value(one)
                for key, one in given.items()
            }
        if isinstance(given, list):
            return [self.value(one) for one in given]
        if not isinstance(given, str) or not (given.startswith("[") and given.endswith("]")):
            return given
        if given.startswith("[["):
            return given[1:]
        return self._evaluate(_parse(given[1:-1]))

    def _evaluate(self, tree: Any) -> Any:
        kind, *parts = tree
        if kind == "value":
            return parts[0]
        if kind == "member":
            return self._evaluate(parts[0])[parts[1]]
        name, arguments = parts
        if name == "if":  # only the side that counts is looked at
            return self._evaluate(arguments[1 if self._evaluate(arguments[0]) else 2])
        values = [self._evaluate(one) for one in arguments]
        if name in self._named:
            return self._name(name, str(values[0]))
        if name in ("resourceid", "subscriptionresourceid", "resourcegroup", "subscription"):
            return getattr(self, f"_{name}")(*values)
        if name not in _FUNCTIONS:
            raise invalid(f"The template function '{name}' is not valid.")
        return _FUNCTIONS[name](*values)

    def _name(self, kind: str, name: str) -> Any:
        known = {key.lower(): one for key, one in self._named[kind].items()}
        if name.lower() not in known:
            raise invalid(f"The template {kind[:-1]} '{name}' is not found.")
        return self.value(known[name.lower()])

    def _subscription(self) -> dict[str, str]:
        return {"subscriptionId": self._scope.subscription, "tenantId": self._scope.tenant}

    def _resourcegroup(self) -> dict[str, str | None]:
        return {"name": self._scope.group, "id": self._scope.id}

    def _resourceid(self, *texts: str) -> str:
        start = next((number for number, text in enumerate(texts) if "/" in text), 0)
        scope = self._scope.id
        if start == 1:
            scope = f"/subscriptions/{self._scope.subscription}/resourceGroups/{texts[0]}"
        elif start == 2:
            scope = f"/subscriptions/{texts[0]}/resourceGroups/{texts[1]}"
        return f"{scope}/providers/{resource_path(texts[start], texts[start + 1 :])}"

    def _subscriptionresourceid(self, kind: str, *names: str) -> str:
        return f"/subscriptions/{self._scope.subscription}/providers/{resource_path(kind, names)}"


def resource_path(kind: str, names: tuple[str, ...] | list[str]) -> str:
    """A type with its names in between: "Microsoft.Network/virtualNetworks/net/subnets/default"."""
    namespace, *kinds = kind.split("/")
    return "/".join([namespace, *(part for pair in zip(kinds, names, strict=False) for part in pair)])


def invalid(message: str) -> Refused:
    """What the service says of a template that it cannot read."""
    return Refused(400, "InvalidTemplate", f"Deployment template validation failed: '{message}'")


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, str) and isinstance(second, str):
        return first.lower() == second.lower()
    return bool(first == second)


def _joined(*values: Any) -> Any:
    return [one for value in values for one in value] if isinstance(values[0], list) else "".join(map(str, values))


def _digest(*values: Any) -> str:
    return hashlib.sha256("\0".join(map(str, values)).encode()).hexdigest()


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "not": lambda value: not value,
    "equals": _same,
    "empty": lambda value: not value,
    "concat": _joined,
    "array": lambda value: value if isinstance(value, list) else [value],
    "tolower": str.lower,
    "json": json.loads,
    "uniquestring": lambda *values: _digest(*values)[:13],
    "guid": lambda *values: str(uuid.UUID(_digest(*values)[:32])),
    "newguid": lambda: str(uuid.uuid4()),
}


def _parse(text: str) -> Any:
    """("value", V), ("call", name in lower case, arguments) or ("member", tree, name). Raises Refused."""
    tokens = list(_tokens(text))
    tree, rest = _term(tokens, text)
    if rest:
        raise invalid(f"The language expression '{text}' is not valid.")
    return tree


def _tokens(text: str) -> Iterator[tuple[str, Any]]:
    end = 0
    while end < len(text.rstrip()):
        match = _TOKEN.match(text, end)
        if match is None:
            raise invalid(f"The language expression '{text}' is not valid.")
        end = match.end()
        if match[1] is not None:
            yield "value", match[1].replace("''", "'")
        elif match[2] is not None:
            yield "value", int(match[2])
        else:
            yield ("name", match[3]) if match[3] else ("sign", match[4])


def _term(tokens: list[tuple[str, Any]], text: str) -> tuple[Any, list[tuple[str, Any]]]:
    kind, token = tokens[0] if tokens else ("", None)
    if kind == "value":
        return ("value", token), tokens[1:]
    if kind != "name" or tokens[1:2] != [("sign", "(")]:
        raise invalid(f"The language expression '{text}' is not valid.")
    arguments, tokens = [], tokens[2:]
    while tokens and tokens[0] != ("sign", ")"):
        argument, tokens = _term(tokens, text)
        arguments.append(argument)
        if tokens[:1] != [("sign", ",")]:
            break
        tokens = tokens[1:]
    if tokens[:1] != [("sign", ")")]:
        raise invalid(f"The language expression '{text}' is not valid.")
    tree: Any = ("call", str(token).lower(), arguments)
    tokens = tokens[1:]
    while tokens[:1] == [("sign", ".")] and len(tokens) > 1:
        tree, tokens = ("member", tree, tokens[1][1]), tokens[2:]
    return tree, tokens
