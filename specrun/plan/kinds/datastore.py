"""Datastores: those that a spec declares are registered; any other name is an existing one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from specrun.plan.kinds.base import Converging
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.makers import Maker
from specrun.plan.resources import Kind, Place, workspace_key
from specrun.spec.frozen import dataclass
from specrun.spec.model import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore(Converging):
    """A datastore: a container in a storage account, and the credential with which it is reached."""

    kind: ClassVar[Kind] = "datastore"
    how_to_use: ClassVar[str] = "use its bare name, and leave it out of `datastores`"


def declared(spec: Spec, place: Place, maker: Maker, _: EnvironmentContent | None) -> Iterator[Datastore]:
    """The datastores that the spec declares."""
    for name, properties in spec.datastores.items():
        yield Datastore(
            place=place,
            name=name,
            maker=maker,
            origin=spec.at("datastores", name),
            needs=workspace_key(spec, place),
            properties=properties,
        )
