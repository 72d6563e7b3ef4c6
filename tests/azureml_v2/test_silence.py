"""What the SDK logs, prints and warns of stands nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from specrun.engines.azure.quiet import silent
from tests.azureml_v2.place import Place

ROOT = Path(__file__).parents[2]
HEARS = """
import logging, sys
from specrun.engines.azureml_v2.sdk import load_sdk
load_sdk()
for name in sorted(logging.root.manager.loggerDict):
    if name.startswith("azure.ai.ml"):
        logging.getLogger(name).warning("said by %s", name)
"""
SPEC = """
apiVersion: specrun/v1
name: job
workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: "${{ env.AZURE_SUBSCRIPTION_ID }}"}
compute: {name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 2}
job:
  code: src
  command: python train.py
  environment: {pip: [numpy]}
"""


def test_its_loggers_write_nowhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEARS], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.slow
def test_apply_says_what_specrun_says_and_nothing_else(place: Place) -> None:
    """A job whose code is sent: the SDK then tells of the upload, and warns of what it thinks experimental."""
    place.make_workspace()
    (place.folder / "src").mkdir()
    (place.folder / "src" / "train.py").write_text("print('hello')")
    (place.folder / "job.yaml").write_text(SPEC)
    done = subprocess.run(
        [sys.executable, "-m", "specrun", "apply", "--yes", "--engine", "azureml"],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "hello" in said
    for theirs in ("\x1b", "Uploading", "experimental", "Warning", "azure.ai.ml", "INFO", "Traceback", "github.com"):
        assert theirs not in said, said


def test_a_silent_thread(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        print("the SDK", file=sys.stderr)
    print("ours", file=sys.stderr)
    assert capsys.readouterr().err == "ours\n"
