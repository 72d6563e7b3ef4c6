"""A deployment as it is answered when it is accepted: what its template asks for, and what waits for what."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from emulator.resources import Deployment
from emulator.templates import Wanted

ALL = "/providers/Microsoft.Resources/deployments"


def deployment_id(subscription: str, one: Deployment) -> str:
    """Its resource id."""
    scope = f"/subscriptions/{subscription}" + (f"/resourceGroups/{one.group}" if one.group else "")
    return f"{scope}{ALL}/{one.name}"


def accepted(subscription: str, one: Deployment) -> dict[str, Any]:
    """The answer to the request that begins it."""
    template = one.properties["template"]
    text = json.dumps(template, sort_keys=True).encode()
    properties = {
        "templateHash": str(int.from_bytes(hashlib.sha256(text).digest()[:8], "big")),
        "parameters": dict(_parameters(template, one.properties.get("parameters") or {})),
        "mode": str(one.properties.get("mode", "Incremental")).capitalize(),
        "provisioningState": "Accepted",
        "timestamp": one.started,
        "duration": "PT0.0004874S",
        "correlationId": one.correlation,
        "providers": _providers(one.resources),
        "dependencies": _dependencies(subscription, one.resources),
    }
    kind = "Microsoft.Resources/deployments"
    return {"id": deployment_id(subscription, one), "name": one.name, "type": kind, "properties": properties}


def _parameters(template: dict[str, Any], given: dict[str, Any]) -> Any:
    """Each with its type and value, the default where none was given; secrets without."""
    known = {name.lower(): one.get("value") for name, one in given.items()}
    for name, declared in (template.get("parameters") or {}).items():
        kind = str(declared["type"])
        if kind.lower().startswith("secure"):
            yield name, {"type": kind}
        else:
            value = known.get(name.lower())
            yield name, {"type": kind.capitalize(), "value": declared.get("defaultValue") if value is None else value}


def _providers(wanted: list[Wanted]) -> list[dict[str, Any]]:
    kinds: dict[str, dict[str, list[str]]] = {}
    for one in wanted:
        namespace, _, kind = one.kind.partition("/")
        kinds.setdefault(namespace, {})[kind] = [str(one.body.get("location", "global"))]
    return [
        {
            "namespace": namespace,
            "resourceTypes": [{"resourceType": kind, "locations": places} for kind, places in found.items()],
        }
        for namespace, found in kinds.items()
    ]


def _dependencies(subscription: str, wanted: list[Wanted]) -> list[dict[str, Any]]:
    def shown(one: Wanted) -> dict[str, str]:
        return {"id": one.id(subscription), "resourceType": one.kind, "resourceName": one.name}

    found = []
    for one in wanted:
        names = [str(name).lower().rpartition("/")[2] for name in one.body.get("dependsOn") or []]
        needs = [shown(other) for other in wanted if other.name.lower() in names]
        if needs:
            found.append({"dependsOn": needs, **shown(one)})
    return found
