"""Texts put into a command in place of `${{ inputs.X }}` and its like.

Whatever quotes a reference stands in, and whatever characters a text has, bash gets exactly that text there: as one
word, and with no quotes but the author's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

from specrun.spec import shell
from specrun.spec.frozen import dataclass
from specrun.spec.shell import REFERENCE
from specrun.spec.shell_reader import read


@dataclass(frozen=True, slots=True)
class Replaced:
    """What bash or the service replaces on the job's machine: `$NAME/below` as double quotes take it.

    `bare`: what comes needs no quotes anywhere.
    """

    text: str
    bare: bool = False


Value = str | Replaced
"""What stands for a reference: its text, or what is replaced by it later."""


def put_in(command: str, value: Callable[[str, str], Value | None]) -> str:
    """A command with its references replaced; `value` gives what stands for (namespace, NAME), None: it stays."""
    standing = {found.start: found.quoting for found in read(command).references} if "${{" in command else {}

    def written(match: re.Match[str]) -> str:
        found = value(match[1], match[2])
        return match[0] if found is None else quoted(found, standing.get(match.start(), (shell.UNQUOTED,)))

    return REFERENCE.sub(written, command)


def quoted(value: Value, quoting: tuple[str, ...]) -> str:
    """The value inside of those quotes, from the outermost in."""
    *around, form = quoting
    if isinstance(value, str):
        written = shlex.quote(value) if form == shell.UNQUOTED else _inside(value, form)
    else:
        written = value.text if value.bare else _REPLACED.get(form, "{}").format(value.text)
    for outer in reversed(around):
        written = _inside(written, outer)
    return written


def _inside(text: str, form: str) -> str:
    """A text as it is written in quotes of that form, for bash to read it as it is."""
    if form == shell.COMMENT:
        return " ".join(text.split())
    if form == shell.IN_BRACES:  # quotes of its own, in which a brace and a single quote mean nothing
        return f'"{_inside(text, shell.DOUBLE)}"'
    by_service, meaningful = _REPLACED.get(form, "{}"), _MEANINGFUL[form]
    return _PIECE.sub(lambda m: by_service.format(m[0]) if m[1] else meaningful.get(m[0], m[0]), text)


_PIECE = re.compile(r"(\$\{\{[^\s{}]+\}\})|.", re.DOTALL)

_MEANINGFUL: Mapping[str, Mapping[str, str]] = {
    shell.DOUBLE: {sign: f"\\{sign}" for sign in '\\"$`'},
    shell.SINGLE: {"'": "'\\''"},
    shell.ANSI: {sign: f"\\{sign}" for sign in "\\'"},
    shell.HEREDOC: {sign: f"\\{sign}" for sign in "\\$`"},
    shell.QUOTED_HEREDOC: {},
    shell.BACKQUOTES: {sign: f"\\{sign}" for sign in "\\`"},
}
"""How a character is written that means something in quotes of a form."""

_REPLACED: Mapping[str, str] = {
    shell.UNQUOTED: '"{}"',
    shell.IN_BRACES: '"{}"',
    shell.SINGLE: "'\"{}\"'",
    shell.ANSI: "'\"{}\"$'",
}
"""How what is replaced later gets into double quotes; where it is not here, it is in some already."""
