"""What the tests of planning, applying and the rules notice: most of what could be wrong there."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long.forked import put_in
from tests.long.mutants import mutants, mutated
from tests.long.mutations import TESTS
from tests.searching import DEFAULT_SEED, Search

ROOT = Path(__file__).parents[2]
SAMPLED = "specrun/spec/rules"
OF_SAMPLE = ("specrun/spec/rules/requirements.py", "--tests", "tests/unit/test_requirements.py")
SAMPLE, LEAST_OF_SAMPLE = 4, 50
"""The package of which there is a sample, of which module and by which tests (all of the rules' take a minute once they
are watched), how many mutants, and percent of them that are killed: of so few, chance may spare some. A sample shows
that the search works; the whole shows how good the tests are."""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("where", [where for where in TESTS if not where.endswith("reliable.py")])
def test_mutants_are_killed(where: str, search: Search) -> None:
    """All of them at least to 95%. A sample is always the same one, but for what has changed in the code: it is no
    other one by chance. What survives wants a test, or a line in equivalent_mutants.txt.
    """
    if not search.whole and where != SAMPLED:
        pytest.skip("only with -m long")
    # In a process of its own: it forks, and a worker of pytest-xdist has threads.
    how = (
        [where, "--seed", search.seed]
        if search.whole
        else [*OF_SAMPLE, "--seed", DEFAULT_SEED, "--sample", f"{SAMPLE}", f"--least={LEAST_OF_SAMPLE}"]
    )
    command = [sys.executable, "-m", "tests.long.mutations", "--jobs", "1", *how]
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


def test_a_mutant_reaches_what_has_been_imported_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "specrun_wrong.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "from enum import Enum\n"
        "from functools import cache\n"
        "LEAST = 1\n"
        "TABLE = (LEAST, 5)\n"
        "class Word(Enum):\n"
        "    YES = 'yes'\n"
        "@dataclass(frozen=True, slots=True)\n"
        "class Options:\n"
        "    most: int = 7\n"
        "    @property\n"
        "    def half(self): return self.most / 2\n"
        "@cache\n"
        "def table(by=1): return TABLE[0] * by\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def seen(after: str) -> list[object]:
        monkeypatch.delitem(sys.modules, "specrun_wrong", raising=False)
        wrong = importlib.import_module("specrun_wrong")
        options, word, table = wrong.Options, wrong.Word, wrong.table
        for mutant in mutants(file, tmp_path):
            if mutant.after == after:
                put_in(mutant, tmp_path)
        return [wrong.LEAST, wrong.TABLE, word.YES.value, options().most, options().half, table()]

    assert seen("") == [1, (1, 5), "yes", 7, 3.5, 1]
    assert seen("LEAST = 2") == [2, (2, 5), "yes", 7, 3.5, 2]
    assert seen("TABLE = (LEAST,)") == [1, (1,), "yes", 7, 3.5, 1]
    assert seen("YES = ''") == [1, (1, 5), "", 7, 3.5, 1]
    assert seen("most: int = 8") == [1, (1, 5), "yes", 8, 4.0, 1]
    assert seen("return self.most * 2") == [1, (1, 5), "yes", 7, 14, 1]
    assert seen("def table(by=2):") == [1, (1, 5), "yes", 7, 3.5, 2]
