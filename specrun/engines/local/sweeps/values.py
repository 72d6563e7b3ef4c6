"""What the trials of a sweep have logged of its primary metric, and what is wrong with that, in words."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Sequence
from pathlib import Path

from specrun.engines.local.logged import RunLog, keep_logged, kept_logged
from specrun.plan.metrics import Logged, number_data
from specrun.spec.nearest import nearest
from specrun.spec.sweep import Objective

STOPPED_EARLY = "stopped early"
"""How the reason of a trial begins that `early_termination` has ended: it is done, and is not run again."""

_LISTED = 10
_FIELD = "sweep.objective.primary_metric"


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
        return None, _why_none(objective.primary_metric, logged)
    if not math.isfinite(last.value):
        return last.value, f"its last {objective.primary_metric} is {number_data(last.value)}, which is never the best"
    return last.value, ""


def _why_none(metric: str, logged: Logged) -> str:
    missing = f"it has not logged {metric} ({_FIELD})"
    if not logged.metrics:
        why = " ".join(logged.notes) or (
            f'Log it with MLflow, `mlflow.log_metric("{metric}", value)`, or as scalars of TensorBoard below ./outputs.'
        )
        return f"{missing}, nor anything else. {why}"
    near = _near(metric, logged.metrics)
    return f"{missing}; logged: {_listed(logged.metrics, near)}" + (f". Did you mean {near}?" if near else "")


def _near(metric: str, names: Collection[str]) -> str | None:
    """The name that is most like it; one in a group is like its own last part: val/accuracy like accuracy."""
    found = nearest(metric, names)
    if found is None:
        last = {name.rpartition("/")[2]: name for name in reversed(list(names))}
        found = last.get(metric.rpartition("/")[2])
    return found


def _listed(names: Collection[str], near: str | None) -> str:
    """The names, as far as there is room: what is meant is always among them."""
    ordered = sorted(names, key=lambda name: name != near)
    more = len(ordered) - _LISTED
    return ", ".join(ordered[:_LISTED]) + (f" and {more} more" if more > 0 else "")
