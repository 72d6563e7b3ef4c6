"""The files that specs build on, each read once, however many specs of a load name it."""

# ruff: noqa: PTH118, PTH120
# A load looks at thousands of specs, and os.path does it ten times as fast.

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from specrun.spec import schema, source
from specrun.spec.boundary import allowing
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import OPEN
from specrun.spec.layers.merge import merged, top
from specrun.spec.requirements import near

if TYPE_CHECKING:
    from specrun.spec.boundary import Boundary
    from specrun.spec.rules.files import Files
    from specrun.spec.source import Document

HEAD = frozenset(("extends", "abstract", "targets", "default_target"))
"""What a file says of itself and of its layers: no values of a spec."""
_NOT_IN_TARGET = ("apiVersion", *sorted(HEAD))
MOST_BASES = 100
"""Of one spec; all of them are read, and a diagnostic may have to name them."""


@dataclass(slots=True)
class Head:
    """A file of a spec: its `values` without what it says of layers, and that.

    `targets` are its overlays by their names; None takes that of an earlier file away. `wrong`: whether its bases are
    not to be told.
    """

    document: Document
    values: dict[str, Any]
    extends: tuple[tuple[str, Path], ...] = ()
    """The bases, each with its place."""
    abstract: bool = False
    targets: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    default_target: str | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    wrong: bool = False
    folder: str = ""
    """The real folder of a base."""


@dataclass(slots=True)
class Chain:
    """All bases of a file, the most general first, and each of them once. `whole`: they are all there."""

    bases: tuple[Head, ...] = ()
    whole: bool = True
    _values: dict[str, Any] | None = None

    @property
    def values(self) -> dict[str, Any]:
        """What they say together, merged once for all specs that have them."""
        if self._values is None:
            self._values = {}
            for base in self.bases:
                self._values = merged(self._values, base.values, top()) if self._values else base.values
        return self._values


def head(document: Document) -> Head:
    """What a file says of layers, and what is wrong with that."""
    said = {name: value for name, value in document.values.items() if name in HEAD}
    if not said:
        return Head(document, document.values)
    found = schema.check(document, said, incomplete=True)
    values = {name: value for name, value in document.values.items() if name not in HEAD}
    extends, targets = said.get("extends"), said.get("targets")
    bases: list[tuple[str, Path]] = []
    if isinstance(extends, str) and extends:
        bases = [(extends, ("extends",))]
    elif isinstance(extends, list):
        bases = [(base, ("extends", index)) for index, base in enumerate(extends) if isinstance(base, str) and base]
    overlays: dict[str, Mapping[str, Any] | None] = {}
    for name, overlay in targets.items() if isinstance(targets, dict) else ():
        misplaced = [key for key in _NOT_IN_TARGET if isinstance(overlay, dict) and key in overlay]
        found += [_misplaced(document, name, key) for key in misplaced]
        if isinstance(overlay, dict):
            overlays[name] = {key: value for key, value in overlay.items() if key not in misplaced}
        elif overlay is None:
            overlays[name] = None
    default = said.get("default_target")
    return Head(
        document,
        values,
        tuple(bases),
        said.get("abstract") is True,
        overlays,
        default if isinstance(default, str) else None,
        found,
        wrong=any(one.path[:1] == ("extends",) for one in found),
    )


def _misplaced(document: Document, target: str, key: str) -> Diagnostic:
    what = "A target says what is different in one place." if key != "extends" else "A target has no bases of its own."
    detail = f"{what} Write `{key}` at the top of the file, where it holds for all targets, or leave it out."
    return document.diagnostic("not-in-target", detail, ("targets", target, key), key=True)


class Bases:
    """The bases that the specs of a load meet. `files` knows how far a folder's files reach, `given` are the names of
    those that the user has given.
    """

    def __init__(self, files: Files, given: Sequence[str] = ()) -> None:
        self._files = files
        self._given = given
        self._named: dict[str, str] | None = None
        self._chains: dict[tuple[str, tuple[str, ...]], tuple[Chain, tuple[tuple[int, str, str], ...]]] = {}
        self._heads: dict[str, Head | None] = {}
        self._found: list[Diagnostic] = []

    def chain(self, of: Head) -> tuple[Chain, list[Diagnostic]]:
        """The bases of a file, and what is wrong with their names."""
        folder = os.path.dirname(of.document.file)
        key = (folder, tuple(name for name, _ in of.extends))
        if key not in self._chains:
            self._chains[key] = self._read(folder, key[1])
        chain, wrong = self._chains[key]
        if of.wrong:
            chain = Chain(chain.bases, whole=False)
        return chain, [of.document.diagnostic(code, detail, of.extends[at][1]) for at, code, detail in wrong]

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the bases themselves, said once."""
        return self._found

    def _read(self, folder: str, names: tuple[str, ...]) -> tuple[Chain, tuple[tuple[int, str, str], ...]]:
        boundary = self._files.reach(folder).spec
        found: dict[str, Head] = {}
        wrong: list[tuple[int, str, str]] = []
        whole = True
        for at, name in enumerate(names):
            said = self._problem(name, boundary)
            if said is None:
                whole &= self._follow(os.path.realpath(os.path.join(boundary.folder, name)), [], found)
            else:
                wrong.append((at, *said))
        return Chain(tuple(found.values()), whole and not wrong), tuple(wrong)

    def _problem(self, name: str, boundary: Boundary) -> tuple[str, str] | None:
        """Why a name is not that of a base; None where it is."""
        if OPEN in name:
            detail = (
                "Bases are looked for before anything is put in place of expressions: write the path itself. What is "
                "different from place to place goes into `targets`."
            )
            return "expression-misplaced", detail
        if "\0" in name or name != name.strip():
            return "invalid-path", "It has blanks around it, or a NUL byte in it."
        if "://" in name:
            return "missing-base", "A base is a file beside the spec, not an address: what lies there may change."
        real = os.path.realpath(os.path.join(boundary.folder, name))
        if (boundary.in_repository or boundary.strict) and not boundary.admits(real):
            where = "the repository" if boundary.in_repository else "the spec's folder, which is in no repository"
            detail = (
                f"`{real}` is outside of {where}: who has that alone could not read the spec. If it is meant, say "
                f"`{allowing(real)}`."
            )
            return "outside-repository", detail
        if not os.path.lexists(real):
            return "missing-base", _missing(name, real, boundary.folder)
        if os.path.isdir(real):  # noqa: PTH112
            return "missing-base", f"`{name}` is a folder. Name the file in it."
        return None

    def _follow(self, real: str, above: list[str], found: dict[str, Head]) -> bool:
        """Collect a base behind those that it builds on itself; whether all of them are there."""
        if real in found:
            return True
        if real in above or len(found) + len(above) >= MOST_BASES:
            return False  # which is said where it is read
        base = self._head(real, above)
        if base is None:
            return False
        whole = not base.wrong
        boundary = self._files.reach(os.path.dirname(real)).spec
        for name, _ in base.extends:
            if self._problem(name, boundary) is None:
                inner = os.path.realpath(os.path.join(boundary.folder, name))
                whole &= self._follow(inner, [*above, real], found)
            else:
                whole = False
        found[real] = base
        return whole

    def _head(self, real: str, above: Sequence[str]) -> Head | None:
        if real not in self._heads:
            document, mistakes = source.read(self._shown(real))
            self._found += mistakes
            self._heads[real] = None
            if document is not None:
                self._heads[real] = self._checked(head(document), real, above)
        return self._heads[real]

    def _checked(self, base: Head, real: str, above: Sequence[str]) -> Head:
        document = base.document
        base.folder = os.path.dirname(real)
        self._found += base.diagnostics
        if "apiVersion" in base.values:
            self._found += schema.check(document, {"apiVersion": base.values["apiVersion"]}, incomplete=True)
        boundary = self._files.reach(os.path.dirname(real)).spec
        for name, path in base.extends:
            said = self._problem(name, boundary)
            inner = os.path.realpath(os.path.join(boundary.folder, name)) if said is None else ""
            ring = [*above, real]
            if inner in ring:
                ring = [*ring[ring.index(inner) :], inner]
                steps = ", which extends ".join(f"`{self._shown(one)}`" for one in ring[1:])
                said = "bases-loop", f"`{self._shown(ring[0])}` extends {steps}. Take one of these out."
            elif len(ring) >= MOST_BASES:
                said = "too-many-bases", f"Down to here {len(ring)} files build on each other."
            if said is not None:
                self._found.append(document.diagnostic(*said, path))
        return base

    def _shown(self, real: str) -> str:
        """A base's name for people: as it was given, where it was."""
        if self._named is None:
            self._named = {os.path.abspath(name): name for name in self._given if "\0" not in name}  # noqa: PTH100
        return self._named.get(real) or near(real)


def _missing(name: str, real: str, folder: str) -> str:
    from specrun.spec.rules.nearby import nearest_existing  # late: few are wrong

    if name.startswith("~"):
        return "`~` is the shell's and is not expanded here. Paths start at the folder of this file."
    found = nearest_existing(real, "missing-base")
    hint = f"Did you mean `{os.path.relpath(found, folder)}`?" if found else "Its path starts at this file's folder."
    return f"There is no `{near(real)}`. {hint}"
