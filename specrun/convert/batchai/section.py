"""A mapping of a source, read with what people may have written there: every wrong type ends in the report."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce
from specrun.convert.report import FieldPath, Ledger
from specrun.spec.frozen import dataclass

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,15}(\.0*)?\s*")
_ENDLESS = 10**9
_LONGEST = 160


def shortened(text: str) -> str:
    """A command line as a report shows it."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


@dataclass(frozen=True, slots=True)
class Text:
    """A text and where it stands."""

    path: FieldPath
    value: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number and where it stands; None for one that cannot be read, which the report has already."""

    path: FieldPath
    value: int | None


@dataclass(frozen=True, slots=True)
class LooseSection:
    """`values` at `path` of the ledger's file. Names are found in upper and lower case alike."""

    ledger: Ledger
    path: FieldPath
    values: Mapping[str, object]

    def at(self, *names: str) -> FieldPath | None:
        """The place of the first of the names that stands here."""
        for name in names:
            if name in self.values:
                return (*self.path, name)
        lower = {str(key).lower(): key for key in self.values}
        return next(((*self.path, lower[name.lower()]) for name in names if name.lower() in lower), None)

    def value(self, *names: str) -> object:
        """What stands there; None where nothing does."""
        path = self.at(*names)
        return None if path is None else self.values[str(path[-1])]

    def section(self, *names: str) -> LooseSection:
        """The mapping there, or an empty one."""
        path, value = self.at(*names), self.value(*names)
        if isinstance(value, Mapping):
            return LooseSection(self.ledger, path or self.path, value)
        if path is not None and value is not None:
            self.ledger.drop(path, "a mapping belongs here")
        return LooseSection(self.ledger, path or self.path, {})

    def items(self, *names: str) -> list[LooseSection]:
        """The mappings of the list there; a single one stands for a list of one."""
        path, value = self.at(*names), self.value(*names)
        if path is None or value is None:
            return []
        if isinstance(value, Mapping) and value:
            return [LooseSection(self.ledger, path, value)]
        if not isinstance(value, list):
            self.ledger.drop(path, "a list of mappings belongs here")
            return []
        for number, item in enumerate(value):
            if not isinstance(item, Mapping):
                self.ledger.drop((*path, number), "a mapping belongs here")
        return [
            LooseSection(self.ledger, (*path, n), item) for n, item in enumerate(value) if isinstance(item, Mapping)
        ]

    def text(self, *names: str) -> Text | None:
        """The text there, without blanks around it; a number is taken as it is written. None for nothing at all."""
        path, value = self.at(*names), self.value(*names)
        if path is None:
            return None
        written = coerce.word(value)
        if written is not None:
            return Text(path, written)
        self.ledger.drop(path, "it is empty" if value in (None, "") or isinstance(value, str) else "text belongs here")
        return None

    def whole(self, *names: str) -> Whole | None:
        """The whole number there, also one that stands in quotes. None for nothing at all."""
        path, value = self.at(*names), self.value(*names)
        if path is None or value is None:
            return None
        number: int | None = None
        if isinstance(value, float) and value.is_integer() and abs(value) < _ENDLESS:
            number = int(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and _WHOLE.fullmatch(value):
            number = int(value.strip().partition(".")[0])
        return Whole(path, number if number is not None and abs(number) < _ENDLESS else None)

    def drop(self, why: str, *names: str) -> None:
        """Drop each of the fields that stands here, for one reason."""
        for name in names:
            path = self.at(name)
            if path is not None:
                self.ledger.drop(path, why)
