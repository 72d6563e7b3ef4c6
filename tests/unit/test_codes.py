from __future__ import annotations

import re
from pathlib import Path

import pytest

import specrun.spec
from specrun.spec.codes import SUMMARIES, diagnostic
from specrun.spec.diagnostics import Location, Severity

PACKAGE = Path(specrun.spec.__file__).parent


def test_summaries_are_short_sentences() -> None:
    assert all(len(summary) <= 72 and summary.endswith(".") for summary in SUMMARIES.values())
    assert len(set(SUMMARIES.values())) == len(SUMMARIES)


@pytest.mark.parametrize("code", SUMMARIES)
def test_every_code_is_used(code: str) -> None:
    if code in ("unknown-input", "unknown-output"):  # put together from the namespace
        return
    sources = [
        file.read_text(encoding="utf-8")
        for file in PACKAGE.rglob("*.py")
        if file.name not in ("codes.py", "unknown.py")
    ]
    assert any(re.search(rf'"{code}"', source) for source in sources)


def test_a_severity_may_be_given() -> None:
    place = Location("x", 1, 1)
    assert diagnostic("unset-env", "", (), place).severity is Severity.ERROR
    assert diagnostic("unset-env", "", (), place, Severity.NOTE).severity is Severity.NOTE
    assert diagnostic("retired-size", "", (), place).severity is Severity.WARNING
