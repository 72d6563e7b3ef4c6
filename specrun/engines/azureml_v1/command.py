"""What the job's processes are started with: a script with its arguments, or a line for bash."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specrun.engines.azureml_v1.references import KEPT, JobPath, Value, values
from specrun.engines.commands import REFERENCE, script_line
from specrun.spec.model import Job


@dataclass(frozen=True, slots=True)
class Start:
    """Either `script` with `arguments`, in which the service expands variables, or `command`, which bash runs."""

    script: str | None = None
    arguments: tuple[str, ...] = ()
    command: str = ""


def start_of(job: Job) -> Start:
    """How a job starts.

    A script stays a script, as people know it from SDK v1, unless only bash can do what is asked: make the folders of
    outputs, or hand on an argument with a dollar sign, which the service would expand.
    """
    found = values(job)
    outputs = [value for (kind, _), value in found.items() if kind == "outputs" and isinstance(value, JobPath)]
    if job.command is not None:
        return Start(command=_prepared(outputs, _substituted(job.command, found)))
    if outputs or any("$" in _literal(word, found) for word in job.arguments):
        line = script_line(job, lambda match: _in_bash(_value(match, found), ""))
        return Start(command=_prepared(outputs, line))
    return Start(script=job.script, arguments=tuple(_argument(word, found) for word in job.arguments))


def _prepared(outputs: Sequence[JobPath], command: str) -> str:
    """The command behind what makes the outputs' folders: of one on a datastore, too, nobody else does."""
    if not outputs:
        return command
    folders = " ".join(f'"${path.variable}{path.below}"' for path in outputs)
    # Absolute, so that a command may change its folder.
    kept = f'export {KEPT}="$PWD/outputs"; ' if any(path.variable == KEPT for path in outputs) else ""
    return f"{kept}mkdir -p {folders}; {command}"


def _substituted(command: str, found: Mapping[tuple[str, str], Value]) -> str:
    """The command with its references replaced; what stands around a reference decides how a path is quoted."""
    parts: list[str] = []
    end, quote = 0, ""
    for match in REFERENCE.finditer(command):
        before = command[end : match.start()]
        quote = _quote_after(before, quote)
        parts += [before, _in_bash(_value(match, found), quote)]
        end = match.end()
    return "".join([*parts, command[end:]])


def _quote_after(text: str, quote: str) -> str:
    """Which quote is open after a piece of bash that began inside of `quote` ("": outside of any)."""
    characters = iter(text)
    for character in characters:
        if character == "\\" and quote != "'":
            next(characters, None)
        elif character in ("'", '"') and quote in ("", character):
            quote = "" if quote else character
    return quote


def _in_bash(value: Value, quote: str) -> str:
    if isinstance(value, str):
        return shlex.quote(value)
    if quote == '"':
        return f"${{{value.variable}}}{value.below}"
    quoted = f'"${value.variable}{value.below}"'
    return f"'{quoted}'" if quote else quoted


def _argument(word: str, found: Mapping[tuple[str, str], Value]) -> str:
    """One argument as the service takes it: it expands `$NAME` and `${NAME}` itself, and knows no quotes."""

    def expanded(match: re.Match[str]) -> str:
        value = _value(match, found)
        if isinstance(value, str):
            return value
        following = word[match.end() : match.end() + 1]
        ambiguous = following == "_" or following.isalnum()
        return f"${{{value.variable}}}" if ambiguous else f"${value.variable}"

    return REFERENCE.sub(expanded, word)


def _literal(word: str, found: Mapping[tuple[str, str], Value]) -> str:
    """What of an argument is to reach the script as it stands."""

    def text(match: re.Match[str]) -> str:
        value = _value(match, found)
        return value if isinstance(value, str) else ""

    return REFERENCE.sub(text, word)


def _value(match: re.Match[str], found: Mapping[tuple[str, str], Value]) -> Value:
    return found[match[1], match[2]]
