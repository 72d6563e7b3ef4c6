"""What somebody who imports says beside the files."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from specrun.convert.document import Document
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`folder` is where the spec will lie: relative paths of a source are written relative to it.

    `job` chooses among the jobs of a script, by its number (from 1) or name; with `all_jobs` each is imported.
    `name` is the spec's; None: it follows from the source. `workspace` is the section of that name; None: none is
    written.
    """

    name: str | None = None
    workspace: Properties | None = None
    folder: Path = field(default_factory=Path)
    job: str | None = None
    all_jobs: bool = False


def write_given_workspace(draft: Document, workspace: Properties | None) -> None:
    """The section `workspace`, where somebody says it beside the files."""
    for key, value in (workspace or {}).items():
        draft.set(("workspace", str(key)), value if isinstance(value, (str, int, float, bool)) else str(value))
