"""Resource groups, plain resources (accounts, vaults and the like) and deployments. No HTTP."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from emulator.clusters import timestamp
from emulator.progress import Progress
from emulator.router import Failure
from emulator.templates import Wanted

RUNNING, SUCCEEDED, FAILED = "Running", "Succeeded", "Failed"

TAKEN = {
    "microsoft.storage/storageaccounts": (
        "StorageAccountAlreadyTaken",
        "The storage account named {} is already taken.",
    ),
    "microsoft.keyvault/vaults": (
        "VaultAlreadyExists",
        "The vault name '{}' is already in use. Vault names are globally unique so it is possible that the name is "
        "already taken.",
    ),
    "microsoft.containerregistry/registries": (
        "AlreadyInUse",
        "The registry DNS name {}.azurecr.io is already in use.",
    ),
}
"""What the service says when a name is taken in all of Azure, by kind."""


@dataclass
class Group:
    """A resource group."""

    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Resource:
    """A resource nobody looks into: `body` is what it was asked for with."""

    id: str
    kind: str
    name: str
    group: str
    location: str
    tags: dict[str, str]
    body: dict[str, Any]
    created: str = field(default_factory=timestamp)


@dataclass
class Deployment:
    """`group` None: one of the subscription. `resources`: what the template asks for, in order."""

    name: str
    group: str | None
    properties: dict[str, Any]
    resources: list[Wanted]
    state: str = RUNNING
    failure: Failure | None = None
    started: str = field(default_factory=timestamp)
    operation: str = field(default_factory=lambda: f"{uuid.uuid4().int % 10**20:020}")
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    progress: Progress = field(default_factory=lambda: Progress(0, lambda: None))


def taken(patterns: list[str], wanted: Wanted) -> tuple[str, str] | None:
    """The service's error code and words when the resource's "kind/name" matches one of the patterns."""
    told = TAKEN.get(wanted.kind.lower())
    full = f"{wanted.kind}/{wanted.name}".lower()
    if told is None or not any(fnmatch(full, pattern.lower()) for pattern in patterns):
        return None
    return told[0], told[1].format(wanted.name)
