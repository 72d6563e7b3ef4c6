"""The GPUs of this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping

_QUERY = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]


def present(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The indexes of the GPUs that may be used, in bus order; none without nvidia-smi.

    When whoever started specrun was given only some of them (CUDA_VISIBLE_DEVICES), those are all there are.
    """
    import shutil

    tool = shutil.which(_QUERY[0], path=environment.get("PATH"))
    return _allowed(_query(tool), environment.get("CUDA_VISIBLE_DEVICES")) if tool else ()


def _query(tool: str) -> list[tuple[str, str]]:
    """(index, uuid) of each GPU; a tool that fails or hangs, as without a driver, knows of none."""
    import subprocess

    try:
        answer = subprocess.run(
            [tool, *_QUERY[1:]], capture_output=True, text=True, errors="replace", timeout=20, check=True
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
