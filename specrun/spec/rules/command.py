"""What the job runs: a command or a script, its arguments, its variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.expressions import references
from specrun.spec.rules.expressions import almost
from specrun.spec.rules.subject import Subject, is_known, lacks, mapping

_SET_BY_DISTRIBUTION = {
    "tensorflow": frozenset({"TF_CONFIG"}),
    "pytorch": frozenset({"MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK"}),
    "mpi": frozenset({"AZ_BATCH_MASTER_NODE"}),
}
_SET_ALWAYS = ("SPECRUN_", "AZUREML_", "OMPI_COMM_WORLD_")


def form(subject: Subject) -> Iterator[Diagnostic]:
    """Exactly one of command and script; arguments and code belong to a script."""
    job = subject.job
    if not isinstance(subject.values.get("job"), dict):
        return
    command, script = "command" in job, "script" in job
    if command and script:
        detail = "Keep `command` (bash runs it), or `script` with `arguments` (python runs it), not both."
        yield subject.at_key("command-and-script", detail, "job", _later(job, "command", "script"))
    elif command and "arguments" in job and lacks(job, "script"):
        detail = (
            "A command holds its own arguments: write them there, or write `script: train.py` instead of `command`."
        )
        yield subject.at_key("arguments-without-script", detail, "job", "arguments")
    elif lacks(job, "command") and lacks(job, "script"):
        detail = "Write `command: python train.py …`, or `script: train.py` with `arguments`."
        yield subject.at_key("job-without-command", detail, "job")
    elif script and lacks(job, "code"):
        detail = "`script` is a path inside the code folder: write `code: src` (or `code: .` for this file's folder)."
        yield subject.at("script-without-code", detail, "job", "script")


def variables(subject: Subject) -> Iterator[Diagnostic]:
    """A variable that the engine sets would be overwritten, or would break what the engine says."""
    written = mapping(subject.job.get("environment_variables"))
    if not written:
        return
    kind = mapping(subject.job.get("distribution")).get("type")
    by_distribution = _SET_BY_DISTRIBUTION.get(kind, frozenset()) if isinstance(kind, str) else frozenset()
    for name in written:
        if name in by_distribution or str(name).startswith(_SET_ALWAYS):
            detail = f"Every process gets its own `{name}` from the engine. Leave it out."
            yield subject.at_key("reserved-variable", detail, "job", "environment_variables", name)


def reserved_tags(subject: Subject) -> Iterator[Diagnostic]:
    """A tag that says who made something is no spec's to write: it would claim what others have made."""
    for part in ("compute", "job"):
        for name in mapping(mapping(subject.values.get(part)).get("tags")):
            if is_reserved_tag(str(name)):
                detail = f"By `{name}` specrun knows what it has made: it is left out here. Take another name."
                yield subject.at_key("reserved-tag", detail, part, "tags", name)


def is_reserved_tag(name: str) -> bool:
    """Whether specrun alone sets tags of this name; Azure takes letters of either case for the same."""
    return name.lower() == "specrun" or name.lower().startswith(("specrun-", "specrun."))


def unused_inputs(subject: Subject) -> Iterator[Diagnostic]:
    """An input whose path nobody is told is most likely a forgotten argument."""
    inputs = mapping(subject.job.get("inputs"))
    if not inputs:
        return
    where = "arguments" if "script" in subject.job else "command"
    used = set(_used(subject.job))
    if used >= inputs.keys() or not all(is_known(subject.job.get(key)) for key in ("command", "script", "arguments")):
        return
    meant = {name for _, namespace, name, *_ in almost(subject) if namespace == "inputs"}
    for name in inputs:
        if name not in used and name not in meant:
            detail = f"The script learns an input's place from `{where}` only: write `${{{{ inputs.{name} }}}}` there."
            yield subject.at_key("unused-input", detail, "job", "inputs", name)


def _used(job: Mapping[str, Any]) -> Iterator[str]:
    for _, text in _texts(job):
        yield from references(text, "inputs")


def _texts(job: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path and text of the command and of each argument."""
    command, arguments = job.get("command"), job.get("arguments")
    if isinstance(command, str):
        yield ("job", "command"), command
    words: Iterable[tuple[Any, Any]] = ()
    if isinstance(arguments, dict):
        words = arguments.items()
    elif isinstance(arguments, list):
        words = enumerate(arguments)
    for key, word in words:
        if isinstance(word, str):
            yield ("job", "arguments", key), word


def _later(job: Mapping[str, Any], *keys: str) -> str:
    return [key for key in job if key in keys][-1]
