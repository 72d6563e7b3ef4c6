"""Nodes that no cluster has: a job without a compute gets them for itself."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.planes import Cluster
from emulator.regions import SIZES
from emulator.runs_state import Plane, Run

NAME = "serverless"
DEFAULT_SIZE = "STANDARD_DS3_V2"
MOST = 100
"""Instances of one job."""


@dataclass(frozen=True)
class Serverless:
    """As many nodes of a size as a run asks for."""

    size: str
    name: str = NAME
    max_nodes: int = MOST

    def state(self) -> str:
        """They are always there."""
        return "Succeeded"

    def take(self, run: str, nodes: int) -> bool:
        """Nobody else wants them."""
        return True

    def give_back(self, run: str) -> None:
        """They are gone."""


def is_serverless(compute: str | None) -> bool:
    """Whether a job that names this compute, or none, needs no cluster."""
    return not compute or compute.lower() == NAME


def has_size(plane: Plane, size: str) -> bool:
    """Whether the workspace's region has machines of a size."""
    found = SIZES.get(size.lower())
    return found is not None and (found.regions is None or plane.place.region in found.regions)


def compute_of(plane: Plane, run: Run) -> Cluster | None:
    """What a run has its nodes from; None when its cluster is not there."""
    if run.job is not None and is_serverless(run.target):
        return Serverless((run.job.get("resources") or {}).get("instanceType") or DEFAULT_SIZE)
    return plane.cloud.cluster(plane, str(run.target))
