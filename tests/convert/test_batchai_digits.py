"""The main example, as the official Batch AI recipe for distributed TensorFlow has it: imported, and run to its end."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.searching import Search

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "import" / "batchai"
EXAMPLE = ROOT / "specs" / "examples" / "digits-ps"
CURRENT = ("--environment", "current", "--var", "storage_account=digitstore")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder, with a blank in its name, that holds the job's file, its scripts and its data."""
    folder = tmp_path / "old jobs"
    (folder / "programs").mkdir(parents=True)
    shutil.copy(CASES / "digits-recipe.json", folder)
    shutil.copy(CASES / "scripts" / "digits_replica.py", folder / "programs")
    shutil.copy(EXAMPLE / "src" / "train.py", folder / "programs" / "digits.py")
    shutil.copytree(EXAMPLE / "data", folder / "digits data")
    (folder / "nothing").mkdir()
    (folder / "nothing" / "here").write_text("the parameter server reads no data\n")
    return folder


def specrun(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "specrun", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "AZ"))}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("code", [True, False], ids=["the scripts as code", "the scripts as an input"])
def test_the_recipe_is_imported_and_trains(folder: Path, code: bool, search: Search) -> None:
    if not (code or search.whole):
        pytest.skip("only with -m long: three processes with TensorFlow")
    options = ["--code", "programs"] if code else []
    imported = specrun("import", "batchai", "digits-recipe.json", "--out-dir", ".", *options, cwd=folder)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    spec = folder / "digits-recipe.yaml"
    spec.write_text(spec.read_text().replace("\ncompute: TODO\n", "\ncompute: nc6\n"))
    inputs = ["--input", "digits=digits data", *([] if code else ["--input", "scripts=programs"])]
    applied = specrun("apply", "digits-recipe.yaml", *CURRENT, *inputs, "--input", "digits_2=nothing", cwd=folder)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    reached = re.search(r"accuracy (\d\.\d+)", applied.stdout)
    assert reached is not None, applied.stdout
    assert float(reached[1]) >= 0.85
    roles = {line.split(" |")[0] for line in applied.stdout.splitlines() if " | " in line}
    assert roles == {"ps/0", "worker/0", "worker/1"}
    kept = folder / ".specrun" / "datastores" / "logs" / "digits-recipe"
    assert json.loads((kept / "Models" / "metrics.json").read_text())["workers"] == 2
    written = {path.name.partition(".out.tfevents.")[0] for path in (kept / "Logs").iterdir()}
    assert written == {"worker-0", "worker-1", "events"}
