"""Tables of runs: the past ones of some specs, and those that go on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from specrun.plan.observed import Run
from specrun.plan.run_facts import DURATIONS, FIELDS, METRICS, MOMENTS, PARAMS, Column, Facts
from specrun.spec.frozen import dataclass
from specrun.spec.visible import visible
from specrun.views.runs import COLOURS, local_moment, origin_of
from specrun.views.text import Paint, duration, shorten

TOLD_OF_EACH = ("target", "commit")
"""What a table of runs says of where each comes from."""

WIDEST = 32
"""Columns that a text has in a cell that somebody asked for."""

TRIAL_HEAD = ("trial", "status")
"""The columns that a table of trials always has."""

LARGEST = 10**12
"""Whole numbers up to this are written in full."""

MANY = 4
"""Roles of a kind that are told one by one; more of them by the first and the last."""

_ROLE = re.compile(r"(.+)/([0-9]+)")


@dataclass(frozen=True, slots=True)
class Row:
    """A run in a table: the spec, the place and the engine that it is of, and what changed since the one before it."""

    run: Run
    spec: str = ""
    place: str = ""
    changes: Sequence[str] = ()
    engine: str = ""
    raised: str = ""
    """What tells most of why it failed, of its own words."""
    cost: str = ""
    """What it has cost until now."""
    facts: Facts | None = None
    """What is known of it by name, where columns are asked for."""
    sweep: str = ""
    """How far it is, of a sweep."""
    trials: Sequence[str] = ()
    """The lines of a table of its trials, which stand below all else that is said of it."""


def runs_text(
    rows: Sequence[Row], now: float, paint: Paint, width: int, columns: Sequence[Column] = (), *, only: bool = False
) -> str:
    """Runs in their order, each with what is known of its origin and its end, and what changed. `now` in Unix seconds.

    Specs and places stand there where there are several. `columns` stand beside them; `only`: in their place, and each
    run has one line.
    """
    if not rows:
        return "no runs yet"
    runs = [row.run for row in rows]
    columns = [column for column in columns if column.field not in ("name", "status")]
    extra = [[cell_text(column, row) for column in columns] for row in rows]
    if only:
        head = ["run", "status", *(visible(str(column)) for column in columns)]
        table = [[*_cells(row.run, now)[:2], *cells] for row, cells in zip(rows, extra, strict=True)]
        return "\n".join(_lines(head, table, [[] for _ in rows], runs, paint, width, cut=True))
    head = ["run", "status", "elapsed", *(visible(str(column)) for column in columns), *_cost(rows), "submitted"]
    head += [*_apart("spec", rows), *_apart("place", rows)]
    table = [
        [
            *_cells(row.run, now),
            *cells,
            *_cost(rows, row),
            _submitted(row.run),
            *_apart("spec", rows, row),
            *_apart("place", rows, row),
        ]
        for row, cells in zip(rows, extra, strict=True)
    ]
    below = [[*_below(row)] for row in rows]
    trials = [row.trials for row in rows]
    return "\n".join(_lines(head, table, below, runs, paint, width, cut=bool(columns), trials=trials))


def trial_columns(metric: str, parameters: Iterable[str]) -> list[Column]:
    """What a table of trials has: the primary metric, how long each took, and all parameters: also those that are
    called like a field of runs.
    """
    names = dict.fromkeys(parameters)
    return [
        Column(metric, METRICS if metric in names or metric in FIELDS else ""),
        Column("elapsed"),
        *(Column(name, PARAMS if name == metric or name in FIELDS else "") for name in names),
    ]


def trial_lines(rows: Sequence[Row], columns: Sequence[Column], paint: Paint, width: int) -> list[str]:
    """The trials of a sweep in their order: name, status and columns, and why those that failed did.

    Columns for which there is no room stand below each trial, as `name=value`: nothing of what was tried is left out.
    """
    width -= 2
    head = [*TRIAL_HEAD, *(visible(str(column)) for column in columns)]
    table = [[visible(row.run.name), row.run.status.value, *(cell_text(one, row) for one in columns)] for row in rows]
    kept = _in_room(head, table, width)
    pairs = [[f"{name}={cell}" for name, cell in zip(head[kept:], cells[kept:], strict=True)] for cells in table]
    below = [
        [*_beside(each, width - 2), *([row.run.why] if row.run.status.ended and row.run.why else [])]
        for each, row in zip(pairs, rows, strict=True)
    ]
    lines = _lines(head[:kept], [cells[:kept] for cells in table], below, [row.run for row in rows], paint, width)
    return [f"  {line}" for line in lines]


def _in_room(head: Sequence[str], table: Sequence[Sequence[str]], width: int) -> int:
    """How many columns a line has room for: names and statuses in any case."""
    widths = [max(map(len, column)) for column in zip(head, *table, strict=True)]
    kept = len(widths)
    while kept > len(TRIAL_HEAD) and sum(widths[:kept]) + 2 * (kept - 1) > width:
        kept -= 1
    return kept


def _beside(texts: Iterable[str], width: int) -> list[str]:
    """Texts beside each other, on as many lines as that takes."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + 2 + len(text) <= width:
            lines[-1] += f"  {text}"
        else:
            lines.append(text)
    return lines


def cell_text(column: Column, row: Row) -> str:
    """What stands in a column; `-` for nothing."""
    value = column.value(row.facts) if row.facts is not None else None
    if value is None:
        return "-"
    if column.field == "cost":
        return row.cost or "-"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if column.field in MOMENTS:
            return local_moment(value)[:16]
        if column.field in DURATIONS:
            return duration(value)
        return f"{value:g}" if value % 1 or abs(value) > LARGEST else f"{value:.0f}"
    return shorten(str(value).lower() if isinstance(value, bool) else str(value), WIDEST)


def going_text(rows: Sequence[Row], now: float, paint: Paint, width: int) -> str:
    """Runs that go on, with the roles that do, and the engine, or where there are several, the place. Of one that waits
    it is said for what.
    """
    where = "place" if len({row.place for row in rows}) > 1 else "engine"
    head = ["run", "status", "elapsed", *_cost(rows), "roles", where, "spec"]
    table = [
        [
            *_cells(row.run, now),
            *_cost(rows, row),
            roles_text(row.run) or "-",
            visible(getattr(row, where)),
            visible(row.spec) or "-",
        ]
        for row in rows
    ]
    below = [[text for text in (row.run.why, row.sweep) if text] for row in rows]
    return "\n".join(_lines(head, table, below, [row.run for row in rows], paint, width))


def roles_text(run: Run) -> str:
    """The roles of a run that go on, such as `ps/0 worker/0 worker/1`."""
    return " ".join(names_of([role.name for role in run.roles if role.status in ("running", "waiting", "queued")]))


def names_of(names: Iterable[str]) -> list[str]:
    """The names of roles; of many of a kind the first and the last, such as `worker/0-63`."""
    told = []
    for kind, several in groupby(names, lambda name: name.rpartition("/")[0]):
        of_kind = list(several)
        numbers = [int(match[2]) for name in of_kind if (match := _ROLE.fullmatch(name))]
        whole = len(numbers) == len(of_kind) and numbers == [*range(numbers[0], numbers[0] + len(numbers))]
        told += [f"{kind}/{numbers[0]}-{numbers[-1]}"] if whole and len(of_kind) > MANY else of_kind
    return [visible(one) for one in told]


def _cells(run: Run, now: float) -> list[str]:
    return [visible(run.name), run.status.value, duration(run.elapsed(now))]


def _submitted(run: Run) -> str:
    return local_moment(run.submitted)[:16] if run.submitted is not None else "-"


def _cost(rows: Sequence[Row], row: Row | None = None) -> list[str]:
    """The column of costs, its head or what stands in it, where some are known."""
    if not any(one.cost for one in rows):
        return []
    return ["cost" if row is None else row.cost or "-"]


def _apart(field: str, rows: Sequence[Row], row: Row | None = None) -> list[str]:
    """A column, its head or what stands in it, where its values differ."""
    if len({getattr(one, field) for one in rows}) < 2:
        return []
    return [field if row is None else visible(getattr(row, field))]


def _below(row: Row) -> Iterator[str]:
    if origin := [text for word, text in origin_of(row.run) if word in TOLD_OF_EACH]:
        yield ", ".join(origin)
    if row.run.status.ended and row.run.why:
        yield row.run.why
    if row.raised:
        yield row.raised.strip()
    if row.sweep:
        yield row.sweep
    yield from (f"~ {line}" for line in row.changes)


def _lines(
    head: Sequence[str],
    table: Sequence[Sequence[str]],
    below: Sequence[Iterable[str]],
    runs: Sequence[Run],
    paint: Paint,
    width: int,
    *,
    cut: bool = False,
    trials: Sequence[Sequence[str]] = (),
) -> Iterator[str]:
    """The lines of a table. Where its rows are too long for a line, the runs' names stand on lines of their own, and
    `cut`, columns are left out. `trials` are whole lines below each.
    """
    widths: Sequence[int] = [max(map(len, column)) for column in zip(head, *table, strict=True)]
    apart = sum(widths) + 2 * (len(widths) - 1) > width
    if apart and cut:
        head, table, widths = _fitting(head, table, widths, width)
    yield paint(_row(head, widths, apart=apart), "dim")
    for cells, lines, run, tree in zip(table, below, runs, trials or [()] * len(runs), strict=True):
        if apart:
            yield paint(cells[0], "bold")
        yield _row(cells, widths, apart=apart, status=paint(run.status.value, COLOURS[run.status]))
        yield from (shorten(f"  {line}", width) for line in lines)
        yield from tree


def _fitting(
    head: Sequence[str], table: Sequence[Sequence[str]], widths: Sequence[int], width: int
) -> tuple[Sequence[str], Sequence[Sequence[str]], Sequence[int]]:
    """As many columns as there is room for, names aside; what is left out is told in the head."""
    kept = len(widths)
    while kept > 2 and sum(widths[1:kept]) + 2 * (kept - 1) > width - (10 if kept < len(widths) else 0):
        kept -= 1
    if kept == len(widths):
        return head, table, widths
    more = f"+{len(widths) - kept} more"
    return [*head[:kept], more], [[*cells[:kept], ""] for cells in table], [*widths[:kept], len(more)]


def _row(cells: Sequence[str], widths: Sequence[int], *, apart: bool, status: str = "") -> str:
    """A line; `status` is that cell in its colours, which take no room."""
    padded = [f"{cell:<{room}}" for cell, room in zip(cells, widths, strict=True)]
    if status:
        padded[1] = padded[1].replace(cells[1], status)
    return ("  " if apart else "") + "  ".join(padded[1:] if apart else padded).rstrip()
