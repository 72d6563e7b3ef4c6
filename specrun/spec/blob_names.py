"""What a file in blob storage can be called: names that the service refuses, and those that it changes."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 1024
"""Characters of a blob's name."""

DEEPEST = 254
"""Parts of a blob's name, divided by slashes."""

_ODD = re.compile(
    r"(?P<backslash>\\)|(?P<control>[\x00-\x1f\x7f-\x9f])|(?P<dot>\.)(?=/|$)|(?P<private>[\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff])"
)
_WHY = {
    "backslash": "the service takes `\\` for `/`",
    "control": "it has a control character in it",
    "dot": "the service drops a dot at the end",
    "private": "it has a character in it that Unicode keeps for private use",
}


class NameProblem(NamedTuple):
    """Why a blob cannot have a name, in words; `end` is where the part ends that has to change (0: all of it)."""

    why: str
    end: int = 0


def blob_problem(path: str, room: int = 0) -> NameProblem | None:
    """What is wrong with a path as the name of a blob; None where it can be one. `room`: characters in front of it."""
    odd = _ODD.search(path)
    if odd is not None:
        end = path.find("/", odd.start())
        return NameProblem(_WHY[str(odd.lastgroup)], max(end, 0))
    if room + len(path) > LONGEST:
        return NameProblem(f"its name there has {room + len(path):,} characters, and may have {LONGEST:,}")
    if path.count("/") >= DEEPEST:
        return NameProblem(f"it lies {path.count('/')} folders deep, and may have {DEEPEST} parts")
    return None
