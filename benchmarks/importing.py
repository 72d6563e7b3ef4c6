"""Many files imported at once, on one core, beside reading them alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import paired, take
from benchmarks.table import Row
from benchmarks.workplace import ROOT, Workplace

CASES = ROOT / "tests" / "cases" / "import" / "batchai"
FILES = 1000
ROUNDS = 3
LIMIT = 10.0
"""Seconds of CPU."""

READ = "import json, pathlib, sys; [json.loads(one.read_text()) for one in pathlib.Path(sys.argv[1]).glob('*.json')]"


def imports(place: Workplace) -> Iterator[Row]:
    """A thousand Batch AI jobs of many kinds, each to a spec of its own with its report."""
    folder, count = place.subfolder("imports"), place.amount(FILES, 50)
    _write(folder / "jobs", count)
    rounds = iter(range(ROUNDS))

    def ours() -> float:
        out = folder / f"specs-{next(rounds)}"
        return place.specrun("import", "batchai", str(folder / "jobs"), "--out-dir", str(out), "-o", "json").cpu

    def reading() -> float:
        return take([sys.executable, "-c", READ, str(folder / "jobs")], place.environment).cpu

    pair = paired(ours, reading, place.rounds(ROUNDS))
    what = f"{count:,} Batch AI jobs imported; peer: reading them"
    yield Row("imports", what, "s CPU", pair.ours, pair.peer, "json", pair.ratio, f"{LIMIT:g} s", pair.ours < LIMIT)


def _write(folder: Path, count: int) -> None:
    folder.mkdir()
    jobs = [json.loads(file.read_text(encoding="utf-8-sig")) for file in sorted(CASES.glob("*.json")) if _fits(file)]
    for number in range(count):
        (folder / f"job-{number}.json").write_text(json.dumps(jobs[number % len(jobs)]))


def _fits(file: Path) -> bool:
    """Whether a case is a job that is imported, and not one that is refused."""
    from specrun.convert.batchai import kind_of
    from specrun.convert.sources import Refused, read_json

    try:
        return kind_of(read_json(str(file))) == "job"
    except Refused:
        return False
