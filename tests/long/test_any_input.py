"""No text makes the check of a spec fail: it answers with diagnostics, each at a place that the text has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from specrun.spec.load import load
from specrun.views.diagnostics import diagnostic_text
from specrun.views.text import Paint
from tests.searching import Search

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs/examples", "tests/cases/rules", "tests/cases/schema")
SPECS = [file.read_bytes() for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.yaml"))]
PIECES = [
    *(b"${{ ", b" }}", b": ", b":", b"\n", b"\n  ", b"  ", b"\t", b"- ", b"[", b"]", b"{", b"}", b",", b"#", b"|\n"),
    *(b">\n", b"&a ", b"*a", b"<<: *a", b"!!int ", b"!x ", b'"', b"'", b"? ", b"---\n", b"%YAML 1.1\n", b"\0", b"\xff"),
    *(b"\r", b"\xe2\x80\xa8", b"\xc2\x85", b"\xf0\x9f\x98\x80", b"null", b"1e999", b".nan", b"9" * 5000),
    *(b"inputs", b"secrets.", b"vars", b"env.", b"-1", b"0", b"true", b"2026-11-29", b"0x_", b"12:30:45", b"~"),
    *(b'"\\e[2J"', b'"\\u202e"', b'"a\\n\\n::error::b"', b"\xe2\x80\xae", b"\xc2\x9b", b"\xe2\x80\x8b", b"##vso[a]"),
]  # fmt: skip
ACTS = re.compile(
    "(?!\n)[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|##(vso)?\\[|(?m:^\\s*::)"
)
"""What may stand in nothing that is shown, see tests/unit/test_visible.py."""

WORD = re.compile(rb"[\w.-]+")
PARTS = 8
"""A test for each, so that pytest-xdist has something to give to each of its workers."""


def other_bytes(data: bytes, random: Random) -> bytes:
    """A piece put in, or a stretch replaced or taken out, or doubled elsewhere."""
    start, other = random.randrange(len(data) + 1), random.randrange(len(data) + 1)
    size = random.randrange(30)
    chance = bytes(random.randrange(256) for _ in range(random.randrange(5)))
    new = random.choice([random.choice(PIECES), chance, data[other : other + size]])
    return data[:start] + new + data[start + random.choice([0, size]) :]


def other_lines(data: bytes, random: Random) -> bytes:
    """A line taken out, doubled elsewhere, or moved to the left or right."""
    lines = data.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    line = lines.pop(at)
    return b"".join(
        random.choice(
            [
                lines,
                [*lines[: (to := random.randrange(len(lines) + 1))], line, *lines[to:], line],
                [*lines[:at], b" " * random.randrange(1, 5) + line, *lines[at:]],
                [*lines[:at], line.lstrip(b" "), *lines[at:]],
            ]
        )
    )


def other_word(data: bytes, random: Random) -> bytes:
    """A key or a value replaced by one of any spec."""
    words = list(WORD.finditer(data))
    elsewhere = WORD.findall(random.choice(SPECS))
    if not words or not elsewhere:
        return data
    word = random.choice(words)
    return data[: word.start()] + random.choice([*elsewhere, *PIECES]) + data[word.end() :]


WAYS: tuple[Callable[[bytes, Random], bytes], ...] = (other_bytes, other_lines, other_word)


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
    for _ in range(search.rounds(sample=500, whole=250_000)):
        data = random.choice(SPECS)
        for _ in range(random.randrange(1, 5)):
            data = random.choice(WAYS)(data, random)
        try:
            check_answer(data)
        except Exception:
            print(f"the text: {data!r}")
            raise


@pytest.mark.parametrize(
    "data",
    [
        b"job: {? [a]: 1}",
        b"'': {'': ''}\n",
        b"name: ${{ vars. }}\nvars: {'': 1}\n",
        b"job: {inputs: {? a b\n: {}}}",
    ],
)
def test_what_once_made_it_fail(data: bytes) -> None:
    check_answer(data)
