"""Mutation testing: does a test fail when the code is wrong? `python -m tests.long.mutations --help`

Everything happens in a copy of the tree: a mutant of code that removes files removes other files. There the tests are
collected once. Each mutant gets a fork of that process, puts itself into the modules as they are in memory, and runs
the tests that call its function, the fastest first, until one fails. An alarm kills a fork that is not done in time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.long.forked import Called, called_by_each, ended, forked, passes
from tests.long.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
NEEDED = ("docs", "emulator", "pyproject.toml", "schemas", "specrun", "specs", "tests")
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")

_PLANNED = ("graph", "kinds", "own_data", "planner", "project", "saved", "survey", "transfer", "walk")
_OF_PLANS = ("attempts", "destruction", "diff", "files", "fingerprint", "hashes", "home", "plan_text", "remote")
TESTS = {
    "specrun/spec/rules": tuple(f"tests/unit/test_{name}.py" for name in ("rules*", "requirements", "boundary")),
    "specrun/plan": tuple(f"tests/unit/test_{name}.py" for name in (*_PLANNED, *_OF_PLANS)),
    "specrun/apply": (
        *(
            f"tests/unit/test_{name}.py"
            for name in (*_PLANNED, "journal", "narration", "operations", "reliable", "stage")
        ),
        "tests/cli/test_cli_places.py",
        "tests/cli/test_cli_verbs.py",
    ),
    "specrun/engines/reliable.py": tuple(f"tests/unit/test_{name}.py" for name in ("reliable", "survey", "walk")),
}
"""Packages, and where the tests are that must notice."""

LEAST_SECONDS = 60
"""What the tests of one mutant get at the least: some wait for what does not come, on a machine that is busy."""


@dataclass(slots=True)
class Search:
    """A pytest plug-in that runs the tests once as they are, and then with each of `chosen` in the code."""

    root: Path
    chosen: Sequence[Mutant]
    jobs: int
    killed: list[Mutant] = field(default_factory=list)
    survived: list[Mutant] = field(default_factory=list)
    problem: str = "the tests did not run"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All of pytest's own loop that is needed: the items are there, and each fork runs some of them."""
        if session.testsfailed:
            self.problem = "tests that cannot be collected"
            return True
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # one for all forks
        called = called_by_each(session.items, self.root)
        wrong = [test.item.nodeid for test in called if not test.passed]
        if wrong:
            self.problem = f"tests that fail as the code is: {', '.join(wrong)}"
            return True
        self.problem = ""
        running: dict[int, Mutant] = {}
        for mutant in self.chosen:
            tests = _tests_of(mutant, called)
            if not tests:
                self._judge(mutant, survived=True)
                continue
            if len(running) == self.jobs:
                self._take(running)
            seconds = LEAST_SECONDS + 20 * sum(test.seconds for test in tests)
            running[forked(lambda m=mutant, t=tests: passes(m, self.root, [one.item for one in t]), seconds)] = mutant
        while running:
            self._take(running)
        return True

    def _take(self, running: dict[int, Mutant]) -> None:
        pid, passed = ended()
        self._judge(running.pop(pid), survived=passed)

    def _judge(self, mutant: Mutant, survived: bool) -> None:
        (self.survived if survived else self.killed).append(mutant)
        if survived:
            print(f"survived: {mutant}", flush=True)


def _tests_of(mutant: Mutant, called: Sequence[Called]) -> list[Called]:
    if mutant.function:
        found = [test for test in called if (mutant.path, mutant.function) in test.functions]
        return sorted(found, key=lambda test: test.seconds)
    # A constant, a table, a field's default: first whoever does something with the module, then all the others.
    there = {test.item.nodeid for test in called if any(path == mutant.path for path, _ in test.functions)}
    return sorted(called, key=lambda test: (test.item.nodeid not in there, test.seconds))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when enough were killed, 1 when not, 2 when that could not be found out."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.mutations", description=__doc__)
    parser.add_argument("where", nargs="*", default=list(TESTS), help=f"packages or files; default: {', '.join(TESTS)}")
    parser.add_argument("--sample", type=int, help="so many of the mutants, chosen by chance (default: all)")
    parser.add_argument("--seed", default=os.environ.get("SPECRUN_SEED", "10"))
    parser.add_argument("--least", type=float, default=95.0, help="percent that must be killed")
    parser.add_argument("--tests", action="append", help="where the tests are (default: those of the package)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in the copy already
    options = parser.parse_args(arguments)
    if options.here:
        return _search(options)
    with tempfile.TemporaryDirectory(prefix="specrun-mutations-") as folder:
        for name in NEEDED:
            _copy(ROOT / name, Path(folder, "tree", name))
        home = {"HOME": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.long.mutations", "--here", *(arguments or sys.argv[1:])]
        return subprocess.run(command, cwd=Path(folder, "tree"), env={**os.environ, **home}, check=False).returncode


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("node_modules", ".specrun"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _search(options: argparse.Namespace) -> int:
    root = Path.cwd()
    found = {where: [m for file in _files(root / where) for m in mutants(file, root)] for where in options.where}
    equivalent, stale = _equivalent([m for each in found.values() for m in each])
    share = (options.sample or 0) / max(1, sum(map(len, found.values())))
    killed, survived = list[Mutant](), list[Mutant]()
    for where, each in found.items():
        judged = [mutant for mutant in each if mutant.key not in equivalent]
        if options.sample:
            judged = _sample(judged, options.seed, max(1, round(len(each) * share)))
        search = Search(root, judged, options.jobs)
        globs = options.tests or [one for package, of in TESTS.items() if where.startswith(package) for one in of]
        tests = sorted(f"{test}" for one in globs for test in root.glob(one))
        pytest.main(["-q", "-s", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests], [search])
        if search.problem:
            print(f"{where}: {search.problem}", file=sys.stderr)
            return 2
        killed += search.killed
        survived += search.survived
    _report(killed, survived, len(equivalent))
    if stale and not options.sample and options.where == list(TESTS):
        print("Not there any more, but listed as equivalent:", *stale, sep="\n  ")
        return 1
    return 0 if 100 * len(killed) >= options.least * len(killed + survived) else 1


def _sample(mutants: Sequence[Mutant], seed: str, size: int) -> list[Mutant]:
    """Some, chosen by chance: by a hash of each one's function and its number there, so that most of the sample is the
    same again when the code has changed somewhere.
    """
    within = Counter[tuple[str, str]]()
    chance: dict[Mutant, bytes] = {}
    for mutant in mutants:
        place = mutant.path, mutant.function or mutant.name
        within[place] += 1
        chance[mutant] = hashlib.sha256(f"{seed} {place} {within[place]}".encode()).digest()
    return sorted(sorted(mutants, key=chance.__getitem__)[:size], key=mutants.index)


def _files(where: Path) -> list[Path]:
    return sorted(where.rglob("*.py")) if where.is_dir() else [where]


def _equivalent(there: Sequence[Mutant]) -> tuple[set[tuple[str, ...]], list[str]]:
    """Keys of the mutants that change nothing, and the lines of the list that belong to none."""
    keys = {mutant.key for mutant in there}
    listed, stale = set(), []
    lines = [line for line in EQUIVALENT.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    for line in lines:
        key = tuple(part.strip() for part in line.split(" ¦ ")[:4])
        if key in keys:
            listed.add(key)
        else:
            stale.append(line)
    return listed, stale


def _report(killed: Sequence[Mutant], survived: Sequence[Mutant], equivalent: int) -> None:
    dead, all_of = Counter(m.path for m in killed), Counter(m.path for m in (*killed, *survived))
    for path in sorted(all_of):
        print(f"{path:45} {dead[path]:5} of {all_of[path]:5} killed")
    of = len(killed) + len(survived)
    print(f"{len(killed)} of {of} killed ({100 * len(killed) / max(1, of):.1f}%), {equivalent} equivalent left out")


if __name__ == "__main__":
    raise SystemExit(main())
