"""A full disk: the run ends all the same, and its state can be read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.engines.local import state, supervisor
from tests.local.runs import Runs, needs_proc, runs_in

FILL = "cat /dev/zero >> ../outputs/full 2> /dev/null"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Runs]:
    """Runs on a file system of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small file system takes root: " + mounted.stderr.decode().strip())
    try:
        with runs_in(disk, tmp_path / "slots") as runs:  # or giving a slot back would make room
            yield runs
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def free(folder: Path) -> int:
    return os.statvfs(folder).f_bavail


@needs_proc
@pytest.mark.parametrize(("last", "status"), [("exit 0", state.SUCCEEDED), ("exit 7", state.FAILED)])
def test_disk_filled_by_the_script(small: Runs, last: str, status: str) -> None:
    run = small.start(f"{FILL}; {last}")
    end = run.ended()
    assert end.status == status
    assert end.ended is not None
    run.nothing_left()


@needs_proc
def test_disk_filled_under_a_log_that_is_kept_free_of_secrets(small: Runs) -> None:
    run = small.prepare(f"{FILL}; seq 100000; sleep 20", secret_names=("TOKEN",)).start({"TOKEN": "open-sesame"})
    end = run.ended()
    assert (end.status, end.failed_role) == (state.FAILED, "main/0")
    assert end.reason == "the log of main/0 could not be written: No space left on device"
    run.nothing_left()


@needs_proc
def test_disk_with_no_room_even_for_the_last_write(small: Runs) -> None:
    run = small.start("echo ready; until [ -e ../cancel ]; do sleep 0.01; done; exit 7").running()
    (run.folder / "reserve").unlink()
    fill(small.home / "full")
    assert free(small.home) == 0
    state.cancel(run.folder)  # an entry of a folder takes no room on this file system
    end = run.ended()
    assert end.status in (state.CANCELLED, state.FAILED)
    assert end.ended is not None
    run.nothing_left()


@needs_proc
def test_disk_full_before_the_start(small: Runs) -> None:
    run = small.prepare("echo ran")
    fill(small.home / "full")
    try:
        run.start()
    except supervisor.NotStarted:
        assert run.state().status == state.PREPARED
    else:
        assert run.ended().status in (state.FAILED, state.SUCCEEDED)
    run.nothing_left()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
