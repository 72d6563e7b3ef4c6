"""Which files a code folder or a data path consists of."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from pathlib import Path

from specrun.plan.checkout import executables
from specrun.plan.hashes import HashCache
from specrun.plan.under_way import under_way
from specrun.spec.boundary import Links
from specrun.spec.frozen import dataclass
from specrun.spec.tree import Tree, Wrong, composed_name, is_spec, read_tree


class LeadsOut(OSError):
    """A link leads out of a folder, or of a boundary, that it may not leave."""

    def __init__(self, path: str, real: str) -> None:
        super().__init__(errno.EXDEV, f"it leads to {real}, where no link of it may lead", path)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: `path` POSIX, relative and in Unicode's NFC; `size` in bytes; `md5` in hex. `source` is no link."""

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


def list_data(path: Path, cache: HashCache, links: Links = Links()) -> tuple[SourceFile, ...]:  # noqa: B008
    """A data path's files in byte order; a single file is listed under its own name. Raises OSError."""
    return hash_files(read_tree(str(path), links=links), cache)


def hash_code(tree: Tree, cache: HashCache) -> tuple[SourceFile, ...]:
    """The files of a tree of code, in byte order of their paths, without specs. Raises OSError."""
    return hash_files(tree._replace(files=[file for file in tree.files if not is_spec(file)]), cache)


def hash_files(tree: Tree, cache: HashCache) -> tuple[SourceFile, ...]:
    """The files of a tree, in byte order of their paths. Raises OSError, also where one is wrong.

    LeadsOut where a link leads where none may: nothing of such a folder is sent, whatever was said of it before.
    """
    for wrong in tree.wrong:
        if wrong.code in ("link-leaves", "link-outside"):
            raise LeadsOut(str(Path(tree.root, wrong.path)), wrong.target)
    for error in (*tree.errors, *(_error(tree.root, wrong) for wrong in tree.wrong if wrong.code in _ERRORS)):
        raise error
    with under_way(f"reading {tree.root}"):
        digests = cache.md5_all((Path(file.source), file.stat) for file in tree.files)
    files = [
        SourceFile(
            composed_name(file.path),
            Path(file.source),
            file.stat.st_size,
            executable,
            md5,
        )
        for file, md5, executable in zip(tree.files, digests, executables(tree.files), strict=True)
    ]
    return tuple(sorted(files, key=lambda file: file.path.encode()))


_ERRORS = {"broken-link": errno.ENOENT, "link-loop": errno.ELOOP, "name-not-utf8": errno.EILSEQ}


def _error(root: str, wrong: Wrong) -> OSError:
    said = "its name is not UTF-8: rename it" if wrong.code == "name-not-utf8" else os.strerror(_ERRORS[wrong.code])
    return OSError(_ERRORS[wrong.code], said, os.fsencode(Path(root, wrong.path)).decode("utf-8", "backslashreplace"))
