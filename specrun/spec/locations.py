"""Where the values of a document stand: found by tracing its text once more, and only for documents that ask."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Any, NamedTuple

from yaml.events import ScalarEvent

from specrun.spec.builder import Builder, Entry
from specrun.spec.diagnostics import Location, Path
from specrun.spec.masking import is_credential_key, source_line

# The breaks that libyaml counts, so that the lines here are those of its marks.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+(?=\S)")
_OPENS = re.compile(r"""\s*(?:- )?["']?([\w-]+)["']?\s*:\s*(?:[&!]\S*\s*)*(?:[|>][\d+-]*\s*(?:#.*)?$|["'#]|$)""")
"""A line whose value stands in the lines below it, or goes on there."""
_LONGEST_KEY = 200
_WORD = re.compile(r"[^\s:,\[\]{}]+|\S")


class Span(NamedTuple):
    """Where something stands in a text: offsets count characters from 0."""

    start: int
    end: int


class _Traced:
    """A text parsed once more, with the events of its values."""

    def __init__(self, text: str) -> None:
        builder = Builder(text, trace=True)
        builder.build()
        self.values = builder.values
        self.start = builder.start
        self._entries = builder.entries or {}
        self._by_key: dict[int, dict[Any, Entry]] = {}

    def entry(self, container: Any, step: object) -> Entry | None:
        """The entry of a mapping's key or of a list's index; of one that stands there twice the first."""
        found = self._by_key.get(id(container))
        if found is None:
            entries = self._entries[id(container)][1] if id(container) in self._entries else []
            found = self._by_key[id(container)] = {entry[0]: entry for entry in reversed(entries)}
        return found.get(step)


@lru_cache(maxsize=4)
def _traced(text: str) -> _Traced:
    """The last few documents that were asked about: a document in trouble is asked about often, and in a row."""
    return _Traced(text)


def locate(file: str, text: str, parsed: str, path: Path, *, key: bool) -> Location:
    """The place of the value at `path`, or of its key. `parsed` is what the parser saw: as long as `text`."""
    return location(file, text, _span(text, parsed, path, key=key))


def location(file: str, text: str, span: Span) -> Location:
    """A span of the text as line and column; it ends at the end of its first line."""
    starts = _line_starts(text)
    line = bisect_right(starts, span.start)
    line_start = starts[line - 1]
    line_end = starts[line] if line < len(starts) else len(text)
    written = text[line_start:line_end].rstrip("\r\n\x85\u2028\u2029")
    stop = min(span.end, line_start + len(written.rstrip()))
    shown = source_line(written)
    if line in _credential_lines(text):
        shown = re.sub(r"\S", "*", shown)
    return Location(file, line, span.start - line_start + 1, max(1, stop - span.start), shown)


@lru_cache(maxsize=4)
def _credential_lines(text: str) -> frozenset[int]:
    """The numbers of lines that go on with what a credential's key begins: a block, a text in quotes, a value below."""
    found: set[int] = set()
    depth: int | None = None
    for number, line in enumerate(_BREAK.split(text), 1):
        if depth is not None and (not line.strip() or _indentation(line) > depth):
            found.add(number)
            continue
        opened = _OPENS.match(line[:_LONGEST_KEY])
        told = opened is not None and is_credential_key(opened[1]) and opened[1] != "credentials"
        depth = _indentation(line) if told else None
    return frozenset(found)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def written(text: str, parsed: str, path: Path) -> str:
    """The value at `path` as it is written, quotes and a block's mark with it."""
    span = _span(text, parsed, path, key=False)
    return text[span.start : span.end]


def locate_inside(file: str, text: str, parsed: str, path: Path, value: str, offset: int, length: int) -> Location:
    """The place of a part of the text `value` at `path`; the whole value's where that cannot be told.

    A text is written as it is, but for the blanks at its line ends; only in quotes it may have escapes.
    """
    whole = _span(text, parsed, path, key=False)
    at = whole.start
    if text.startswith(("|", ">"), at):
        at = text.find("\n", at, whole.end) + 1
    quote = text[at] if text.startswith(('"', "'"), at) else ""
    at += len(quote)
    for sign in value[: offset + 1].split() if 0 <= offset < min(len(value), _FAR) else [""]:
        while at < whole.end and (text[at].isspace() or (quote == '"' and text.startswith("\\\n", at))):
            at += 1
        if quote and sign and not text.startswith(sign, at):  # in quotes some signs have another before them
            sign = sign.replace("'", "''") if quote == "'" else sign.replace("\\", r"\\").replace('"', r"\"")
        if not sign or not text.startswith(sign, at):
            return location(file, text, whole)
        at += len(sign)
    return location(file, text, Span(at - 1, min(at - 1 + length, whole.end)))


_FAR = 100_000
"""Nobody looks for a place that far inside of a text."""


@lru_cache(maxsize=4)
def lines_of(text: str) -> list[str]:
    """The lines of a text, as places count them, without their ends."""
    return _BREAK.split(text)


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def _span(text: str, parsed: str, path: Path, *, key: bool) -> Span:
    traced = _traced(parsed)
    container: Any = traced.values
    entry: Entry | None = None
    for step in path:
        found = traced.entry(container, step)
        if found is None:
            return _event_span(text, entry[1]) if entry is not None else Span(0, 1)
        entry = found
        container = container[step]
    if entry is None:
        return _event_span(text, traced.start) if not key else Span(0, 1)
    return _event_span(text, entry[1] if key or _is_empty(entry[2]) else entry[2])


def _is_empty(event: Any) -> bool:
    return event.__class__ is ScalarEvent and not event.value and event.implicit[0]


def _event_span(text: str, event: Any) -> Span:
    start, end = _marks(event)
    properties = _PROPERTIES.match(text, start)
    if properties is not None:
        start = properties.end()
    if event.__class__ is ScalarEvent:
        return Span(start, max(end, start + 1))
    word = _WORD.match(text, start)
    return Span(start, word.end() if word else start + 1)


def _marks(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index
