"""Where the values of a document stand: found by tracing its text once more, and only for documents that ask."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from yaml.events import ScalarEvent

from specrun.spec.builder import Builder
from specrun.spec.diagnostics import Location, Path
from specrun.spec.masking import masked

# The breaks that libyaml counts, so that the lines here are those of its marks.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+(?=\S)")
_WORD = re.compile(r"[^\s:,\[\]{}]+|\S")
_LONGEST_LINE = 1000
"""Nobody reads more of a line, and a file may be a single one."""


class Span(NamedTuple):
    """Where something stands in a text: offsets count characters from 0."""

    start: int
    end: int


@lru_cache(maxsize=4)
def _traced(text: str) -> Builder:
    """The last few documents that were asked about: a document in trouble is asked about often, and in a row."""
    builder = Builder(text, trace=True)
    builder.build()
    return builder


def locate(file: str, text: str, parsed: str, path: Path, *, key: bool) -> Location:
    """The place of the value at `path`, or of its key. `parsed` is what the parser saw: as long as `text`."""
    return location(file, text, _span(text, parsed, path, key=key))


def location(file: str, text: str, span: Span) -> Location:
    """A span of the text as line and column; it ends at the end of its first line."""
    before = [match.end() for match in _BREAK.finditer(text, 0, span.start)]
    line_start = before[-1] if before else 0
    following = _BREAK.search(text, line_start)
    line_end = following.start() if following else len(text)
    line = text[line_start:line_end]
    stop = min(span.end, line_start + len(line.rstrip()))
    shown = masked(line[:_LONGEST_LINE])
    return Location(file, len(before) + 1, span.start - line_start + 1, max(1, stop - span.start), shown)


def _span(text: str, parsed: str, path: Path, *, key: bool) -> Span:
    builder = _traced(parsed)
    container: Any = builder.values
    entry: tuple[Any, Any, Any] | None = None
    for step in path:
        entries = builder.entries.get(id(container)) if builder.entries is not None else None
        found = next((e for e in entries[1] if e[0] == step), None) if entries is not None else None
        if found is None:
            return _event_span(text, entry[1]) if entry is not None else Span(0, 1)
        entry = found
        container = container[step]
    if entry is None:
        return _event_span(text, builder.start) if not key else Span(0, 1)
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
