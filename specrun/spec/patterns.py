"""Globs, as shells know them, matched name by name on the way down: what cannot match is not looked into."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import translate
from typing import NamedTuple

_WILD = re.compile(r"[*?\[]")


def is_glob(text: str) -> bool:
    """Whether a text has a sign in it that stands for others."""
    return _WILD.search(text) is not None


class Pattern(NamedTuple):
    """A glob's names. What lies below something that matches, matches: a folder means what is in it.

    Before the names that may be many things comes `base`, the path of the folder at which to begin. `**` stands for any
    folders, or none; as in shells, no wildcard takes the dot at the start of a name.
    """

    base: str
    names: tuple[str, ...]
    regexes: tuple[re.Pattern[str] | None, ...]

    @property
    def start(self) -> frozenset[int]:
        """Where one is in the pattern at its base."""
        return self._going_on({0})

    def step(self, at: frozenset[int], name: str) -> frozenset[int]:
        """Where one may be in it at something of this name, in a folder that one may be at `at`.

        Nowhere: neither that nor anything below matches.
        """
        end = len(self.names)
        if at == {end}:
            return at
        found = set[int]()
        for index in at:
            if index == end:
                found.add(index)
            elif self.names[index] == "**":
                if not name.startswith("."):
                    found.add(index)
            elif self._fits(index, name):
                found.add(index + 1)
        return self._going_on(found)

    def matches(self, at: Collection[int]) -> bool:
        """Whether what is there matches."""
        return len(self.names) in at

    def _going_on(self, at: set[int]) -> frozenset[int]:
        for index in tuple(at):
            while index < len(self.names) and self.names[index] == "**":
                index += 1
                at.add(index)
        return frozenset(at)

    def _fits(self, index: int, name: str) -> bool:
        written, regex = self.names[index], self.regexes[index]
        if regex is None or name == written:  # the latter: a name that has such signs in it
            return name == written
        return (not name.startswith(".") or written.startswith(".")) and regex.fullmatch(name) is not None


def parse(text: str) -> Pattern:
    """A glob as a pattern."""
    names = text.split("/")
    wild = next((at for at, name in enumerate(names) if is_glob(name)), len(names))
    base = "/".join(names[:wild]) or ("/" if text.startswith("/") else "")
    rest = tuple(name for name in names[wild:] if name not in ("", "."))
    regexes = tuple(re.compile(translate(name), re.DOTALL) if is_glob(name) else None for name in rest)
    return Pattern(base, rest, regexes)
