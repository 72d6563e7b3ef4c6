"""A YAML file for another program, with comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from specrun.convert.draft import Value, leaf, scalar
from specrun.convert.report import FieldPath


@dataclass(slots=True)
class Page:
    """The file's top-level fields in the order in which they are put, and comments above fields by their path."""

    _fields: dict[str, Value] = field(default_factory=dict)
    _comments: dict[FieldPath, list[str]] = field(default_factory=dict)

    def put(self, name: str, value: Value, *comments: str) -> None:
        """A field. Without a value there is none, and its comments stand where it would."""
        self._fields[name] = value
        self.note((name,), *comments)

    def note(self, path: FieldPath, *comments: str) -> None:
        """Comments above a field; () is the top of the file."""
        self._comments.setdefault(path, []).extend(comments)

    def text(self) -> str:
        """The file as YAML."""
        lines = list(self._above((), 0))
        for name, value in self._fields.items():
            lines += self._above((name,), 0)
            if not _is_nothing(value):
                lines += self._field(name, value, (name,), 0)
        return "\n".join(lines) + "\n"

    def _above(self, path: FieldPath, depth: int) -> Iterator[str]:
        for comment in self._comments.get(path, ()):
            yield from (f"{'  ' * depth}# {line}".rstrip() for line in _printable(comment).split("\n"))

    def _field(self, name: str, value: Value, path: FieldPath, depth: int) -> Iterator[str]:
        yield from self._value(f"{'  ' * depth}{scalar(name)}:", value, path, depth + 1)

    def _value(self, lead: str, value: Value, path: FieldPath, depth: int) -> Iterator[str]:
        """A value after its name or its hyphen; what is below it stands `depth` deep."""
        if isinstance(value, Mapping) and value:
            yield lead
            for name, item in value.items():
                yield from self._above((*path, name), depth)
                yield from self._field(name, item, (*path, name), depth)
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            yield lead
            for index, item in enumerate(value):
                yield from self._above((*path, index), depth)
                yield from self._item(item, (*path, index), depth)
        else:
            yield from leaf(lead, value, "  " * depth)

    def _item(self, item: Value, path: FieldPath, depth: int) -> Iterator[str]:
        pad = "  " * depth
        if not isinstance(item, Mapping) or not item:
            yield from self._value(f"{pad}-", item, path, depth + 1)
            return
        _, *lines = self._value("", item, path, depth + 1)
        lines[0] = f"{pad}- {lines[0].strip()}"
        yield from lines


def _is_nothing(value: Value) -> bool:
    return value is None or (isinstance(value, Mapping) and not value)


def _printable(comment: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else " " for one in comment)
