"""Real runs of the local engine's runtime, for tests: prepared in a home of their own, and nothing left of them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.local import request as requests
from specrun.engines.local import state, supervisor
from specrun.engines.local.request import Cluster, Request, Team, Withheld

DEADLINE = 30.0
needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes in Linux's /proc")
PS_AND_2_WORKERS = Team("tensorflow", parameter_server_count=1, worker_count=2)
IS_PS = '[[ $TF_CONFIG == *\'"type": "ps"\'* ]]'
IS_WORKER_1 = '[[ $TF_CONFIG == *\'"type": "worker", "index": 1\'* ]]'


def wait_until(condition: Callable[[], Any], what: str, now: Callable[[], object] = lambda: "") -> Any:
    """The condition's value, once it is true; fails at the deadline, with what there was instead."""
    give_up = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < give_up, f"waited {DEADLINE:g} s for {what} {now()}"
        time.sleep(0.005)
    return value


class Run:
    """A run in its folder, and what /proc says of its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marker = requests.read(folder).marker

    def start(self, secrets: Mapping[str, str] | None = None) -> Run:
        given = secrets or {}
        supervisor.start(self.folder, Withheld(given, tuple(given.values())))
        return self

    def state(self) -> state.State:
        return state.observe(self.folder)

    def running(self) -> Run:
        """Wait until every role's script is at work: it has written `ready` to its log."""
        wait_until(self._all_ready, f"all roles of {self.folder} to be ready; now", self.state)
        return self

    def ended(self) -> state.State:
        """Wait until the run has ended, or is lost."""
        ends = state.ENDED | {state.LOST}
        wait_until(lambda: self.state().status in ends, f"the end of {self.folder}; now", self.state)
        return self.state()

    def log(self, role: str) -> str:
        return (self.folder / "logs" / f"{role.replace('/', '-')}.txt").read_text()

    def supervisor(self) -> int:
        return self._own()["specrun run"]

    def guard(self, role: str) -> int:
        return self._own()[f"guard {role}"[:15]]

    def guards(self) -> list[int]:
        return [pid for name, pid in self._own().items() if name.startswith("guard")]

    def process(self, role: str) -> int:
        """The role's own process: the guard's child."""
        guard = self.guard(role)
        # The oldest: what it took over from others came later.
        return min(self.children(guard), key=lambda pid: int(_read(pid, "stat").rpartition(b")")[2].split()[19]))

    def children(self, pid: int) -> list[int]:
        """A process's children, zombies too."""
        return [child for child, parent in _parents().items() if parent == pid]

    def left(self, *, own: bool = True) -> list[str]:
        """Every living process of the run: with its marker, or (`own`) its supervisor and guards."""
        found = []
        for pid in _pids():
            environment, command = _read(pid, "environ").split(b"\0"), _read(pid, "cmdline").split(b"\0")
            of_run = own and str(self.folder).encode() in command
            if f"SPECRUN_RUN_MARKER={self.marker}".encode() in environment or of_run:
                found.append(f"{pid} {_read(pid, 'comm').decode().strip()} {command!r}")
        return found

    def nothing_left(self) -> None:
        wait_until(lambda: not self.left(), "no process to be left, but", self.left)

    def _all_ready(self) -> bool:
        logs = list((self.folder / "logs").iterdir())
        return bool(logs) and len(logs) == len(self.state().roles) and all("ready" in log.read_text() for log in logs)

    def _own(self) -> dict[str, int]:
        mine = [pid for pid in _pids() if str(self.folder).encode() in _read(pid, "cmdline").split(b"\0")]
        return {_read(pid, "comm").decode().strip(): pid for pid in mine}


class Runs:
    """A home with runs in it."""

    def __init__(self, home: Path, slots: Path | None = None) -> None:
        self.home = home
        self.slots = slots or home / "slots"
        self.all: list[Run] = []

    def prepare(self, command: str, name: str = "run-1", **asked: Any) -> Run:
        asked.setdefault("cluster", Cluster("this machine"))
        asked.setdefault("grace", 0.3)
        request = Request(name, command, str(self.slots), uuid.uuid4().hex, **asked)
        folder = self.home / "runs" / name
        state.write_prepared(folder, request)
        self.all.append(Run(folder))
        return self.all[-1]

    def start(self, command: str, name: str = "run-1", **asked: Any) -> Run:
        return self.prepare(command, name, **asked).start()


@contextlib.contextmanager
def runs_in(home: Path, slots: Path | None = None) -> Iterator[Runs]:
    runs = Runs(home, slots)
    yield runs
    for run in runs.all:
        for line in run.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)


def with_argument(argument: str) -> list[int]:
    """The living processes that have this among their arguments."""
    return [pid for pid in _pids() if argument.encode() in _read(pid, "cmdline").split(b"\0")]


def processes_of(home: Path) -> dict[int, str]:
    """The living processes of a state folder's runs, and what each is: a supervisor, a guard, or one of a role's."""
    found = {}
    for pid in _pids():
        if any(word.startswith(os.fsencode(home)) for word in _read(pid, "cmdline").split(b"\0")):
            found[pid] = "guard" if _read(pid, "comm").startswith(b"guard") else "supervisor"
        elif requests.MARKER.encode() in (environment := _read(pid, "environ")) and os.fsencode(home) in environment:
            found[pid] = "role"
    return found


def kill_at_once(*pids: int) -> None:
    """None of them gets to see another one's end."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # who cleans up after the first may have been faster
                os.kill(pid, number)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, what: str) -> bytes:
    try:
        return (Path("/proc") / str(pid) / what).read_bytes()
    except OSError:
        return b""


def _parents() -> dict[int, int]:
    stats = {pid: _read(pid, "stat").rpartition(b")")[2].split() for pid in _pids()}
    return {pid: int(fields[1]) for pid, fields in stats.items() if len(fields) > 1}
