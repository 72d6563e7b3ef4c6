"""Where specrun keeps its state: `.specrun` beside the repository's root, else beside the spec, or $SPECRUN_HOME."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from specrun.plan.file_locks import AT_ONCE, EXCLUSIVE, HAVE_LOCKS, flock
from specrun.plan.ownership import check_ownership
from specrun.plan.private import make_folder, write_private
from specrun.spec.reading import NOT_FOLLOWED, flags
from specrun.spec.repository import repository_of

STAGING = "staging"
_FOLDER = os.O_RDONLY | NOT_FOLLOWED | flags("O_DIRECTORY")


def home_of(folder: Path) -> Path:
    """The state folder for specs in `folder`; it may not exist yet."""
    chosen = os.environ.get("SPECRUN_HOME")
    if chosen:
        return Path(chosen).absolute()
    folder = folder.resolve()
    return Path(repository_of(str(folder)) or folder) / ".specrun"


def open_home(folder: Path) -> Path:
    """The same, to be read and written: it is this user's alone. Raises StateRefused."""
    home = home_of(folder)
    check_ownership(home, chosen=bool(os.environ.get("SPECRUN_HOME")))
    return home


def make_home(home: Path) -> None:
    """Create the state folder; it ignores itself in git, so that nobody has to. Raises OSError."""
    ignore = home / ".gitignore"
    if not os.path.lexists(ignore):
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another one was faster
            write_private(ignore, "*\n")


@contextlib.contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """A folder for what is not finished yet, on the same file system as its destination; gone afterwards.

    A lock on it tells whether its maker still lives: see `remove_abandoned`.
    """
    make_home(home)
    parent = home / STAGING
    make_folder(parent, home)
    folder, descriptor = _locked_folder(parent)
    try:
        yield folder
    finally:
        _remove(folder)
        if descriptor is not None:
            os.close(descriptor)


def _locked_folder(parent: Path) -> tuple[Path, int | None]:
    while True:
        # Not `tempfile`: it imports a random number generator, and a process id with a clock is as unique here.
        folder = parent / f"{os.getpid()}-{time.monotonic_ns()}"
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(mode=0o700)
            if not HAVE_LOCKS:  # nobody removes what seems abandoned, either
                return folder, None
            descriptor = os.open(folder, _FOLDER)
            flock(descriptor, EXCLUSIVE)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)  # taken for abandoned before it was locked


def replace_text(home: Path, file: Path, text: str) -> None:
    """Write a file of the state folder all at once: a reader sees the old content or the new. Raises OSError."""
    with scratch(home) as folder:
        make_folder(file.parent, home)
        written = folder / file.name
        write_private(written, text)
        written.replace(file)


def remove_abandoned(home: Path) -> None:
    """Remove what a killed specrun left unfinished in the state folder."""
    parent = home / STAGING
    for folder in parent.iterdir() if HAVE_LOCKS and parent.is_dir() and not parent.is_symlink() else ():
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, _FOLDER)
            try:
                flock(descriptor, EXCLUSIVE | AT_ONCE)
                _remove(folder)
            finally:
                os.close(descriptor)


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        import shutil  # late: it imports every compression there is, and what was finished has been moved away

        shutil.rmtree(folder, ignore_errors=True)
