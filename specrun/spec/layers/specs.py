"""The specs that a file stands for: one for each of its targets, merged from all of their layers."""

# ruff: noqa: PTH119
# A load looks at thousands of specs, and os.path does it ten times as fast.

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from specrun.spec.diagnostics import Severity
from specrun.spec.frozen import dataclass
from specrun.spec.layers.bases import HEAD, Bases, Chain, Head, head
from specrun.spec.layers.stack import Layer, stacked
from specrun.spec.nearest import suggestion
from specrun.spec.rules.expressions import variables_named
from specrun.spec.wording import listed

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.rules.files import Files
    from specrun.spec.source import Document


@dataclass(slots=True)
class Picked:
    """Which targets the files of a load have, and which files give no spec for a reason that is no mistake."""

    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    abstract: list[str] = field(default_factory=list)
    without_target: list[tuple[str, str]] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    def counted(
        self,
    ) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]:
        """All of it, as it may be kept."""
        return self.targets, tuple(self.abstract), tuple(self.without_target), tuple(self.undecided)


@dataclass(frozen=True, slots=True)
class Layered:
    """A file with its bases, and the layers of each of the targets that it has, or that its bases have."""

    own: Head
    chain: Chain = field(default_factory=Chain)
    targets: Mapping[str, Sequence[Layer]] = field(default_factory=dict)
    default: str | None = None
    diagnostics: Sequence[Diagnostic] = ()

    @property
    def complete(self) -> bool:
        """Whether all that belongs to the spec is there, so that what is missing is missing."""
        return self.chain.whole and not self.own.abstract

    def pick(self, target: str | None, default: str, picked: Picked, *, each: bool = False) -> list[Document]:
        """The spec for the target that is said, else for the usual one, of the spec or of its repository (`default`);
        for every target where there is none, and where `each` is to be looked at and none is said.
        """
        file = self.own.document.file
        if self.own.abstract:
            picked.abstract.append(file)
            return [self.merged(name) for name in self.targets if target in (None, name)] or [self.merged()]
        if not self.targets:
            return [self.merged()]
        picked.targets[file] = tuple(self.targets)
        if target is None and not each:
            target = self.default or default or None
        if target is None:
            if not each and self.complete:
                picked.undecided.append(file)
            return [self.merged(name) for name in self.targets]
        if target in self.targets:
            return [self.merged(target)]
        picked.without_target.append((file, target))
        return []

    def merged(self, target: str = "") -> Document:
        """The spec for one of its targets."""
        own = self.own
        if not self.chain.bases and not target and own.values is own.document.values:
            return own.document
        below = [Layer("base", one.document, one.values, folder=one.folder) for one in self.chain.bases]
        above = [Layer("file", own.document, own.values), *self.targets.get(target, ())]
        return stacked(own.document, below, self.chain.values, above, target)


def _targets(heads: Sequence[Head]) -> dict[str, list[Layer]]:
    """The overlays of each target, in the order of their files; null takes those of earlier files away."""
    found: dict[str, list[Layer]] = {}
    for one in heads:
        for name, values in one.targets.items():
            if values is None and name in found:
                del found[name]
                continue
            layer = Layer(f"target {name}", one.document, values or {}, ("targets", name), folder=one.folder)
            found.setdefault(name, []).append(layer)
    return found


class Layering:
    """Specs and their bases, for the duration of one load; `given` are the names of its files."""

    def __init__(self, files: Files, given: Sequence[str] = ()) -> None:
        self._bases = Bases(files, given)
        self._above: dict[str, list[Document]] = {}

    def of(self, document: Document) -> Layered:
        """A file with all that it builds on."""
        if HEAD.isdisjoint(document.values):  # nearly always
            return Layered(Head(document, document.values))
        own = head(document)
        chain, wrong = self._bases.chain(own) if own.extends or own.wrong else (Chain(), [])
        for base in chain.bases:
            self._above.setdefault(f"{base.folder}/{os.path.basename(base.document.file)}", []).append(document)
        heads = (*chain.bases, own)
        targets = _targets(heads)
        default = next((one.default_target for one in reversed(heads) if one.default_target is not None), None)
        if own.default_target is not None and own.default_target not in targets and chain.whole and not own.abstract:
            detail = f"`targets` has no `{default}`. {suggestion(own.default_target, targets, kind='targets')}"
            wrong.append(document.diagnostic("unknown-target", detail, ("default_target",)))
        return Layered(own, chain, targets, default, [*own.diagnostics, *wrong])

    def without_used_above(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """What was found without the unused variables of a file that is wrong, where a name may be misspelt, and
        without those that a spec names which builds on their file.
        """
        if not any(one.code == "unused-var" for one in found):
            return found
        wrong = {one.location.file for one in found if one.severity is Severity.ERROR}
        return [
            one
            for one in found
            if one.code != "unused-var"
            or (one.location.file not in wrong and one.path[-1] not in self._named_above(one.location.file))
        ]

    def _named_above(self, file: str) -> frozenset[str]:
        above = self._above.get(os.path.realpath(file), ())
        return frozenset().union(*map(variables_named, above))

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the bases themselves, said once."""
        return self._bases.diagnostics()


def under_targets(found: Sequence[tuple[Document, Sequence[Diagnostic]]]) -> list[Diagnostic]:
    """What is wrong with a spec under its targets, each finding once; and of which targets, where not of all."""
    told: dict[Diagnostic, tuple[Diagnostic, list[Document]]] = {}
    for document, diagnostics in found:
        for one in diagnostics:
            alike = replace(one, detail="")  # which may say what there is instead, in each target another thing
            told.setdefault(alike, (one, []))[1].append(document)
    return [_told(one, documents, len(found)) for one, documents in told.values()]


def _told(found: Diagnostic, documents: Sequence[Document], of: int) -> Diagnostic:
    if len(documents) == of or documents[0].part(found.path).layer.startswith("target "):
        return found
    names = listed([document.target for document in documents], "and")
    return replace(found, detail=f"{found.detail} This is so for the target{'s' * (len(documents) > 1)} {names}.")
