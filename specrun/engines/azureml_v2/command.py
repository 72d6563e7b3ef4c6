"""What bash runs on each instance: the spec's command, whose references the service replaces by paths."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from specrun.plan.resources import input_data
from specrun.spec.model import Input, Job, Scalar, Spec

REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w-]+)\s*\}\}")

_TAKEN = re.compile(r"[a-zA-Z0-9_]")  # what the service asks of a literal input


def command_of(spec: Spec) -> str:
    """The command line of the spec's job, with `${{inputs.X}}` as Azure ML writes it.

    A literal that bash would not take as one word stands in the command, quoted: the service puts it there as it is.
    """
    job = spec.job
    assert job is not None
    if job.command is not None:
        return REFERENCE.sub(lambda match: _value(job, match), job.command)
    words = " ".join(_word(job, word) for word in (job.script or "", *job.arguments))
    return f"python {words}"


def literals_of(spec: Spec) -> Mapping[str, Scalar]:
    """The literal inputs that Azure ML is told of: it then shows them with the run."""
    job = spec.job
    assert job is not None
    return {name: literal(entry) for name, entry in job.inputs.items() if _is_literal(spec, entry) and _plain(entry)}


def literal(entry: Input) -> str:
    """A literal input's text, as every engine writes it."""
    if isinstance(entry.value, bool):
        return str(entry.value).lower()
    return "" if entry.value is None else str(entry.value)


def _value(job: Job, match: re.Match[str]) -> str:
    kind, name = match.groups()
    entry = job.inputs[name] if kind == "inputs" else None
    if entry is None or entry.path is not None or entry.data is not None or _plain(entry):
        return f"${{{{{kind}.{name}}}}}"
    return shlex.quote(literal(entry))


def _word(job: Job, word: str) -> str:
    """One word for bash, whatever characters it has."""
    return "".join(_pieces(job, word)) or "''"


def _pieces(job: Job, word: str) -> Iterator[str]:
    end = 0
    for match in REFERENCE.finditer(word):
        if match.start() > end:
            yield shlex.quote(word[end : match.start()])
        yield _value(job, match)
        end = match.end()
    if word[end:]:
        yield shlex.quote(word[end:])


def _is_literal(spec: Spec, entry: Input) -> bool:
    return entry.path is None and input_data(spec, entry) is None


def _plain(entry: Input) -> bool:
    text = literal(entry)
    return shlex.quote(text) == text and _TAKEN.search(text) is not None
