"""Datastores, whichever SDK asks for them: looked at, registered, and those that specrun made deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from specrun.engines.azure.connection import Connection
from specrun.engines.base import Missing
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Observed, Status
from specrun.spec.model import Secret

CONTAINERS = {
    "azure_blob": "container_name",
    "azure_file": "file_share_name",
    "azure_data_lake_gen2": "filesystem",
}
"""How specs call what a datastore of each type is."""

_TYPES = {name.replace("_", ""): name for name in CONTAINERS}


@dataclass(frozen=True, slots=True)
class FoundDatastore:
    """A datastore as an SDK has read it, its type in the service's word. `maker` is who its tags name."""

    type: str
    account_name: str | None
    container: str | None
    maker: Maker = NOBODY


class DatastoreCalls(Protocol):
    """What an SDK does for datastores. Everything may raise EngineError; Missing of what is not there.

    `register` does it `again` where it is there, and raises SecretUnset; `delete` takes away nothing of its data.
    """

    def find(self, name: str) -> FoundDatastore: ...
    def register(self, datastore: Datastore, again: bool) -> None: ...
    def delete(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Datastores:
    """The datastores of one workspace."""

    connection: Connection[Any]
    calls: DatastoreCalls

    def observe(self, datastore: Datastore) -> Observed:
        """The datastore as it is: one request. Which credential it has cannot be compared, and is not told."""
        try:
            found = self.calls.find(datastore.name)
        except Missing as error:
            return Observed(Status.MISSING, reason=str(error))
        kind = _TYPES.get(found.type.replace("_", "").lower())
        if kind is None:
            return Observed(Status.READY, {"type": found.type}, maker=found.maker)
        properties = {"type": kind, "account_name": found.account_name, CONTAINERS[kind]: found.container}
        return Observed(Status.READY, properties, maker=found.maker)

    def begin(self, change: ResourceChange, datastore: Datastore) -> None:
        """Register the datastore, again where it is there; or delete it."""
        if change.action is Action.DELETE:
            self.calls.delete(datastore.name)
        else:
            self.calls.register(datastore, change.action is not Action.CREATE)
        self.connection.forget_datastore(datastore.name)


def revealed(values: object) -> dict[str, Any]:
    """A mapping of the spec with its secrets' values; empty for what is none. Raises SecretUnset."""
    if not isinstance(values, Mapping):
        return {}
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
