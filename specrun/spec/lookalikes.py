"""Characters that look like a blank, a quote, a hyphen or a colon and are none. Word processors write them."""

from __future__ import annotations

import re
from typing import NamedTuple

_BLANKS = {
    "\u00a0": "a no-break space",
    "\u2007": "a figure space",
    "\u202f": "a narrow no-break space",
    "\u3000": "an ideographic space",
    **dict.fromkeys("\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u205f", "another space than the blank"),
}
_UNSEEN = {"\u200b": "a zero width space", "\u2060": "a word joiner", "\ufeff": "a byte order mark"}
_DOUBLE = dict.fromkeys("\u201c\u201d\u201e\u201f", "a typographic quote")
_SINGLE = dict.fromkeys("\u2018\u2019\u201a\u201b", "a typographic quote")
_DASHES = {
    "\u2010": "a typographic hyphen",
    "\u2011": "a no-break hyphen",
    "\u2013": "an en dash",
    "\u2014": "an em dash",
    "\u2212": "a minus sign",
}
_COLONS = {"\uff1a": "a full-width colon"}
_INSTEAD = {
    **dict.fromkeys(_BLANKS, "a blank"),
    **dict.fromkeys(_UNSEEN, "nothing"),
    **dict.fromkeys(_DOUBLE, '`"`'),
    **dict.fromkeys(_SINGLE, "`'`"),
    **dict.fromkeys(_DASHES, "`-`"),
    **dict.fromkeys(_COLONS, "`:`"),
}
_NAMES = {**_BLANKS, **_UNSEEN, **_DOUBLE, **_SINGLE, **_DASHES, **_COLONS}

_QUOTED = r"""'[^']*'|"(?:[^"\\]|\\.)*"|(?:(?<=\s)|^)#[^\n]*"""
"""What bash takes as text, or passes over."""
_OF_BLANKS = "".join((*_BLANKS, *_UNSEEN))
_OPENING = "".join((*_DOUBLE, *_SINGLE))
_OF_A_COMMAND = rf"[{_OF_BLANKS}]|(?:(?<=[\s=])|^)(?:[{_OPENING}]|[{''.join(_DASHES)}](?=[^\s\d]))"


_KEY = rf"[\w.-]+[ {_OF_BLANKS}]*"
_INDENTING = rf"^[ \t]*(?:- +)?([{''.join(_BLANKS)}][ {''.join(_BLANKS)}]*)(?={_KEY}:|- )"
_BESIDE_COLON = rf"^[ \t]*(?:- +)?[\w.-]+(?:([{''.join(_BLANKS)}]+):|:([{''.join(_BLANKS)}]+))"
_WHERE_YAML_LOOKS = (
    rf"^[ \t]*(?:- *)?(?:[{_OF_BLANKS}{''.join(_DASHES)}]"
    rf"|[\w.-]+ *[{_OF_BLANKS}{''.join(_COLONS)}]|[\w.-]+ *: *[{_OPENING}])"
)


class Lookalike(NamedTuple):
    """One of these characters, where it stands in its text."""

    character: str
    at: int

    def __str__(self) -> str:
        """What it is and what to type in its place: a sentence."""
        name = _NAMES[self.character]
        instead = _INSTEAD[self.character]
        mend = "delete it" if instead == "nothing" else f"type {instead} in its place"
        return f"{name[0].upper()}{name[1:]} (U+{ord(self.character):04X}) stands here: {mend}."


def first(text: str, start: int = 0, end: int | None = None) -> Lookalike | None:
    """The first of them in a part of a text."""
    if text.isascii():
        return None
    for at in range(start, len(text) if end is None else min(end, len(text))):
        if text[at] in _NAMES:
            return Lookalike(text[at], at)
    return None


def between_keys(text: str) -> list[tuple[int, int]]:
    """Where others than blanks indent a line that is a key, or stand beside a key's colon: start and end of each."""
    found = [*re.finditer(_INDENTING, text, re.MULTILINE), *re.finditer(_BESIDE_COLON, text, re.MULTILINE)]
    return sorted(one.span(one.lastindex or 0) for one in found)


def where_yaml_looks(lines: str) -> Lookalike | None:
    """The first that stands where YAML looks for a blank, a hyphen, a quote or a colon."""
    found = None if lines.isascii() else re.search(_WHERE_YAML_LOOKS, lines, re.MULTILINE)
    return Lookalike(lines[found.end() - 1], found.end() - 1) if found else None


def in_command(text: str) -> list[Lookalike]:
    """Those which bash takes for a part of a word where a blank, a quote or an option was meant: outside of quotes."""
    if text.isascii() or "<<" in text:
        return []
    bare = re.sub(_QUOTED, lambda found: "x" * len(found[0]), text, flags=re.MULTILINE)
    return [Lookalike(found[0], found.start()) for found in re.finditer(_OF_A_COMMAND, bare, re.MULTILINE)]
