"""The runs of all places as one table: filtered, sorted, a window of it at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

from specrun.apply.runs_of import RunsOf
from specrun.plan.observed import Run
from specrun.ui.place_runs import PlaceRuns
from specrun.ui.wire import Params, Refused
from specrun.views.data import run_data

WINDOW = 500
"""Rows that are sent at once at most."""

FIRST = 3.0
"""Seconds for which the first page of a place is waited for, where nothing is known of any."""


class Entry:
    """A run of the table: where it is, and the one of the same spec before it."""

    __slots__ = ("before", "place", "run")

    def __init__(self, run: Run, place: PlaceRuns, before: Run | None = None) -> None:
        self.run = run
        self.place = place
        self.before = before


class Catalog:
    """The runs of all places."""

    def __init__(self, sources: Sequence[RunsOf]) -> None:
        self._changed = threading.Condition()
        self.version = 0
        grouped: dict[tuple[object, ...], list[RunsOf]] = {}
        for source in sources:
            grouped.setdefault(source.where, []).append(source)
        self.places = [PlaceRuns(several, self._note) for several in grouped.values()]
        self._sorted: tuple[int, list[Entry]] = (-1, [])

    def _note(self) -> None:
        with self._changed:
            self.version += 1
            self._changed.notify_all()

    def entries(self) -> list[Entry]:
        """All that is known, the newest first; and have it be read on."""
        version = self.version
        found = [(place, place.look()) for place in self.places]
        if self._sorted[0] == version:
            return self._sorted[1]
        entries = [Entry(run, place) for place, runs in found for run in runs]
        entries.sort(key=lambda entry: (entry.run.submitted or 0.0, entry.run.attempt), reverse=True)
        older: dict[tuple[int, str, str, str], Run] = {}
        for entry in reversed(entries):
            key = (id(entry.place), entry.run.spec, entry.run.repository, entry.run.target)
            entry.before = older.get(key)
            older[key] = entry.run
        self._sorted = (version, entries)
        return entries

    def find(self, name: str) -> Entry:
        """A run by its name: what is known of it; else its places are asked. Raises Refused, and EngineError."""
        from specrun.engines.base import EngineError, Missing

        for place in self.places:
            if (run := place.known(name)) is not None:
                return Entry(run, place)
        problem: EngineError | None = None
        for place in self.places:
            try:
                run = place.engine.run(name)
            except Missing:
                continue
            except EngineError as error:
                problem = error
                continue
            place.note(run)
            return Entry(run, place)
        raise problem or Refused(404, f"there is no run {name} here")

    def table(self, params: Params) -> dict[str, object]:
        """A window of the table, as JSON values."""
        entries = self.entries()
        if not entries and any(place.loading for place in self.places):
            self._wait()
            entries = self.entries()
        start = params.number("from", 0)
        count = params.number("count", 200, WINDOW)
        return {
            "total": len(entries),
            "rows": [row(entry) for entry in entries[start : start + count]],
            "metrics": [],
            "params": [],
            "problems": [f"{one.engine.place.title}: {one.problem}" for one in self.places if one.problem],
            "loading": any(one.loading for one in self.places),
        }

    def _wait(self) -> None:
        with self._changed:
            before = self.version
            self._changed.wait_for(lambda: self.version > before, FIRST)


def row(entry: Entry) -> Mapping[str, object]:
    """A run as a row."""
    return {
        **run_data(entry.run),
        "place": entry.place.engine.place.title,
        "engine": entry.place.engine.place.engine,
        "params": {},
        "metrics": {},
        "changes": [],
        "cost": None,
    }


def alike(table: object) -> object:
    """A table without what changes as time goes by."""
    assert isinstance(table, dict)
    return {**table, "rows": [{**one, "elapsed": None} for one in table["rows"]], "at": int(time.time() / 1e9)}
