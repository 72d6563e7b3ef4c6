"""Where specrun keeps its state: `.specrun` beside the repository's root, else beside the spec, or $SPECRUN_HOME."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from specrun.spec.repository import repository_of

STAGING = "staging"


def home_of(folder: Path) -> Path:
    """The state folder for specs in `folder`; it may not exist yet."""
    chosen = os.environ.get("SPECRUN_HOME")
    if chosen:
        return Path(chosen).absolute()
    folder = folder.resolve()
    return Path(repository_of(str(folder)) or folder) / ".specrun"


def make_home(home: Path) -> None:
    """Create the state folder; it ignores itself in git, so that nobody has to."""
    ignore = home / ".gitignore"
    if not ignore.exists():
        home.mkdir(parents=True, exist_ok=True)
        ignore.write_text("*\n")


@contextlib.contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """A folder for what is not finished yet, on the same file system as its destination; gone afterwards.

    A lock on it tells whether its maker still lives: see `remove_abandoned`.
    """
    make_home(home)
    parent = home / STAGING
    parent.mkdir(exist_ok=True)
    folder, descriptor = _locked_folder(parent)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(descriptor)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        # Not `tempfile`: it imports a random number generator, and a process id with a clock is as unique here.
        folder = parent / f"{os.getpid()}-{time.monotonic_ns()}"
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(mode=0o700)
            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)  # taken for abandoned before it was locked


def replace_text(home: Path, file: Path, text: str) -> None:
    """Write a file of the state folder all at once: a reader sees the old content or the new. Raises OSError."""
    with scratch(home) as folder:
        file.parent.mkdir(parents=True, exist_ok=True)
        written = folder / file.name
        written.write_text(text, encoding="utf-8")
        written.replace(file)


def remove_abandoned(home: Path) -> None:
    """Remove what a killed specrun left unfinished in the state folder."""
    parent = home / STAGING
    for folder in parent.iterdir() if parent.is_dir() else ():
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(descriptor)


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        import shutil  # late: it imports every compression there is, and what was finished has been moved away

        shutil.rmtree(folder, ignore_errors=True)
