"""Fields that were put together from a source that has others, and the rows of plain ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from specrun.convert.document import Value
from specrun.convert.report import FieldPath
from specrun.spec.frozen import dataclass

Reader: TypeAlias = "Callable[[object], Value]"
"""What takes a value of a source for what it clearly means; None where it means nothing."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said of a field that was put together: what was done, a comment in the spec, and what is doubtful."""

    note: str = ""
    comment: str = ""
    doubt: str = ""
    flag: str = ""


NO_REMARK = Remark()


class Fields(dict[str, object]):
    """A mapping in the CLI v2's words, put together from a source that has others.

    It remembers of each field where in the source it stands (maybe in several places), and what was done to it; `path`
    is where it stands itself. Values may be Unknown, and mappings in it Fields or Sections of other files.
    """

    __slots__ = ("origins", "path", "remarks")

    def __init__(self, path: FieldPath = ()) -> None:
        super().__init__()
        self.path = path
        self.origins: dict[str, tuple[FieldPath, ...]] = {}
        self.remarks: dict[str, Remark] = {}

    @classmethod
    def of(cls, values: Mapping[str, object], path: FieldPath = ()) -> Fields:
        """A mapping of the source as it is, of which fields may then be put anew."""
        made = cls(path)
        for name, value in values.items():
            made.put(str(name), value, (*path, str(name)))
        return made

    def put(
        self,
        name: str,
        value: object,
        *origins: FieldPath,
        note: str = "",
        comment: str = "",
        doubt: str = "",
        flag: str = "",
    ) -> None:
        """A field, where in the source it stands, and what a reader should know of how it came to be.

        Without `origins` it is a default, of which the report has nothing. `comment` stands above it in the spec;
        `doubt` asks somebody to look at it, although it has a value, and `flag` would settle that.
        """
        self[name] = value
        self.origins[name] = origins
        if note or comment or doubt:
            self.remarks[name] = Remark(note, comment, doubt, flag)

    def inner(self, name: str, *origins: FieldPath, note: str = "", comment: str = "") -> Fields:
        """The mapping of that name, which is made where there is none."""
        known = self.get(name)
        if isinstance(known, Fields):
            return known
        made = Fields(origins[0] if origins else self.path)
        self.put(name, made, *origins, note=note, comment=comment)
        return made


@dataclass(frozen=True, slots=True)
class Row:
    """A plain field: what the source calls it, how it is read, what is expected, and what a spec calls it.

    `ours` is empty where it is the same name. A row without a reader is of a field that a spec has not: `why`. In
    `prose`, angle brackets stand for nothing.
    """

    name: str
    read: Reader | None = None
    expected: str = ""
    ours: str = ""
    why: str = ""
    prose: bool = False


def dropped(why: str, *names: str) -> tuple[Row, ...]:
    """The rows of fields that a spec has not, for one reason."""
    return tuple(Row(name, why=why) for name in names)
