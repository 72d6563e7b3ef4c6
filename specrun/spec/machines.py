"""What one instance of a VM size has. Sizes compare case-insensitively, with or without STANDARD_."""

from __future__ import annotations

import re
from typing import NamedTuple

from specrun.spec.size_table import REGULAR, Series
from specrun.spec.sizes import plain_name, table


class Machine(NamedTuple):
    """What one instance has: `memory` in GiB, `gpu_memory` of each GPU in GB (0: not known).

    `gpus` are those that a process sees: of a part of one (`part`, as in 1/6) it sees one.
    """

    vcpus: int
    memory: float
    gpus: int = 0
    gpu: str = ""
    gpu_memory: int = 0
    part: str = ""

    def __str__(self) -> str:
        """In words: `4 vCPUs, 28 GiB, 1 × T4 (16 GB)`."""
        words = [f"{self.vcpus} vCPU{'s' * (self.vcpus > 1)}", f"{self.memory:g} GiB"]
        if self.gpus:
            memory = f" ({self.gpu_memory} GB)" if self.gpu_memory else ""
            words.append(f"{self.part or self.gpus} × {self.gpu}{memory}")
        return ", ".join(words)


def machine_of(size: str) -> Machine | None:
    """What an instance of this size has; None where the table does not say."""
    plain = plain_name(size)
    if (found := table().get(plain)) is not None:
        return _of_figures(*found)
    parts = re.fullmatch(r"([A-Z]+)([0-9]{1,4})(?:-([0-9]{1,4}))?([A-Z]*(?:_V[0-9]+)?)", plain)
    if parts is None:
        return None
    family, number, fewer, rest = parts.groups()
    if fewer is None:
        return _regular(f"{family}#{rest}", number)
    whole = machine_of(f"{family}{number}{rest}")  # E16-4S_V5 is E16S_V5 with fewer vCPUs
    return whole._replace(vcpus=int(fewer)) if whole is not None and int(fewer) < whole.vcpus else None


def _of_figures(series: Series, figures: str) -> Machine | None:
    vcpus, memory, gpus, gpu_memory = (*figures.split(":"), "", "")[:4]
    if not vcpus:
        return None
    part = gpus if "/" in gpus else ""
    return Machine(int(vcpus), float(memory), 1 if part else int(gpus or 0), series.gpu, int(gpu_memory or 0), part)


def _regular(name: str, number: str) -> Machine | None:
    for one in REGULAR:
        if name in one.names.split() and number in one.vcpus.split():
            other = dict(entry.split("=") for entry in one.but.split())
            return Machine(int(number), float(other.get(number, int(number) * one.memory)))
    return None
