"""What a user got wrong, as a value with a place."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TypeAlias

from specrun.spec.frozen import dataclass

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in its document: mapping keys and list indexes from the top."""


MAX_DIAGNOSTICS = 100
"""Of one kind per document; a file that is wrong all over is wrong in some way that the first of them show."""


class Severity(Enum):
    """How much a diagnostic matters: only an error stops anything."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. `line` and `column` count from 1, in characters; `length` is the span to underline."""

    file: str
    line: int
    column: int
    length: int = 1
    text: str = field(default="", compare=False)
    """The source line, with any credential on it masked."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake. `summary` names it in a constant sentence, `detail` says why and what to write instead."""

    severity: Severity
    code: str
    summary: str
    detail: str
    path: Path
    location: Location
    others: tuple[Location, ...] = ()
    """Other places that it is about, as where another spec says something else."""
    specs: int = field(default=1, compare=False)
    """How many of the given specs have it: those that extend one base have its mistakes."""
