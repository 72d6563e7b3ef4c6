"""What moves at the lower end of a terminal: the bars of operations, and a table of the runs that go on.

Needs rich: imported when there is something to draw.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from specrun.plan.observed import Run, RunStatus
from specrun.plan.resources import Key
from specrun.spec.masking import mask
from specrun.spec.secrets import hide
from specrun.spec.visible import visible, visible_log
from specrun.views.bars import columns
from specrun.views.runs import COLOURS
from specrun.views.text import canvas, duration

KEPT = 2
"""Lines of the terminal that are left to what stands above."""

RunKey: TypeAlias = tuple[Key | None, str]
"""Which run: the names of two places may be alike."""


@dataclass(slots=True)
class _Row:
    """A run that goes on: how it is called, where it is, and what it said last."""

    run: Run
    place: str
    since: float
    line: str = ""


class Screen:
    """Draws on a terminal, below what is printed with `print`. What is told of it may come from one thread only."""

    def __init__(self, stream: TextIO, *, colours: bool) -> None:
        self._console = Console(file=canvas(stream), no_color=not colours)
        self._bars = Progress(*columns(), console=self._console, get_time=time.monotonic, expand=True)
        self._rows: dict[RunKey, _Row] = {}
        self._live = Live(console=self._console, transient=True, get_renderable=self._drawn)
        self._live.start()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self._rows and not self._bars.tasks

    def print(self, text: str) -> None:
        """Write a text above what is drawn."""
        self._console.print(mask(text), markup=False, highlight=False, soft_wrap=True)

    def begin(self, name: str, text: str) -> TaskID:
        """A bar for an operation."""
        return self._bars.add_task(name, total=None, text=text)

    def advance(self, task: TaskID, done: int, total: int, text: str) -> None:
        """How far the operation is; a `total` of 0 is unknown."""
        self._bars.update(task, completed=done, total=total or None, text=text)

    def end(self, task: TaskID) -> None:
        """The operation is over."""
        self._bars.remove_task(task)

    def show(self, key: RunKey, run: Run, place: str) -> None:
        """A row for a run as it is now; `place` is "" where there is but one."""
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = _Row(run, place, time.time())
        else:
            row.run = run

    def say(self, key: RunKey, line: str) -> None:
        """What the run wrote last."""
        if key in self._rows:
            self._rows[key].line = visible_log(hide(line), colours=False).strip()

    def settle(self, key: RunKey) -> None:
        """The run has ended: what became of it is printed."""
        self._rows.pop(key, None)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def _drawn(self) -> RenderableType:
        drawn: list[RenderableType] = []
        if tasks := len(self._bars.tasks):
            drawn.append(self._bars.get_renderable())
        rows = sorted(self._rows.values(), key=lambda row: row.run.status is not RunStatus.RUNNING)
        if rows:
            drawn += self._table(rows, max(1, self._console.height - KEPT - tasks - 1))
        return Group(*drawn)

    def _table(self, rows: list[_Row], room: int) -> Iterator[RenderableType]:
        yield Text(_counted(rows, "run"), style="dim")
        shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
        width, now = self._console.width, time.time()
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=width * 2 // 5)
        if any(row.place for row in shown):
            table.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 5)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for row in shown:
            run = row.run
            since = now - (run.started or run.submitted or row.since)
            status = Text(run.status.value, style=COLOURS[run.status])
            place = [Text(visible(row.place))] if any(one.place for one in shown) else []
            said = Text(row.line or visible(hide(run.why)), style="dim")
            table.add_row(Text(visible(run.name)), *place, status, Text(duration(max(0.0, since))), said)
        yield table
        if len(shown) < len(rows):
            yield Text(f"… and {_counted(rows[len(shown) :], 'more')}", style="dim")


def _counted(rows: list[_Row], noun: str) -> str:
    """`12 runs: 4 running, 8 queued`."""
    states = Counter(row.run.status.value for row in rows)
    number = len(rows)
    head = f"{number} {noun}" if noun == "more" or number == 1 else f"{number} {noun}s"
    return f"{head}: {', '.join(f'{many} {state}' for state, many in states.items())}"
