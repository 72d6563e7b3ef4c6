"""A merged spec as YAML, each value with where it comes from as a comment; and the same as JSON values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

from specrun.convert.document import leaf, scalar
from specrun.spec.diagnostics import Path
from specrun.spec.frozen import dataclass
from specrun.spec.visible import visible
from specrun.views.text import Paint

_GAP = "  "
_FOLDED = re.compile(r"(?!\s)[^\0#\\]+(?<!\s)")
"""What may be folded: a comment or a continued line would be another thing in a line of its own."""
_EXPRESSION = re.compile(r"\$\{\{[^{}]*\}\}")


class Came(NamedTuple):
    """Where a value comes from: the place where it is written, none where that is the command line; the layer that gave
    it; and what was put in place of its expressions, such as `env DATA_ROOT`.
    """

    file: str
    line: int | None
    layer: str
    through: Sequence[str] = ()

    def __str__(self) -> str:
        place = [f"{self.file}:{self.line}"] if self.file else []
        told = [self.layer] if self.layer.startswith(("target ", "--")) or not place else []
        return visible(", ".join([*told, *place, *self.through]))


def merged_text(values: Mapping[str, Any], came: Callable[[Path], Came], paint: Paint, width: int) -> str:
    """The spec as YAML that specrun reads as the same spec. Comments stand below each other as far as lines allow."""
    origins = {path: f"# {came(path)}" for path, _ in leaves(values)}
    lines = list(_Writer(origins, width).mapping(values, (), 0))
    sizes = [len(text) for text, path in lines if path is not None]
    column = max((size for size in sizes if size <= width // 2), default=0)
    shown = []
    for text, path in lines:
        if path is None:
            shown.append(text)
            continue
        room = width - len(_GAP) - len(origins[path])  # a comment moves to the left rather than into the next line
        shown.append(f"{text:<{max(0, min(column, room))}}{_GAP}{paint(origins[path], 'dim')}")
    return "\n".join(shown)


def merged_data(values: Mapping[str, Any], came: Callable[[Path], Came]) -> list[dict[str, object]]:
    """An entry for each value that is no list and no mapping, or an empty one."""
    found = ((path, value, came(path)) for path, value in leaves(values))
    return [
        {
            "path": list(path),
            "value": value,
            "file": origin.file or None,
            "line": origin.line,
            "layer": origin.layer,
            "through": list(origin.through),
        }
        for path, value, origin in found
    ]


def leaves(values: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each value that is no list and no mapping, or an empty one, with its path; in order."""
    if isinstance(values, (dict, list)) and values:
        for step, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield from leaves(value, (*path, step))
    else:
        yield path, values


Line = tuple[str, Path | None]
"""A line, and the path of the value that begins on it."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """Values as lines. `origins` are comments, which decide what has room on a line of `width` characters."""

    origins: Mapping[Path, str]
    width: int

    def mapping(self, values: Mapping[str, Any], path: Path, depth: int) -> Iterator[Line]:
        """A mapping's entries, the sections of a spec apart from each other."""
        before: Any = None
        for number, (name, value) in enumerate(values.items()):
            if not depth and number and (_is_filled(before) or _is_filled(value)):
                yield "", None
            yield from self._value(f"{'  ' * depth}{scalar(name)}:", value, (*path, name), depth + 1)
            before = value

    def _value(self, lead: str, value: Any, path: Path, depth: int) -> Iterator[Line]:
        """A value behind its name or its hyphen; what is below it stands `depth` deep."""
        if not _is_filled(value):
            first, *more = self._leaf(lead, value, path, "  " * depth)
            yield first, path
            yield from ((line, None) for line in more)
            return
        yield lead, None
        if isinstance(value, dict):
            yield from self.mapping(value, path, depth)
            return
        for index, item in enumerate(value):
            hyphen = f"{'  ' * depth}-"
            if isinstance(item, dict) and item:
                (text, at), *others = self.mapping(item, (*path, index), depth + 1)
                yield f"{hyphen} {text.lstrip()}", at
                yield from others
            else:
                yield from self._value(hyphen, item, (*path, index), depth + 1)

    def _leaf(self, lead: str, value: Any, path: Path, pad: str) -> list[str]:
        """The lines of a value; a long text of words is folded where it leaves no room for its comment."""
        written = list(leaf(lead, value, pad))
        room = self.width - len(_GAP) - len(self.origins[path])
        if isinstance(value, str) and len(written) == 1 and len(written[0]) > room and _FOLDED.fullmatch(value):
            whole = _EXPRESSION.sub(lambda found: found[0].replace(" ", "\0"), value)
            folded = wrap(whole, self.width - len(pad), break_long_words=False, break_on_hyphens=False)
            lines = [line.replace("\0", " ") for line in folded]
            if " " in whole and " ".join(lines) == value and all(visible(line) == line for line in lines):
                return [f"{lead} >-", *(f"{pad}{line}" for line in lines)]
        return written


def _is_filled(value: Any) -> bool:
    return isinstance(value, (dict, list)) and bool(value)
