"""A spec that is being written: fields with comments, and the YAML of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

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
    r"(?i)(true|false|null|yes|no|on|off|y|n|~|[-+]?(\.inf|\.nan)|[-+]?[0-9][0-9_]*(\.[0-9]*)?(e[-+]?[0-9]+)?"
    r"|[-+]?0[box][0-9a-f_]+|[-+]?\.[0-9]+.*|[0-9]{4}-[0-9]{2}.*|[-+]?[0-9][0-9_]*(:[0-9]+)+(\.[0-9_]*)?)"
)


@dataclass(slots=True)
class Draft:
    """Fields by their path; `comments` stand above them, where they came from."""

    _fields: dict[Key, Value] = field(default_factory=dict)
    _comments: dict[Key, list[str]] = field(default_factory=dict)

    def set(self, path: Key, value: Value, comment: str = "") -> None:
        """Write a field, or write it anew. `value` may be a mapping or a list as a whole."""
        self._fields[path] = value
        if comment:
            self.comment(path, comment)

    def set_secret(self, path: Key, variable: str) -> None:
        """Write a field whose value is a secret: by the name of an environment variable, never the value itself."""
        self.set(path, f"${{{{ secrets.{variable} }}}}", f"a secret: set {variable} where specrun runs")

    def comment(self, path: Key, text: str) -> None:
        """A comment above a field or a section; () is the top of the file."""
        known = self._comments.setdefault(path, [])
        line = "".join(one if one.isprintable() else " " for one in text)
        if line not in known:
            known.append(line)

    def get(self, path: Key) -> Value:
        """What was set; None for what was not."""
        return self._fields.get(path)

    def change_texts(self, change: Callable[[str], str]) -> None:
        """Put another text for each text among the values and comments."""
        self._fields = {path: _changed(value, change) for path, value in self._fields.items()}
        self._comments = {path: [change(line) for line in lines] for path, lines in self._comments.items()}

    def values(self) -> dict[str, Value]:
        """The document as plain values."""
        tree: dict[str, Value] = {}
        for path, value in self._fields.items():
            place = tree
            for key in path[:-1]:
                inner = place.setdefault(key, {})
                assert isinstance(inner, dict), f"{path} is below a value"
                place = inner
            place[path[-1]] = value
        return _ordered(tree, ORDER) | ({"job": _ordered(tree["job"], JOB_ORDER)} if "job" in tree else {})

    def text(self) -> str:
        """The document as YAML."""
        lines = [f"# {line}" for line in self._comments.get((), ())]
        return "\n".join([*lines, *self._mapping(self.values(), ())]) + "\n"

    def _mapping(self, values: Mapping[str, Value], path: Key) -> Iterator[str]:
        pad = "  " * len(path)
        for key, value in values.items():
            here = (*path, key)
            if not path and key not in ("apiVersion", "name", "engine"):
                yield ""
            yield from (f"{pad}# {line}" for line in self._comments.get(here, ()))
            name = f"{pad}{scalar(key)}:"
            if isinstance(value, Mapping) and value:
                yield name
                yield from self._mapping(value, here)
            elif isinstance(value, Sequence) and not isinstance(value, str) and value:
                yield name
                yield from (f"{pad}  - {flow(item)}" for item in value)
            else:
                yield from leaf(name, value, f"{pad}  ")


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _changed(item, change) for key, item in value.items()}
    return [_changed(item, change) for item in value] if isinstance(value, Sequence) else value


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
