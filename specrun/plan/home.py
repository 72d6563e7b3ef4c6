"""Where specrun keeps its state: `.specrun` beside the repository's root, else beside the spec, or $SPECRUN_HOME."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def home_of(folder: Path) -> Path:
    """The state folder for specs in `folder`; it may not exist yet."""
    chosen = os.environ.get("SPECRUN_HOME")
    if chosen:
        return Path(chosen).absolute()
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent / ".specrun"
    return folder / ".specrun"


def make_home(home: Path) -> None:
    """Create the state folder; it ignores itself in git, so that nobody has to."""
    ignore = home / ".gitignore"
    if not ignore.exists():
        home.mkdir(parents=True, exist_ok=True)
        ignore.write_text("*\n")


@contextlib.contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """A folder for what is not finished yet, on the same file system as its destination; gone afterwards.

    A lock on it tells whether its maker still lives: what a killed one left behind is removed by the next.
    """
    make_home(home)
    parent = home / "staging"
    parent.mkdir(exist_ok=True)
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(dir=parent))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.iterdir():
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
