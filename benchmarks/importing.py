"""Many files imported at once, on one core, beside reading them alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import paired, take
from benchmarks.table import Row
from benchmarks.workplace import ROOT, Workplace

CASES = ROOT / "tests" / "cases"
FILES = 1000
ROUNDS = 3
BATCHAI_LIMIT, AZUREML_LIMIT = 10.0, 2.0
"""Seconds of CPU."""

READ_JSON = (
    "import json, pathlib, sys\n[json.loads(one.read_text()) for one in pathlib.Path(sys.argv[1]).glob('*.json')]"
)
READ_YAML = (
    "import pathlib, sys, yaml; load = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)\n"
    "[yaml.load(one.read_text(), load) for one in pathlib.Path(sys.argv[1]).glob('*.yml')]"
)


def imports(place: Workplace) -> Iterator[Row]:
    """A thousand jobs of many kinds, each to a spec of its own with its report: of Batch AI, then of the CLI v2."""
    count = place.amount(FILES, 50)
    jobs = place.subfolder("batchai") / "jobs"
    write(jobs, "job-{}.json", _batchai(), count)
    what = f"{count:,} Batch AI jobs imported; peer: reading them"
    yield _row(place, "batchai", jobs, what, (READ_JSON, "json"), BATCHAI_LIMIT)
    jobs = place.subfolder("azureml") / "jobs"
    write(jobs, "job-{}.yml", azureml_jobs(), count)
    what = f"{count:,} CLI v2 jobs imported; peer: reading them"
    yield _row(place, "azureml", jobs, what, (READ_YAML, "PyYAML, LibYAML"), AZUREML_LIMIT)


def _row(place: Workplace, kind: str, jobs: Path, what: str, peer: tuple[str, str], limit: float) -> Row:
    rounds = iter(range(ROUNDS))
    read, name = peer

    def ours() -> float:
        out = jobs.parent / f"specs-{next(rounds)}"
        return place.specrun("import", kind, str(jobs), "--out-dir", str(out), "-o", "json").cpu

    def reading() -> float:
        return take([sys.executable, "-c", read, str(jobs)], place.environment).cpu

    pair = paired(ours, reading, place.rounds(ROUNDS))
    return Row("imports", what, "s CPU", pair.ours, pair.peer, name, pair.ratio, f"{limit:g} s", pair.ours < limit)


def write(folder: Path, name: str, texts: Sequence[str], count: int) -> None:
    """So many files with the texts by turns, `name` with a number in it."""
    folder.mkdir()
    for number in range(count):
        (folder / name.format(number)).write_text(texts[number % len(texts)], encoding="utf-8")


def azureml_jobs() -> list[str]:
    """The command jobs of the cases."""
    files = sorted([*(CASES / "import/azureml").rglob("*.yml"), *(CASES / "migrate/cli-v2").glob("job.yml")])
    texts = [file.read_text(encoding="utf-8") for file in files]
    return [text for text in texts if "\ncommand:" in text]


def _batchai() -> list[str]:
    files = [file for file in sorted((CASES / "import/batchai").glob("*.json")) if _fits(file)]
    return [json.dumps(json.loads(file.read_text(encoding="utf-8-sig"))) for file in files]


def _fits(file: Path) -> bool:
    """Whether a case is a job that is imported, and not one that is refused."""
    from specrun.convert.batchai import kind_of
    from specrun.convert.sources import Refused, read_json

    try:
        return kind_of(read_json(str(file))) == "job"
    except Refused:
        return False
