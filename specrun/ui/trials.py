"""The trials of a sweep, as a page watches them: all at first, and then those that have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specrun.plan.observed import Run
from specrun.plan.trials import Trial
from specrun.spec.secrets import hide
from specrun.ui.fresh import FreshOfRuns
from specrun.ui.runs import Catalog, Entry
from specrun.ui.wire import NOTHING, Refused, Watched
from specrun.views.trials import sweep_data, trial_data

KEPT = 50
"""Sweeps whose trials are kept."""


class Trials:
    """The trials of the sweeps of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._fresh = FreshOfRuns[tuple[Run, Sequence[Trial]]](catalog, KEPT)

    def of(self, name: str) -> dict[str, Any]:
        """How a sweep stands, and its trials by their numbers. Raises Refused and EngineError."""
        run, trials = self._fresh.of(name, "", lambda entry: _read(name, entry)).value()
        return {
            **sweep_data(run, trials),
            "status": run.status.value,
            "rows": [{**trial_data(trial), "reason": hide(trial.reason)} for trial in trials],
        }

    def watched(self, name: str) -> Watched:
        """The same, told whenever it has changed: of the trials those that have."""
        known: dict[object, Mapping[str, object]] = {}
        last: list[object] = [NOTHING]

        def look() -> object:
            value = self.of(name)
            rows = value.pop("rows")
            fresh = [row for row in rows if known.get(row["number"]) != row]
            if not fresh and value == last[0]:
                return NOTHING
            last[0] = dict(value)
            known.update((row["number"], row) for row in fresh)
            return {**value, "rows": fresh}

        return Watched(look, 1.0)


def _read(name: str, entry: Entry) -> tuple[Run, Sequence[Trial]]:
    if not entry.run.is_sweep:
        raise Refused(404, f"{name} is no sweep: it has no trials")
    return entry.run, entry.place.engine.trials(name)
