"""Where a file of a name that comes from elsewhere may lie on this machine: below a folder, and nowhere else."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

LONGEST = 255
"""Bytes of one part of a path, on the usual file systems."""

_DEVICES = re.compile(
    r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?|.*[:. ]|.*[<>:\"|?*].*"
)
"""What Windows takes for something else than a file of this name."""


class NameRefused(Exception):
    """A name that stands for no file below the folder; why, in words."""


def below(folder: Path, name: str) -> Path:
    """The path of a file called so (POSIX, relative) below a folder. Raises NameRefused.

    Nothing on the way from the folder to it is a link, nor is the file itself: to write to it is to write there.
    """
    problem = name_problem(name)
    if problem:
        raise NameRefused(problem)
    *parents, last = name.split("/")
    path = folder
    for part in parents:
        path /= part
        if _is_link(path):
            raise NameRefused(f"{path} is a link, and would lead elsewhere")
        if path.exists() and not path.is_dir():
            raise NameRefused(f"{path} is a file, and no folder")
    path /= last
    if _is_link(path):
        raise NameRefused(f"{path} is a link, and would be written through")
    if path.exists() and not path.is_file():
        raise NameRefused(f"{path} is there, and is no file")
    return path


def name_problem(name: str) -> str:
    """Why a name cannot be that of a file below a folder; "" where it can."""
    parts = name.split("/")
    if name.startswith("/"):
        return "it is an absolute path"
    if ".." in parts:
        return "it leaves the folder"
    if "" in parts or "." in parts:
        return "a part of it is empty or a dot"
    if "\\" in name:
        return "it has a backslash in it, which divides a path on other machines"
    if re.search(r"[\x00-\x1f\x7f-\x9f]", name):
        return "it has a control character in it"
    try:
        sizes = [len(os.fsencode(part)) for part in parts]
    except UnicodeEncodeError:
        return "it has a character in it that is none"
    if max(sizes) > LONGEST or sum(sizes) > 12 * LONGEST:
        return "it is too long"
    if os.name == "nt" and any(_DEVICES.fullmatch(part) for part in parts):
        return "Windows has no file of this name"
    return ""


def _is_link(path: Path) -> bool:
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except OSError:
        return False
