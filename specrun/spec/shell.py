"""What bash makes of a command: its simple commands, its comments, and the quotes around each `${{ inputs.X }}`.

This reads a command as bash does, so far as that says where a word begins, what is quoted and which commands follow
each other. It runs nothing and expands nothing, and it takes what it does not understand for words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs|search_space)\.([\w-]+)\s*\}\}")
"""Its groups are which of the three it is, and the name."""

UNQUOTED, DOUBLE, SINGLE, ANSI = "", '"', "'", "$'"
IN_BRACES = '"}'
"""In `"${NAME:-…}"`, where a closing brace means something, too."""
BACKQUOTES, HEREDOC, QUOTED_HEREDOC, COMMENT = "`", "<<", "<<'", "#"


class Word(NamedTuple):
    """A word as it is written, quotes and all, and where it begins."""

    text: str
    start: int


class Simple(NamedTuple):
    """A simple command without its redirections.

    `after` is the operator behind it; a line's end is one, and "" the command's. `depth` counts what it is inside of:
    loops, conditions, groups, substitutions. `writes`: its output goes to a file.
    """

    words: tuple[Word, ...]
    after: str
    depth: int
    writes: bool


class Standing(NamedTuple):
    """How the reference at `start` stands in a command.

    `quoting` is the quotes around it. A text in quotes that another shell reads (`bash -c '…'`, backquotes) has quotes
    of its own: then it has several, from the outermost in. `escaped`: a backslash stands right before it.
    """

    start: int
    quoting: tuple[str, ...]
    escaped: bool


@dataclass(slots=True)
class Script:
    """A command, read. `comments` are their spans; `continued` are the backslashes that join two lines."""

    text: str
    commands: list[Simple] = field(default_factory=list)
    references: list[Standing] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    continued: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    """Operators at the beginning of a line, where bash finds a mistake."""
