"""What the tests of planning, applying and the rules notice: most of what could be wrong there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.long.mutations import TESTS
from tests.long.mutants import mutants, mutated
from tests.searching import Search

ROOT = Path(__file__).parents[2]
SAMPLE, LEAST_OF_SAMPLE = 10, 70
"""Mutants of each package in a sample, and percent of them that are killed: of 30, chance spares a few more."""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("where", TESTS)
def test_mutants_are_killed(where: str, search: Search) -> None:
    # In a process of its own: it forks, and a worker of pytest-xdist has threads.
    size = [] if search.whole else ["--sample", f"{SAMPLE}", "--least", f"{LEAST_OF_SAMPLE}", "--jobs", "1"]
    command = [sys.executable, "-m", "tests.long.mutations", where, "--seed", search.seed, *size]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    assert done.returncode == 0


def test_each_kind_of_wrong(tmp_path: Path) -> None:
    """One line for each; a second look gives the same, for a mutant is known by its number."""
    file = tmp_path / "some.py"
    file.write_text(
        '"""Not this."""\n'
        "LIMIT = 10.0\n"
        "def some(a: int, b=2, *, c='x'):\n"
        "    '''Nor this.'''\n"
        "    if a < b and not c:\n"
        "        a += 1\n"
        "    return [f(one, key=one) for one in a if one]\n"
    )
    found = mutants(file, tmp_path)
    assert [(m.line, m.function or m.name, m.after) for m in found] == [
        (2, "LIMIT", "LIMIT = 11000000.0"),
        (3, "some", "def some(a: int, b=2, *, c=''):"),
        (3, "some", "def some(a: int, b=3, *, c='x'):"),
        (5, "some", "if not c:"),
        (5, "some", "if a < b:"),
        (5, "some", "if not (a < b and (not c)):"),
        (5, "some", "if a < b or not c:"),
        (5, "some", "if a <= b and (not c):"),
        (5, "some", "if a < b and c:"),
        (6, "some", "pass"),
        (6, "some", "a -= 1"),
        (6, "some", "a += 2"),
        (7, "some", "return None"),
        (7, "some", "return [f(one) for one in a if one]"),
        (7, "some", "return [f(one, key=one) for one in a]"),
    ]
    for mutant in found:
        compile(mutated(file, mutant.number), str(file), "exec")
