"""Locks on this machine: one holder at a time, freed with its process, and nothing left of them."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from specrun.engines.base import EngineError
from specrun.engines.local.locks import LocalLocks
from specrun.engines.locks import Held, Holder, LockLost
from specrun.plan.resources import Resource
from tests.engine_double import addresses, graph_for, read_specs, write_spec

BOTH = "name: one\ncompute: {name: GPU, size: S, max_instances: 1}\ndata: {d: {path: d}}\n"
HOLDER = Holder("ada", "desk", "update compute/GPU", 1e9, 7)


@pytest.fixture
def locks(tmp_path: Path) -> LocalLocks:
    return LocalLocks(tmp_path / "state")


@pytest.fixture
def resources(tmp_path: Path) -> dict[str, Resource]:
    specs = read_specs(write_spec(tmp_path, BOTH, d__x="x"))
    return addresses(graph_for(specs, tmp_path))


def test_one_holder_at_a_time(locks: LocalLocks, resources: dict[str, Resource]) -> None:
    held = locks.acquire(resources["compute/GPU"], HOLDER)
    with pytest.raises(Held) as other:
        locks.acquire(resources["compute/GPU"], Holder("bob"))
    assert other.value.holder == HOLDER
    assert locks.holders() == {"compute/gpu": HOLDER}
    locks.acquire(resources["data/default/d"], Holder("bob")).release()
    held.check()
    held.release()
    assert locks.holders() == {}
    assert not list((locks._folder).iterdir())  # what is over leaves nothing
    locks.acquire(resources["compute/GPU"], Holder("bob")).release()


def test_what_is_freed_is_lost_to_its_holder(locks: LocalLocks, resources: dict[str, Resource]) -> None:
    lost = locks.acquire(resources["compute/GPU"], HOLDER)
    locks.free("compute/gpu")
    locks.free("compute/gpu")
    with pytest.raises(LockLost, match="compute/gpu"):
        lost.check()
    held = locks.acquire(resources["compute/GPU"], Holder("bob"))
    lost.release()
    held.check()
    held.release()


def test_who_looks_holds_nothing_up(locks: LocalLocks, resources: dict[str, Resource], tmp_path: Path) -> None:
    locks.acquire(resources["compute/GPU"], HOLDER).release()
    path = locks._path("compute/gpu")
    path.touch()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.01, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        locks.acquire(resources["compute/GPU"], HOLDER).release()


def test_the_kernel_frees_it_with_its_process(locks: LocalLocks, resources: dict[str, Resource]) -> None:
    locks.acquire(resources["compute/GPU"], HOLDER).release()
    path = locks._path("compute/gpu")
    hold = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); "
        'f.write(\'"compute/gpu"\\n{"who": "ada"}\\n\'); f.flush(); print(\'held\', flush=True); sys.stdin.read()'
    )
    with subprocess.Popen(
        [sys.executable, "-S", "-c", hold, str(path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert locks.holders() == {"compute/gpu": Holder("ada")}
        with pytest.raises(Held):
            locks.acquire(resources["compute/GPU"], HOLDER)
        other.kill()
    assert locks.holders() == {}
    locks.acquire(resources["compute/GPU"], HOLDER).release()


@pytest.mark.parametrize("content", ["", "\x00\xff", "[]", '"compute/gpu"\n{"who": 3, "since": "x", "process": -1}'])
def test_words_that_nobody_understands(locks: LocalLocks, resources: dict[str, Resource], content: str) -> None:
    held = locks.acquire(resources["compute/GPU"], HOLDER)
    locks._path("compute/gpu").write_text(content, encoding="latin-1")
    with pytest.raises(Held) as other:
        locks.acquire(resources["compute/GPU"], HOLDER)
    assert other.value.holder == Holder()
    assert set(locks.holders().values()) <= {Holder()}
    held.release()


def test_a_disk_without_locks(
    locks: LocalLocks, resources: dict[str, Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(EngineError, match="keeps no locks: set SPECRUN_HOME"):
        locks.acquire(resources["compute/GPU"], HOLDER)
