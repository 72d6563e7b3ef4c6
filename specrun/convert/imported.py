"""What an importer gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.convert.document import Document
from specrun.convert.report import Report
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A job that stands in a script beside others: the `number` and `name` that --job takes, and where it stands.

    `what` it is made by, such as `ScriptRunConfig`; `program` is what it runs, "" where that is not known; `local`: on
    the machine of who submits it. `sweep`: it is one; `only_in_sweep`: it is submitted as what a sweep runs, and not by
    itself. `why` it cannot be imported, "" where it can. `chosen`: it was.
    """

    number: int
    name: str
    place: str
    what: str
    program: str = ""
    distributed: bool = False
    local: bool = False
    submitted: bool = True
    sweep: bool = False
    only_in_sweep: bool = False
    why: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """One spec: `name` as it is to be called, the draft, what became of each source field, and files beside the spec.

    `files` are by path relative to the spec, such as a wrapper script. `executable` are those of them that are run.
    `jobs` are all that the file has, where there is a choice.
    """

    name: str
    draft: Document
    report: Report
    files: Mapping[str, str] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    jobs: tuple[Found, ...] = ()
