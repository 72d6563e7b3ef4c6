"""One mapping of a source, whose fields are taken over into a draft one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from specrun.convert import coerce
from specrun.convert.document import Document, Key, Value
from specrun.convert.fields import NO_REMARK, Fields, Reader, Remark, Row, dropped
from specrun.convert.report import FieldPath, Ledger, dotted
from specrun.convert.unknown import Open, express, has_expression, is_open, opened
from specrun.spec.frozen import dataclass

__all__ = [
    "Fields", "Reader", "Row", "Section", "ask", "doubt", "dropped", "empty_reason", "has_expression", "section_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """`values` stand at `path` in the file of the ledger. `loose` takes vmSize, vm_size and VmSize for the same."""

    ledger: Ledger
    draft: Document
    path: FieldPath
    values: Mapping[str, object]
    loose: bool = False

    def key(self, name: str) -> str:
        """A field's name as the source spells it."""
        if not self.loose or name in self.values:
            return name
        return _spellings(tuple(self.values)).get(_plain(name), name)

    def at(self, name: str) -> FieldPath:
        """Where a field stands; the first place of several."""
        return next(iter(self.origins(name)), (*self.path, self.key(name)))

    def origins(self, name: str) -> tuple[FieldPath, ...]:
        """All places in the source that a field was made of; none for one that nothing in it says."""
        if isinstance(self.values, Fields):
            return self.values.origins.get(self.key(name), ())
        return ((*self.path, self.key(name)),) if self.key(name) in self.values else ()

    def get(self, *names: str) -> object:
        """What the first of these fields that says something holds; None where none does."""
        for name in names:
            value = self.values.get(self.key(name))
            if not coerce.is_empty(value):
                return value
        return None

    def first(self, *names: str) -> str:
        """The first of these fields that says something; the last where none does."""
        return next((name for name in names if self.get(name) is not None), names[-1])

    def known(self, name: str, *, prose: bool = False) -> object:
        """What a field holds; Unknown (or Mixed) where another tool or a person has to put something in."""
        value = self.get(name)
        found = opened(value, prose=prose) if isinstance(value, str | list) else value
        return opened(value, self.place(name), prose=prose) if found != value else value

    def place(self, name: str) -> str:
        """Where a field stands, as in `line 12`: only what is asked about is worth looking for."""
        return self.ledger.place_of(self.at(name))

    def names(self) -> Iterator[str]:
        """The fields that say something."""
        return (str(key) for key, value in self.values.items() if not coerce.is_empty(value))

    def inner(self, name: str, *others: str, to: Key = ()) -> Section:
        """The mapping that the first of these fields holds; one without fields, where it holds something else."""
        name = self.first(name, *others)
        value = self.get(name)
        if to and isinstance(self.values, Fields) and self._remark(name, to).note:
            self.rewrite(name, to, "")
        if isinstance(value, Section):
            return value
        if not isinstance(value, Mapping):
            if value is not None:
                self.ask(name, to, f"a mapping is expected here, and this is {coerce.shown(value)}")
            value = {}
        return self._below(value, self.at(name))

    def items(self, name: str) -> list[Section]:
        """The mappings of the list that a field holds; a single one stands for a list of one."""
        value, path = self.get(name), self.at(name)
        if isinstance(value, Mapping):
            return [self._below(value, path)]
        if not isinstance(value, list):
            if value is not None:
                self.ask(name, (), f"a list of mappings is expected here, and this is {coerce.shown(value)}")
            return []
        for number, item in enumerate(value):
            if not isinstance(item, Mapping):
                what = f"a mapping is expected here, and this is {coerce.shown(item)}"
                doubt(self.ledger, self.draft, (*path, number), (), what)
        return [self._below(item, (*path, n)) for n, item in enumerate(value) if isinstance(item, Mapping)]

    def sections(self) -> Iterator[tuple[str, Section]]:
        """The fields that hold mappings; the others are left."""
        for name in list(self.names()):
            if isinstance(self.values[name], Mapping | Section):
                yield name, self.inner(name)

    def text(self, name: str, to: Key) -> str | None:
        """A text as a spec has it, with `${{ vars.NAME }}` for what is not known, of which is asked; None for none."""
        value = self.known(name)
        if not is_open(value):
            return coerce.text(value)
        return str(self.expressed(name, to, value))

    def take(self, rows: Iterable[Row], to: Key) -> None:
        """Take plain fields over."""
        for row in rows:
            if row.read is None:
                self.drop(row.name, row.why)
            else:
                self.copy(row.name, (*to, row.ours or row.name), row.read, row.expected, prose=row.prose)

    def copy(self, name: str, to: Key, read: Reader, expected: str, *, prose: bool = False) -> Value:
        """Take a field over as `read` understands it, and give that back; None where there is none.

        What is not known becomes a variable; what cannot be read is asked for.
        """
        raw = self.known(name, prose=prose)
        if is_open(raw):
            value = self.expressed(name, to, raw)
            value = value if isinstance(raw, Open) else read(value)
            if value is not None:
                self.draft.set(to, value)
                return value
        value = None if raw is None else read(raw)
        if value is not None:
            self.put(name, to, value)
        elif raw is not None:
            self.ask(name, to, f"{expected} is expected here, and this is {coerce.shown(raw)}")
        return value

    def put(self, name: str, to: Key, value: Value, note: str = "") -> None:
        """Write a field's value, and say whether it is the same as in the source."""
        raw = self.values.get(self.key(name))
        self.draft.set(to, value)
        if value == raw and type(value) is type(raw):
            self.carry(name, to, note)
        else:
            told = isinstance(self.values, Fields) and self.key(name) in self.values.remarks
            self.rewrite(name, to, note or ("" if told else f"written as {coerce.shown(value)}"))

    def carry(self, name: str, to: Key, note: str = "") -> None:
        """The field stands in the spec as it was, unless it was put together."""
        put_together = self._remark(name, to).note
        for path in self.origins(name):
            if put_together:
                self.ledger.rewrite(path, ".".join(to), note or put_together)
            else:
                self.ledger.carry(path, ".".join(to), note)

    def rewrite(self, name: str, to: Key, note: str) -> None:
        """The field stands in the spec in another form."""
        notes = "; ".join(filter(None, (self._remark(name, to).note, note)))
        for path in self.origins(name):
            self.ledger.rewrite(path, ".".join(to), notes)

    def tell(self, name: str, to: Key, note: str) -> None:
        """The field stands in the spec: as it was, where there is no note."""
        if note:
            self.rewrite(name, to, note)
        else:
            self.carry(name, to)

    def drop(self, name: str, why: str) -> None:
        """The field has no counterpart; nothing is said of one that is not there."""
        for path in self.origins(name):
            self.ledger.drop(path, why)

    def ask(self, name: str, to: Key, what: str, flag: str = "") -> None:
        """Somebody has to decide: TODO stands in the spec, wherever nothing else does."""
        ask(self.ledger, self.draft, next(iter(self.origins(name)), ()), to, what, flag)

    def doubt(self, name: str, to: Key, what: str, flag: str = "") -> None:
        """Somebody has to look at it, although the spec has a value."""
        doubt(self.ledger, self.draft, next(iter(self.origins(name)), ()), to, what, flag)

    def expressed(self, name: str, to: Key, value: object) -> Value:
        """A value as a spec has it; the report says what became of it, and what it leaves open."""
        found = express(self.draft, value, name)
        for what, flag in found.asked:
            self.ledger.ask(next(iter(self.origins(name)), ()), ".".join(to), what, flag)
        if not found.asked:
            self.rewrite(name, to, "; ".join(dict.fromkeys(found.notes)) or "as it is in the source")
        else:
            self._remark(name, to)
        return found.value

    def _remark(self, name: str, to: Key) -> Remark:
        """What whoever put the field together said of it, which is written with the field."""
        if not isinstance(self.values, Fields):
            return NO_REMARK
        remark = self.values.remarks.get(self.key(name), NO_REMARK)
        self.draft.comment(to, remark.comment)
        if remark.doubt:
            self.doubt(name, to, remark.doubt, remark.flag)
        return remark

    def _below(self, value: Mapping[str, object], path: FieldPath) -> Section:
        if isinstance(value, Fields):
            return Section(self.ledger, self.draft, value.path, value, self.loose)
        return Section(self.ledger, self.draft, path, _with_text_keys(value), self.loose)


def ask(ledger: Ledger, draft: Document, path: FieldPath, to: Key, what: str, flag: str = "") -> None:
    """An entry that asks, and TODO in the draft, with the question above it."""
    if draft.leave_open(to):
        ledger.ask(path, ".".join(to), what, flag)
        draft.comment(to, _question(what, flag))
    else:
        doubt(ledger, draft, path, to, what, flag)


def doubt(ledger: Ledger, draft: Document, path: FieldPath, to: Key, what: str, flag: str = "") -> None:
    """An entry that asks, and the question above the section that it is about."""
    ledger.ask(path, ".".join(to), what, flag)
    draft.comment(to[:1], f"{_question(what, flag)}: {'.'.join(to) or dotted(path)}")


def _question(what: str, flag: str) -> str:
    return f"TODO: {' '.join(what.split())}{f' ({flag})' if flag else ''}"


def empty_reason(ledger: Ledger) -> None:
    """Say of all fields that say nothing, and of which nothing was said, that they are empty."""
    for path in list(ledger.rest()):
        if coerce.is_empty(coerce.at(ledger.values, path)):
            ledger.drop(path, "it is empty")


def section_of(ledger: Ledger, draft: Document, *, loose: bool = False) -> Section:
    """The whole of a file that holds a mapping."""
    values = ledger.values
    return Section(ledger, draft, (), _with_text_keys(values) if isinstance(values, Mapping) else {}, loose)


def _with_text_keys(values: Mapping[object, object] | Mapping[str, object]) -> Mapping[str, object]:
    return {str(key): value for key, value in values.items()}


@lru_cache(maxsize=500)
def _spellings(names: tuple[str, ...]) -> Mapping[str, str]:
    """The names of a mapping by how they are compared; of equal ones the first. Files of one kind have the same."""
    return {_plain(name): name for name in reversed(names)}


@lru_cache(maxsize=5000)
def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
