"""A thousand specs, ten thousand files: each is read once, and neither threads nor memory grow with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.searching import Search

pytestmark = [pytest.mark.long, pytest.mark.slow]
MOST_THREADS = 16 + 1
"""The most calls to an engine at once, and the program itself."""


@dataclass(frozen=True)
class Done:
    """What a command printed, and what it did for it."""

    out: str
    opened: Mapping[str, int]
    threads: int
    megabytes: int

    def opened_below(self, folder: Path) -> list[int]:
        """How often each file there was opened, of those that were."""
        return [times for path, times in self.opened.items() if path.startswith(f"{folder}{os.sep}")]


def specrun(folder: Path, *arguments: str) -> Done:
    counts = folder / "counts.json"
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "counter"), str(Path(__file__).parents[2])]),
        "SPECRUN_HOME": str(folder / "home"),
        "COUNTS": str(counts),
    }
    command = [sys.executable, "-m", "specrun", *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout[-2000:]}"
    told: dict[str, Any] = json.loads(counts.read_text())
    return Done(done.stdout, told["opened"], told["threads"], told["megabytes"])


def actions_of(planned: Done) -> list[str]:
    return [change["specrun_action"] for change in json.loads(planned.out)["resource_changes"]]


def write_specs(folder: Path, number: int) -> list[str]:
    """Specs of a repository that share their code, data and cluster."""
    (folder / ".git").mkdir()
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text("pass\n")
    (folder / "data").mkdir()
    (folder / "data" / "one.csv").write_text("1\n")
    (folder / "specs").mkdir()
    names = [f"specs/job-{n}.yaml" for n in range(number)]
    for n, name in enumerate(names):
        (folder / name).write_text(
            "apiVersion: specrun/v1\n"
            f"name: job-{n}\n"
            "compute: {name: gpu, max_instances: 2}\n"
            "data: {d: {path: ../data}}\n"
            "job:\n"
            "  code: ../src\n"
            f"  command: python train.py {n} ${{{{ inputs.d }}}}\n"
            "  inputs: {d: {data: d}}\n"
        )
    return names


def test_many_specs(tmp_path: Path, search: Search) -> None:
    number = search.rounds(sample=100, whole=1000)
    names = write_specs(tmp_path, number)
    validated = specrun(tmp_path, "validate", "-o", "json", *names)
    told = json.loads(validated.out)
    assert (told["valid"], {one["severity"] for one in told["diagnostics"]} - {"note"}) == (True, set())
    drawn = specrun(tmp_path, "graph", *names)
    assert sum("-->" in line for line in drawn.out.splitlines()) == 2 * number
    planned = specrun(tmp_path, "plan", "-o", "json", "--max-runs", f"{number}", *names)
    assert actions_of(planned).count("submit") == number
    for done in (validated, drawn, planned):
        specs = {path: times for path, times in done.opened.items() if Path(path).suffix == ".yaml"}
        assert len(specs) == number
        assert {*specs.values()} == {1}
        assert done.threads <= MOST_THREADS
        assert done.megabytes < 100 + number // 5
    for shared in ("src/train.py", "data/one.csv"):
        assert planned.opened[f"{tmp_path / shared}"] == 1, f"{shared} is read for each spec"


def test_many_data_entries(tmp_path: Path, search: Search) -> None:
    number = search.rounds(sample=100, whole=1000)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.csv").write_text("1\n")
    entries = "".join(f"  d{n}: {{path: data, target: t{n}}}\n" for n in range(number))
    (tmp_path / "job.yaml").write_text(f"apiVersion: specrun/v1\nname: job\ndata:\n{entries}")
    planned = specrun(tmp_path, "plan", "-o", "json")
    assert actions_of(planned).count("create") == number
    assert planned.threads <= MOST_THREADS
    assert planned.opened_below(tmp_path / "data") == [1]


def test_many_files(tmp_path: Path, search: Search) -> None:
    number = search.rounds(sample=1000, whole=10_000)
    for n in range(number):
        place = tmp_path / "data" / f"{n // 100}" / f"{n}.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{n}\n")
    (tmp_path / "job.yaml").write_text("apiVersion: specrun/v1\nname: job\ndata: {d: {path: data}}\n")
    first, second = (specrun(tmp_path, "plan", "-o", "json") for _ in range(2))
    assert first.out == second.out
    assert first.opened_below(tmp_path / "data") == [1] * number
    assert second.opened_below(tmp_path / "data") == [], "what did not change is read again"
    specrun(tmp_path, "apply", "--yes", "--quiet")
    again = specrun(tmp_path, "plan", "-o", "json")
    assert {*actions_of(again)} == {"no-op"}
    for done in (first, second, again):
        assert done.threads <= MOST_THREADS
        assert done.megabytes < 100 + number // 100
