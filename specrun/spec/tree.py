"""What a folder of code or of data consists of when it travels, and what in it will not arrive as it is."""

# ruff: noqa: PTH112, PTH119
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Collection
from typing import NamedTuple

from specrun.spec.boundary import Links, is_below
from specrun.spec.ignore import NEVER_CODE, Rules, ignored, rules_above, rules_in
from specrun.spec.reading import opened
from specrun.spec.repository import repository_of, submodules

_SPEC_MARK = re.compile(rb"""^["']?apiVersion["']?\s*:\s*["']?specrun/""", re.MULTILINE)

MOST_ENTRIES = 20_000
"""Of a folder, that a validation looks at. The plan, which reads every file anyway, looks at all of them."""


class TreeFile(NamedTuple):
    """One file. `path` begins at the folder and is spelt as the file system does; `source` is its real place."""

    path: str
    source: str
    stat: os.stat_result


class Wrong(NamedTuple):
    """What will not arrive, by the code of its diagnostic; `path` begins at the folder, `target` is a link's."""

    code: str
    path: str
    target: str = ""


class Tree(NamedTuple):
    """A folder's files, those of a folder before those below it, in the order of names. `root` is its real place.

    `errors` are of folders and files that cannot be read. `entries` is how many there were, `whole` whether all of them
    were looked at.
    """

    root: str
    files: list[TreeFile]
    wrong: list[Wrong]
    errors: list[OSError]
    entries: int = 0
    whole: bool = True


_FOLLOWED = Links()


def read_tree(path: str, leave_out: Collection[str] | None = None, *, links: Links = _FOLLOWED, most: int = 0) -> Tree:
    """The files at a path, or the one file that it is.

    With `leave_out`, real paths which are not part of it, it is code, of which `.amlignore`, else `.gitignore`, leave
    things out; with None it is data, all of which travels. `most` bounds the entries that are looked at (0: all).
    """
    root = os.path.realpath(path)
    if links.boundary.strict and not links.boundary.admits(root):  # of most the rules have said it
        return Tree(root, [], [Wrong("link-outside", "", root)], [])
    walk = _Walk(root, leave_out, links)
    tree = walk.go(most)
    tree.wrong.extend(_same_names(tree.files))
    return tree


class _Folder(NamedTuple):
    """A folder on the way. `trail` are the real places of it and of those above; `linked`: a link led there."""

    place: str
    path: str
    trail: tuple[str, ...]
    rules: tuple[Rules, ...]
    linked: bool = False


class _Walk:
    def __init__(self, root: str, leave_out: Collection[str] | None, links: Links) -> None:
        self._root = root
        self._inside = root.rstrip(os.sep) + os.sep
        self._is_code = leave_out is not None
        self._leave_out = leave_out or ()
        self._links = links
        self._submodules = submodules(repository_of(root))
        self._waiting: list[_Folder] = []
        self._tree = Tree(root, [], [], [])

    def go(self, most: int) -> Tree:
        """All of it, or as much as `most` entries are."""
        tree = self._tree
        if not os.path.isdir(self._root):
            self._add_single()
            return tree
        seen = 0
        self._waiting.append(_Folder(self._root, "", (self._root,), self._rules_above()))
        for folder in self._waiting:
            try:
                with os.scandir(folder.place) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                tree.errors.append(error)
                continue
            seen += len(entries)
            if most and seen > most:
                return tree._replace(entries=seen, whole=False)
            self._look_at(folder, entries)
        return tree._replace(entries=seen)

    def _rules_above(self) -> tuple[Rules, ...]:
        try:
            return rules_above(self._root) if self._is_code else ()
        except OSError as error:
            self._tree.errors.append(error)
            return ()

    def _add_single(self) -> None:
        name = os.path.basename(self._root)
        try:
            found = os.stat(self._root)  # noqa: PTH116
        except OSError as error:
            self._tree.errors.append(error)
            return
        if is_text(name):
            self._tree.files.append(TreeFile(name, self._root, found))
        else:
            self._tree.wrong.append(Wrong("name-not-utf8", ""))

    def _look_at(self, folder: _Folder, entries: list[os.DirEntry[str]]) -> None:
        if not entries and folder.place in self._submodules:
            self._tree.wrong.append(Wrong("submodule-not-here", folder.path))
        rules = folder.rules
        if self._is_code:
            names = {entry.name for entry in entries}
            if folder.path and "pyvenv.cfg" in names:
                return  # a virtual environment
            if folder.path and ".git" in names:  # a repository of its own: git reads no other one's ignore files there
                rules = tuple(rule for rule in rules if not rule.of_git)
                self._submodules |= submodules(folder.place)
            try:
                own = rules_in(folder.place) if names & {".amlignore", ".gitignore"} else None
            except OSError as error:  # what it leaves out is not known, and is not sent
                self._tree.errors.append(error)
                return
            rules = (*rules, own) if own is not None else rules
        here = folder.trail[-1].rstrip(os.sep)
        for entry in entries:
            try:
                real = os.path.realpath(entry.path) if entry.is_symlink() else f"{here}{os.sep}{entry.name}"
            except OSError as error:  # a link that only others may follow, such as those in /proc
                self._tree.errors.append(error)
                continue
            if not self._is_code or not self._is_left_out(entry, real, rules):
                self._take(folder, entry, real, rules)

    def _is_left_out(self, entry: os.DirEntry[str], real: str, rules: tuple[Rules, ...]) -> bool:
        if entry.name in NEVER_CODE or real in self._leave_out:
            return True
        if entry.path in self._submodules:  # which git tracks, whatever its patterns say
            rules = tuple(rule for rule in rules if not rule.of_git)
        is_folder = os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()  # of a loop, the entry raises
        return bool(rules) and ignored(entry.path, is_folder, rules)

    def _take(self, folder: _Folder, entry: os.DirEntry[str], real: str, rules: tuple[Rules, ...]) -> None:
        path = f"{folder.path}/{entry.name}" if folder.path else entry.name
        is_link = entry.is_symlink()
        wrong = self._tree.wrong
        if not is_text(entry.name):
            wrong.append(Wrong("name-not-utf8", path))
        elif is_link and self._links.stays and real != self._root and not real.startswith(self._inside):
            wrong.append(Wrong("link-leaves", path, real))
        elif is_link and self._links.boundary.strict and not self._links.boundary.admits(real):
            wrong.append(Wrong("link-outside", path, real))
        else:
            try:
                found = entry.stat()
            except OSError as error:
                if is_link and error.errno in (errno.ELOOP, errno.ENOENT, errno.ENOTDIR):
                    code = "link-loop" if error.errno == errno.ELOOP else "broken-link"
                    wrong.append(Wrong(code, path, real))
                else:
                    self._tree.errors.append(error)
                return
            if is_link and self._links.noted and not self._links.boundary.admits(real):
                wrong.append(Wrong("link-noted", path, real))
            if stat.S_ISREG(found.st_mode):
                self._tree.files.append(TreeFile(path, real, found))
            elif stat.S_ISDIR(found.st_mode):
                if not any(is_below(above, real) for above in folder.trail):
                    linked = folder.linked or is_link
                    self._waiting.append(_Folder(entry.path, path, (*folder.trail, real), rules, linked))
                elif not folder.linked:
                    wrong.append(Wrong("link-not-followed", path, real))
            # What is neither (a pipe, a socket) has no content.


def is_text(name: str) -> bool:
    """Whether a file's name is UTF-8."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def composed_name(path: str) -> str:
    """A path as it is known everywhere: macOS takes characters apart, as in the name of an `é`. In NFC."""
    if path.isascii():
        return path
    from unicodedata import normalize  # late: few names are not ASCII

    return normalize("NFC", path)


def _same_names(files: list[TreeFile]) -> list[Wrong]:
    """Files whose names differ in the way alone in which their characters are composed: one would replace the other."""
    composed: dict[str, str] = {}
    found: list[Wrong] = []
    for file in files:
        if not file.path.isascii():
            name = composed_name(file.path)
            if composed.setdefault(name, file.path) != file.path:
                found.append(Wrong("same-name", file.path))
    return found


def is_spec(file: TreeFile) -> bool:
    """Whether a file is a spec, which is never part of code. Raises OSError."""
    if not file.path.endswith((".yaml", ".yml")):
        return False
    with opened(file.source) as text:
        return is_spec_text(text.read(65536))


def is_spec_text(text: bytes) -> bool:
    """Whether the text of a YAML file is a spec's."""
    return _SPEC_MARK.search(text[:65536]) is not None
