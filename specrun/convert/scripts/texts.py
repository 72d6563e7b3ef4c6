"""Text that is put together from parts: f-strings, `+`, `%`, `format`, `join`, paths."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specrun.convert.scripts.values import Call, Computed, Member, Reference, Template, Value
from specrun.convert.unknown import Secret, Unknown

LONGEST = 20_000
"""Of texts, in characters, and of lists, in items: what grows beyond it is not followed."""


def joined(parts: Sequence[Value]) -> Value:
    """Parts one after the other: text where all are known, else a Template; None where it grows too long."""
    if sum(_length(part) for part in parts) > LONGEST:
        return None
    flat: list[Value] = []
    for part in parts:
        inner = part.parts if isinstance(part, Template) else (part,)
        for word in inner:
            known = str(word) if isinstance(word, str | int | float | bool) or word is None else word
            if isinstance(known, str) and flat and isinstance(flat[-1], str):
                flat[-1] += known
            else:
                flat.append(known)
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 and isinstance(flat[0], str) else Template(tuple(flat))


def appended(one: list[Value], other: list[Value]) -> list[Value] | None:
    """Two lists as one; None where it grows too long."""
    return [*one, *other] if len(one) + len(other) <= LONGEST else None


def _length(value: Value) -> int:
    if isinstance(value, Template):
        return sum(len(part) if isinstance(part, str) else 1 for part in value.parts)
    return len(value) if isinstance(value, str) else 1


def can_join(value: Value) -> bool:
    """Whether a value may be a part of a text."""
    return isinstance(value, str | int | float | Computed | Unknown | Secret | Template | Call | Member | Reference)


def percent(text: str, values: Sequence[Value]) -> Value:
    """`"%s-%d" % (name, 3)`; None where it is not that simple."""
    pieces = re.split(r"(%[sdi]|%%)", text)
    if sum(piece in ("%s", "%d", "%i") for piece in pieces) != len(values) or "%(" in text:
        return None
    rest = iter(values)
    return joined(["%" if piece == "%%" else next(rest) if piece in ("%s", "%d", "%i") else piece for piece in pieces])


def formatted(text: str, values: Sequence[Value], named: dict[str, Value]) -> Value:
    """`"{}-{name}".format(3, name=x)`; None where it is not that simple."""
    parts: list[Value] = []
    number = 0
    for piece in re.split(r"(\{\{|\}\}|\{\w*\})", text):
        field = re.fullmatch(r"\{(\w*)\}", piece)
        if piece in ("{{", "}}"):
            parts.append(piece[0])
        elif field is None:
            if "{" in piece or "}" in piece:
                return None
            parts.append(piece)
        elif field[1] in named:
            parts.append(named[field[1]])
        else:
            index = int(field[1]) if field[1].isdigit() and len(field[1]) < 4 else number if not field[1] else -1
            number += 1
            if not 0 <= index < len(values):
                return None
            parts.append(values[index])
    return joined(parts)


def path_of(parts: Sequence[Value]) -> Value:
    """`os.path.join`, with forward slashes; what begins with a slash begins anew."""
    words: list[Value] = []
    for part in parts:
        if isinstance(part, str) and part.startswith("/"):
            words = [part]
        elif words and words[-1] != "" and not (isinstance(words[-1], str) and words[-1].endswith("/")):
            words += ["/", part]
        else:
            words.append(part)
    return joined(words)


def name_of(value: Value) -> str:
    """A dotted name, for a module or what is in one."""
    return value.dotted if isinstance(value, Reference) else ""
