"""What the trials of a sweep have logged of its primary metric, and what is wrong with that, in words."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from pathlib import Path

from specrun.engines.local.logged import RunLog, keep_logged, kept_logged
from specrun.plan.metrics import number_data, why_missing
from specrun.spec.sweep import Objective


class Values:
    """The values of a metric that trials log, read as they come."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._logs: dict[Path, RunLog] = {}
        self._known: dict[Path, array[float]] = {}

    def history(self, folder: Path) -> Sequence[float]:
        """All values so far of the run in a folder, in the order in which they were written."""
        values = self._known.setdefault(folder, array("d"))
        log = self._logs.setdefault(folder, RunLog(folder))
        values.extend(log.history(self._metric, len(values)).values)
        return values

    def forget(self, folder: Path) -> None:
        """Let go of what reading a run took: it has ended. What `history` gave before stays as it is."""
        self._known.pop(folder, None)
        self._logs.pop(folder, None)


def outcome(folder: Path, objective: Objective) -> tuple[float | None, str]:
    """The last value of the primary metric that the run in a folder, which has ended, has logged; and what is wrong.

    It is the one that `specrun metrics` shows. None where there is none; NaN and infinities are told ("": nothing).
    """
    logged = kept_logged(folder) or keep_logged(folder)
    last = logged.metrics.get(objective.primary_metric)
    if last is None:
        return None, why_missing(objective.primary_metric, logged)
    if not math.isfinite(last.value):
        return last.value, f"its last {objective.primary_metric} is {number_data(last.value)}, which is never the best"
    return last.value, ""
