"""Paths as they stand in a saved plan: they mean the same in another clone, and tell nobody's name."""

# ruff: noqa: PTH100, PTH111, PTH117, PTH118, PTH119, PTH120
# There may be thousands of files, and os.path looks at their paths ten times as fast.

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SOMEBODY = "~"
"""Stands for a folder that is called like a user; at the start of a path for the home of who reads it."""


class Below:
    """Paths below a folder, as seen from there."""

    def __init__(self, root: str) -> None:
        self._starts = {os.path.join(start, "") for start in (root, os.path.realpath(root))}

    def __call__(self, path: str | Path) -> str:
        """The path, with slashes; "" for one that lies elsewhere: it would tell whose machine this is."""
        text = os.path.abspath(path)  # keeps links
        if f"{text}/" in self._starts:
            return "."
        return next((text[len(start) :] for start in self._starts if text.startswith(start)), "")

    def told(self, text: str) -> str:
        """A text for people, with paths as they are seen from the folder, or from the user's home."""
        for start in self._starts - {"/"}:
            text = text.replace(start, "")
        home = os.path.join(_home(), "")
        return text.replace(home, f"{SOMEBODY}/") if home != "/" else text


def seen_from(root: str, path: str) -> str:
    """A path relative to a folder that it is below, links included: it is the same in another clone.

    One that lies elsewhere begins with `..` if it is near, with `~/` in the user's home, else it is absolute.
    """
    below = Below(root)
    if found := below(path) or below(os.path.realpath(path)):
        return f"./{found}" if found.startswith(SOMEBODY) else found
    path, home = os.path.abspath(path), _home()
    shared = os.path.commonpath((root, path))
    if shared not in {"/", *_homes(home)}:
        path = os.path.relpath(path, root)
    elif path.startswith(f"{home}/"):
        return f"{SOMEBODY}{path[len(home) :]}"
    for homes in _homes(home):
        if path.startswith(f"{homes}/") and homes != "/":
            user, slash, rest = path[len(homes) + 1 :].partition("/")
            path = f"{homes}/{SOMEBODY if user else ''}{slash}{rest}"
    users = _users()
    return "/".join(SOMEBODY if part in users else part for part in path.split("/"))


def leads_to(root: str, path: str) -> str:
    """Where a path of a plan leads, from the working folder if it is no absolute one."""
    if path.startswith(f"{SOMEBODY}/"):
        return os.path.join(_home(), path[len(SOMEBODY) + 1 :])
    return path if os.path.isabs(path) else os.path.relpath(os.path.join(root, path))


def digests_from(root: str, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of specs, by their files as they are seen from a folder."""
    below = Below(root)
    found = {file: below(file) for file in digests}  # of thousands nearly all
    return {
        seen_from(root, file) if not found[file] or found[file].startswith(SOMEBODY) else found[file]: digest
        for file, digest in digests.items()
    }


def _home() -> str:
    return os.path.expanduser("~")


def _homes(home: str) -> set[str]:
    """The folders that have one for each user."""
    return {os.path.dirname(home), "/home", "/Users"}


def _users() -> frozenset[str]:
    """What the user may be called in a path."""
    names = (os.path.basename(_home()), *(os.environ.get(name, "") for name in ("LOGNAME", "USER", "USERNAME")))
    return frozenset(filter(None, names))
