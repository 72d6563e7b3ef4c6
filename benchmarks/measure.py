"""Processes and what they took, always in pairs: A B A B, so that both see the same busy or idle machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


class WentWrong(Exception):
    """What was to be measured did not do what it should: a time of it means nothing. The message says what it did."""


class LeftOut(Exception):
    """A row cannot be measured on this machine, which lacks its peer or what it runs on. The message says what."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took: wall and CPU seconds (its own and its children's), and bytes read (None: not known)."""

    wall: float
    cpu: float
    read: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians over the rounds: ours, the peer's, and of the ratio ours / peer in one round.

    `added` is the difference of the best rounds: what a program adds each time is in its best round too, while the
    processes' own scatter (a second for TensorFlow on two cores) only ever makes a round longer.
    """

    ours: float
    peer: float
    ratio: float
    added: float


def take(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    exit_code: int = 0,
    output: Path | None = None,
    folder: Path | None = None,
) -> Taken:
    """Run a command to its end, with its output in a file or thrown away. Raises WentWrong for another exit code."""
    with open(output or os.devnull, "wb") as file:  # noqa: PTH123 - devnull is a text
        begin = time.perf_counter()
        child = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE
        )
        assert child.stderr is not None
        said = child.stderr.read()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - begin
    read = _bytes_read(child.pid)  # while it is a zombie: who is waited for is forgotten
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode != exit_code:
        call = " ".join(command)[:200]
        raise WentWrong(f"`{call}` exited with {child.returncode}, not {exit_code}: {said.decode()[-2000:]}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, read)


def paired(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> Pair:
    """Measure both by turns, so many times."""
    measured = [(ours(), peer()) for _ in range(rounds)]
    return Pair(
        median(mine for mine, _ in measured),
        median(theirs for _, theirs in measured),
        median(mine / theirs for mine, theirs in measured),
        min(mine for mine, _ in measured) - min(theirs for _, theirs in measured),
    )


def _bytes_read(pid: int) -> int | None:
    """What a process asked of `read` and its like, whether a disk or a cache gave it; Linux alone counts that."""
    try:
        lines = (Path("/proc") / str(pid) / "io").read_text().splitlines()
    except OSError:
        return None
    return int(next(line for line in lines if line.startswith("rchar:")).split()[1])
