"""What became of each field of a file that was imported: nothing is lost without a word."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from typing import TypeAlias

from specrun.spec.frozen import dataclass

FieldPath: TypeAlias = tuple[str | int, ...]
"""Keys and indices from a document's root, such as ("properties", "mountVolumes", 0)."""


class Verdict(Enum):
    """What can become of a field."""

    CARRIED = "carried over"
    REWRITTEN = "rewritten"
    DROPPED = "dropped"
    NEEDS_YOU = "needs you"


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a source, with all that is below it.

    `to` is where in the spec it stands now, with dots; `note` says what was done, why it has no counterpart, or what is
    to be decided; `flag` is the option that would settle it; `place` is where the field stands, as in `line 12` or
    `cell 3, line 4`, and empty where nobody has to look.
    """

    file: str
    path: FieldPath
    verdict: Verdict
    to: str = ""
    note: str = ""
    flag: str = ""
    place: str = ""

    @property
    def source(self) -> str:
        """The field's path with dots, as people write it: `mountVolumes.azureFileShares[0].accountName`."""
        return dotted(self.path)


@dataclass(frozen=True, slots=True)
class Report:
    """Every field of every file that was read, in the order of the files; `places` tell where in a file one stands."""

    entries: tuple[Entry, ...] = ()
    places: Mapping[str, Callable[[FieldPath], str]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def todos(self) -> tuple[Entry, ...]:
        """What a person has to settle."""
        return tuple(entry for entry in self.entries if entry.verdict is Verdict.NEEDS_YOU)

    def __add__(self, other: Report) -> Report:
        return Report((*self.entries, *other.entries), {**self.places, **other.places})


@dataclass(slots=True)
class Ledger:
    """The entries of one file while it is imported; `values` is what the file holds.

    `place_of` gives the place of a field in words, such as `line 12`; it is asked where somebody has to look.
    """

    file: str
    values: object
    place_of: Callable[[FieldPath], str] = lambda path: ""
    at: FieldPath = ()
    """Where in the file `values` stand: paths are told from its root."""
    _entries: dict[Entry, None] = field(default_factory=dict)

    def carry(self, path: FieldPath, to: str, note: str = "") -> None:
        """The field stands in the spec as it was."""
        self._add(path, Verdict.CARRIED, to, note)

    def rewrite(self, path: FieldPath, to: str, note: str) -> None:
        """The field stands in the spec in another form, which the note explains."""
        self._add(path, Verdict.REWRITTEN, to, note)

    def drop(self, path: FieldPath, why: str) -> None:
        """The field has no counterpart."""
        self._add(path, Verdict.DROPPED, "", why)

    def ask(self, path: FieldPath, to: str, what: str, flag: str = "") -> None:
        """Somebody has to decide; in the spec stands TODO. `path` () is about something that the file lacks."""
        self._add(path, Verdict.NEEDS_YOU, to, what, flag)

    def written(self) -> dict[FieldPath, str]:
        """Where in the spec each field of the source stands; none of those that were dropped or asked about."""
        stands = (Verdict.CARRIED, Verdict.REWRITTEN)
        return {entry.path: entry.to for entry in self._entries if entry.verdict in stands and entry.to}

    def rest(self) -> Iterator[FieldPath]:
        """The paths of all leaves that were not spoken of."""
        known = {entry.path for entry in self._entries if entry.path or not self._has_fields()}
        return iter(_leaves(self.values, (), known, []))

    def close(self, unknown: str) -> Report:
        """The report. What was never spoken of is dropped, for the reason `unknown`: no leaf is without an entry."""
        for path in list(self.rest()):
            self.drop(path, unknown)
        order = {path: number for number, path in enumerate(_nodes(self.values, (), []))}
        found = [self._placed(entry) for entry in self._entries]
        in_order = sorted(found, key=lambda entry: order.get(entry.path, -1))
        if not self.at:
            return Report(tuple(in_order), {self.file: self.place_of})
        whole = tuple(replace(entry, path=(*self.at, *entry.path)) for entry in in_order)
        return Report(whole, {self.file: lambda path: self.place_of(path[len(self.at) :])})

    def _placed(self, entry: Entry) -> Entry:
        if entry.verdict is not Verdict.NEEDS_YOU or not (entry.path or self.at):
            return entry
        return replace(entry, place=self.place_of(entry.path))

    def _has_fields(self) -> bool:
        return isinstance(self.values, (Mapping, list)) and bool(self.values)

    def _add(self, path: FieldPath, verdict: Verdict, to: str, note: str, flag: str = "") -> None:
        entry = Entry(self.file, tuple(path), verdict, to, note, flag)
        self._entries[entry] = None


def leaves(values: object) -> Sequence[FieldPath]:
    """The paths of all scalars, and of all empty mappings and lists."""
    return _leaves(values, (), (), [])


def _leaves(values: object, path: FieldPath, known: Container[FieldPath], found: list[FieldPath]) -> list[FieldPath]:
    """Add the paths of leaves, but for those at or below one that is known."""
    if path in known:
        return found
    inner = list(_inside(values))
    for key, value in inner:
        _leaves(value, (*path, key), known, found)
    if not inner:
        found.append(path)
    return found


def _inside(values: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(values, dict):  # what nearly all are: an abstract class takes longer to ask
        return [(str(key), value) for key, value in values.items()]
    if isinstance(values, list):
        return enumerate(values)
    return [(str(key), value) for key, value in values.items()] if isinstance(values, Mapping) else ()


def dotted(path: FieldPath) -> str:
    """A path as people write it."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def _nodes(values: object, path: FieldPath, found: list[FieldPath]) -> list[FieldPath]:
    """Add the paths of all that a file holds, in its order."""
    found.append(path)
    for key, value in _inside(values):
        _nodes(value, (*path, key), found)
    return found
