from __future__ import annotations

from specrun.spec.codes import CODES, diagnostic
from specrun.spec.diagnostics import Location, Severity


def test_summaries_are_short_sentences() -> None:
    assert all(len(code.summary) <= 72 and code.summary.endswith(".") for code in CODES.values())
    assert len({code.summary for code in CODES.values()}) == len(CODES)


def test_a_severity_may_be_given() -> None:
    place = Location("x", 1, 1)
    assert diagnostic("unset-env", "", (), place).severity is Severity.ERROR
    assert diagnostic("unset-env", "", (), place, Severity.NOTE).severity is Severity.NOTE
    assert diagnostic("retired-size", "", (), place).severity is Severity.WARNING
