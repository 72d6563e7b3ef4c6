"""What the parts of a job need to know while it is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.convert.document import Document
from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger
from specrun.convert.section import Section, section_of
from specrun.convert.sources import Source
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Beside:
    """Files that were given together with jobs, by the names that jobs call them.

    With `one_job` all datastores and data belong to it, whether it names them or not.
    """

    clusters: Mapping[str, Source] = field(default_factory=dict)
    datastores: Mapping[str, Source] = field(default_factory=dict)
    data: Mapping[str, Source] = field(default_factory=dict)
    environments: tuple[Source, ...] = ()
    workspace: Source | None = None
    one_job: bool = False


@dataclass(slots=True)
class JobImport:
    """A draft and all that is read for it: ledgers of further files, and files that are written beside the spec.

    `used` are the files that were read. `gpu_image` says which image of specrun's own was left out.
    """

    name: str
    options: ImportOptions
    beside: Beside
    draft: Document = field(default_factory=Document)
    ledgers: list[Ledger] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    gpu_image: bool | None = None

    def open(self, source: Source) -> Section:
        """The fields of a file, whose ledger then counts for this spec."""
        ledger = Ledger(source.file, source.values, source.place)
        self.ledgers.append(ledger)
        self.used.add(source.file)
        return section_of(ledger, self.draft)
