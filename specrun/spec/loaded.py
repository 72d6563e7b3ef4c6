"""What was read of files, and of parts of them the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from specrun.spec.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from specrun.spec.model import Spec
    from specrun.spec.selection import About
    from specrun.spec.source import Document


class Loaded(NamedTuple):
    """What was read. `specs` has those files that have no error; none, where what replaces their parts has one.

    No spec comes of a file that is `abstract`, of one `without_target` (it has targets, and not this one), nor of
    one that is `undecided`: it has targets, and none was chosen. Files are named as they were given.
    `about` is of every spec, where some were to be selected.
    """

    specs: tuple[Spec, ...]
    diagnostics: tuple[Diagnostic, ...]
    targets: Mapping[str, tuple[str, ...]] = {}
    """The names of the targets of each file that has some, its own or its bases'."""
    abstract: tuple[str, ...] = ()
    without_target: tuple[tuple[str, str], ...] = ()
    undecided: tuple[str, ...] = ()
    about: tuple[About, ...] = ()
    values: tuple[tuple[Document, Mapping[str, Any]], ...] = ()
    """Each spec's document with its values when all is in place, where they were asked for."""

    shared: tuple[Diagnostic, ...] = ()
    """Those of the diagnostics that are of no spec, but of what specs share: bases, and a repository's own file."""

    chained: tuple[str, ...] = ()
    """The files of those that read from the run of another spec."""

    broken: tuple[Diagnostic, ...] = ()
    """Which rules of their repositories specs do not keep, where they were judged by these: no mistake of theirs."""

    def bases(self, scanned: Collection[str]) -> int:
        """How many bases were found and not meant, of files that were only `scanned`."""
        return sum(file in scanned for file in self.abstract)

    def passed_over(self, scanned: Collection[str]) -> int:
        """How many files were found and not meant."""
        return self.bases(scanned) + len(self.without_target) + sum(not spec.chosen for spec in self.about)

    @property
    def ok(self) -> bool:
        """Whether nothing is an error."""
        return not any(found.severity is Severity.ERROR for found in self.diagnostics)


def together(parts: Iterable[Loaded], files: Sequence[str]) -> Loaded:
    """The whole of parts that were read each by itself; `files` are those of all."""
    read = list(parts)
    shared = dict.fromkeys(found for part in read for found in part.shared)  # each part has met them
    of_specs = [found for part in read for found in part.diagnostics if found not in shared]
    return Loaded(
        specs=tuple(chain.from_iterable(part.specs for part in read)),
        diagnostics=tuple(in_order([*of_specs, *shared], files)),
        targets={file: names for part in read for file, names in part.targets.items()},
        abstract=tuple(chain.from_iterable(part.abstract for part in read)),
        without_target=tuple(chain.from_iterable(part.without_target for part in read)),
        undecided=tuple(chain.from_iterable(part.undecided for part in read)),
        about=tuple(chain.from_iterable(part.about for part in read)),
        values=tuple(chain.from_iterable(part.values for part in read)),
        shared=tuple(shared),
        chained=tuple(chain.from_iterable(part.chained for part in read)),
        broken=tuple(in_order([found for part in read for found in part.broken], files)),
    )


def in_order(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> Sequence[Diagnostic]:
    """Each finding once: by file, in the order in which they are given, by line and by column."""
    if len(diagnostics) < 2:
        return diagnostics
    specs: Counter[Diagnostic] = Counter()  # several may have one base
    for one in diagnostics:
        specs[one] += one.specs
    diagnostics = [one if number == one.specs else replace(one, specs=number) for one, number in specs.items()]
    order = {file: index for index, file in reversed(list(enumerate(files)))}
    return sorted(
        diagnostics,
        key=lambda d: (order.get(d.location.file, -1), d.location.line, d.location.column, d.severity.value, d.code),
    )
