"""Which trials of a sweep that runs are to end early, looked at as they log."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.engines.local.sweeps.policies import stops
from specrun.engines.local.sweeps.values import Values
from specrun.spec.sweep import Sweep

EVERY = 1.0
"""Seconds between two looks at what the running trials have logged."""


class Judge:
    """What all trials have logged of the primary metric, where `early_termination` goes by it; else it does nothing."""

    def __init__(self, sweep: Sweep) -> None:
        self._policy = sweep.early_termination
        self._objective = sweep.objective
        self._values = Values(sweep.objective.primary_metric)
        self._histories: dict[int, Sequence[float]] = {}
        self._looked = 0.0

    def look(self, running: Mapping[int, Path]) -> Mapping[int, str]:
        """The trials that are to end now, with the reasons; `running` are the folders of their runs, by number."""
        now = time.monotonic()
        if self._policy is None or not running or now < self._looked + EVERY:
            return {}
        self._looked = now
        self._histories |= {number: self._values.history(folder) for number, folder in running.items()}
        return stops(self._policy, self._objective, self._histories, running)

    def settle(self, number: int, folder: Path) -> None:
        """Take in all that a trial has logged that has ended."""
        if self._policy is not None:
            self._histories[number] = self._values.history(folder)
            self._values.forget(folder)
