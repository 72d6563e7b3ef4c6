"""Every field of the schema is used by each part of specrun, or is listed as not used, with the reason."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from tests.completeness.consumers import CONSUMERS, fingerprint, rows, specs_of
from tests.completeness.probes import PROBES, leaves
from tests.completeness.senders import SECRETS
from tests.completeness.unused import COUNTS, DOES_NOT_COUNT, UNUSED, unused


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def test_every_field_has_a_probe_and_every_probe_a_field() -> None:
    lacking = sorted(set(leaves()) - set(PROBES))
    assert not lacking, f"write a line in tests/completeness/probes.py for each of {lacking}"
    assert set(PROBES) == set(leaves())


@pytest.mark.parametrize("leaf", leaves())
def test_a_field_is_used_or_listed_as_not_used(leaf: str, tmp_path: Path) -> None:
    wrong = []
    specs = specs_of(leaf, tmp_path)
    for consumer, make in CONSUMERS.items():
        first, second = (make(spec, tmp_path / "home") for spec in specs)
        listed = _covering(unused(consumer), leaf)
        if first == second and not listed:
            wrong.append(f"{consumer} does not use {leaf}: use it, or say in tests/completeness/unused.py why not")
        elif first != second and listed:
            wrong.append(f"{consumer} uses {leaf}, and tests/completeness/unused.py lists {listed} as not used")
    assert wrong == []


@pytest.mark.parametrize("leaf", leaves())
def test_the_engines_page_has_a_row_about_a_field(leaf: str) -> None:
    path = tuple(leaf.split("."))
    told = any(path[: len(row)] == row for row in rows())
    listed = _covering(UNUSED["engines page"], leaf)
    assert told is not bool(listed), (
        f"{leaf}: a row in docs/generate_engines.py, or a reason in unused.py, and not both"
    )


@pytest.mark.parametrize("leaf", leaves())
def test_whether_a_field_counts_in_the_fingerprint_is_said(leaf: str, tmp_path: Path) -> None:
    counts, not_counts = _covering(COUNTS, leaf), _covering(DOES_NOT_COUNT, leaf)
    assert counts or not_counts, f"does {leaf} count in the fingerprint? Say it in tests/completeness/unused.py"
    assert not (counts and not_counts), leaf
    first, second = (fingerprint(spec, tmp_path / "home") for spec in specs_of(leaf, tmp_path))
    assert (first != second) is bool(counts)


@pytest.mark.parametrize("listed", [*UNUSED.values(), COUNTS, DOES_NOT_COUNT], ids=[*UNUSED, "counts", "does not"])
def test_nothing_is_listed_that_is_no_field(listed: Collection[str]) -> None:
    assert [field for field in listed if not any(_covering([field], leaf) for leaf in leaves())] == []


def _covering(listed: Collection[str], leaf: str) -> list[str]:
    """What of a list a field is, or is below of."""
    return [field for field in listed if f"{leaf}.".startswith(f"{field}.")]
