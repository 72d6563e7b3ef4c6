"""Why a run failed: as it ends, by an apply that finds that, by status and by runs, on a terminal and for programs."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import in_terminal

SCRIPT = """
print("begun")
def load():
    import cv2
load()
"""
NAME = "as-long-as-any-team-might-want-to-be-40"
SPEC = f"""
apiVersion: specrun/v1
name: {NAME}
job:
  code: src
  command: python train.py
"""
RAISED = "ModuleNotFoundError: No module named 'cv2'"


@pytest.mark.parametrize("columns", [80, 120])
def test_a_run_that_failed_says_why_now_and_later(tmp_path: Path, specrun: Any, columns: int) -> None:
    folder = Path("It's $HERE")
    (folder / "src").mkdir(parents=True)
    (folder / "src/train.py").write_text(SCRIPT)
    (folder / "job.yaml").write_text(SPEC)
    file = str(folder / "job.yaml")
    with in_terminal(["apply", file], Path.cwd(), os.environ, columns=columns, rows=60) as terminal:
        assert terminal.finish() == 100
        live = terminal.lines()
    with in_terminal(["apply", file], Path.cwd(), os.environ, columns=columns, rows=60) as terminal:
        assert terminal.finish() == 100
        again, written = terminal.lines(), terminal.raw
    status = specrun("status", file).out
    (run,) = json.loads(specrun("runs", file, "-o", "json").out)
    traced = f"""  File "{folder}/src/train.py", line 4, in load"""
    for screen in (live, again, status.splitlines()):
        text = "\n".join(screen)
        assert RAISED in text
        assert traced in text
        assert "opencv-python-headless" in text
        assert "outputs in" not in text
        assert "/code/train.py" not in text
    # What is longer than a line begins one, and is broken by the terminal alone.
    (command,) = [line for line in written.split("\r\n") if "specrun logs" in line]
    assert command.startswith("  specrun logs" if columns == 80 else "All of it: specrun logs")
    assert any(line.startswith(f"✗ {run['name']} failed") for line in live)
    words = shlex.split(command.partition("specrun ")[2])
    assert words[0] == "logs"
    assert specrun(*words).out.endswith(f"main/0 | {RAISED}\n")
    shown = specrun("runs", file).out
    assert RAISED in shown
    assert run["failure"]["role"] == "main/0"
    assert run["failure"]["lines"][-1] == {"role": "main/0", "text": RAISED}
    assert shlex.split(run["failure"]["logs"])[1:] == words
    assert json.loads(specrun("status", file, "-o", "json").out)["failure"] == run["failure"]
