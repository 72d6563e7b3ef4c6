"""The runs of all places as one table: filtered, sorted, a window of it at a time; and columns of it for a picture."""

from __future__ import annotations

import time
from collections.abc import Sequence

from specrun.plan.run_columns import Filter, Sort, Wrong, parse_columns
from specrun.plan.run_facts import Column, Facts
from specrun.ui.details import Details
from specrun.ui.runs import Catalog, Entry
from specrun.ui.values import json_number
from specrun.ui.wire import NOTHING, Params, Refused, Watched
from specrun.views.data import run_data

WINDOW = 500
"""Rows that are sent at once at most."""

POINTS = 20_000
"""Runs of a picture at most."""


class Table:
    """The table of a catalog."""

    def __init__(self, catalog: Catalog, details: Details) -> None:
        self._catalog = catalog
        self._details = details

    def rows(self, params: Params) -> dict[str, object]:
        """A window of the table, as JSON values; what is not right in what filters or sorts it are `mistakes`."""
        return self._read(params)[0]

    def _read(self, params: Params) -> tuple[dict[str, object], list[Entry]]:
        wanted, order, mistakes = Filter(), None, []
        try:
            wanted, order = _filter(params), _sort(params)
        except Refused as wrong:  # it may be half typed
            mistakes.append(str(wrong))
        start, count = params.number("from", 0), params.number("count", 200, WINDOW)
        entries, incomplete = self._found(wanted, order)
        window = entries[start : start + count]
        self._details.want(window, soon=True)
        now = time.time()
        metrics, names = self._details.names()
        value: dict[str, object] = {
            "total": len(entries),
            "rows": [self.row(entry, now) for entry in window],
            "metrics": metrics,
            "params": names,
            "problems": [f"{one.engine.place.title}: {one.problem}" for one in self._catalog.places if one.problem],
            "loading": self._catalog.loading or incomplete,
        }
        return value | ({"mistakes": mistakes} if mistakes else {}), window

    def watched(self, params: Params, every: float) -> Watched:
        """The same, told whenever it has changed; nothing is looked through as long as nothing has."""
        seen, last = -1, NOTHING
        window: list[Entry] = []

        def look() -> object:
            nonlocal seen, last, window
            self._catalog.entries()
            if seen == self._catalog.version:
                self._details.want([entry for entry in window if not entry.run.status.ended], soon=True)
                return NOTHING
            seen = self._catalog.version
            value, window = self._read(params)
            before, last = last, _alike(value)
            return NOTHING if before == last else value

        return Watched(look, every)

    def columns(self, params: Params) -> dict[str, object]:
        """Some columns of all runs that are found. Raises Refused."""
        columns = parse_columns(params.needed("names"))
        if isinstance(columns, Wrong):
            raise Refused(422, f"columns: {columns}")
        entries, _ = self._found(_filter(params), None, columns)
        entries = entries[:POINTS]
        now = time.time()
        facts = [self._details.facts(entry, now) for entry in entries]
        return {
            "runs": [entry.run.name for entry in entries],
            "status": [entry.run.status.value for entry in entries],
            "columns": {str(column): [json_number(column.value(one)) for one in facts] for column in columns},
        }

    def row(self, entry: Entry, now: float) -> dict[str, object]:
        """A run as a row."""
        detail, place = self._details.of(entry), entry.place.engine.place
        return {
            **run_data(entry.run),
            "place": place.title,
            "engine": place.engine,
            "params": {name: json_number(value) for name, value in detail.params.items()},
            "metrics": {name: json_number(value) for name, value in detail.metrics.items()},
            "changes": list(detail.changes),
            "cost": self._details.cost_text(entry, now),
        }

    def _found(self, wanted: Filter, order: Sort | None, columns: Sequence[Column] = ()) -> tuple[list[Entry], bool]:
        """The runs that are wanted in their order, and whether something that decides it is not known so far."""
        entries = self._catalog.entries(wait=True)
        asked = [*wanted.columns, *(order.columns if order is not None else ()), *columns]
        deep = [column for column in asked if not column.field]
        here = [entry for entry in entries if deep or entry.place.is_here]
        missing = self._details.want(here, soon=False) and bool(deep)
        if not wanted.terms and order is None:
            return entries, missing
        now = time.time()
        facts: list[tuple[Facts, Entry]] = [(self._details.facts(entry, now), entry) for entry in entries]
        found = [(one, entry) for one, entry in facts if wanted.holds(one)]
        return [entry for _, entry in (order.ordered(found) if order is not None else found)], missing


def _filter(params: Params) -> Filter:
    found = Filter.parse(params.text("filter"))
    if isinstance(found, Wrong):
        raise Refused(422, f"filter: {found}")
    return found


def _sort(params: Params) -> Sort | None:
    if not (text := params.text("sort")):
        return None
    found = Sort.parse(text)
    if isinstance(found, Wrong):
        raise Refused(422, f"sort: {found}")
    return found


def _alike(table: object) -> object:
    """A table without what changes as time goes by."""
    assert isinstance(table, dict)
    return {**table, "rows": [{**one, "elapsed": None, "cost": None} for one in table["rows"]]}
