"""Texts that are not ours as parts of Markdown: shown as they are, with nothing in them that Markdown or GitHub reads.

What could be markup, HTML, a link, a mention, a reference or an emoji becomes inline code, in which nothing is read.
"""

from __future__ import annotations

import re

from specrun.spec.secrets import hide
from specrun.spec.visible import visible

_PLAIN = re.compile(r"""[\w.,;()'"%/+?!{}=…→·×-]*:?""")
"""Words that mean themselves wherever they stand, but for those below."""

_READ = re.compile(r"_|www\.|gh-[0-9]|[!%]\w|:.|[0-9a-f]{7,}", re.IGNORECASE)
"""Emphasis, addresses, references, emoji and commits."""

_BEGINS = re.compile(r"[-+=]+|[0-9]+[.)]")
"""A list or a line below a heading, at a line's start."""


def code_span(text: str) -> str:
    """A text as inline code; "" for none."""
    text = visible(hide(text))
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    # One blank at each end is taken away again where both are there.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str, room: int = 500) -> str:
    """A sentence of ours with what it names: between backticks it is inline code, elsewhere where it has to be.

    It has at most about `room` characters; what is left out is told by an ellipsis.
    """
    text = hide(text)  # in words, each by itself, nobody would know it again
    text = text if len(text) <= 4 * room else f"{text[: 4 * room]}…"
    parts = re.findall(r"`[^`]+`|\$\{\{[^`{}]{0,100}\}\}|[^\s`]+|`|\s+", visible(text))
    words: list[str] = []
    left = room
    for part in parts:
        word = " " if part.isspace() else _word(part, first=not words)
        if len(word) > left:
            return "".join([*words, "…"])
        words.append(word)
        left -= len(word)
    return "".join(words).strip()


def cell(markdown: str) -> str:
    """Markdown of one line in a cell of a table."""
    return re.sub(r"\\+\||\|", lambda found: r"\|" if found[0] == "|" else found[0][:-1] + r"\x7c", markdown)


def fenced(text: str, language: str) -> str:
    """Lines as a block of code, whatever is in them."""
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 3)
    return f"{fence}{language}\n{text}\n{fence}"


def _word(word: str, *, first: bool) -> str:
    if len(word) > 2 and word[0] == word[-1] == "`":
        return code_span(word[1:-1])
    if word == "`":
        return r"\`"  # as a span it would be one with a span beside it
    plain = _PLAIN.fullmatch(word) and not _READ.search(word) and not (first and _BEGINS.fullmatch(word))
    if plain or len(word) == 1:
        return word if plain else code_span(word)
    begin, name, end = re.fullmatch(r"(\(?)(.+?)([),;:.]*)", word).groups()  # type: ignore[union-attr]
    return f"{begin}{code_span(name)}{end}"  # what belongs to the sentence is no part of a name
