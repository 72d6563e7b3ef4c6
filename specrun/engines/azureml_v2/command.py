"""What bash runs on each instance: the spec's command, whose references the service replaces by paths."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import partial

from specrun.engines.commands import REFERENCE, script_line
from specrun.spec.model import Input, Job, Scalar

_TAKEN = re.compile(r"[a-zA-Z0-9_]")  # what the service asks of a literal input


def command_of(job: Job) -> str:
    """The command line of a job, with `${{inputs.X}}` as Azure ML writes it.

    A literal that bash would not take as one word stands in the command, quoted: the service puts it there as it is.
    """
    value = partial(_value, job)
    return script_line(job, value) if job.command is None else REFERENCE.sub(value, job.command)


def literals_of(job: Job) -> Mapping[str, Scalar]:
    """The literal inputs that Azure ML is told of: it then shows them with the run."""
    return {name: entry.text for name, entry in job.inputs.items() if entry.is_scalar and _plain(entry)}


def _value(job: Job, match: re.Match[str]) -> str:
    kind, name = match.groups()
    entry = job.inputs[name] if kind == "inputs" else None
    if entry is None or not entry.is_scalar or _plain(entry):
        return f"${{{{{kind}.{name}}}}}"
    return shlex.quote(entry.text)


def _plain(entry: Input) -> bool:
    return shlex.quote(entry.text) == entry.text and _TAKEN.search(entry.text) is not None
