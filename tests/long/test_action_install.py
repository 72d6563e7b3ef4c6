"""specrun installed as a runner has it: a tree without history, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_a_tree_without_history_is_installed(tmp_path: Path) -> None:
    archive, tree, outputs = tmp_path / "tree.tar", tmp_path / "tree", tmp_path / "outputs"
    subprocess.run(["git", "archive", "-o", archive, "HEAD"], cwd=ROOT, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(tree)
    environment = {"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(outputs)}
    command = [sys.executable, "-I", str(tree / "action"), "install"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    python = Path(outputs.read_text().splitlines()[1])
    said = subprocess.run([python.with_name("specrun"), "--version"], check=True, capture_output=True, text=True)
    assert said.stdout.startswith("specrun 0.dev")
