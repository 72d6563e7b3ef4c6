"""Commands with `${{ inputs.X }}` and `${{ outputs.X }}`, for which an engine alone knows what to put there."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from specrun.spec import shell
from specrun.spec.model import Job
from specrun.spec.shell import REFERENCE
from specrun.spec.shell_values import Replaced as Replaced
from specrun.spec.shell_values import Value as Value
from specrun.spec.shell_values import put_in, quoted


def bash_line(job: Job, value: Callable[[str, str], Value | None]) -> str:
    """What bash runs for a job; `value` gives what stands for ("inputs", "outputs" or "search_space", NAME), None for
    what stays as it is: that is put in later.

    A script and its arguments are a line whose words are all quoted.
    """
    if job.command is None:
        return " ".join(["python", *(bash_word(word, value) for word in (job.script or "", *job.arguments))])
    command = job.command.replace("\r\n", "\n").rstrip("\r")  # to bash a carriage return is part of a word
    return put_in(command, value)


def bash_word(word: str, value: Callable[[str, str], Value | None]) -> str:
    """One word for bash, whatever characters it has; `value` as for `bash_line`."""
    pieces: list[str] = []
    end = 0
    for match in REFERENCE.finditer(word):
        found = value(match[1], match[2])
        pieces += [_literal(word[end : match.start()]), match[0] if found is None else quoted(found, (shell.UNQUOTED,))]
        end = match.end()
    return "".join([*pieces, _literal(word[end:])]) or "''"


def _literal(text: str) -> str:
    return shlex.quote(text) if text else ""
