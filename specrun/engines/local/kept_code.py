"""The code of runs that have ended: what no job has changed of it lies on the disk once, however many runs have it.

While a run goes, its code is a copy of its own, and what a job writes there is nobody else's. At its end each file that
is still as it was staged becomes a hard link to the one that is kept, read-only, for its content.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from specrun.plan.private import make_folder, write_private
from specrun.plan.stored import Damaged, read_record

if TYPE_CHECKING:
    from specrun.plan.files import SourceFile

FILE = "code.json"
"""In a run's folder: for each code file the name of its content, and what the file looked like when it was staged."""

_NAME = re.compile("[0-9a-f]{32}x?")

KEPT_SINCE = 315_532_800 * 10**9
"""The modification time of every kept file: 1980, the first that archives know. One that was written to has another."""


def note_code(rundir: Path, files: Iterable[SourceFile]) -> None:
    """Write down what the code files in a run's folder are, before its first process. Raises OSError."""
    note_names(rundir, ((file.path, f"{file.md5}{'x' if file.executable else ''}") for file in files))


def note_names(rundir: Path, names: Iterable[tuple[str, str]]) -> None:
    """The same of files by their paths, each with the name of its content."""
    notes = {}
    for path, name in names:
        with contextlib.suppress(FileNotFoundError):  # what lay in ./outputs is an output
            notes[path] = [name, *_looks((rundir / "code" / path).lstat())]
    write_private(rundir / FILE, json.dumps(notes))


def share_code(rundir: Path) -> None:
    """Have the unchanged code files of a run that has ended be links to those that are kept for their content.

    Where the file system has no links, or no more to one file, they stay copies.
    """
    for path, name, looked in noted_files(rundir):
        file = rundir / "code" / path
        with contextlib.suppress(OSError):
            seen = file.lstat()
            if seen.st_size and _looks(seen) == looked:
                _share(file, seen, kept_file(rundir, name), rundir / "link")


def delete_run(rundir: Path) -> None:
    """Delete a run's folder, and of what is kept for its code that which no other run has. Raises OSError."""
    import shutil  # late: it imports every compression there is

    if rundir.is_symlink() or not rundir.is_dir():
        rundir.unlink()
        return
    names = [name for _, name, _ in noted_files(rundir)]
    with contextlib.suppress(FileNotFoundError):  # its supervisor is just removing the last of what it had
        shutil.rmtree(rundir)
    if rundir.exists():
        shutil.rmtree(rundir)
    for kept in (kept_file(rundir, name) for name in names):
        with contextlib.suppress(OSError):
            if kept.lstat().st_nlink == 1:
                kept.unlink()


def _share(file: Path, seen: os.stat_result, kept: Path, link: Path) -> None:
    make_folder(kept.parent, kept.parents[2])
    with contextlib.suppress(FileNotFoundError):
        known = kept.lstat()
        if (known.st_size, known.st_mtime_ns) == (seen.st_size, KEPT_SINCE):
            os.link(kept, link)
            link.replace(file)
            return
        kept.unlink()  # somebody wrote to it, in the folder of a run that has ended: no other run is given that
    file.chmod(0o500 if seen.st_mode & stat.S_IXUSR else 0o400)
    os.utime(file, ns=(KEPT_SINCE, KEPT_SINCE))
    os.link(file, kept)


def kept_file(rundir: Path, name: str) -> Path:
    """Where the content of this name is kept, once a run that has it has ended."""
    return rundir.parent.parent / "code" / name[:2] / name


def _looks(seen: os.stat_result) -> list[object]:
    return [seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]


def noted_files(rundir: Path) -> Iterator[tuple[str, str, list[object]]]:
    """Path, name and looks of each file, as far as they are what `note_code` writes: by a name a file is deleted."""
    with contextlib.suppress(FileNotFoundError, Damaged):
        for path, note in read_record(rundir / FILE).items():
            if not isinstance(note, list) or not note:
                continue
            name = note[0]
            if isinstance(name, str) and _NAME.fullmatch(name) and ".." not in PurePosixPath(path).parts:
                yield path.lstrip("/"), name, note[1:]
