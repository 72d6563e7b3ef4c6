"""The runs of all places: what is known of each, and which of them is meant by a name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from specrun.apply.runs_of import RunsOf
from specrun.engines.base import EngineError, Missing
from specrun.plan.observed import Run
from specrun.spec.frozen import dataclass
from specrun.ui.fresh import Fresh
from specrun.ui.place_runs import PlaceRuns
from specrun.ui.wire import Refused
from specrun.views.own_paths import OwnPaths

FIRST = 3.0
"""Seconds for which the first page of a place is waited for, where nothing is known of any."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A run, where it is, and the one of the same spec before it, if that is known."""

    run: Run
    place: PlaceRuns
    before: Run | None = None

    @property
    def source(self) -> RunsOf:
        """The spec that it is of."""
        return self.place.source_of(self.run)


class Catalog:
    """The runs of all places. `version` counts what has changed."""

    def __init__(self, sources: Sequence[RunsOf]) -> None:
        self._changed = threading.Condition()
        self.version = 0
        grouped: dict[tuple[object, ...], list[RunsOf]] = {}
        for source in sources:
            grouped.setdefault(source.where, []).append(source)
        self.places = [PlaceRuns(several, self.note) for several in grouped.values()]
        self._sorted: tuple[int, list[Entry]] = (-1, [])
        self._going: dict[str, Fresh[Run]] = {}

    @property
    def loading(self) -> bool:
        """Whether a list has not been read to its end."""
        return any(place.loading for place in self.places)

    def note(self) -> None:
        """Something has changed."""
        with self._changed:
            self.version += 1
            self._changed.notify_all()

    def entries(self, *, wait: bool = False, again: bool = True) -> list[Entry]:
        """All that is known, the newest first; and have it be read on. `wait` for the first of it; not `again`: of a
        service once is enough.
        """
        version = self.version
        found = [(place, place.look(again=again)) for place in self.places]
        if wait and self.loading and not any(runs for _, runs in found):
            with self._changed:
                self._changed.wait_for(lambda: self.version > version, FIRST)
            return self.entries(again=again)
        if self._sorted[0] != version:
            self._sorted = (version, _with_before(found))
        return self._sorted[1]

    def find(self, name: str) -> Entry:
        """A run by its name: what is known of it; else its places are asked. Raises Refused, and EngineError."""
        for place in self.places:
            if (run := place.known(name)) is not None:
                return Entry(run, place)
        problem: EngineError | None = None
        for place in self.places:
            try:
                place.engine.sign_in()
                run = place.engine.run(name)
            except Missing:
                continue
            except EngineError as error:
                problem = error
                continue
            place.note(run)
            return Entry(run, place)
        raise problem or Refused(404, f"there is no run {name} here")

    def now(self, name: str) -> Entry:
        """A run as it is now: one that goes on is asked about as often as its place allows, for all who look."""
        entry = self.find(name)
        if entry.run.status.ended:
            self._going.pop(name, None)
            return entry
        fresh = self._going.get(name)
        if fresh is None:
            every = entry.place.every / 2 if entry.place.is_here else entry.place.every
            fresh = self._going.setdefault(name, Fresh(partial(self._read, entry.place, name), every))
        return Entry(fresh.value(), entry.place)

    def look_again(self, name: str) -> None:
        """Have the next look at a run be a new one: something was done with it."""
        self._going.pop(name, None)

    def with_before(self, name: str) -> Entry:
        """The same with the run before it, where the list is known."""
        entry = self.now(name)
        entries = self.entries(wait=True, again=not entry.run.status.ended)
        before = next((one.before for one in entries if one.run.name == name), None)
        return Entry(entry.run, entry.place, before)

    def own_paths(self, entry: Entry) -> Callable[[str], str]:
        """What names the user's own files in what a run wrote."""
        home = str(entry.source.home) if entry.place.is_here else ""
        return OwnPaths(entry.run.name, entry.run.code, home)

    def _read(self, place: PlaceRuns, name: str) -> Run:
        run = place.engine.run(name)
        place.note(run)
        return run


def _with_before(found: Sequence[tuple[PlaceRuns, Sequence[Run]]]) -> list[Entry]:
    runs = [(run, place) for place, several in found for run in several]
    runs.sort(key=lambda pair: (pair[0].submitted or 0.0, pair[0].attempt))
    newest: dict[tuple[int, str, str, str], Run] = {}
    entries = []
    for run, place in runs:
        key = (id(place), run.spec, run.repository, run.target)
        entries.append(Entry(run, place, newest.get(key)))
        newest[key] = run
    return entries[::-1]
