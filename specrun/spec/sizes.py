"""What is known about a VM size by its name. Sizes compare case-insensitively, with or without STANDARD_."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specrun.spec.size_table import Series

_PREFIX = "STANDARD_"
# Azure names its families by what they are for: N has GPUs (NP has FPGAs instead); these have neither.
_CPU_FAMILIES = frozenset("ABDEFGHLM")


def series_of(size: str) -> Series | None:
    """The series in the table that has this size."""
    return _table()[0].get(_plain(size))


def gpu_count(size: str) -> int | None:
    """How many GPUs a process on this size sees; None where the table does not have the size."""
    return _table()[1].get(_plain(size), 0 if has_gpu(size) is False else None)


def has_gpu(size: str) -> bool | None:
    """Whether the size has a GPU, by its family; None for a name that is no size of Azure's."""
    plain = _plain(size)
    if plain in _table()[1]:
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
    if not plain.startswith("N") or plain in _table()[0]:
        return None
    found = difflib.get_close_matches(plain, _table()[1], n=1, cutoff=0.85)
    return _PREFIX + found[0] if found else None


def _plain(size: str) -> str:
    return size.upper().removeprefix(_PREFIX)


@cache
def _table() -> tuple[dict[str, Series], dict[str, int]]:
    from specrun.spec.size_table import TABLE

    series: dict[str, Series] = {}
    gpus: dict[str, int] = {}
    for one in TABLE:
        for entry in one.sizes.split():
            name, _, count = entry.partition("=")
            series[name] = one
            if count:
                gpus[name] = int(count)
    return series, gpus
