"""The GPUs of this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

_TOOL = "nvidia-smi"
MIB = 1 << 20


class Busy(NamedTuple):
    """How busy each GPU is, in percent, by its index; and the bytes there of each process, by its id."""

    percent: Mapping[str, float] = {}
    memory: Mapping[int, int] = {}


def present(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The indexes of the GPUs that may be used, in bus order; none without nvidia-smi.

    When whoever started specrun was given only some of them (CUDA_VISIBLE_DEVICES), those are all there are.
    """
    found = _query("--query-gpu=index,uuid", environment)
    return _allowed(found, environment.get("CUDA_VISIBLE_DEVICES"))


def busy(environment: Mapping[str, str] = os.environ) -> Busy:
    """How busy the GPUs are. In a container the driver may not tell whose memory it is."""
    told = _query("--query-gpu=index,utilization.gpu", environment)
    percent = {index: float(said) for index, said in told if said.isdecimal()}
    memory: dict[int, int] = {}
    for pid, said in _query("--query-compute-apps=pid,used_gpu_memory", environment) if percent else ():
        if said.isdecimal():  # on several GPUs there are several lines
            memory[int(pid)] = memory.get(int(pid), 0) + int(said) * MIB
    return Busy(percent, memory)


def _query(what: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of a number and a text, one for each GPU, or process there; a tool that is not there, fails or hangs, as
    without a driver, knows of none.
    """
    import shutil
    import subprocess

    tool = shutil.which(_TOOL, path=environment.get("PATH"))
    if tool is None:
        return []
    try:
        answer = subprocess.run(
            [tool, what, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.stdout.splitlines()]
    return [(row[0], row[1]) for row in rows if len(row) == 2 and row[0].isdecimal()]


def _allowed(found: list[tuple[str, str]], visible: str | None) -> tuple[str, ...]:
    if visible is None:
        return tuple(index for index, _ in found)
    allowed: list[str] = []
    for name in (part.strip() for part in visible.split(",")):
        match = [index for index, uuid in found if name == index or (len(name) > 4 and uuid.startswith(name))]
        if not match:  # CUDA's own rule: what stands after an unknown one does not count
            break
        allowed += match[:1]
    return tuple(allowed)
