"""What is wrong with a spec that was imported, and stands in no report."""

from __future__ import annotations

from pathlib import Path

from specrun.apply.imported import agreed
from specrun.convert.imported import Imported
from specrun.convert.report import Verdict
from specrun.spec.diagnostics import Severity
from specrun.spec.load import check

ELSEWHERE = ("missing-", "unset-", "not-a-", "script-outside-code", "invalid-path")
"""Codes about files and variables of the user's machine, which the import does not look at."""


def unexplained(path: Path, imported: Imported) -> list[str]:
    """What validate finds that is neither about the user's machine nor in the report that an import prints."""
    (found,) = agreed([imported], {str(path): path.read_text()})
    asked = [entry for entry in found.report.entries if entry.verdict is Verdict.NEEDS_YOU]
    told = [entry.to for entry in asked] + [f"vars.{entry.flag[6:].partition('=')[0]}" for entry in asked if entry.flag]
    mistakes = []
    for diagnostic in check([str(path)]):
        place = ".".join(map(str, diagnostic.path))
        named = any(f"{place}.".startswith(f"{to}.") or f"{to}.".startswith(f"{place}.") for to in told)
        if diagnostic.severity is Severity.ERROR and not diagnostic.code.startswith(ELSEWHERE) and not named:
            mistakes.append(f"{diagnostic.code}: {place}: {diagnostic.location.text}: {diagnostic.detail}")
    return mistakes
