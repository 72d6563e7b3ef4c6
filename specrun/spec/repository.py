"""The repository that a file is in: the boundary of what its specs reach, and where its state is kept."""

# ruff: noqa: PTH118, PTH120
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
import re

from specrun.spec.reading import read_text

_SUBMODULE = re.compile(r"\s*path\s*=\s*(\S.*)")


def repository_of(folder: str) -> str | None:
    """The root of the repository that an absolute folder is in, if it is in one."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def submodules(repository: str | None) -> frozenset[str]:
    """The folders of a repository's submodules, as its `.gitmodules` has them."""
    if repository is None:
        return frozenset()
    try:
        text = read_text(os.path.join(repository, ".gitmodules"))
    except OSError:
        return frozenset()
    found = [_SUBMODULE.fullmatch(line.rstrip()) for line in text.splitlines()]
    return frozenset(os.path.join(repository, match[1].strip('"').rstrip("/")) for match in found if match)


def under_ci() -> bool:
    """Whether nobody sits in front of it, and what is read may be a stranger's: CI services set `CI`."""
    return os.environ.get("CI", "").strip().lower() not in ("", "0", "false", "no", "off")
