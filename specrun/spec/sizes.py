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
    """The series in the table that has this size among those that are written one by one."""
    found = table().get(plain_name(size))
    return found[0] if found is not None else None


def gpu_count(size: str) -> int | None:
    """How many GPUs a process on this size sees; None where the table does not have the size."""
    found = table().get(plain_name(size))
    if found is None or not _has_gpu(found[0]):
        return 0 if has_gpu(size) is False else None
    gpus = found[1].split(":")[2]
    return 1 if "/" in gpus else int(gpus)


def has_gpu(size: str) -> bool | None:
    """Whether the size has a GPU, by its family; None for a name that is no size of Azure's."""
    plain = plain_name(size)
    if (found := table().get(plain)) is not None and _has_gpu(found[0]):
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

    plain = plain_name(size)
    if not plain.startswith("N") or plain in table():
        return None
    known = [name for name, (series, _) in table().items() if _has_gpu(series)]
    found = difflib.get_close_matches(plain, known, n=1, cutoff=0.85)
    return _PREFIX + found[0] if found else None


def _has_gpu(series: Series) -> bool:
    return bool(series.gpu)


def plain_name(size: str) -> str:
    """The name as the table has it."""
    return size.upper().removeprefix(_PREFIX)


@cache
def table() -> dict[str, tuple[Series, str]]:
    """Each size that is written by itself, with its series and its figures as they are written."""
    from specrun.spec.size_table import TABLE

    found = {}
    for series in TABLE:
        for entry in series.sizes.split():
            name, _, figures = entry.partition("=")
            found[name] = series, figures
    return found
