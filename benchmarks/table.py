"""What was measured, as a table for people and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

_LONGEST = 80
"""Characters of a reason in the table: all of it goes to the error stream."""

_HEAD = ("benchmark", "what", "specrun", "peer", "ratio", "target", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `ours` and `peer` in `unit`, `ratio` as the median of the rounds; `met` None: there is no target."""

    benchmark: str
    what: str
    unit: str
    ours: float
    peer: float
    peer_name: str
    ratio: float
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """In place of a benchmark's rows: why there are none, or no more of them. `failed`: there should be."""

    benchmark: str
    why: str
    failed: bool


def table(rows: Sequence[Row | Missing]) -> str:
    """The rows below a head, in columns, as Markdown shows a table."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(_HEAD))]
    texts = [f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines]
    return "\n".join([texts[0], f"| {' | '.join('-' * width for width in widths)} |", *texts[1:]])


def data(rows: Sequence[Row | Missing], machine: dict[str, object]) -> dict[str, object]:
    """The same for programs."""
    return {"machine": machine, "rows": [asdict(row) for row in rows]}


def _cells(row: Row | Missing) -> tuple[str, ...]:
    if isinstance(row, Missing):
        why = " ".join(row.why.split())[:_LONGEST]
        return (row.benchmark, why, "", "", "", "", "FAILED" if row.failed else "left out")
    verdict = {True: "ok", False: "MISSED", None: ""}[row.met]
    ours, peer = number(row.ours), f"{number(row.peer)} {row.peer_name}"
    return (row.benchmark, f"{row.what}, {row.unit}", ours, peer, _ratio(row.ratio), row.target, verdict)


def _ratio(ratio: float) -> str:
    return f"1/{1 / ratio:.1f}" if 0 < ratio < 0.7 else f"{ratio:.2f}"


def number(value: float) -> str:
    """Three digits that count; whole numbers with commas."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3}f}"
