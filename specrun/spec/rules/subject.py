"""What every rule looks at: a substituted document, and its parts where they have the right shape.

The schema speaks of wrong shapes. A rule asks for what it needs through `mapping`, `text` and `number`, which answer
with nothing where the schema has already refused the value, or where an expression could not be substituted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.expressions import OPEN

if TYPE_CHECKING:
    from specrun.spec.rules.files import Files
    from specrun.spec.source import Document

_NONE: Mapping[str, Any] = {}


def mapping(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return value if isinstance(value, dict) else _NONE


def text(value: object) -> str | None:
    """The string, if it is one and holds no expression."""
    return value if isinstance(value, str) and OPEN not in value else None


def number(value: object) -> int | None:
    """The integer, if it is one (true and false are none)."""
    return value if type(value) is int else None


class Subject:
    """One document under the rules. `folder` is where its relative paths start, `today` an ISO date."""

    __slots__ = ("compute", "data", "datastores", "document", "engine", "files", "folder", "job", "today", "values")

    def __init__(
        self, document: Document, values: Mapping[str, Any], engine: str, folder: str, files: Files, today: str
    ) -> None:
        self.document = document
        self.values = values
        self.engine = engine
        self.folder = folder
        self.files = files
        self.today = today
        self.job = mapping(values.get("job"))
        self.compute = mapping(values.get("compute"))
        self.datastores = mapping(values.get("datastores"))
        self.data = mapping(values.get("data"))

    def at(self, code: str, detail: str, *path: str | int) -> Diagnostic:
        """A diagnostic at the value at `path`."""
        return self.document.diagnostic(code, detail, path)

    def at_key(self, code: str, detail: str, *path: str | int) -> Diagnostic:
        """A diagnostic at the key at `path`."""
        return self.document.diagnostic(code, detail, path, key=True)

    def line(self, *path: str | int) -> int:
        """The line of the key at `path`, for a detail that points at a second place."""
        return self.document.location(path, key=True).line
