"""What each command runs, contacts, writes and loads: the table in docs/security.md, each row by Python's own audit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| (?P<command>[^|]+) \| (?P<runs>[^|]+) \| (?P<contacts>[^|]+) \| (?P<writes>[^|]+) \|$", re.M)
CALLS = {
    "`explain`, `schema`": ["explain", "unset-env"],
    "`validate`": ["validate"],
    "`validate --engine azureml`": ["validate", "--engine", "azureml", "azure.yaml"],
    "`graph`": ["graph"],
    "`import`": ["import", "script", "theirs.py", "--out", "OUT/spec.yaml"],
    "`export azureml`, `export config`": ["export", "azureml", "--out-dir", "OUT"],
    "`export tfjob`": ["export", "tfjob", "tf.yaml", "--out", "OUT/tfjob.yaml"],
    "`init DIR`": ["init", "OUT"],
    "`plan`": ["plan"],
    "`plan --out FILE`": ["plan", "--out", "OUT/plan.json"],
    "`apply`": ["apply", "--yes"],
    "`status`, `logs`, `runs`": ["status"],
    "`outputs --fetch DIR`": ["outputs", "--fetch", "OUT"],
    "`cancel`": ["cancel"],
    "`destroy`": ["destroy", "--yes", "--also", "run"],
    "`drift`": ["drift", "--only", "kind:data"],
}
"""A call for each row of the table, in an order in which each has what it needs."""

SPEC = """apiVersion: specrun/v1
name: audited
compute: {name: cpu-cluster, size: STANDARD_D2_V3, max_instances: 1}
data: {digits: {path: data}}
job:
  code: src
  command: python train.py ${{ inputs.digits }} ${{ outputs.model }}
  inputs: {digits: {data: digits}}
  outputs: {model: {}}
"""
WORKSPACE = "workspace: {name: work, resource_group: rg, subscription_id: 00000000-0000-0000-0000-000000000000}\n"
THEIRS = """open("executed", "w")
from azureml.core import Experiment, ScriptRunConfig, Workspace
workspace = Workspace.from_config()
run = Experiment(workspace, "digits").submit(ScriptRunConfig(source_directory="src", script="train.py"))
"""
TFJOB = """apiVersion: specrun/v1
name: tf
job: {command: python train.py, environment: {image: python}, distribution: {type: tensorflow, worker_count: 1}}
"""


def rows() -> dict[str, dict[str, set[str]]]:
    """The document's table: for each command the words of each cell; nothing is an empty set."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("## What each command executes and contacts")[2]
    found = [row.groupdict() for row in ROW.finditer(section.partition("\n## ")[0])][2:]
    return {
        row.pop("command"): {kind: set(re.findall(r"`([^`]+)`", cell)) for kind, cell in row.items()} for row in found
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("audited")
    for name, text in {
        "job.yaml": SPEC,
        "azure.yaml": SPEC + WORKSPACE,
        "tf.yaml": TFJOB,
        "theirs.py": THEIRS,
        "src/train.py": "import pathlib, sys\npathlib.Path(sys.argv[2], 'model').touch()\n",
        "data/a.csv": "1",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".git").mkdir()
    calls = [[word.replace("OUT", f"out{number}") for word in call] for number, call in enumerate(CALLS.values())]
    for number in range(len(calls)):
        (folder / f"out{number}").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "AZURE"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.audited"],
        input=json.dumps(calls),
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "key")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(zip(CALLS, json.loads(done.stdout), strict=True))
    for number, answer in enumerate(found.values()):
        answer["writes"] = sorted({_shown(path, folder, f"out{number}") for path in answer["writes"]} - {"."})
        assert answer["status"] == 0, (calls[number], done.stderr)
    assert not (folder / "executed").exists(), "somebody else's script was run"
    return found


def _shown(path: str, folder: Path, out: str) -> str:
    """Where something was written, as the document calls it."""
    first = Path(os.path.relpath(path, folder)).parts[:1]
    return {out: "OUT"}.get(first[0], first[0]) if first else "."


def test_the_table_has_each_command() -> None:
    assert [*rows()] == [*CALLS]


@pytest.mark.parametrize("command", CALLS)
def test_a_command_does_what_the_table_says(command: str, answers: dict[str, dict[str, Any]]) -> None:
    said, found = rows()[command], answers[command]
    assert set(found["runs"]) == said["runs"]
    assert set(found["contacts"]) == said["contacts"]
    assert set(found["writes"]) <= {"OUT" if word in ("--out", "DIR", "FILE") else word for word in said["writes"]}
    assert (found["loads"], found["unpickles"]) == ([], [])
