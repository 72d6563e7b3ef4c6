"""A disk that is full while `apply` prepares: it says so, and goes on from there once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.runs import needs_proc

SPEC = """\
apiVersion: specrun/v1
name: full
compute: {name: cluster, max_instances: 1}
data:
  blob: {path: data}
job:
  code: src
  command: cat ${{ inputs.blob }}/blob | wc -c
  inputs:
    blob: {data: blob}
"""
KIB = 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small file system takes root: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def apply(folder: Path, disk: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SPECRUN_HOME": str(disk / "home"), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "specrun", "apply", str(folder / "job.yaml")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@needs_proc
@pytest.mark.parametrize("room", [0, 4, 16, 64, 132, 160])
def test_apply_on_a_full_disk(tmp_path: Path, disk: Path, room: int) -> None:
    """`room` in KiB is what is left; the data takes 128 of them."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "code.txt").write_text("code")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "blob").write_bytes(os.urandom(128 * KIB))
    (tmp_path / "job.yaml").write_text(SPEC)
    filler = disk / "filler"
    filler.write_bytes(b"x" * (os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - room * KIB))

    first = apply(tmp_path, disk)
    assert "Traceback" not in first.stderr
    if first.returncode:
        assert first.returncode == 1, first.stderr
        assert "the disk is full" in first.stderr
        assert "SPECRUN_HOME" in first.stderr, "what to do"
    filler.unlink()
    second = apply(tmp_path, disk)
    assert second.returncode == 0, second.stderr
    assert f"{128 * KIB}" in first.stdout + second.stdout
    assert len(list((disk / "home" / "runs").iterdir())) == 1
    assert not list((disk / "home" / "staging").iterdir())
