"""Commands with `${{ inputs.X }}` and `${{ outputs.X }}`, for which an engine alone knows what to put there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from specrun.spec.model import Job

REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w-]+)\s*\}\}")
"""Its groups are which of the two it is, and the name."""


def script_line(job: Job, value: Callable[[re.Match[str]], str]) -> str:
    """What bash runs for a job's script with its arguments; `value` gives what stands for a reference."""
    return " ".join(["python", *(bash_word(word, value) for word in (job.script or "", *job.arguments))])


def bash_word(word: str, value: Callable[[re.Match[str]], str]) -> str:
    """One word for bash, whatever characters it has; `value` gives what stands for a reference."""
    pieces: list[str] = []
    end = 0
    for match in REFERENCE.finditer(word):
        pieces += [shlex.quote(word[end : match.start()]) if match.start() > end else "", value(match)]
        end = match.end()
    rest = shlex.quote(word[end:]) if word[end:] else ""
    return "".join([*pieces, rest]) or "''"
