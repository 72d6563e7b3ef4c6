"""Batch AI classes as the files that they would be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specrun.convert.report import FieldPath
from specrun.convert.scripts.values import (
    Call,
    Computed,
    Environ,
    Hidden,
    Reference,
    Template,
    Value,
)
from specrun.spec.masking import names_secret

MOST_KEYS = 14
"""How deep the classes are nested into each other; what is deeper is left out."""


@dataclass(slots=True)
class Form:
    """The file that a class with all that is in it would be. `origins` says which argument each part came from.

    What is not known is there as a word that every name may be (`words`), and is put in its place afterwards.
    """

    file: str
    words: dict[str, Value]
    values: dict[str, object] = field(default_factory=dict)
    origins: dict[FieldPath, tuple[Call, str]] = field(default_factory=dict)

    def put(self, path: FieldPath, call: Call, name: str, value: Value) -> object:
        """A value as JSON has it."""
        self.origins[path] = (call, name)
        if len(path) > MOST_KEYS:
            return None
        match value:
            case Call() if value.kind.startswith("batchai:"):
                self.origins[path] = (call, name)
                return {
                    _camel(key): self.put((*path, _camel(key)), value, key, argument.value)
                    for key, argument in {**value.arguments, **value.attributes}.items()
                }
            case list():
                return [self.put((*path, number), call, name, item) for number, item in enumerate(value)]
            case dict():
                return {key: self.put((*path, key), call, name, item) for key, item in value.items()}
            case Template():
                return "".join(str(self._plain(part, name)) for part in value.parts)
            case _:
                return self._plain(value, name)

    def _plain(self, value: Value, name: str) -> object:
        if isinstance(value, str | int | float | None):
            return value
        if isinstance(value, Computed) and isinstance(value.default, int | float):
            return value.default
        if isinstance(value, Reference) and value.imported:
            return value.dotted.rpartition(".")[2]  # a member of an enumeration
        if isinstance(value, Hidden):
            return "hidden-credential"
        if names_secret(name):
            return "hidden-credential"
        hint = value.name if isinstance(value, Computed | Environ) and value.name else name
        for word, other in self.words.items():
            both = isinstance(other, Computed) and isinstance(value, Computed)
            if other == value or (both and other.text == value.text):  # type: ignore[union-attr]
                return word
        word = f"{re.sub('[^a-z]', '', hint.lower())[:16]}var{len(self.words) + 1}"
        self.words[word] = value
        return word


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
