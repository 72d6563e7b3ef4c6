"""What is known about a VM size by its name. Sizes compare case-insensitively, with or without STANDARD_."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from specrun.spec.size_table import Series

_PREFIX = "STANDARD_"
# Azure names its families by what they are for: N has GPUs (NP has FPGAs instead); these have neither.
_CPU_FAMILIES = frozenset("ABDEFGHLM")


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
    import re

    plain = _plain(size)
    if (found := _table().get(plain)) is not None:
        return _of_figures(*found)
    parts = re.fullmatch(r"([A-Z]+)(\d+)(?:-(\d+))?([A-Z]*(?:_V\d+)?)", plain)
    if parts is None:
        return None
    family, number, fewer, rest = parts.groups()
    if fewer is None:
        return _regular(f"{family}#{rest}", number)
    whole = machine_of(f"{family}{number}{rest}")  # E16-4S_V5 is E16S_V5 with fewer vCPUs
    return whole._replace(vcpus=int(fewer)) if whole is not None and int(fewer) < whole.vcpus else None


def series_of(size: str) -> Series | None:
    """The series in the table that has this size among those that are written one by one."""
    found = _table().get(_plain(size))
    return found[0] if found is not None else None


def gpu_count(size: str) -> int | None:
    """How many GPUs a process on this size sees; None where the table does not have the size."""
    found = _table().get(_plain(size))
    if found is None or not _has_gpu(found[0]):
        return 0 if has_gpu(size) is False else None
    gpus = found[1].split(":")[2]
    return 1 if "/" in gpus else int(gpus)


def has_gpu(size: str) -> bool | None:
    """Whether the size has a GPU, by its family; None for a name that is no size of Azure's."""
    plain = _plain(size)
    if (found := _table().get(plain)) is not None and _has_gpu(found[0]):
        return True
    if plain.startswith("NP"):
        return False
    family = plain[:1]
    if not any(character.isdigit() for character in plain[1:]):
        return None
    return True if family == "N" else False if family in _CPU_FAMILIES else None


def near_miss(size: str) -> str | None:
    """For a GPU size that the table does not have: the size which it is most likely a slip for."""
    import difflib

    plain = _plain(size)
    if not plain.startswith("N") or plain in _table():
        return None
    known = [name for name, (series, _) in _table().items() if _has_gpu(series)]
    found = difflib.get_close_matches(plain, known, n=1, cutoff=0.85)
    return _PREFIX + found[0] if found else None


def _has_gpu(series: Series) -> bool:
    return bool(series.gpu)


def _plain(size: str) -> str:
    return size.upper().removeprefix(_PREFIX)


def _of_figures(series: Series, figures: str) -> Machine | None:
    vcpus, memory, gpus, gpu_memory = (*figures.split(":"), "", "")[:4]
    if not vcpus:
        return None
    part = gpus if "/" in gpus else ""
    return Machine(int(vcpus), float(memory), 1 if part else int(gpus or 0), series.gpu, int(gpu_memory or 0), part)


def _regular(name: str, number: str) -> Machine | None:
    from specrun.spec.size_table import REGULAR

    for one in REGULAR:
        if name in one.names.split() and number in one.vcpus.split():
            other = dict(entry.split("=") for entry in one.but.split())
            return Machine(int(number), float(other.get(number, int(number) * one.memory)))
    return None


@cache
def _table() -> dict[str, tuple[Series, str]]:
    """Each size that is written by itself, with its series and its figures as they are written."""
    from specrun.spec.size_table import TABLE

    found = {}
    for series in TABLE:
        for entry in series.sizes.split():
            name, _, figures = entry.partition("=")
            found[name] = series, figures
    return found
