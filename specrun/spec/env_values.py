"""Keeps values of the environment out of what is said: nobody said that they are no secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.masking import mask_addresses
from specrun.spec.schema import schema_text
from specrun.spec.wording import yaml_text

PIECE = 8
"""Characters: a value shows by a piece of it this long. Shorter values are looked for as a whole."""

_WORDS = 50
"""Of a value with blanks in it, the words that are looked for one by one."""
_SPAN = re.compile(r"`[^`]*`|\"[^\"]*\"")
_CUT = "…"


def hidden(found: Diagnostic, read: Mapping[str, str], text: str, file: str) -> Diagnostic:
    """The diagnostic with `${{ env.NAME }}` in place of what that variable holds.

    `read` has the values by their names; `text` is the spec's, and `file` its name: what stands in the spec itself, in
    its schema or in the path to it is no secret to whoever reads the message.
    """
    if not read:
        return found
    known = partial(_known, text, file)
    detail, place = _hidden(found.detail, read, known), found.location
    if place.file != file:
        place = replace(place, file=_hidden(place.file, read, known))
    return found if (detail, place) == (found.detail, found.location) else replace(found, detail=detail, location=place)


class _Known(NamedTuple):
    """What is no secret, in lower case: texts, and their words."""

    texts: tuple[str, ...]
    words: tuple[frozenset[str], ...]

    def holds(self, piece: str) -> bool:
        """Whether it says such a piece (in lower case) anywhere."""
        return any(piece in text for text in self.texts)

    def says(self, word: str) -> bool:
        """Whether it has such a word (in lower case)."""
        return any(word in words for words in self.words)


@lru_cache(maxsize=2)
def _known(text: str, file: str) -> _Known:
    known = f"{text}\n{os.path.abspath(file)}".lower()  # noqa: PTH100 - resolve() would follow links
    schema, of_schema = _schema()
    return _Known((known, schema), (frozenset(re.findall(r"\w+", known)), of_schema))


@lru_cache(maxsize=1)
def _schema() -> tuple[str, frozenset[str]]:
    text = schema_text().lower()
    return text, frozenset(re.findall(r"\w+", text))


def _hidden(detail: str, read: Mapping[str, str], known: Callable[[], _Known]) -> str:
    """`known` is asked for where a value shows: few do."""
    for name, value in sorted(read.items(), key=lambda item: -len(item[1])):
        expression = f"${{{{ env.{name} }}}}"
        for form in _forms(value):
            low = form.lower()
            if low not in detail.lower() or (known().says(low) if form.isalnum() else known().holds(low)):
                continue
            if len(form) < PIECE and '"' not in form and "`" not in form:
                detail = _without_word(detail, form, expression)
            else:
                detail = detail.replace(form, expression)
        if len(value) >= PIECE:
            detail = _without_pieces(detail, value, expression, known)
    return detail


@lru_cache(maxsize=100)
def _forms(value: str) -> Sequence[str]:
    """The value as messages spell it, the longest form first."""
    spelled = (
        value,
        mask_addresses(value),
        yaml_text(value, quoted=True)[1:-1],
        json.dumps(value)[1:-1],
        value.encode("unicode_escape").decode(),
        os.path.normpath(value),
        value.rstrip("/").rpartition("/")[2],
        " ".join(value.split()),
        *value.split()[:_WORDS],
    )
    return sorted(dict.fromkeys(form.strip() for form in spelled if form.strip()), key=len, reverse=True)


def _without_word(detail: str, word: str, expression: str) -> str:
    """A short value counts where it stands alone in what a message quotes."""
    alone = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    return _SPAN.sub(lambda span: alone.sub(lambda _: expression, span[0]), detail)


def _without_pieces(detail: str, value: str, expression: str, known: Callable[[], _Known]) -> str:
    """Without pieces of a longer value either, as where a message cuts it or spells it in lower case."""
    low, searched = value.lower(), detail.lower()
    if len(searched) != len(detail):
        low, searched = value, detail
    pieces = _pieces(low)
    shows = bytearray(len(detail))
    for at in range(len(detail) - PIECE + 1):
        piece = searched[at : at + PIECE]
        if piece in pieces and not known().holds(piece):
            shows[at : at + PIECE] = b"\1" * PIECE
    cut = searched.find(_CUT)
    while cut > 0:  # what is left of a value where a message was cut
        begun = next((size for size in range(PIECE - 1, 2, -1) if searched[:cut].endswith(low[:size])), 0)
        shows[cut - begun : cut] = b"\1" * begun
        cut = searched.find(_CUT, cut + 1)
    for run in reversed([*re.finditer(b"\1+", bytes(shows))]):
        detail = f"{detail[: run.start()]}{expression}{detail[run.end() :]}"
    return detail


@lru_cache(maxsize=100)
def _pieces(value: str) -> frozenset[str]:
    return frozenset(value[at : at + PIECE] for at in range(len(value) - PIECE + 1))
