"""Runs as CSV, as RFC 4180 has it: for spreadsheets, and for programs that read nothing better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from specrun.plan.run_facts import FIELDS, METRICS, MOMENTS, PARAMS, Column, Facts
from specrun.spec.masking import mask
from specrun.spec.model import Scalar
from specrun.spec.moments import rfc3339
from specrun.spec.visible import visible

_LEFT_OUT = ("age",)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet takes for a formula: an apostrophe in front has it be text."""


def csv_text(several: Sequence[Facts], columns: Sequence[Column] | None = None) -> str:
    """A line with the names of the columns, and one for each run; None: all columns that there are."""
    if columns is None:
        shown = [(name, Column(name)) for name in FIELDS if name not in _LEFT_OUT]
        for space in (PARAMS, METRICS):
            names = dict.fromkeys(name for one in several for name in one.named(space))
            shown += [(f"{space}.{name}", Column(name, space)) for name in names]
    else:
        shown = [(str(column), column) for column in columns]
        shown = shown if any(column.field == "name" for _, column in shown) else [("name", Column("name")), *shown]
    return table_text([head for head, _ in shown], (_cells(one, [column for _, column in shown]) for one in several))


def table_text(head: Sequence[str], rows: Iterable[Iterable[Scalar]]) -> str:
    """A line with the names of columns, and one for each row of values."""
    return "".join(f"{','.join(_quoted(_text(value)) for value in line)}\r\n" for line in (head, *rows))


def _cells(one: Facts, columns: Sequence[Column]) -> Iterator[Scalar]:
    for column in columns:
        value = column.value(one)
        yield rfc3339(value) if column.field in MOMENTS and isinstance(value, float) else value


def _text(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    text = visible(mask(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in '",\r\n') else text
