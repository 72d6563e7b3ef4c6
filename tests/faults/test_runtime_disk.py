"""A full disk: the run ends all the same, and its state can be read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.engines.local import state, supervisor
from specrun.engines.local.request import Cluster
from tests.local.runs import Runs, needs_proc, runs_in, wait_until

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
    assert end.reason == ("" if last == "exit 0" else f"main/0 exited with status 7: the disk is full ({run.folder})")
    run.nothing_left()


@needs_proc
def test_disk_filled_under_a_log_that_is_kept_free_of_secrets(small: Runs) -> None:
    run = small.prepare(f"{FILL}; seq 100000; sleep 20", secret_names=("TOKEN",)).start({"TOKEN": "open-sesame"})
    end = run.ended()
    assert (end.status, end.failed_role) == (state.FAILED, "main/0")
    assert end.reason == "the log of main/0 could not be written: the disk is full"
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
    except supervisor.NotStarted as error:
        told = str(error)
        assert run.state().status == state.PREPARED
    else:
        told = run.ended().reason
    assert "the disk is full" in told or run.state().status == state.SUCCEEDED
    run.nothing_left()


@needs_proc
def test_a_disk_that_fills_while_the_run_waits_for_its_turn(small: Runs) -> None:
    """Its first role has no log to write to."""
    cluster = {"cluster": Cluster("c", 1)}
    first = small.start("echo ready; until [ -e ../cancel ]; do sleep 0.01; done", **cluster).running()
    second = small.start("echo ran", "run-2", **cluster)
    wait_until(lambda: second.state().status == state.QUEUED, "the second to wait")
    fill(small.home / "full")
    state.cancel(first.folder)
    end = second.ended()
    assert (end.status, end.failed_role) == (state.SUCCEEDED, None) or "the disk is full" in end.reason
    second.nothing_left()


def test_a_failure_is_not_put_down_to_a_disk_with_room(runs: Runs) -> None:
    assert runs.start("exit 7").ended().reason == "main/0 exited with status 7"


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
