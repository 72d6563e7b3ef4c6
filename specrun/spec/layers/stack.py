"""A spec that is merged from several files: one document, whose places are those of its layers."""

# A load looks at thousands of specs, and os.path does it ten times as fast.

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from specrun.spec.diagnostics import Diagnostic, Location, Path
from specrun.spec.layers.merge import complete, merged, top
from specrun.spec.source import Document, Part


class Layer(NamedTuple):
    """Values that are laid over those before them, as `document` has them.

    In it they stand at `begins`; `below` is where they begin in a spec. `word` says what the layer is: base, file,
    target NAME, var file.
    """

    word: str
    document: Document
    values: Mapping[str, Any]
    begins: Path = ()
    below: Path = ()
    folder: str = ""
    """The real folder of a base's file; "" for that of the spec."""

    def part(self, path: Path) -> Part:
        """Where the value at a spec's path stands in the layer's document."""
        return Part(self.document, (*self.begins, *path[len(self.below) :]), self.word)

    def depth(self, path: Path) -> int:
        """How far a path can be followed in the layer's values."""
        values: Any = self.values
        for depth, step in enumerate(path):
            in_list = isinstance(values, list) and isinstance(step, int) and step < len(values)
            if not in_list and not (isinstance(values, dict) and step in values):
                return depth
            values = values[step]
        return len(path)


class Merged(Document):
    """A spec merged from layers, the first of them the most general. `file` is the spec's own.

    Its `text` is that of all its files. What nobody has written is looked for where it is missing: in the spec's own
    file.
    """

    __slots__ = ("layers", "own", "target")

    def __init__(self, own: Document, layers: Sequence[Layer], values: Any, target: str = "") -> None:
        texts = dict.fromkeys(layer.document.text for layer in layers)
        super().__init__(own.file, "\n".join(texts), values)
        self.own = own
        self.layers = layers
        self.target = target

    def having_read(self, read: Mapping[str, str]) -> Document:
        """The same document when its expressions have been looked up."""
        if read:
            found = Merged(self.own, self.layers, self.values, self.target)
            found.read = read
            return found
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it was merged from, its own first: absolute paths."""
        names = (layer.document.file for layer in (*self.layers[::-1],))
        return tuple(dict.fromkeys(map(os.path.abspath, (self.file, *names))))

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of these files, as they stand there."""
        return tuple(dict.fromkeys((self.own, *(layer.document for layer in self.layers))))

    def part(self, path: Path) -> Part:
        """The document, the path there and the layer of the value at `path`."""
        layers = self.layers[::-1]
        if Layer("", self, self.values).depth(path) == len(path):
            # What is there has its value of the last layer that has it: an earlier one's would be replaced, or gone.
            return next(layer.part(path) for layer in layers if layer.depth(path) == len(path))
        own = [layer for layer in layers if layer.document is self.own]
        return max(own, key=lambda layer: layer.depth(path)).part(path)

    def location(self, path: Path, *, key: bool = False) -> Location:
        """The place of the value at `path`, or of its key, in the layer that gave it."""
        part = self.part(path)
        return part.document.location(part.path, key=key)

    def inside(self, path: Path, value: str, offset: int, length: int = 1) -> Location:
        """The place of a part of the text `value`, which stands at `path` as it is written there."""
        part = self.part(path)
        return part.document.inside(part.path, value, offset, length)

    def written(self, path: Path) -> str:
        """The value at `path` as it is written."""
        part = self.part(path)
        return part.document.written(part.path)

    def hiding(self, found: Diagnostic) -> Diagnostic:
        """A diagnostic of this document without what was read of the environment."""
        if not self.read:
            return found
        from specrun.spec.env_values import hidden  # late: few documents are wrong and have read some

        named = {layer.document.file for layer in self.layers}
        file = found.location.file if found.location.file in named else self.file
        return hidden(found, self.read, self.text, file)


def stacked(
    own: Document, below: Sequence[Layer], values: dict[str, Any], above: Sequence[Layer], target: str = ""
) -> Merged:
    """A spec's layers merged; `values` are what those `below` make."""
    for layer in above:
        values = merged(values, layer.values, top())
    return Merged(own, [*below, *above], complete(values), target)
