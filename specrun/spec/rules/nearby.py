"""What a path may mean that leads nowhere: something like it that is there, and that may stand where it stands."""

# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH118, PTH119, PTH122, PTH123
# As everywhere under rules, paths are texts.

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from specrun.spec.nearest import nearest
from specrun.spec.repository import repository_of

YAML = (".yaml", ".yml")
_FOLDERS = frozenset(("missing-code", "missing-build-path"))
_SUFFIXES = {
    "missing-conda-file": YAML,
    "missing-base": YAML,
    "missing-workspace-config": (".json",),
    "missing-script": (".py", ".sh"),
    "missing-requirements-file": (".txt", ".in"),
}
_OF_ANY_NAME = frozenset(("missing-dockerfile",))
_MOST = 200
"""Names of a folder that are looked at: a mistake is told soon, in whatever folder it was made."""
_DEEPEST = 100
"""Folders in a path: one that is deeper is no slip of a finger."""
_HEAD = 4096


def nearest_existing(path: str, code: str = "") -> str | None:
    """What a path may mean of which `code` says that it is missing (without one: a file or a folder).

    It has a name like it and lies in its folder, or in one that is called nearly so; else it has the very name and lies
    below or, in the repository, above. Of conda files the only one of a folder is meant, whatever it is called.
    """
    plain = os.path.normpath(path)
    if plain.count(os.sep) > _DEEPEST:
        return None
    parent, name = os.path.split(plain)
    parent = parent or os.curdir
    if not os.path.isdir(parent):
        near = nearest_existing(parent, "missing-code")
        if near is None:
            return None
        same = os.path.join(near, name)
        return same if _fits(same, code, name) else nearest_existing(same, code)
    fitting = [one.name for one in _entries(parent) if _may_fit(one, code) and _fits(one.path, code, name)]
    found = nearest(name, fitting)
    if found is None and code == "missing-conda-file":
        conda = [one for one in fitting if b"\ndependencies:" in b"\n" + _head(os.path.join(parent, one))]
        found = conda[0] if len(conda) == 1 else None
    if found is not None:
        return os.path.normpath(os.path.join(parent, found))
    return next((one for one in _of_same_name(parent, name) if _fits(one, code, name)), None)


def _of_same_name(parent: str, name: str) -> Iterator[str]:
    """Paths at which the very name may be: in the folders of this one, then in those above it."""
    for entry in _entries(parent):
        folder = entry.name
        if not folder.startswith((".", "_")) and folder != "node_modules" and entry.is_dir():
            yield os.path.normpath(os.path.join(parent, folder, name))
    root = repository_of(os.path.abspath(parent))
    above = parent
    while root is not None and os.path.abspath(above) != root:
        above = os.path.normpath(os.path.join(above, os.pardir))
        yield os.path.join(above, name)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(islice(found, _MOST), key=lambda one: one.name)
    except OSError:
        return []


def _may_fit(entry: os.DirEntry[str], code: str) -> bool:
    """Whether it is worth a look, as the folder's own list has it."""
    if code in _FOLDERS:
        return entry.is_dir()
    return code not in _SUFFIXES or not entry.is_dir()


def _fits(path: str, code: str, name: str) -> bool:
    """Whether what lies there may stand where `name` stands."""
    if code in _FOLDERS:
        return os.path.isdir(path) and not os.path.basename(path).startswith(".")
    if code not in _SUFFIXES and code not in _OF_ANY_NAME:
        return os.path.exists(path)
    wanted = _SUFFIXES.get(code, ())
    suffixes = (*wanted, os.path.splitext(name)[1].lower() or None) if wanted else ()
    if (suffixes and os.path.splitext(path)[1].lower() not in suffixes) or not os.path.isfile(path):
        return False
    return code != "missing-conda-file" or b"apiVersion:" not in _head(path)  # another spec


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""
