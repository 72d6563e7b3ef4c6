"""Files' names, and paths of one file as they are written in another one's folder."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def is_address(path: str) -> bool:
    """Whether a path is an address (azureml:…, https://…), not a place on a disk."""
    return bool(_SCHEME.match(path)) and not path.startswith("file:")


def rebased(path: str, start: str, folder: Path) -> str:
    """A path that begins at the folder `start`, as it is written in a file in `folder`: with forward slashes.

    `file:` before it is left out, and an absolute path stays what it is.
    """
    plain = path.strip().removeprefix("file:").replace("\\", "/").replace("\0", "")
    plain = re.sub("^//+(?=/)", "", plain)
    if plain.startswith("/") or re.match("[A-Za-z]:/", plain):
        return plain
    whole = os.path.join(os.path.abspath(start), plain)  # noqa: PTH100, PTH118 - no links are resolved
    return os.path.relpath(whole, os.path.abspath(folder)).replace(os.sep, "/")  # noqa: PTH100


def folder_of(file: str) -> str:
    """The folder that a file is in."""
    return os.path.dirname(file) or "."  # noqa: PTH120


def base_name(file: str) -> str:
    """A file's name without its folder, on one line."""
    return " ".join(PurePosixPath(file.replace("\\", "/")).name.split())


def stem(file: str) -> str:
    """A file's name without its folder and its ending."""
    return PurePosixPath(file.replace("\\", "/")).stem


def same_file(path: str, start: str, file: str) -> bool:
    """Whether a path that begins at the folder `start` names the file."""
    plain = path.strip().removeprefix("file:").replace("\0", "")
    return os.path.abspath(os.path.join(start, plain)) == os.path.abspath(file)  # noqa: PTH100, PTH118
