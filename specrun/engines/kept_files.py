"""What an engine keeps of what runs consisted of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class KeptFiles(Protocol):
    """Runs as they were submitted, by their names. A part of what `Runs` can do."""

    def identity(self, name: str) -> Mapping[str, object]:
        """What a run's fingerprint was taken of; {} when it was not kept."""

    def kept(self, name: str) -> bytes:
        """The spec as it ran and what belongs to it, as it was packed (`plan.as_ran`); b"" when it was not kept."""

    def fetch_code(self, name: str, path: str, to: Path) -> None:
        """Copy a file of a run's code, as it was submitted, to `to`. Raises Missing where it is not to be had."""

    def fetch_input(self, name: str, entry: str, path: str, to: Path) -> None:
        """Copy a file that an input of a run reads, and its spec has sent, to `to`: as it lies there now. Raises
        Missing.
        """
