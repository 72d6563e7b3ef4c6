"""No text makes the check of a spec fail: it answers with diagnostics, each at a place that the text has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specrun.spec.load import load
from specrun.views.diagnostics import diagnostic_text
from specrun.views.text import Paint
from tests.long.limits import ACTS, SECONDS, TookTooLong, limited
from tests.long.mangling import PLAIN, Way, mangled, other_value
from tests.searching import Search

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs/examples", "tests/cases/rules", "tests/cases/schema")
SPECS = [file.read_bytes() for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.yaml"))]
PARTS = 8
"""A test for each, so that pytest-xdist has something to give to each of its workers."""


WAYS: tuple[Way, ...] = (*PLAIN, other_value)


def check_answer(data: bytes) -> None:
    Path("any.yaml").write_bytes(data)
    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", data.decode("utf-8-sig", errors="replace"))
    loaded = load(["any.yaml"])
    assert loaded.ok == bool(loaded.specs)
    for found in loaded.diagnostics:
        assert found.summary.endswith(".")
        assert found.detail
        assert 1 <= found.location.line <= len(lines)
        assert 1 <= found.location.column <= len(lines[found.location.line - 1]) + 1
        text = diagnostic_text(found, Paint(False), 80)
        assert text
        assert not ACTS.search(text), ascii(text)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_any_input_gets_an_answer(part: int, search: Search) -> None:
    random = search.random
    for data in SPECS[:100]:
        check_answer(data)  # and all is imported that takes time once
    for _ in range(search.rounds(sample=300, whole=125_000)):
        data = mangled(random.choice(SPECS), random, SPECS, WAYS)
        try:
            with limited(SECONDS if search.whole else 10 * SECONDS):
                check_answer(data)
        except (Exception, TookTooLong):
            print(f"the text: {data!r}")
            raise


@pytest.mark.parametrize(
    "data",
    [
        b"job: {? [a]: 1}",
        b"'': {'': ''}\n",
        b"name: ${{ vars. }}\nvars: {'': 1}\n",
        b"job: {inputs: {? a b\n: {}}}",
        b'apiVersion: specrun/v1\nname: a\njob: {command: "set\\npython a.py"}',
        b"job: {command: x, timeout: " + b"9" * 5000 + b"s}",
        b'job: {command: "a\xc2\x85b ${{ vars.c }}"}',
    ],
)
def test_what_once_made_it_fail(data: bytes) -> None:
    check_answer(data)
