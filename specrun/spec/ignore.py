"""What is code: `.amlignore`, else `.gitignore`, at every level from the repository's root down to the file."""

# ruff: noqa: PTH118, PTH120
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from specrun.spec.reading import read_text
from specrun.spec.repository import repository_of

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NEVER_CODE = frozenset({".git", ".specrun", ".specrun.yaml", "__pycache__"})
"""Names of folders and files that are never part of code, whatever the ignore files say."""


class Rules(NamedTuple):
    """The patterns of one ignore file; they speak of the paths below its folder. `of_git`: a `.gitignore`."""

    folder: str
    patterns: GitIgnoreSpec
    of_git: bool = False

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Ignored, kept, or None where no pattern speaks of the path (absolute, below the folder)."""
        relative = path[len(self.folder.rstrip("/")) + 1 :]
        return self.patterns.check_file(f"{relative}/" if is_folder else relative).include


def rules_in(folder: str) -> Rules | None:
    """The rules of a folder's own ignore file, if it has one that may be read.

    Raises OSError for what is none: a pipe, or more than somebody writes.
    """
    for name in (".amlignore", ".gitignore"):
        try:
            lines = read_text(os.path.join(folder, name)).splitlines()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
            continue
        from pathspec import GitIgnoreSpec  # late: most folders have no such file

        return Rules(folder, GitIgnoreSpec.from_lines(lines), name == ".gitignore")
    return None


def rules_above(folder: str) -> tuple[Rules, ...]:
    """The rules of the folders above, from the repository's root down; outside a repository, none.

    None either where they ignore the folder itself: whoever names it as code means it. Raises OSError as `rules_in`.
    """
    repository = repository_of(folder)
    if repository is None:
        return ()
    above: list[str] = []
    here = folder
    while here != repository:
        here = os.path.dirname(here)
        above.insert(0, here)
    rules: tuple[Rules, ...] = ()
    for place, below in zip(above, [*above[1:], folder], strict=False):
        own = rules_in(place)
        rules = (*rules, own) if own else rules
        if ignored(below, True, rules):
            return ()
    return rules


def ignored(path: str, is_folder: bool, rules: Sequence[Rules]) -> bool:
    """Whether the innermost file that says anything about a path ignores it, as in git."""
    for rule in reversed(rules):
        verdict = rule.verdict(path, is_folder)
        if verdict is not None:
            return verdict
    return False
