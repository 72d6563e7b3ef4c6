from __future__ import annotations

import errno
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from specrun.engines.local import request as requests
from specrun.engines.local import state
from specrun.engines.local.request import Cluster, Request, Team
from specrun.engines.local.state import RoleState, State

REQUEST = Request(
    *("mnist-1", "python train.py", "/slots", "marker", Cluster("gpu-cluster", 2), Team("tensorflow", 1, 2), 2),
    environment_variables={"A": "b"},
    secret_names=("TOKEN",),
    path=("/venv/bin",),
    gpu=True,
    timeout=5,
)
RUNNING = State(
    *(state.RUNNING, "", 1.0, 2.5, None, None),
    {"worker/0": RoleState("running", gpus=("0",), started=3.5, pid=17), "ps/0": RoleState("stopped", signal=15)},
)


@pytest.fixture
def rundir(tmp_path: Path) -> Path:
    state.write_prepared(tmp_path / "run", REQUEST)
    return tmp_path / "run"


def test_request_round_trip(rundir: Path) -> None:
    assert asdict(requests.read(rundir)) == asdict(REQUEST) | {"secret_names": ["TOKEN"], "path": ["/venv/bin"]}


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", "{}", '{"format": 9}', "[" * 99_999),
        requests.encode(replace(REQUEST, name="")),
        requests.encode(REQUEST).replace('"timeout"', '"time_out"'),
    ],
)
def test_damaged_request(rundir: Path, text: str) -> None:
    (rundir / "request.json").write_text(text)
    with pytest.raises(requests.RequestInvalid, match=r"request\.json"):
        requests.read(rundir)


def test_prepared(rundir: Path) -> None:
    prepared = state.read(rundir)
    assert (prepared.status, prepared.started, prepared.ended, dict(prepared.roles)) == (state.PREPARED, None, None, {})
    assert prepared.submitted is not None
    assert all((rundir / name).is_dir() for name in ("code", "inputs", "outputs", "logs"))
    assert state.observe(rundir) == prepared


def test_round_trip(rundir: Path) -> None:
    state.write(rundir, RUNNING)
    assert state.read(rundir) == RUNNING
    assert not list(rundir.glob("*.new"))


def test_absent(tmp_path: Path) -> None:
    assert state.read(tmp_path).status == state.MISSING
    assert state.observe(tmp_path / "nowhere").status == state.MISSING
    assert not state.held(tmp_path)


def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    assert state.read(tmp_path).status == state.CORRUPTED


def test_lock(rundir: Path) -> None:
    lock = state.acquire(rundir)
    assert lock is not None
    assert state.held(rundir)
    assert state.acquire(rundir) is None
    os.close(lock)
    assert not state.held(rundir)


@pytest.mark.parametrize("status", [state.QUEUED, state.RUNNING])
def test_lost(rundir: Path, status: str) -> None:
    lock = state.acquire(rundir)
    assert lock is not None
    state.write(rundir, replace(RUNNING, status=status))
    assert state.observe(rundir).status == status
    os.close(lock)
    assert state.observe(rundir).status == state.LOST
    assert state.observe(rundir).reason
    assert state.read(rundir).status == status


@pytest.mark.parametrize("status", sorted(state.ENDED))
def test_ended_is_not_lost(rundir: Path, status: str) -> None:
    state.write(rundir, replace(RUNNING, status=status))
    assert state.observe(rundir).status == status


def test_a_run_that_ends_during_the_look_is_not_lost(rundir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.write(rundir, RUNNING)

    def held(folder: Path) -> bool:
        state.write(folder, replace(RUNNING, status=state.SUCCEEDED))
        return False

    monkeypatch.setattr(state, "held", held)
    assert state.observe(rundir).status == state.SUCCEEDED


@pytest.mark.parametrize("room", ["in the reserve", "nowhere"])
def test_full_disk(rundir: Path, monkeypatch: pytest.MonkeyPatch, room: str) -> None:
    reserve = rundir / "reserve"
    assert reserve.stat().st_size == state.RESERVE_BYTES
    real = state._replace

    def full(path: Path, text: str, **options: bool) -> None:
        if reserve.exists() or room == "nowhere":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, text, **options)

    monkeypatch.setattr(state, "_replace", full)
    before = state.read(rundir)
    state.write(rundir, RUNNING, essential=False)
    assert state.read(rundir) == before
    assert reserve.exists()
    state.write(rundir, RUNNING)
    assert state.read(rundir) == RUNNING
    short = State(state.FAILED, "x")
    state.write(rundir, short)
    assert state.read(rundir) == short


def test_other_errors_are_not_taken_for_a_full_disk(rundir: Path) -> None:
    with pytest.raises(FileNotFoundError):
        state.write(rundir / "nowhere", RUNNING)
