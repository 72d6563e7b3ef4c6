"""What runs of a workspace log, as MLflow's published REST interface tells it: last values, parameters, history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.services import as_mapping, ask_service
from specrun.engines.base import EngineError
from specrun.plan.metrics import Last, Logged, Series

PAGES = 1_000
"""Pages of a metric's history that are read at most: of 25,000 points each, as MLflow sends them."""

Point = tuple[str, int, float, float]
"""A metric's name, step, time (Unix seconds) and value."""


class RunMetrics:
    """The metrics of one workspace's runs. What was read of a run that had ended by then is not asked for again.

    `has_ended` says without a request whether a run is known to have ended.
    """

    def __init__(self, connection: Connection[Any], has_ended: Callable[[str], bool]) -> None:
        self.connection = connection
        self._has_ended = has_ended
        self._logged: dict[str, Logged] = {}
        self._histories: dict[tuple[str, str], Series] = {}

    @asked
    def logged(self, name: str) -> Logged:
        """One request, and none of a run that had ended when it was last asked for."""
        known = self._logged.get(name)
        if known is not None:
            return known
        ended = self._has_ended(name)
        logged = self._read(name)
        if ended:
            self._logged[name] = logged
        return logged

    @asked
    def history(self, name: str, metric: str, after: int = 0) -> Series:
        """One request a page, and none of a run that had ended when it was last asked for."""
        known = self._histories.get((name, metric))
        if known is None:
            ended = self._has_ended(name)
            known = _series(metric, self._points(name, metric))
            if ended:
                self._histories[name, metric] = known
        return Series(metric, known.steps[after:], known.times[after:], known.values[after:])

    def _read(self, name: str) -> Logged:
        answer = self._ask("runs/get", {"run_id": name}, f"read the metrics of {name}")
        data = as_mapping(as_mapping(answer.get("run")).get("data"))
        last = {key: Last(value, step, time) for key, step, time, value in _points_in(data.get("metrics"))}
        params = {str(one["key"]): str(one.get("value", "")) for one in _objects(data.get("params")) if "key" in one}
        return Logged(dict(sorted(last.items())), dict(sorted(params.items())))

    def _points(self, name: str, metric: str) -> Iterator[Point]:
        query, seen = {"run_id": name, "metric_key": metric}, set[str]()
        for _ in range(PAGES):
            answer = self._ask("metrics/get-history", query, f"read the metric {metric} of {name}")
            yield from _points_in(answer.get("metrics"))
            token = str(answer.get("next_page_token") or "")
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
            query["page_token"] = token
        raise EngineError(f"cannot read the metric {metric} of {name}: the list that came has no end")

    def _ask(self, what: str, query: Mapping[str, str], doing: str) -> Mapping[str, Any]:
        path = f"/mlflow/v1.0{workspace_path(self.connection.coordinates)}/api/2.0/mlflow/{what}"
        return ask_service(self.connection, path, query, doing)


def _series(metric: str, points: Iterator[Point]) -> Series:
    found = list(points)
    return Series(
        metric,
        tuple(step for _, step, _, _ in found),
        tuple(time for _, _, time, _ in found),
        tuple(value for _, _, _, value in found),
    )


def _points_in(listed: Any) -> Iterator[Point]:
    """Those of a list that are points. Numbers may be texts there: JSON has neither NaN nor 64 bits."""
    for one in _objects(listed):
        try:
            step, time = int(one.get("step") or 0), float(one.get("timestamp") or 0) / 1000
            yield str(one["key"]), step, time, float(one["value"])
        except (KeyError, TypeError, ValueError):
            continue


def _objects(listed: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in listed if isinstance(one, Mapping)) if isinstance(listed, list) else iter(())
