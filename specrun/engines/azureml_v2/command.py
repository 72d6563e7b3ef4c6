"""What bash runs on each instance: the spec's command, whose references the service replaces by paths."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from specrun.engines.commands import Replaced, Value, bash_line, bash_word
from specrun.spec.expressions import references
from specrun.spec.model import Input, Job, Scalar, Secret
from specrun.spec.sweep import Sweep

_TAKEN = re.compile(r"[a-zA-Z0-9_]")  # what the service asks of a literal input
_PARAMETER = "AZUREML_SWEEP_"
"""How the variable begins in which a trial finds a parameter, as the SDK documents it."""

_IN_DOUBLE_QUOTES = re.compile(r'["$`\\]')


def command_of(job: Job, sweep: Sweep | None = None) -> str:
    """The command line of a job, with `${{inputs.X}}` as Azure ML writes it.

    The service puts in what it replaces letter by letter: a path needs double quotes, in which a file's name may have
    blanks. A literal that bash would not take as one word stands in the command, quoted.

    Of a parameter it is said, too, that bash finds it in a variable of the trial. Double quotes do for both, but for
    choices that mean something in them: of those the variable is taken. Nobody says that a parameter is put into
    environment variables: the command sets these.
    """

    def value(kind: str, name: str) -> Value:
        if kind == "search_space":
            return Replaced(f"${{{_PARAMETER}{name}}}" if sweep and _is_hard(sweep, name) else _reference(kind, name))
        entry = job.inputs[name] if kind == "inputs" else None
        if entry is not None and entry.is_scalar and not _plain(entry):
            return entry.text
        return Replaced(_reference(kind, name), bare=entry is not None and entry.is_scalar)

    swept = [(name, text) for name, text in job.environment_variables.items() if _is_swept(text)]
    return "\n".join([*(f"export {name}={bash_word(str(text), value)}" for name, text in swept), bash_line(job, value)])


def variables_of(job: Job) -> Mapping[str, str | Secret]:
    """The environment variables that are the same in each trial."""
    return {name: text for name, text in job.environment_variables.items() if not _is_swept(text)}


def literals_of(job: Job) -> Mapping[str, Scalar]:
    """The literal inputs that Azure ML is told of: it then shows them with the run."""
    return {name: entry.text for name, entry in job.inputs.items() if entry.is_scalar and _plain(entry)}


def _plain(entry: Input) -> bool:
    return shlex.quote(entry.text) == entry.text and _TAKEN.search(entry.text) is not None


def _is_swept(text: str | Secret) -> bool:
    return isinstance(text, str) and bool(references(text, "search_space"))


def _is_hard(sweep: Sweep, name: str) -> bool:
    """Whether a parameter may be a text that means something in double quotes."""
    return any(_IN_DOUBLE_QUOTES.search(str(value)) for value in sweep.search_space[name].get("values", ()))


def _reference(kind: str, name: str) -> str:
    return f"${{{{{kind}.{name}}}}}"
