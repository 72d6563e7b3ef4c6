"""What is judged: a spec, where it goes, and what of that place is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from specrun.spec.diagnostics import Path
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties, Spec

if TYPE_CHECKING:
    from specrun.spec.prices import Prices

LOCAL = "local"
"""The engine that is this machine, where nothing is rented."""


class Broken(NamedTuple):
    """What does not keep to a rule, at `path` in the spec: at the value, or at its key, where something is missing.

    `detail` says what is allowed and what to write.
    """

    path: Path
    detail: str
    at_key: bool = False


class Open(NamedTuple):
    """What cannot be judged, and why, in a sentence without its end. `planned`: a plan will judge it."""

    path: Path
    why: str
    planned: bool = False


Found: TypeAlias = Broken | Open


class Seen(NamedTuple):
    """What is there of a spec's cluster and workspace, None for nothing, each in the spec's own spelling."""

    cluster: Properties | None = None
    workspace: Properties | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One spec for one engine. `seen` is what a plan has seen of its place; None before anybody has looked."""

    spec: Spec
    engine: str
    prices: Prices | None = None
    seen: Seen | None = None

    @property
    def in_azure(self) -> bool:
        """Whether it goes to a workspace, where machines cost money."""
        return self.engine != LOCAL

    @property
    def declared(self) -> Mapping[str, Any] | None:
        """The cluster that the spec declares, None where it only names one or has none."""
        return None if self.spec.compute is None or isinstance(self.spec.compute, str) else self.spec.compute

    @property
    def is_serverless(self) -> bool:
        """Whether Azure ML finds machines for the job by itself."""
        return self.in_azure and self.spec.compute is None and self.spec.job is not None

    def of_cluster(self, field: str) -> object:
        """What is known of a field of the cluster: as the spec declares it, else as it was seen."""
        if self.declared is not None and field in self.declared:
            return self.declared[field]
        return (self.seen.cluster or {}).get(field) if self.seen is not None else None
