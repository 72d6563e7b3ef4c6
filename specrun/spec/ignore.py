"""What is code: `.amlignore`, else `.gitignore`, at every level from the repository's root down to the file."""

# ruff: noqa: PTH118, PTH120
# Folders have thousands of files, and os looks at them ten times as fast.

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from specrun.spec.reading import read_text
from specrun.spec.repository import common_git_folder, repository_of

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NEVER_CODE = frozenset({".git", ".specrun", ".specrun.yaml", "__pycache__"})
"""Names of folders and files that are never part of code, whatever the ignore files say."""

OF_CODE = (".amlignore", ".gitignore")
"""The ignore files that say what code is: the first of a folder that is there."""

OF_GIT = (".gitignore",)
"""Those that say what a repository has, whatever of it is code."""

_NAMED_GROUP = re.compile(r"\(\?P<\w+>")


class Rules(NamedTuple):
    """The patterns of one ignore file; they speak of the paths below its folder. `of_git`: a `.gitignore`.

    `any_of_them` matches what one of the patterns matches.
    """

    folder: str
    patterns: GitIgnoreSpec
    any_of_them: re.Pattern[str]
    of_git: bool = False

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Ignored, kept, or None where no pattern speaks of the path (absolute, below the folder)."""
        relative = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        if is_folder:
            relative += "/"
        if self.any_of_them.match(relative) is None:  # as of most paths, and thirty times as fast as one by one
            return None
        return self.patterns.check_file(relative).include


def rules_in(folder: str, names: Iterable[str] = OF_CODE) -> Rules | None:
    """The rules of a folder's own ignore file, if it has one that may be read.

    Raises OSError for what is none: a pipe, or more than somebody writes.
    """
    for name in names:
        if found := _rules(folder, os.path.join(folder, name), of_git=name == ".gitignore"):
            return found
    return None


def excluded_in(repository: str) -> tuple[Rules, ...]:
    """What a repository's `.git/info/exclude` says, to which all of its ignore files are preferred. Raises OSError."""
    found = _rules(repository, os.path.join(common_git_folder(repository), "info", "exclude"), of_git=True)
    return () if found is None else (found,)


def _rules(folder: str, file: str, *, of_git: bool) -> Rules | None:
    try:
        lines = read_text(file).splitlines()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
        return None
    from pathspec import GitIgnoreSpec  # late: most folders have no such file

    patterns = GitIgnoreSpec.from_lines(lines)
    regexes: Iterable[re.Pattern[str] | None] = (getattr(one, "regex", None) for one in patterns.patterns)
    single = (_NAMED_GROUP.sub("(?:", regex.pattern) for regex in regexes if regex is not None)
    return Rules(folder, patterns, re.compile("|".join(single) or "(?!)"), of_git)


def rules_above(folder: str, names: Iterable[str] = OF_CODE) -> tuple[Rules, ...]:
    """The rules of the folders above, from the repository's root down; outside a repository, none.

    None either where they ignore the folder itself: whoever names it means it. Raises OSError as `rules_in`.
    """
    repository = repository_of(folder)
    if repository is None:
        return ()
    above: list[str] = []
    here = folder
    while here != repository:
        here = os.path.dirname(here)
        above.insert(0, here)
    rules = excluded_in(repository) if names is OF_GIT else ()
    for place, below in zip(above, [*above[1:], folder], strict=False):
        own = rules_in(place, names)
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
