"""What runs of a workspace log, as MLflow's published REST interface tells it: last values, parameters, history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from specrun.engines.azure.artifacts import event_files
from specrun.engines.azure.blobs import read_piece
from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.mlflow import Point, ask_mlflow, points_in
from specrun.engines.azure.runs import RunCalls
from specrun.engines.azure.seen import SeenRun
from specrun.engines.azure.services import as_mapping, objects
from specrun.engines.base import EngineError, Missing
from specrun.engines.scalars import Scalars
from specrun.plan.metrics import Last, Logged, Series

PAGES = 1_000
"""Pages of a metric's history that are read at most: of 25,000 points each, as MLflow sends them."""

AT_ONCE = 1 << 26
"""Bytes of event files that one look reads; the next goes on."""

_LOGS = re.compile(r"(?i)log|board|event|summar|\btb\b")
"""What people call outputs that TensorBoard reads."""

UNREAD = "TensorBoard's event files are large: they are read piece by piece, and not all is here yet."


class RunMetrics:
    """The metrics of one workspace's runs. What was read of a run that had ended by then is not asked for again.

    Where nothing was logged through MLflow, TensorBoard's scalars in the run's outputs stand for it.
    """

    def __init__(self, connection: Connection[Any], calls: RunCalls) -> None:
        self.connection = connection
        self._calls = calls
        self._logged: dict[str, Logged] = {}
        self._histories: dict[tuple[str, str], Series] = {}
        self._scalars: dict[str, Scalars] = {}

    @asked
    def logged(self, name: str) -> Logged:
        """One request, and none of a run that had ended when it was last asked for. Where there are no metrics, one or
        two for the list of its outputs, and one for each piece of an event file that is new.
        """
        known = self._logged.get(name)
        if known is not None:
            return known
        ended = self._calls.has_ended(name)
        logged, complete = self._read(name), True
        if not logged.metrics:
            scalars, complete, notes = self._read_scalars(name)
            last = {metric: points.last() for metric, points in scalars.named().items()}
            logged = Logged(dict(sorted(last.items())), logged.params, notes)
        if ended and complete:
            self._logged[name] = logged
        return logged

    @asked
    def history(self, name: str, metric: str, after: int = 0) -> Series:
        """One request a page, and none of a run that had ended when it was last asked for; of a scalar of TensorBoard's
        as `logged`.
        """
        known = self._histories.get((name, metric), Series(metric))
        if not known.values and not self._is_scalar(name, metric):
            ended = self._calls.has_ended(name)
            known = _series(metric, self._points(name, metric))
            if ended:
                self._histories[name, metric] = known
        if known.values:
            return Series(metric, known.steps[after:], known.times[after:], known.values[after:])
        if name not in self._scalars or name not in self._logged:
            self._read_scalars(name)
        scalar = self._scalars[name].named().get(metric)
        return Series(metric) if scalar is None else scalar.series(metric, after)

    def _is_scalar(self, name: str, metric: str) -> bool:
        return name in self._scalars and metric in self._scalars[name].named()

    def _read_scalars(self, name: str) -> tuple[Scalars, bool, tuple[str, ...]]:
        """The scalars so far, whether that is all, and what was left out. Raises EngineError."""
        scalars = self._scalars.setdefault(name, Scalars())
        run = self._calls.find(name)
        try:
            files = event_files(self.connection, run)
        except Missing:  # a workspace without that datastore
            files = {}

        def piece(path: str, start: int, length: int) -> bytes:
            container, blob, _ = files[path]
            return read_piece(container, blob, start, length)

        complete = scalars.read({path: size for path, (_, _, size) in files.items()}, piece, AT_ONCE)
        notes = (*scalars.notes, *(() if complete else (UNREAD,)), *(() if len(scalars) else _placed(run)))
        return scalars, complete, notes

    def _read(self, name: str) -> Logged:
        answer = ask_mlflow(self.connection, "runs/get", {"run_id": name}, f"read the metrics of {name}")
        data = as_mapping(as_mapping(answer.get("run")).get("data"))
        last = {key: Last(value, step, time) for key, step, time, value in points_in(data.get("metrics"))}
        params = {str(one["key"]): str(one.get("value", "")) for one in objects(data.get("params")) if "key" in one}
        return Logged(dict(sorted(last.items())), dict(sorted(params.items())))

    def _points(self, name: str, metric: str) -> Iterator[Point]:
        query, seen = {"run_id": name, "metric_key": metric}, set[str]()
        for _ in range(PAGES):
            answer = ask_mlflow(self.connection, "metrics/get-history", query, f"read the metric {metric} of {name}")
            yield from points_in(answer.get("metrics"))
            token = str(answer.get("next_page_token") or "")
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
            query["page_token"] = token
        raise EngineError(f"cannot read the metric {metric} of {name}: the list that came has no end")


def _placed(run: SeenRun) -> tuple[str, ...]:
    """What is said of outputs that may have event files, and where nobody looks for them."""
    outputs = as_mapping(as_mapping((run.record or {}).get("identity")).get("outputs"))
    places = {name: str(as_mapping(output).get("path") or "") for name, output in outputs.items()}
    names = sorted(name for name, place in places.items() if place and _LOGS.search(f"{name} {place}"))
    if not names:
        return ()
    return (f"TensorBoard's files are not looked for in outputs that have a `path`: {', '.join(names)}.",)


def _series(metric: str, points: Iterator[Point]) -> Series:
    found = list(points)
    return Series(
        metric,
        tuple(step for _, step, _, _ in found),
        tuple(time for _, _, time, _ in found),
        tuple(value for _, _, _, value in found),
    )
