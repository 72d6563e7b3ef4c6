"""What every rule looks at: a substituted document, and its parts where they have the right shape.

What the schema has refused and what an expression could not give is not in it: such a value is unknown. A rule asks
for what it needs through `mapping`, `text` and `number`, which answer with nothing where that is unknown or of another
type, and through `lacks` whether something is missing. So no rule speaks of a value that is wrong already, nor of what
follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import OPEN

if TYPE_CHECKING:
    from specrun.spec.boundary import Reach
    from specrun.spec.rules.files import Files
    from specrun.spec.source import Document


class Partly(dict[Any, Any]):
    """A mapping of which not everything is known: what it has for certain, and what it may have besides.

    That is every key in `hidden`, whatever a key in `misspelt` was meant to be, and any key at all where it is `open`.
    """

    __slots__ = ("hidden", "misspelt", "open")

    def __init__(self, known: Mapping[Any, Any] = {}, *, is_open: bool = False) -> None:
        super().__init__(known)
        self.hidden: set[object] = set()
        self.misspelt: list[str] = []
        self.open = is_open

    def __bool__(self) -> bool:
        return len(self) > 0 or not self.is_whole()

    def is_whole(self) -> bool:
        """Whether it has no more than is known."""
        return not (self.open or self.hidden or self.misspelt)

    def may_have(self, key: object) -> bool:
        """Whether it may have a key of which nothing is known."""
        if self.open or key in self.hidden:
            return True
        if not self.misspelt or not isinstance(key, str):
            return False
        from specrun.spec.nearest import nearest  # late: only a file with a mistake asks

        return any(nearest(wrong, (key,)) is not None for wrong in self.misspelt)

    def get(self, key: object, default: Any = None) -> Any:
        """The value; UNKNOWN where there may be one, and the default only where there is none for certain."""
        if key in self:
            return self[key]
        return UNKNOWN if self.may_have(key) else default


UNKNOWN = Partly(is_open=True)
"""In place of a value that is wrong; as a mapping, one which may have anything."""

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


def lacks(values: Mapping[str, Any], key: str) -> bool:
    """Whether a mapping has no such key for certain."""
    return key not in values and not (isinstance(values, Partly) and values.may_have(key))


def is_known(value: object) -> bool:
    """Whether nothing in a value is unknown."""
    if isinstance(value, dict):
        return (not isinstance(value, Partly) or value.is_whole()) and all(map(is_known, value.values()))
    return not isinstance(value, list) or all(map(is_known, value))


class Subject:
    """One document under the rules. `folder` is where its relative paths start, `today` an ISO date.

    `variables` are those that --var gives, as they were typed. `moved` has the paths that start at another file than
    the spec, as they are written there.
    """

    __slots__ = (
        "compute",
        "data",
        "datastores",
        "document",
        "engine",
        "files",
        "folder",
        "job",
        "moved",
        "sweep",
        "today",
        "values",
        "variables",
    )

    def __init__(
        self,
        document: Document,
        values: Mapping[str, Any],
        engine: str,
        folder: str,
        files: Files,
        today: str,
        variables: Mapping[str, str] = _NONE,
        moved: Mapping[Path, str] = {},
    ) -> None:
        self.document = document
        self.values = values
        self.engine = engine
        self.folder = folder
        self.files = files
        self.today = today
        self.variables = variables
        self.moved = moved
        self.job = mapping(values.get("job"))
        self.compute = mapping(values.get("compute"))
        self.datastores = mapping(values.get("datastores"))
        self.data = mapping(values.get("data"))
        self.sweep = mapping(values.get("sweep"))

    @property
    def reach(self) -> Reach:
        """How far its paths reach."""
        return self.files.reach(self.folder)

    def at(self, code: str, detail: str, *path: str | int, other: Path | None = None) -> Diagnostic:
        """A diagnostic at the value at `path`, which is about the key at the path `other`, too."""
        found = self.document.diagnostic(code, detail, path)
        return found if other is None else replace(found, others=(self.document.location(other, key=True),))

    def at_key(self, code: str, detail: str, *path: str | int) -> Diagnostic:
        """A diagnostic at the key at `path`."""
        return self.document.diagnostic(code, detail, path, key=True)

    def line(self, of: Path, seen_from: Path) -> str:
        """The place of the key at `of`, for a detail about another value: `line 3`, or with its file."""
        return self.document.line(of, seen_from)
