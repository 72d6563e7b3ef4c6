"""Workspaces: everything else of a place is in one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from specrun.plan.kinds.base import Converging
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.makers import Maker
from specrun.plan.observed import Run
from specrun.plan.resources import Kind, Place, workspace_name
from specrun.spec.frozen import dataclass
from specrun.spec.model import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace(Converging):
    """A workspace; one without `create: true` is used as it is."""

    kind: ClassVar[Kind] = "workspace"
    on_demand: ClassVar[bool] = True
    how_to_make: ClassVar[str] = "write `create: true` to have it made"

    def is_used_by(self, run: Run) -> bool:
        """Each run of its place is in it."""
        return True


def declared(spec: Spec, place: Place, maker: Maker, _: EnvironmentContent | None) -> Iterator[Workspace]:
    """The workspace that the spec names."""
    if spec.workspace is not None:
        yield Workspace(
            place=place,
            name=workspace_name(spec.workspace, place),
            maker=maker,
            origin=spec.at("workspace"),
            managed=bool(spec.workspace.get("create", False)),
            properties={key: value for key, value in spec.workspace.items() if key not in ("create", "from_config")},
        )
