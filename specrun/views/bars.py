"""The live line of an operation: what it does and for how long; with a size known, a bar with rate and time left."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text


def columns() -> tuple[ProgressColumn, ...]:
    """The columns, from left to right; the words at the end give way when the terminal is narrow."""
    return (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        TimeElapsedColumn(),
        _Sized(BarColumn(bar_width=20)),
        _Sized(TransferSpeedColumn()),
        _Sized(TimeRemainingColumn(compact=True)),
        TextColumn(
            "{task.fields[text]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
        ),
    )


class _Sized(ProgressColumn):
    """Another column, shown once it is known how much there is to do."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__(Column(no_wrap=True))
        self._column = column

    def render(self, task: Task) -> Text:
        return self._column(task) if task.total else Text("")  # type: ignore[return-value]
