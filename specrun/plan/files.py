"""Which files a code folder or a data path consists of."""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from specrun.plan.hashes import HashCache
from specrun.spec.ignore import NEVER_CODE, Rules, ignored, rules_above, rules_in

SPEC_MARK = re.compile(rb"""^["']?apiVersion["']?\s*:\s*["']?specrun/""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: `path` POSIX, relative and in Unicode's NFC; `size` in bytes; `md5` in hex."""

    path: str
    source: Path
    size: int
    executable: bool
    md5: str


def list_code(folder: Path, leave_out: Collection[Path], cache: HashCache) -> tuple[SourceFile, ...]:
    """A code folder's files in byte order of their paths.

    `.amlignore`, else `.gitignore`, decide what is code, at each level from the repository's root down. Never part of
    it: version control, virtual environments, specs, and `leave_out` (the resolved data paths of the spec). Symlinks
    are followed as files; one that leaves the folder was refused before. Raises OSError.
    """
    paths = _walk(folder, leave_out, rules_above(str(folder)), (folder.resolve(),))
    return _hashed(folder, [path for path in paths if not _is_spec(path)], cache)


def list_data(path: Path, cache: HashCache) -> tuple[SourceFile, ...]:
    """A data path's files in byte order; a single file is listed under its own name. Raises OSError."""
    if path.is_dir():
        return _hashed(path, list(_walk(path, frozenset(), None, (path.resolve(),))), cache)
    return _hashed(path.parent, [path], cache)


def _hashed(folder: Path, paths: list[Path], cache: HashCache) -> tuple[SourceFile, ...]:
    for path in paths:
        _check_name(path)
    stats = [path.stat() for path in paths]
    digests = cache.md5_all(zip(paths, stats, strict=True))
    files = [
        SourceFile(
            unicodedata.normalize("NFC", path.relative_to(folder).as_posix()),
            path,
            stat.st_size,
            bool(stat.st_mode & 0o100),
            md5,
        )
        for path, stat, md5 in zip(paths, stats, digests, strict=True)
    ]
    return tuple(sorted(files, key=lambda file: file.path.encode()))


def _check_name(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise OSError(errno.EILSEQ, "its name is not UTF-8: rename it", shown) from None


def _walk(
    folder: Path, leave_out: Collection[Path], rules: tuple[Rules, ...] | None, trail: tuple[Path, ...]
) -> Iterator[Path]:
    """Files below a folder, links followed; with `rules` the folder is code, without it is data, which has none.

    `trail` are the real places of this folder and those above it: a link back to one of them is not followed.
    """
    if rules is not None and (own := rules_in(str(folder))) is not None:
        rules = (*rules, own)
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        is_folder = entry.is_dir()
        if rules is not None and (
            entry.name in NEVER_CODE or ignored(entry.path, is_folder, rules) or path.resolve() in leave_out
        ):
            continue
        if not is_folder:
            # What is neither file nor link (a pipe, a socket) has no content. A broken link is a mistake worth telling.
            if entry.is_file() or entry.is_symlink():
                yield path
        elif rules is None or not (path / "pyvenv.cfg").exists():
            real = path.resolve() if entry.is_symlink() else trail[-1] / entry.name
            if not any(above.is_relative_to(real) for above in trail):
                yield from _walk(path, leave_out, rules, (*trail, real))


def _is_spec(path: Path) -> bool:
    if path.suffix not in (".yaml", ".yml"):
        return False
    with path.open("rb") as file:
        return SPEC_MARK.search(file.read(65536)) is not None
