"""What a job runs, whatever the toolkit: a line for each role, and how its processes find each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.convert.document import Value
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """`lines` by role (master, worker, ps; "" where all processes run the same).

    `runtime` says where a process learns its number: tensorflow, pytorch, mpi or single. `shared` is whether several
    processes may run on one instance. `exports` are variables that the line itself set. `instances` is a number, TODO,
    or None for the job's node count.
    """

    lines: Mapping[str, str]
    distribution: Mapping[str, Value] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    runtime: str = "single"
    shared: bool = False
    exports: tuple[tuple[str, str], ...] = ()
    instances: Value = None
    instances_comment: str = ""
    backend: str = ""

    @property
    def has_roles(self) -> bool:
        """Whether roles run different lines."""
        return len(set(self.lines.values())) > 1
