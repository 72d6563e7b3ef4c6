"""What the processes of a run use on this machine: CPU, memory, and the GPUs that it was granted.

One pass over the table of processes tells it for all roles; of a run that has ended nothing is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from specrun.engines.base import Missing
from specrun.engines.local import gpus, processes, state
from specrun.engines.local.submission import run_folder
from specrun.plan.attempts import NAME
from specrun.plan.observed import Used


class Process(NamedTuple):
    """One process: its CPU seconds, those of its children that have ended, and its resident memory in bytes."""

    pid: int
    parent: int
    own: float
    ended: float
    resident: int


class LocalUsage:
    """What the runs below a state folder use."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def read(self, name: str) -> Mapping[str, Used]:
        """What each role of a run uses that has a process; {} of one that has ended, or waits. Raises Missing."""
        folder = run_folder(self._home, name)
        if NAME.fullmatch(name) is None or not folder.is_dir():
            raise Missing(f"there is no run {name} on this machine")
        seen = state.observe(folder)
        going = {name: role for name, role in seen.roles.items() if role.status == "running" and role.pid is not None}
        if seen.status != state.RUNNING or not going:
            return {}
        table = {one.pid: one for one in table_of_processes()}
        children: dict[int, list[Process]] = {}
        for one in table.values():
            children.setdefault(one.parent, []).append(one)
        busy = gpus.busy() if any(role.gpus for role in going.values()) else gpus.Busy()
        told = {name: (table.get(role.pid or 0), role.gpus) for name, role in going.items()}
        return {
            name: used(table.get(one.parent), below(one.parent, children), granted, busy)
            for name, (one, granted) in told.items()
            if one is not None
        }


def below(pid: int, children: Mapping[int, Sequence[Process]]) -> Sequence[Process]:
    """All processes that descend from one."""
    found: list[Process] = []
    waiting = [*children.get(pid, ())]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one.pid, ())
    return found


def used(guard: Process | None, found: Sequence[Process], granted: Sequence[str], on: gpus.Busy) -> Used:
    """What a role uses: all that is below its guard, which inherits what others leave behind, and not the guard."""
    cpu = sum(one.own + one.ended for one in found) + (guard.ended if guard is not None else 0.0)
    # What several share counts once, which takes the kernel longer to tell.
    memory = sum((_share(one.pid) if len(found) > 1 else None) or one.resident for one in found)
    busy = [on.percent[gpu] for gpu in granted if gpu in on.percent]
    held = [on.memory[one.pid] for one in found if one.pid in on.memory]
    return Used(cpu, memory, sum(busy) / len(busy) if busy else None, sum(held) if held else None)


def table_of_processes() -> Iterable[Process]:
    """Every process of this machine."""
    if not processes.LINUX:
        yield from map(process_of_ps, processes.listed("-axo", "pid=,ppid=,time=,rss="))
        return
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for pid in processes.pids():
        fields = processes.fields_of(pid)
        if len(fields) > 21:
            own, ended = (int(fields[at]) + int(fields[at + 1]) for at in (11, 13))
            yield Process(pid, int(fields[1]), own / tick, ended / tick, int(fields[21]) * page)


def process_of_ps(line: str) -> Process:
    """A line of macOS's `ps`, such as `123 1 1-02:03:04.56 2048`."""
    pid, parent, spent, resident = line.split()[:4]
    days, _, clock = spent.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return Process(int(pid), int(parent), int(days or 0) * 86_400 + seconds, 0.0, int(resident) * 1024)


def _share(pid: int) -> int | None:
    """A process's share of the memory that it has, in bytes; None where that is not told."""
    for line in processes.read(pid, "smaps_rollup").splitlines() if processes.LINUX else ():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return None
