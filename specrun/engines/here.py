"""What can be seen of runs on this machine while they go on, and of no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from specrun.plan.observed import Used


class Usage(Protocol):
    """What the processes of runs use, where the engine can look at them."""

    def read(self, name: str) -> Mapping[str, Used]:
        """What each role of a run that goes on uses, by its name; {} of one that has ended. Raises Missing."""


class Here(Protocol):
    """Files that runs on this machine have written, to be looked at where they lie. All of it raises Missing."""

    def log_files(self, name: str) -> Mapping[str, Path]:
        """Each role's log so far."""

    def log_times(self, name: str) -> Mapping[str, Sequence[tuple[int, float]]] | None:
        """How many bytes each log had at which moments (Unix seconds); None where nobody took notes."""

    def folder(self, name: str, part: str) -> Path:
        """The folder of its `outputs` or `code`, which may hold links to anywhere."""
