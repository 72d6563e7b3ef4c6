"""Columns of runs by name, and the language that filters and sorts by them: `accuracy>0.9 status=succeeded`.

A name is that of a field of a run (`FIELDS`), else of a metric, else of a parameter. `metrics.NAME` and `params.NAME`
mean one of these, whatever else has the name. Names and values with blanks stand in quotes. What is wrong with a text
is a value, `Wrong`.
"""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from specrun.plan.observed import RunStatus
from specrun.plan.run_facts import (
    DURATIONS,
    FIELDS,
    METRICS,
    MOMENTS,
    NUMBERS,
    PARAMS,
    Column,
    Facts,
    bare,
    is_nothing,
)
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar

_WORD = r"\"[^\"]*\"|'[^']*'|`[^`]*`"
_TERM = re.compile(
    rf"\s*(?P<name>(?:[A-Za-z]+\.)?(?:{_WORD})|[^\s=!<>~\"'`]+)\s*(?P<sign>!=|!~|==|<=|>=|=|<|>|~)\s*"
    rf"(?P<value>{_WORD}|[^\s=!<>~\"'`]\S*?)(?=,?(?:\s|$))"
)
_AND = re.compile(r"\s*(?:and|AND|&&|,)(?=\s|$)")
_PIECE = re.compile(rf"\s*((?:{_WORD}|[^,\"'`])+)\s*(?:,|$)")

_COMPARED: Mapping[str, Callable[..., bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a text, and what to write instead."""

    said: str

    def __str__(self) -> str:
        return self.said


T = TypeVar("T")

EXAMPLE = "accuracy>0.9 status=succeeded lr<=0.01 name~digits"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `values` are several of which one has to hold, as numbers where they are numbers."""

    column: Column
    sign: str
    values: tuple[Scalar, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether it is so of a run. Of what a run does not have only `!=` and `!~` hold."""
        found = self.column.value(facts)
        negated = self.sign in ("!=", "!~")
        sign = {"!=": "=", "!~": "~"}.get(self.sign, self.sign)
        return (found is not None and any(_holds(sign, found, value) for value in self.values)) is not negated


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions, all of which have to hold."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str, now: float | None = None) -> Filter | Wrong:
        """A filter as it is written; `2d` is the moment two days before `now` (Unix seconds; None: this one)."""
        terms: list[Term] = []
        at = 0
        while text[at:].strip():
            if terms and (joint := _AND.match(text, at)):
                at = joint.end()
            match = _TERM.match(text, at)
            if match is None:
                return _no_term(text[at:].strip(), bool(terms))
            term = _term(Column.of(match["name"]), match["sign"], match["value"], time.time() if now is None else now)
            if isinstance(term, Wrong):
                return term
            terms.append(term)
            at = match.end()
        return cls(tuple(terms))

    def holds(self, facts: Facts) -> bool:
        """Whether all is so of a run."""
        return all(term.holds(facts) for term in self.terms)

    def may_hold(self, facts: Facts) -> bool:
        """The same as far as a run's own fields say it: of one of which it is not so nothing else need be read."""
        return all(term.holds(facts) for term in self.terms if term.column.field)

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it asks for."""
        return tuple(term.column for term in self.terms)


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: columns, and whether each goes from the most to the least."""

    keys: tuple[tuple[Column, bool], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Sort | Wrong:
        """An order as it is written, such as `-accuracy` or `lr,-accuracy`; of `submitted`, too, the least is first."""
        pieces = _pieces(text)
        if not pieces or any(not piece.lstrip("-+") for piece in pieces):
            return Wrong("it wants a column, such as accuracy, or -accuracy for the greatest first.")
        return cls(tuple((Column.of(piece.lstrip("-+")), piece.startswith("-")) for piece in pieces))

    def ordered(self, several: Iterable[tuple[Facts, T]]) -> list[tuple[Facts, T]]:
        """Runs, each with what belongs to it, in this order; those that have nothing there last, whichever way."""
        found = list(several)
        for column, down in reversed(self.keys):
            has = [(_rank(value), one) for one in found if not is_nothing(value := column.value(one[0]))]
            has.sort(key=lambda pair: pair[0], reverse=down)
            found = [one for _, one in has] + [one for one in found if is_nothing(column.value(one[0]))]
        return found

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it asks for."""
        return tuple(column for column, _ in self.keys)


def parse_columns(text: str) -> tuple[Column, ...] | Wrong:
    """Columns as they are written: names with commas between, and patterns, such as `lr,val_*,params.*`."""
    columns = tuple(Column.of(piece) for piece in _pieces(text))
    return columns or Wrong("it wants names, such as lr,accuracy or 'val_*'.")


def chosen(columns: Iterable[Column], several: Sequence[Facts]) -> tuple[list[Column], list[Column]]:
    """The columns of some runs, patterns replaced by the names that are like them; and those that no run has."""
    params, metrics = (
        dict.fromkeys(name for one in several for name in one.named(space)) for space in (PARAMS, METRICS)
    )
    spaces = {PARAMS: params, METRICS: metrics}
    found: dict[Column, None] = {}
    missing: list[Column] = []
    for column in columns:
        if column.is_pattern:
            like = [
                Column(name, space if name in FIELDS or (name in params and name in metrics) else "")
                for space, names in spaces.items()
                for name in names
                if column.space in ("", space) and fnmatchcase(name, column.name)
            ]
        else:
            like = [column]
        has = column.field or any(one.name in names for one in like for names in spaces.values())
        missing += [] if has else [column]
        found.update(dict.fromkeys(like))
    return list(found), missing


def _pieces(text: str) -> list[str]:
    return [piece for match in _PIECE.finditer(text) if (piece := match[1].strip())]


def _rank(value: Scalar) -> tuple[bool, float, str]:
    """What values are ordered by: numbers before texts."""
    return (False, value, "") if isinstance(value, (int, float)) else (True, 0.0, str(value).lower())


def _holds(sign: str, found: Scalar, value: Scalar) -> bool:
    if sign == "~":
        said = str(value).lower()
        return fnmatchcase(_text(found).lower(), said if any(one in said for one in "*?") else f"*{said}*")
    if isinstance(found, (int, float)) and isinstance(value, (int, float)):
        return _COMPARED[sign](found, value)
    if sign not in ("=", "!=") and (isinstance(found, (int, float)) or isinstance(value, (int, float))):
        return False  # a number is neither more nor less than a text
    return _COMPARED[sign](_text(found), _text(value))


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _term(column: Column, sign: str, value: str, now: float) -> Term | Wrong:
    from specrun.plan.parameters import typed

    sign = "=" if sign == "==" else sign
    said = bare(value)
    if "~" in sign:
        return Term(column, sign, (said,))
    if column.field == "status":
        return _status(column, sign, said)
    if column.field in MOMENTS + DURATIONS + NUMBERS:
        return _measured(column, sign, said, now)
    quoted = said != value
    return Term(column, sign, (said if quoted or (column.field and not column.space) else typed(said),))


def _status(column: Column, sign: str, said: str) -> Term | Wrong:
    statuses = {status.value for status in RunStatus}
    words = said.lower().replace("canceled", "cancelled").split(",")
    if sign not in ("=", "!="):
        return Wrong(f"`status` is compared with = and !=, such as status=succeeded; not with {sign}.")
    for word in words:
        if word not in statuses:
            from specrun.spec.nearest import suggestion

            return Wrong(f"a run is never `{word}`. {suggestion(word, statuses, kind='statuses')}")
    return Term(column, sign, tuple(words))


def _measured(column: Column, sign: str, said: str, now: float) -> Term | Wrong:
    from specrun.plan.parameters import typed
    from specrun.spec.moments import moment_in, seconds_in

    seconds = seconds_in(said)
    number = typed(said)
    if column.field in MOMENTS:
        moment = moment_in(said) if seconds is None else now - seconds
        if moment is not None:
            return Term(column, sign, (moment,))
        return Wrong(f"`{column}` is compared with a moment, such as 2026-11-30 or 2d (two days ago); not `{said}`.")
    if column.field in DURATIONS and seconds is not None:
        return Term(column, sign, (seconds,))
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        return Term(column, sign, (number,))
    such = "a time, such as 90 (seconds), 10m or 2d" if column.field in DURATIONS else "a number"
    return Wrong(f"`{column}` is compared with {such}; not with `{said}`.")


def _no_term(rest: str, follows: bool) -> Wrong:
    word = rest.split()[0]
    if word.lower() in ("or", "||"):
        return Wrong("there is no `or`: all conditions have to hold. Alternatives of a status: status=failed,lost.")
    behind = " behind the others" if follows else ""
    return Wrong(
        f"`{rest[:40]}` is no condition{behind}: NAME, one of = != < <= > >= ~ !~, and a value, such as {EXAMPLE}; "
        "names and values with blanks in quotes."
    )
