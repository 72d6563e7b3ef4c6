"""Files of a run copied into a folder, under names that somebody else has chosen."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.engines.base import OutputFile
from specrun.engines.reliable import Reliable
from specrun.spec.below import NameRefused, below

_NO_NAME_HERE = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


def fetch(engine: Reliable, run: str, files: Sequence[OutputFile], folder: Path) -> list[str]:
    """Copy files of a run into a folder; which ones cannot lie there, each with the reason.

    Raises EngineError and OSError.
    """
    refused, written = [], dict[tuple[int, int], str]()
    for file in files:
        try:
            path = _place(folder, file.path, written)
            engine.fetch(run, file.path, path)
        except NameRefused as problem:
            refused.append(f"{file.path}: {problem}")
        except OSError as error:
            if error.errno not in _NO_NAME_HERE:
                raise
            refused.append(f"{file.path}: {error.strerror}")
        else:
            written[_identity(path)] = file.path
    return refused


def _place(folder: Path, name: str, written: Mapping[tuple[int, int], str]) -> Path:
    """Where a file may lie. Raises NameRefused, also when another one has been written there."""
    path = below(folder, name)
    twin = written.get(_identity(path), name) if path.exists() else name
    if twin != name:
        raise NameRefused(f"to this machine it is the same as {twin}")
    return path


def _identity(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_dev, seen.st_ino
