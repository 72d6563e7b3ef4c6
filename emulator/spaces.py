"""Machine-learning workspaces. No HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.clusters import Cluster, timestamp

KIND = "Microsoft.MachineLearningServices/workspaces"

_FLAGS = ("hbiWorkspace", "softDeleteEnabled", "allowRecoverSoftDeletedWorkspace", "enableDataIsolation")
_FLAGS += ("allowRoleAssignmentOnRG", "provisionNetworkNow", "v1LegacyMode")


@dataclass
class Workspace:
    """A workspace: `properties` are those it was asked for with. `computes` by name in lower case."""

    subscription: str
    group: str
    name: str
    location: str
    properties: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    sku: dict[str, str] = field(default_factory=lambda: {"name": "Basic", "tier": "Basic"})
    identity: dict[str, Any] = field(default_factory=lambda: {"type": "SystemAssigned"})
    kind: str = "Default"
    guid: str = field(default_factory=lambda: str(uuid.uuid4()))
    principal: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=timestamp)
    computes: dict[str, Cluster] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The resource id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{KIND}/{self.name}"

    @property
    def storage_account(self) -> str:
        """The name of its own storage account."""
        return str(self.properties["storageAccount"]).rpartition("/")[2]

    @property
    def region(self) -> str:
        return self.location

    def cluster(self, name: str) -> Cluster | None:
        """A compute, unless it is gone."""
        found = self.computes.get(name.lower())
        if found and not found.state():
            del self.computes[name.lower()]
            return None
        return found


def of_template(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a template's workspace asks for: templates say nothing with "", and write flags as texts."""
    properties = {key: value for key, value in (body.get("properties") or {}).items() if value not in ("", None, {})}
    properties |= {key: properties[key].lower() == "true" for key in _FLAGS if isinstance(properties.get(key), str)}
    if (properties.get("encryption") or {}).get("status") == "Disabled":
        del properties["encryption"]
    return {**{key: value for key, value in body.items() if value not in ("", None)}, "properties": properties}
