"""What runs log, as a page watches it: the points that are new, and no others."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from specrun.plan.metrics import Logged, Series
from specrun.ui.fresh import FreshOfRuns
from specrun.ui.runs import Catalog, Entry
from specrun.ui.values import json_number
from specrun.ui.wire import NOTHING, Params, Watched, whole

KEPT = 500
"""Values of runs that have ended and are kept."""

POINTS = 20_000
"""Points of one answer; the others follow in the next."""


class Metrics:
    """The metrics of the runs of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._fresh = FreshOfRuns[Any](catalog, KEPT)
        self._lock = threading.Lock()
        self._series: dict[tuple[str, str], Series] = {}

    def of(self, name: str) -> dict[str, object]:
        """The last values of a run's metrics. Raises Refused and EngineError."""
        logged: Logged = self._fresh.of(name, "", lambda entry: entry.place.engine.logged(name)).value()
        return {
            "metrics": {
                key: {"count": last.count, "last": json_number(last.value), "step": last.step, "time": last.time}
                for key, last in logged.metrics.items()
            },
            "params": dict(logged.params),
            "notes": list(logged.notes),
        }

    def watched(self, name: str) -> Watched:
        """The same, told whenever it has changed."""
        return whole(partial(self.of, name), 1.0)

    def history(self, name: str, metric: str, after: int) -> dict[str, object]:
        """The points of a metric from one on, `POINTS` at most. Raises Refused and EngineError."""
        series: Series = self._fresh.of(name, metric, partial(self._read_on, name, metric)).value()
        end = after + POINTS
        return {
            "name": metric,
            "from": after,
            "step": list(series.steps[after:end]),
            "time": list(series.times[after:end]),
            "value": [json_number(value) for value in series.values[after:end]],
            "total": len(series.values),
        }

    def history_watched(self, name: str, params: Params) -> Watched:
        """The same, told piece by piece."""
        metric, place = params.needed("name"), [params.number("after", 0)]
        first = [True]

        def look() -> object:
            found = self.history(name, metric, place[0])
            count = len(found["value"])  # type: ignore[arg-type]
            if not count and not first[0]:
                return NOTHING
            first[0] = False
            place[0] += count
            return found

        return Watched(look, 1.0)

    def _read_on(self, name: str, metric: str, entry: Entry) -> Series:
        known = self._series.get((name, metric), Series(metric))
        more = entry.place.engine.history(name, metric, len(known.values))
        if not known.values:
            found = more
        else:
            found = Series(metric, known.steps + more.steps, known.times + more.times, known.values + more.values)
        with self._lock:
            self._series[name, metric] = found
            while len(self._series) > KEPT:
                self._series.pop(next(iter(self._series)))
        return found
