"""What is wrong with a spec that was imported, and should not be."""

from __future__ import annotations

from pathlib import Path

from specrun.convert.imported import Imported
from specrun.convert.report import Verdict
from specrun.spec.diagnostics import Severity
from specrun.spec.load import check

ELSEWHERE = ("missing-", "unset-", "not-a-", "script-outside-code", "invalid-path")
"""Codes about files and variables of the user's machine, which the import does not look at."""


def unexplained(path: Path, imported: Imported) -> list[str]:
    """What validate finds that is neither a TODO nor about the user's machine."""
    asked = any(entry.verdict is Verdict.NEEDS_YOU for entry in imported.report.entries)
    found = []
    for diagnostic in check([str(path)]):
        line = diagnostic.location.text
        todo = asked and (diagnostic.code == "open-todo" or "TODO" in line or "${{ vars." in line or "todo" in line)
        if diagnostic.severity is Severity.ERROR and not diagnostic.code.startswith(ELSEWHERE) and not todo:
            found.append(f"{diagnostic.code}: {line}: {diagnostic.detail}")
    return found
