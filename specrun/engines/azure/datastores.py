"""Datastores, whichever SDK asks for them: looked at, registered, and those that specrun made deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from specrun.engines.azure.connection import Connection
from specrun.engines.base import Missing
from specrun.plan.changes import Action, ResourceChange
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Existing, Observed, Status
from specrun.spec.frozen import dataclass
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
    """A datastore as an SDK has read it, its type in the service's word. `maker` is who its tags name.

    `credentials` are the fields of its credential, None in place of what is secret.
    """

    type: str
    account_name: str | None
    container: str | None
    maker: Maker = NOBODY
    credentials: Mapping[str, str | None] = field(default_factory=dict)


class DatastoreCalls(Protocol):
    """What an SDK does for datastores. Everything may raise EngineError; Missing of what is not there.

    `every` lists all. `register` does it `again` where it is there, and raises SecretUnset; `delete` takes away nothing
    of its data.
    """

    def every(self) -> Iterable[Existing]: ...
    def find(self, name: str) -> FoundDatastore: ...
    def register(self, datastore: Datastore, again: bool) -> None: ...
    def delete(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Datastores:
    """The datastores of one workspace."""

    connection: Connection[Any]
    calls: DatastoreCalls

    def observe(self, datastore: Datastore) -> Observed:
        """The datastore as it is: one request. The secret of its credential is not told."""
        try:
            found = self.calls.find(datastore.name)
        except Missing as error:
            return Observed(Status.MISSING, reason=str(error))
        kind = _TYPES.get(found.type.replace("_", "").lower())
        if kind is None:
            return Observed(Status.READY, {"type": found.type}, maker=found.maker)
        properties = {"type": kind, "account_name": found.account_name, CONTAINERS[kind]: found.container}
        return Observed(Status.READY, properties, maker=found.maker, credentials=found.credentials)

    def existing(self) -> Sequence[Existing]:
        """All datastores of the workspace, by name."""
        return sorted(self.calls.every(), key=lambda one: one.name)

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
