"""YAML that is being written, a spec or a file for another program: fields with comments, and the text of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from specrun.convert.credentials import reveals
from specrun.convert.naming import unique
from specrun.spec.visible import visible

Value: TypeAlias = "str | int | float | bool | Mapping[str, Value] | Sequence[Value] | None"
Key: TypeAlias = tuple[str, ...]

TODO = "TODO"
"""Stands where a person has to write something."""

ORDER = ("apiVersion", "name", "engine", "vars", "workspace", "compute", "datastores", "data", "experiment", "job")
JOB_ORDER = (
    "display_name",
    "description",
    "code",
    "command",
    "script",
    "arguments",
    "inputs",
    "outputs",
    "environment",
)
"""The order in which fields stand, whatever the order in which they were set; others follow as they come."""

_PLAIN = re.compile(r"[A-Za-z0-9_./$+-][A-Za-z0-9 _./$@+,;:=()<>\[\]{}|&*~^\\'\"%!?-]*")
_PLAIN_INSIDE = re.compile(r"[A-Za-z0-9_./$+-][A-Za-z0-9 _./$+=@%~-]*")
_OTHER_TYPE = re.compile(
    r"(?i)(true|false|null|yes|no|on|off|y|n|~|[-+]?(\.inf|\.nan)|[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?"
    r"|[-+]?0[box][0-9a-f_]+|[-+]?\.[0-9]+.*|[0-9]{4}-[0-9]{2}.*|[-+]?[0-9][0-9_]*(:[0-9]+)+(\.[0-9_]*)?)"
)


Path: TypeAlias = "tuple[str | int, ...]"

_LONGEST_NAME = 1000

_GAP = object()
"""Stands for a field that is left out, whose comments stand where it would."""


@dataclass(slots=True)
class Document:
    """Fields by their path; comments stand above them.

    A spec has the order of `ORDER` and a blank line before each section; `plain` is for the files of other programs:
    fields in the order in which they were set, and no blank lines.
    """

    plain: bool = False
    _fields: dict[Key, Value] = field(default_factory=dict)
    _comments: dict[Path, list[str]] = field(default_factory=dict)
    _variables: dict[str, str] = field(default_factory=dict)

    def set(self, path: Key, value: Value, *comments: str) -> None:
        """Write a field, or write it anew. `value` may be a mapping or a list as a whole."""
        for length in range(1, len(path)):
            if self._fields.get(path[:length]) == TODO:  # what was left open is said now
                del self._fields[path[:length]]
        self._fields[path] = value
        self.comment(path, *comments)

    def put(self, name: str, value: Value, *comments: str) -> None:
        """A field at the top. Without a value there is none, and its comments stand where it would."""
        nothing = value is None or (isinstance(value, Mapping) and not value)
        self.set((name,), cast("Value", _GAP) if nothing else value, *comments)

    def set_secret(self, path: Key, variable: str) -> None:
        """Write a field whose value is a secret: by the name of an environment variable, never the value itself."""
        self.set(path, f"${{{{ secrets.{variable} }}}}", f"a secret: set {variable} where specrun runs")

    def variable(self, name: str, value: Value, comment: str, meant: str = "") -> str:
        """The expression for an entry of `vars` of about that name: one for all that is `meant`, or for each comment.

        The comment says its source.
        """
        plain = "" if reveals(name) else re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")
        plain = plain or "value"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        known = self._variables.get(meant or comment)
        if known is None:
            known = self._variables[meant or comment] = unique(plain, self._variables.values())
            self.set(("vars", known), value, comment)
        return f"${{{{ vars.{known} }}}}"

    def take(self, other: Document, path: Key) -> None:
        """All fields of another document, with their comments, below a field that stands in this one."""
        self._fields |= {(*path, *field): value for field, value in other._fields.items()}
        for place, texts in other._comments.items():
            self.comment((*path, *place), *texts)

    def below(self, name: str, fields: Collection[str]) -> None:
        """Move fields of the top, with their comments, below a field that stands where the first of them stood."""

        def moved(path: Path) -> Path:
            return (name, *path) if path and path[0] in fields else path

        first = next((path[0] for path in self._fields if path[0] in fields), "")
        tops = list(dict.fromkeys(path[0] for path in self._fields))
        order = {top: n for n, top in enumerate(tops)}
        placed = sorted(self._fields.items(), key=lambda one: order[first if one[0][0] in fields else one[0][0]])
        self._fields = {cast("Key", moved(path)): value for path, value in placed}
        self._comments = {moved(path): texts for path, texts in self._comments.items()}

    def comment(self, path: Path, *texts: str) -> None:
        """Comments above a field or an item; () is the top of the file. One that stands there already is no other."""
        known = self._comments.setdefault(path, [])
        for text in filter(None, texts):
            line = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
            if line not in known:
                known.append(line)

    def leave_open(self, path: Key) -> bool:
        """Write TODO; not where something stands already, at, above or below the path: then False."""
        above = any(self._fields.get(path[:length], {}) != {} for length in range(1, len(path)))
        below = any(known[: len(path)] == path and known != path for known in self._fields)
        if not path or above or below or self._fields.get(path, TODO) not in (TODO, {}):
            return False
        self._fields[path] = TODO
        return True

    def get(self, path: Key) -> Value:
        """What was set; None for what was not."""
        return self._fields.get(path)

    def has(self, path: Key) -> bool:
        """Whether a field, or anything below it, was set."""
        return any(known[: len(path)] == path for known in self._fields)

    def withhold(self, secret: Callable[[str], bool], mask: Callable[[str], str]) -> list[Path]:
        """Write TODO for each text that is secret, and mask such comments; the paths of these texts."""
        found: list[Path] = []
        for path, value in self._fields.items():
            self._fields[path] = _withheld(value, path, secret, found)
        for lines in self._comments.values():
            lines[:] = [mask(line) if secret(line) else line for line in lines]
        return found

    def rename(self, file: str, other: str) -> None:
        """Another name for a file that lies beside it, wherever texts and comments have it as a word."""
        word = re.compile(rf"(?<![\w.-]){re.escape(file)}(?![\w-])")
        self._fields = {path: _renamed(value, word, other) for path, value in self._fields.items()}
        for lines in self._comments.values():
            lines[:] = [word.sub(lambda _: other, line) for line in lines]

    def rename_runs(self, names: Mapping[str, str]) -> None:
        """Other names for the specs whose runs its inputs read from."""
        for path, value in self._fields.items():
            if path[:2] == ("job", "inputs") and path[3:] == ("run",) and value in names:
                self._fields[path] = names[str(value)]

    def values(self) -> dict[str, Value]:
        """The document as plain values."""
        tree = self._tree()
        return {name: value for name, value in tree.items() if value is not _GAP}

    def text(self) -> str:
        """The document as YAML."""
        return "\n".join([*self._above((), 0), *self._mapping(self._tree(), ())]) + "\n"

    def _tree(self) -> dict[str, Value]:
        tree: dict[str, Value] = {}
        for path, value in self._fields.items():
            place = tree
            for key in path[:-1]:
                inner = place.setdefault(key, {})
                assert isinstance(inner, dict), f"{path} is below a value"
                place = inner
            place[path[-1]] = value
        if self.plain:
            return tree
        return _ordered(tree, ORDER) | ({"job": _ordered(tree["job"], JOB_ORDER)} if "job" in tree else {})

    def _above(self, path: Path, depth: int) -> Iterator[str]:
        for comment in self._comments.get(path, ()):
            yield from (f"{'  ' * depth}# {line}".rstrip() for line in comment.split("\n"))

    def _mapping(self, values: Mapping[str, Value], path: Path) -> Iterator[str]:
        depth = len(path)
        for key, value in values.items():
            here = (*path, key)
            if not path and not self.plain and key not in ("apiVersion", "name", "engine"):
                yield ""
            yield from self._above(here, depth)
            if value is not _GAP:
                yield from self._value(_before(key, "  " * depth), value, here)

    def _value(self, lead: str, value: Value, path: Path) -> Iterator[str]:
        """A value after its name or its hyphen."""
        if isinstance(value, Mapping) and value:
            yield lead
            yield from self._mapping(value, path)
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            yield lead
            for index, item in enumerate(value):
                yield from self._above((*path, index), len(path))
                yield from self._item(item, (*path, index))
        else:
            yield from leaf(lead, value, "  " * len(path))

    def _item(self, item: Value, path: Path) -> Iterator[str]:
        pad = "  " * (len(path) - 1)
        if not isinstance(item, Mapping) or not item:
            yield from self._value(f"{pad}-", item, path)
            return
        above, (first, *others) = self._first(item, path)
        yield from above
        yield f"{pad}- {first.strip()}"
        yield from others

    def _first(self, item: Mapping[str, Value], path: Path) -> tuple[list[str], list[str]]:
        """The lines of an item's fields; comments of its first field stand above the hyphen."""
        lines = list(self._mapping(item, path))
        length = len(list(self._above((*path, next(iter(item))), 0)))
        return [line[2:] for line in lines[:length]], lines[length:]


def _before(key: str, pad: str) -> str:
    """What stands before a value: YAML's readers take a name of more than a thousand characters with a mark alone."""
    name = scalar(key)
    return f"{pad}{name}:" if len(name) < _LONGEST_NAME else f"{pad}? {name}\n{pad}:"


def _renamed(value: Value, word: re.Pattern[str], other: str) -> Value:
    if isinstance(value, str):
        return word.sub(lambda _: other, value)
    if isinstance(value, Mapping):
        return {key: _renamed(item, word, other) for key, item in value.items()}
    return [_renamed(item, word, other) for item in value] if isinstance(value, Sequence) else value


def _withheld(value: Value, path: Path, secret: Callable[[str], bool], found: list[Path]) -> Value:
    if isinstance(value, str):
        if not secret(value):
            return value
        found.append(path)
        return TODO
    if isinstance(value, Mapping):
        return {key: _withheld(item, (*path, key), secret, found) for key, item in value.items()}
    if not isinstance(value, Sequence):
        return value
    return [_withheld(item, (*path, index), secret, found) for index, item in enumerate(value)]


def flow(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{scalar(key, inside=True)}: {_inside(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_inside, value))}]"
    return scalar(value)


def scalar(value: object, *, inside: bool = False) -> str:
    """A scalar as YAML 1.2 (and 1.1, as other tools read it) gives it back; `inside` of brackets or braces."""
    if isinstance(value, str):
        return value if _needs_no_quotes(value, inside) else _quoted(value)
    return _number(value) if isinstance(value, float) else json.dumps(value)


def _quoted(value: str) -> str:
    return "".join(one if one.isprintable() else _escape(one) for one in json.dumps(value, ensure_ascii=False))


def _escape(character: str) -> str:
    """What YAML's readers refuse as it is, such as a surrogate."""
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _number(value: float) -> str:
    """YAML 1.1 takes 1e-05 for text: it wants a point."""
    text = repr(value)
    if "n" in text:  # inf and nan
        return text.replace("inf", ".inf").replace("nan", ".nan")
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _needs_no_quotes(value: str, inside: bool) -> bool:
    if not (_PLAIN_INSIDE if inside else _PLAIN).fullmatch(value) or _OTHER_TYPE.fullmatch(value):
        return False
    marked = ": " in value or " #" in value or value.endswith(":") or value.startswith("- ") or value == "-"
    return value == value.strip() and not marked


def _inside(value: Value) -> str:
    return scalar(value, inside=True) if isinstance(value, str) else flow(value)


def leaf(lead: str, value: Value, pad: str) -> Iterator[str]:
    """A value behind its name: as a literal block, indented by `pad`, where it has several lines; else in one line."""
    if isinstance(value, str) and "\n" in value.rstrip("\n") and _fits_block(value):
        yield f"{lead} |{'' if value.endswith(chr(10)) else '-'}"
        yield from (f"{pad}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{lead} {flow(value)}"


def _fits_block(value: str) -> bool:
    """Whether a literal block gives the text back as it is."""
    lines = value.removesuffix("\n").split("\n")
    # What a runner would take for a command when the file is printed is escaped between quotes.
    printable = all((plain := line.replace("\t", "")).isprintable() and visible(plain) == plain for line in lines)
    return printable and bool(lines[0]) and not lines[0].startswith((" ", "\t")) and not value.endswith("\n\n")


def _ordered(values: Value, order: Sequence[str]) -> dict[str, Value]:
    assert isinstance(values, dict)
    known = [key for key in order if key in values]
    return {key: values[key] for key in [*known, *(key for key in values if key not in order)]}
