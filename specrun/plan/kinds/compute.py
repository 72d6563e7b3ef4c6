"""Clusters: a mapping of `compute` is made and changed, a bare name is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from specrun.plan.kinds.base import Converging
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.makers import Maker
from specrun.plan.observed import Run
from specrun.plan.resources import Kind, Place, workspace_key
from specrun.spec.frozen import dataclass
from specrun.spec.model import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(Converging):
    """A cluster. One that is only named may be any compute target."""

    kind: ClassVar[Kind] = "compute"
    how_to_use: ClassVar[str] = "use its bare name, `compute: {name}`"

    def is_used_by(self, run: Run) -> bool:
        """Whether a run is on it."""
        return run.compute == self.name


def declared(spec: Spec, place: Place, maker: Maker, _: EnvironmentContent | None) -> Iterator[Cluster]:
    """The cluster that the spec declares or names."""
    if spec.compute is not None:
        name = spec.cluster_name
        yield Cluster(
            place=place,
            name=name,
            maker=maker,
            origin=spec.at("compute"),
            needs=workspace_key(spec, place),
            managed=not isinstance(spec.compute, str),
            properties={"name": name} if isinstance(spec.compute, str) else spec.compute,
        )
