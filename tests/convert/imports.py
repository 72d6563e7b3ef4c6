"""What all importers promise, as functions that tests of each call."""

from __future__ import annotations

from pathlib import Path

import yaml

from specrun.convert.imported import Imported
from specrun.convert.report import leaves
from specrun.convert.sources import Source
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.load import check


def unspoken(source: Source, imported: Imported) -> list[tuple[str | int, ...]]:
    """The leaves of a source that its report does not have."""
    known = {entry.path for entry in imported.report.entries if entry.file == source.file}
    known -= {()} if isinstance(source.values, (dict, list)) and source.values else set()
    return [path for path in leaves(source.values) if not any(path[:end] in known for end in range(len(path) + 1))]


def mistakes(imported: Imported, folder: Path) -> list[Diagnostic]:
    """The errors of a written spec, besides TODOs and files that a test does not have."""
    file = folder / f"{imported.name}.yaml"
    file.write_text(imported.draft.text(), encoding="utf-8")
    for path, text in imported.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    lines = file.read_text(encoding="utf-8").split("\n")
    return [
        found
        for found in check([str(file)])
        if found.severity is Severity.ERROR
        and not found.code.startswith(("missing-", "unset-"))
        and '"TODO"' not in found.detail  # through a variable
        and not (
            found.location.line and "TODO" in "".join(lines[max(0, found.location.line - 2) : found.location.line])
        )
    ]


def read_back(imported: Imported) -> object:
    """The written spec as YAML has it."""
    return yaml.safe_load(imported.draft.text())
