"""What runs on this machine have logged."""

from __future__ import annotations

from pathlib import Path

from specrun.plan.metrics import Logged, Series


class LocalMetrics:
    """The metrics of the runs below a state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def logged(self, name: str) -> Logged:
        """Last values and parameters."""
        return Logged()

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        """A metric's points but for the first `after`."""
        return Series(metric)
