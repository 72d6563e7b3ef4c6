"""Runs in an order, as a table: for a notebook, and for pandas."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import overload

from specrun.api.run import Run
from specrun.api.shown import WIDTH
from specrun.views.html import runs_html
from specrun.views.markdown_text import fenced
from specrun.views.run_table import Row, runs_text
from specrun.views.text import Paint

AT_ONCE = 8
"""Runs of which is read at the same time what they logged."""


class Runs(Sequence[Run]):
    """Runs in an order. `pandas.DataFrame` takes them: a row for each, with a column for each metric and parameter.

    `notes` say what was passed over where they were looked for.
    """

    def __init__(self, runs: Iterable[Run], notes: Iterable[str] = ()) -> None:
        self._runs = tuple(runs)
        self.notes = tuple(notes)

    def rows(self) -> list[dict[str, object]]:
        """The runs as rows, each with the columns that it has; several are read at the same time."""
        from concurrent.futures import ThreadPoolExecutor  # late: few want more than one

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(dict, self._runs))

    def check(self) -> Runs:
        """Return them where all have succeeded. Raises RunFailed of the first that has not."""
        for run in self._runs:
            run.check()
        return self

    @overload
    def __getitem__(self, index: int) -> Run: ...

    @overload
    def __getitem__(self, index: slice) -> Runs: ...

    def __getitem__(self, index: int | slice) -> Run | Runs:
        return Runs(self._runs[index], self.notes) if isinstance(index, slice) else self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        rows = [Row(run.observed, run.spec, run.source.engine.place.title) for run in self._runs]
        return "\n".join([runs_text(rows, time.time(), Paint(False), WIDTH), *self.notes])

    def _repr_html_(self) -> str:
        rows = self.rows()
        columns = [name for name in dict.fromkeys(name for row in rows for name in row) if _tells(name, rows)]
        return runs_html(columns, [_shown(row) for row in rows], self.notes)

    def _repr_markdown_(self) -> str:
        return fenced(repr(self), "text")


def _tells(name: str, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether a column is worth its room: not what is the same of all, nor moments that elapsed time has."""
    if name in ("engine", "started", "ended"):
        return False
    values = {str(row.get(name)) for row in rows}
    return len(values) > 1 or (name not in ("spec", "place", "target") and values != {""})


def _shown(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: f"{one.astimezone():%Y-%m-%d %H:%M}" if isinstance(one, datetime) else one for name, one in row.items()
    }
