"""YAML events to plain values.

PyYAML's C parser gives the events; what they mean is decided here, by the rules of YAML 1.2. The places of values are
not kept: a document that has a mistake is traced once more (`trace`), so that the many without one cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from specrun.spec.scalars import Memo, short_tag, tagged

_Parser: Any
try:
    from yaml._yaml import CParser

    _Parser = CParser
except ImportError:  # PyYAML without libyaml: slower, the same events
    from yaml.loader import BaseLoader

    _Parser = BaseLoader

MAX_DEPTH = 100
MAX_EXPANDED = 100_000
"""How many nodes all aliases together may stand for: what comes after walks each of them."""
MAX_MISTAKES = 100

_PLAIN = Memo()
_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

Entry = tuple[Any, Any, Any]
"""A key (or an index), the event of the key (of a list's item: the item's own) and the event of the value."""


class Mistake:
    """What is wrong at a mark of the text."""

    __slots__ = ("code", "detail", "mark")

    def __init__(self, code: str, detail: str, mark: Any) -> None:
        self.code = code
        self.detail = detail
        self.mark = mark


class Unreadable(Exception):
    """The document cannot be read to its end."""

    def __init__(self, code: str, detail: str, mark: Any) -> None:
        super().__init__(detail)
        self.mistake = Mistake(code, detail, mark)


class Builder:
    """One pass over one document. `values` is None when there is none; `mistakes` are those that parsing survives."""

    def __init__(self, text: str | bytes, *, trace: bool = False) -> None:
        self._next: Callable[[], Any] = _Parser(text).get_event
        self._anchors: dict[str, tuple[Any, Any]] = {}
        self._open: set[int] = set()
        self._measured: dict[int, tuple[int, int, Any]] = {}
        self._expanded = 0
        self._depth = 0
        self.mistakes: list[Mistake] = []
        self.values: Any = None
        self.start: Any = None
        self.usable = True
        self.entries: dict[int, tuple[Any, list[Entry]]] | None = {} if trace else None

    def build(self) -> None:
        """Reads the stream. Raises Unreadable, or PyYAML's YAMLError where the text is not YAML."""
        get = self._next
        get()  # the stream starts
        event = get()
        if event.__class__ is StreamEndEvent:
            return
        self.start = get()
        self.values = self._node(self.start)
        get()  # the document ends
        event = get()
        if event.__class__ is DocumentStartEvent:
            detail = "A file holds one spec: put the second into a file of its own."
            raise Unreadable("several-documents", detail, event.start_mark)

    def _node(self, event: Any) -> Any:
        kind = event.__class__
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)[0]
        if event.tag not in _COLLECTION_TAGS:
            self._unknown_tag(event)
        values: Any = {} if kind is MappingStartEvent else []
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable("too-deep", f"A spec never needs more than {MAX_DEPTH} levels.", event.start_mark)
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = (values, event)
            self._open.add(id(values))
        if kind is MappingStartEvent:
            self._fill_mapping(values)
        else:
            self._fill_list(values)
        if anchor is not None:
            self._open.discard(id(values))
        self._depth -= 1
        return values

    def _fill_mapping(self, values: dict[str, Any]) -> None:
        get = self._next
        seen: list[Any] = []
        merges: list[tuple[Any, Any]] = []
        entries: list[Entry] | None = None
        if self.entries is not None:
            entries = []
            self.entries[id(values)] = (values, entries)
        while True:
            event = get()
            if event.__class__ is MappingEndEvent:
                break
            if event.__class__ is ScalarEvent and event.implicit[0] and event.anchor is None:
                key = _PLAIN[event.value]
            elif event.__class__ is AliasEvent:
                key = None
            else:
                key = self._node(event)
            child = get()
            if child.__class__ is ScalarEvent and child.implicit[0] and child.anchor is None:
                value = _PLAIN[child.value]
            elif child.__class__ is AliasEvent:
                value, child = self._alias(child)
            else:
                value = self._node(child)
            if key.__class__ is not str:
                self._key_not_text(key, event)
            elif key in values or (merges and key == "<<"):
                self._duplicate(key, event, seen)
            elif key == "<<" and event.implicit[0]:
                merges.append((value, child))
                seen.append(event)
            else:
                values[key] = value
                seen.append(event)
                if entries is not None:
                    entries.append((key, event, child))
        if merges:
            self._merge(values, merges, entries)

    def _fill_list(self, values: list[Any]) -> None:
        get = self._next
        entries: list[Entry] | None = None
        if self.entries is not None:
            entries = []
            self.entries[id(values)] = (values, entries)
        while True:
            event = get()
            if event.__class__ is SequenceEndEvent:
                return
            if event.__class__ is AliasEvent:
                value, event = self._alias(event)
            else:
                value = self._node(event)
            if entries is not None:
                entries.append((len(values), event, event))
            values.append(value)

    def _scalar(self, event: Any) -> Any:
        if event.implicit[0]:
            value = _PLAIN[event.value]
        elif event.tag is None:
            value = event.value
        else:
            value = self._tagged(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, event)
        return value

    def _tagged(self, event: Any) -> Any:
        try:
            return tagged(event.value, event.tag)
        except ValueError:
            name = short_tag(event.tag)
            detail = f"{event.value!r} is not what {name} says. Leave the tag out or mend the value."
            self._mistake("bad-tag", detail, event)
        except LookupError:
            self._unknown_tag(event)
        return event.value

    def _unknown_tag(self, event: Any) -> None:
        detail = f"{short_tag(event.tag)} means nothing in a spec: leave it out. The tags that may stand here are "
        self._mistake("bad-tag", detail + "!!str, !!int, !!float, !!bool and !!null.", event)

    def _alias(self, event: Any) -> tuple[Any, Any]:
        """What the alias stands for and the event of the place where that is written."""
        found = self._anchors.get(event.anchor)
        if found is None:
            self.usable = False
            self._mistake("unknown-anchor", f"No &{event.anchor} stands above this *{event.anchor}.", event)
            return None, event
        value, written = found
        if id(value) in self._open:
            self.usable = False
            self._mistake("recursive-alias", f"*{event.anchor} stands inside of &{event.anchor}: it has no end.", event)
            return None, event
        nodes, depth = self._measure(value)
        self._expanded += nodes
        if self._expanded > MAX_EXPANDED:
            detail = f"With its aliases written out, the file has more than {MAX_EXPANDED:,} values."
            raise Unreadable("alias-bomb", detail, event.start_mark)
        if self._depth + depth > MAX_DEPTH:
            raise Unreadable("too-deep", f"A spec never needs more than {MAX_DEPTH} levels.", event.start_mark)
        return value, written

    def _measure(self, value: Any) -> tuple[int, int]:
        """How many nodes and levels a value has with its aliases written out; a long text counts as several nodes."""
        if value.__class__ is str:
            return 1 + len(value) // 100, 0
        if value.__class__ is not dict and value.__class__ is not list:
            return 1, 0
        known = self._measured.get(id(value))
        if known is None:
            children = value.values() if value.__class__ is dict else value
            sizes = [self._measure(child) for child in children]
            nodes = 1 + sum(size[0] for size in sizes)
            if value.__class__ is dict:
                nodes += sum(len(key) // 100 for key in value)
            depth = 1 + max((size[1] for size in sizes), default=0)
            known = self._measured[id(value)] = (nodes, depth, value)  # kept alive, so that its id stays its own
        return known[0], known[1]

    def _merge(self, values: dict[str, Any], merges: list[tuple[Any, Any]], entries: list[Entry] | None) -> None:
        """Puts in what `<<` brings; what the mapping says itself wins, then the earlier of several."""
        own = dict(values)
        values.clear()
        for given, event in merges:
            bases = given if given.__class__ is list else [given]
            if not all(base.__class__ is dict for base in bases):
                if self.usable:
                    detail = "<< takes an alias of a mapping, or a list of them: `<<: *defaults`."
                    self._mistake("bad-merge", detail, event)
                continue
            for base in bases:
                if entries is not None and self.entries is not None:
                    entries.extend(self.entries[id(base)][1])  # behind its own: the first of a key is the one
                for key, value in base.items():
                    values.setdefault(key, value)
        values.update(own)

    def _duplicate(self, key: str, event: Any, seen: list[Any]) -> None:
        if len(self.mistakes) >= MAX_MISTAKES:
            return
        first = next(e.start_mark.line for e in seen if e.value == key)
        detail = f"`{key}` stands on line {first + 1} already. Only one of the two can be meant: take the other out."
        self._mistake("duplicate-key", detail, event)

    def _key_not_text(self, key: Any, event: Any) -> None:
        if isinstance(key, (dict, list)):
            detail = "A key is a single word, not a list or a mapping."
        elif event.__class__ is AliasEvent:
            detail = "An alias cannot be a key: write the key out."
        elif not event.value:
            detail = "A key is a word; this one is empty."
        else:
            detail = f'YAML reads {event.value} as a value that is not text. As a key it needs quotes: "{event.value}".'
        self._mistake("key-not-text", detail, event)

    def _mistake(self, code: str, detail: str, event: Any) -> None:
        if len(self.mistakes) < MAX_MISTAKES:
            self.mistakes.append(Mistake(code, detail, event.start_mark))
