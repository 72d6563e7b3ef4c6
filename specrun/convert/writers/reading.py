"""A spec that is being made from somebody's files: the draft, what became of each field, and files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.convert import locations
from specrun.convert.document import Document
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger, Report
from specrun.convert.section import Fields, Section, empty_reason, section_of
from specrun.convert.sources import Source
from specrun.spec.frozen import dataclass


@dataclass(slots=True)
class Reading:
    """`name` is the spec's. `root` is the folder in which relative paths of the source start; "": each file's own.

    `files` are written beside the spec, by their path; `used` are the source files that were read. `gpu_image` says
    which image of specrun's own was left out.
    """

    name: str
    options: ImportOptions
    root: str = ""
    draft: Document = field(default_factory=Document)
    ledgers: list[Ledger] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    gpu_image: bool | None = None

    def begin(self, origin: str) -> None:
        """The head of the spec: its name, and where it is from."""
        self.draft.set(("apiVersion",), "specrun/v1")
        self.draft.set(("name",), self.name)
        self.draft.comment((), origin)

    def open(self, source: Source) -> Section:
        """The fields of a file, whose ledger then counts for this spec."""
        self.used.add(source.file)
        return section_of(self._counted(Ledger(source.file, source.values, source.place, source.at)), self.draft)

    def over(self, ledger: Ledger, fields: Fields) -> Section:
        """Fields that were put together from what the ledger's file says."""
        return Section(self._counted(ledger), self.draft, fields.path, fields)

    def local(self, section: Section, path: str) -> str:
        """A path of the source as a spec has it: relative to the spec."""
        return locations.rebased(path, self.folder(section), self.options.folder)

    def folder(self, section: Section) -> str:
        """Where paths of a section start."""
        return self.root or locations.folder_of(section.ledger.file)

    def imported(self, unknown: str, known: Mapping[str, str] | None = None) -> Imported:
        """What was made. Fields of which nothing was said are dropped: for `unknown`, or by name for a `known` reason.

        A name says why for all that is below it.
        """
        report = Report()
        for ledger in self.ledgers:
            empty_reason(ledger)
            for path in list(ledger.rest()) if known else ():
                why = next((known[step] for step in map(str, path) if step in known), None) if known else None
                if why is not None:
                    ledger.drop(path, why)
            report += ledger.close(unknown)
        return Imported(self.name, self.draft, report, self.files)

    def _counted(self, ledger: Ledger) -> Ledger:
        if not any(one is ledger for one in self.ledgers):
            self.ledgers.append(ledger)
        return ledger
