"""What one run has logged, read as it grows; and the last values of a run that has ended, in one small file.

A table of a thousand runs reads a thousand of these, and no store.
"""

from __future__ import annotations

import contextlib
import json
from functools import partial
from pathlib import Path

from specrun.engines.local import request as requests
from specrun.engines.local.event_logs import event_files, read_piece
from specrun.engines.local.mlflow_store import ADDRESS, read_metric, read_stores
from specrun.engines.points import Points
from specrun.engines.scalars import Scalars
from specrun.plan.metrics import Last, Logged, Series, as_number, number_data
from specrun.plan.private import write_private
from specrun.plan.stored import Damaged, read_record

FILE = "metrics.json"
FORMAT = 1
LARGEST = 1 << 26
"""Bytes of that file at most."""

AT_ONCE = 1 << 28
"""Bytes of event files that one look reads; the next goes on."""

LOOKS = 8
"""At the end of a run, where nobody looks again."""

ELSEWHERE = f"The job sets {ADDRESS}: what it logs through MLflow is kept there, and not here."


class RunLog:
    """What a run has logged, as far as it was read. `folder` is the run's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, tuple[int, Points]] = {}
        self._scalars = Scalars()

    def __len__(self) -> int:
        """How many points are held."""
        return sum(len(points) for _, points in self._files.values()) + len(self._scalars)

    def logged(self) -> tuple[Logged, bool]:
        """Last values and parameters, and whether all was read."""
        stored = read_stores(self.folder)
        complete = self._read_scalars()
        points = {name: (role, self._points(file)) for name, (role, file) in stored.metrics.items()}
        last = {name: found.last() for name, found in self._scalars.named().items()}
        last |= {name: found.last(role) for name, (role, found) in points.items() if len(found)}
        ordered = sorted(last.items(), key=lambda item: (bool(item[1].role), item[0]))
        notes = (*stored.notes, *self._scalars.notes, *(() if points else _why_none(self.folder)))
        return Logged(dict(ordered), dict(stored.params), notes), complete

    def history(self, metric: str, after: int) -> Series:
        """A metric's points but for the first `after`."""
        known = read_stores(self.folder).metrics.get(metric)
        if known is not None:
            return self._points(known[1]).series(metric, after)
        self._read_scalars()
        points = self._scalars.named().get(metric)
        return Series(metric) if points is None else points.series(metric, after)

    def _points(self, file: str) -> Points:
        start, points = self._files.get(file, (0, Points()))
        with contextlib.suppress(OSError):
            start = read_metric(file, points, start)
        self._files[file] = (start, points)
        return points

    def _read_scalars(self) -> bool:
        with contextlib.suppress(OSError):
            return self._scalars.read(event_files(self.folder), partial(read_piece, self.folder), AT_ONCE)
        return True  # what is gone by now


def keep_logged(folder: Path, log: RunLog | None = None) -> Logged:
    """Write down what a run that has ended has logged. It is read again by whoever looks, where that cannot be."""
    log = RunLog(folder) if log is None else log
    for _ in range(LOOKS):
        logged, complete = log.logged()
        if complete:
            break
    with contextlib.suppress(OSError):
        write_private(folder / FILE, _encode(logged))
    return logged


def kept_logged(folder: Path) -> Logged | None:
    """What was written down; None where nothing was, or it is damaged."""
    try:
        return _decode(read_record(folder / FILE, LARGEST))
    except (FileNotFoundError, Damaged, KeyError, TypeError, ValueError, AttributeError):
        return None


def _encode(logged: Logged) -> str:
    metrics = {
        name: [number_data(last.value), last.step, last.time, last.count, last.role]
        for name, last in logged.metrics.items()
    }
    return json.dumps({"format": FORMAT, "metrics": metrics, "params": dict(logged.params), "notes": logged.notes})


def _decode(values: dict[str, object]) -> Logged:
    metrics, params, notes = values["metrics"], values["params"], values["notes"]
    if values["format"] != FORMAT or not (isinstance(metrics, dict) and isinstance(params, dict)):
        raise ValueError("not what was written")
    if not isinstance(notes, list):
        raise TypeError("notes")
    return Logged(
        {
            name: Last(as_number(value), int(step), float(time), int(count), str(role))
            for name, (value, step, time, count, role) in metrics.items()
        },
        {name: str(value) for name, value in params.items()},
        tuple(map(str, notes)),
    )


def _why_none(folder: Path) -> tuple[str, ...]:
    """Why there is nothing of MLflow's, where that is known."""
    try:
        request = requests.read(folder)
    except requests.RequestInvalid:
        return ()
    if request.without_store:
        return (request.without_store,)
    return (ELSEWHERE,) if ADDRESS in {*request.environment_variables, *request.secret_names} else ()
