"""One mapping of a source, whose fields are taken over into a draft one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from specrun.convert import coerce
from specrun.convert.draft import TODO, Draft, Key, Value
from specrun.convert.report import FieldPath, Ledger, dotted
from specrun.spec.frozen import dataclass

Reader: TypeAlias = "Callable[[object], Value]"
"""What takes a value of a source for what it clearly means; None where it means nothing."""

EXPRESSIONS = ("${{", "$[[")
"""What other tools replace: where it stands in a spec, it would be taken for specrun's own."""


@dataclass(frozen=True, slots=True)
class Section:
    """`values` stand at `path` in the file of the ledger. `loose` takes vmSize, vm_size and VmSize for the same."""

    ledger: Ledger
    draft: Draft
    path: FieldPath
    values: Mapping[str, object]
    loose: bool = False

    def key(self, name: str) -> str:
        """A field's name as the source spells it."""
        if not self.loose or name in self.values:
            return name
        wanted = _plain(name)
        return next((key for key in self.values if _plain(str(key)) == wanted), name)

    def at(self, name: str) -> FieldPath:
        """Where a field stands."""
        return (*self.path, self.key(name))

    def get(self, name: str) -> object:
        """What a field holds; None for one that says nothing."""
        value = self.values.get(self.key(name))
        return None if coerce.is_empty(value) else value

    def names(self) -> Iterator[str]:
        """The fields that say something."""
        return (str(key) for key, value in self.values.items() if not coerce.is_empty(value))

    def inner(self, name: str) -> Section:
        """The mapping that a field holds; one without fields, where it holds something else."""
        value = self.get(name)
        if not isinstance(value, Mapping):
            if value is not None:
                self.ask(name, (), f"a mapping is expected here, and this is {coerce.shown(value)}")
            value = {}
        return Section(self.ledger, self.draft, self.at(name), _with_text_keys(value), self.loose)

    def sections(self) -> Iterator[tuple[str, Section]]:
        """The fields that hold mappings; the others are left."""
        for name in list(self.names()):
            if isinstance(self.values[name], Mapping):
                yield name, self.inner(name)

    def copy(self, name: str, to: Key, read: Reader, expected: str) -> Value:
        """Take a field over as `read` understands it, and give that back; None where there is none."""
        raw = self.get(name)
        value = None if raw is None or has_expression(raw) else read(raw)
        if value is not None:
            self.put(name, to, value)
        elif raw is not None:
            self.ask(name, to, f"{expected} is expected here, and this is {coerce.shown(raw)}")
        return value

    def copy_all(self, fields: Mapping[str, tuple[Reader, str]], to: Key) -> None:
        """Take fields over that a section of the spec has under the same names."""
        for name, (read, expected) in fields.items():
            self.copy(name, (*to, name), read, expected)

    def put(self, name: str, to: Key, value: Value, note: str = "") -> None:
        """Write a field's value, and say whether it is the same as in the source."""
        raw = self.values.get(self.key(name))
        self.draft.set(to, value)
        if value == raw and type(value) is type(raw):
            self.carry(name, to, note)
        else:
            self.rewrite(name, to, note or f"written as {coerce.shown(value)}")

    def carry(self, name: str, to: Key, note: str = "") -> None:
        """The field stands in the spec as it was."""
        self.ledger.carry(self.at(name), ".".join(to), note)

    def rewrite(self, name: str, to: Key, note: str) -> None:
        """The field stands in the spec in another form."""
        self.ledger.rewrite(self.at(name), ".".join(to), note)

    def tell(self, name: str, to: Key, note: str) -> None:
        """The field stands in the spec: as it was, where there is no note."""
        if note:
            self.rewrite(name, to, note)
        else:
            self.carry(name, to)

    def drop(self, name: str, why: str) -> None:
        """The field has no counterpart; nothing is said of one that is not there."""
        if self.key(name) in self.values:
            self.ledger.drop(self.at(name), why)

    def ask(self, name: str, to: Key, what: str, flag: str = "", *, write: bool = False) -> None:
        """Somebody has to decide. `write` puts TODO into the spec; else the field is left out with a comment."""
        path = self.at(name) if self.key(name) in self.values else ()
        ask(self.ledger, self.draft, path, to, what, flag, write=write)


def ask(
    ledger: Ledger, draft: Draft, path: FieldPath, to: Key, what: str, flag: str = "", *, write: bool = False
) -> None:
    """An entry that asks, and TODO in the draft: as the field's value, or in a comment above its section."""
    ledger.ask(path, ".".join(to), what, flag)
    message = f"TODO: {' '.join(what.split())}{f' ({flag})' if flag else ''}"
    if write:
        draft.set(to, TODO, message)
    else:
        draft.comment(to[:1], f"{message}: {'.'.join(to) or dotted(path)}")


def empty_reason(ledger: Ledger) -> None:
    """Say of all fields that say nothing, and of which nothing was said, that they are empty."""
    for path in list(ledger.rest()):
        if coerce.is_empty(coerce.at(ledger.values, path)):
            ledger.drop(path, "it is empty")


def has_expression(value: object) -> bool:
    """Whether a text has something in it that another tool replaces."""
    return isinstance(value, str) and any(mark in value for mark in EXPRESSIONS)


def section_of(ledger: Ledger, draft: Draft, *, loose: bool = False) -> Section:
    """The whole of a file that holds a mapping."""
    values = ledger.values
    return Section(ledger, draft, (), _with_text_keys(values) if isinstance(values, Mapping) else {}, loose)


def _with_text_keys(values: Mapping[object, object] | Mapping[str, object]) -> Mapping[str, object]:
    return {str(key): value for key, value in values.items()}


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
