"""What the job's processes are started with: a script with its arguments, or a line for bash."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from specrun.engines.azureml_v1.references import KEPT, JobPath, Value, values
from specrun.engines.commands import Replaced, bash_line
from specrun.spec.frozen import dataclass
from specrun.spec.model import Job
from specrun.spec.shell import REFERENCE


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
    if job.command is not None or outputs or any("$" in _literal(word, found) for word in job.arguments):
        line = bash_line(job, lambda kind, name: _in_bash(found[kind, name]))
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


def _in_bash(value: Value) -> str | Replaced:
    return value if isinstance(value, str) else Replaced(f"${{{value.variable}}}{value.below}")


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
