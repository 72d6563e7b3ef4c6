"""What is copied of a run of this machine: what it wrote, and its code as it was staged."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from specrun.engines.base import Missing, OutputFile
from specrun.engines.local.kept_code import kept_file, noted_files
from specrun.spec.reading import read_bytes


def fetch_code(rundir: Path, path: str, to: Path) -> None:
    """Copy a code file as it was staged: where the job has written to it, another run may have it still.

    Raises Missing, and OSError.
    """
    found = next(((name, looked) for noted, name, looked in noted_files(rundir) if noted == path), None)
    if found is None:
        why = "lay in ./outputs, where the job writes" if path.startswith("outputs/") else "is not noted among its code"
        raise Missing(f"{path} {why}")
    name, looked = found
    size = looked[0] if looked and isinstance(looked[0], int) else 0
    for place in (rundir / "code" / path, kept_file(rundir, name)):
        with contextlib.suppress(OSError):
            content = read_bytes(place, size, follow=False)
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == name[:32]:
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(content)
                return
    raise Missing(f"{path} was written to by the job")


def outputs_in(folder: Path) -> Iterator[OutputFile]:
    """The files in the folder of a run's outputs, each path starting with the output's name."""
    for output in folder.iterdir() if folder.is_dir() else ():
        for parent, _, names in os.walk(output):
            for name in names:
                path = Path(parent) / name
                if path.is_file():  # a link may lead nowhere
                    yield OutputFile(path.relative_to(folder).as_posix(), path.stat().st_size)


def is_written(output: Path) -> bool:
    """Whether there is any file in the folder of an output."""
    return any((Path(parent) / name).is_file() for parent, _, names in os.walk(output) for name in names)


def copy_file(source: Path, to: Path) -> None:
    """Copy a file of a run's; what leads to it may be links of ours. Raises Missing."""
    if not source.is_file():
        raise Missing(f"there is no {source}")
    import shutil  # late: it imports every compression there is

    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
