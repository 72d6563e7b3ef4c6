"""Which files a code folder or a data path consists of."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from specrun.plan.hashes import HashCache
from specrun.spec.tree import Tree, Wrong, is_spec, read_tree


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
    return hash_code(read_tree(str(folder), {str(path) for path in leave_out}), cache)


def list_data(path: Path, cache: HashCache) -> tuple[SourceFile, ...]:
    """A data path's files in byte order; a single file is listed under its own name. Raises OSError."""
    return hash_files(read_tree(str(path)), cache)


def hash_code(tree: Tree, cache: HashCache) -> tuple[SourceFile, ...]:
    """The files of a tree of code, in byte order of their paths, without specs. Raises OSError."""
    return hash_files(tree._replace(files=[file for file in tree.files if not is_spec(file.source)]), cache)


def hash_files(tree: Tree, cache: HashCache) -> tuple[SourceFile, ...]:
    """The files of a tree, in byte order of their paths. Raises OSError, also where one is wrong."""
    for error in (*tree.errors, *(_error(tree.root, wrong) for wrong in tree.wrong if wrong.code in _ERRORS)):
        raise error
    digests = cache.md5_all((Path(file.source), file.stat) for file in tree.files)
    files = [
        SourceFile(
            unicodedata.normalize("NFC", file.path),
            Path(file.source),
            file.stat.st_size,
            bool(file.stat.st_mode & 0o100),
            md5,
        )
        for file, md5 in zip(tree.files, digests, strict=True)
    ]
    return tuple(sorted(files, key=lambda file: file.path.encode()))


_ERRORS = {"broken-link": errno.ENOENT, "link-loop": errno.ELOOP, "name-not-utf8": errno.EILSEQ}


def _error(root: str, wrong: Wrong) -> OSError:
    said = "its name is not UTF-8: rename it" if wrong.code == "name-not-utf8" else os.strerror(_ERRORS[wrong.code])
    return OSError(_ERRORS[wrong.code], said, os.fsencode(Path(root, wrong.path)).decode("utf-8", "backslashreplace"))
