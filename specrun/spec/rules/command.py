"""What the job runs: a command or a script, its arguments, its variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic, Location, Path
from specrun.spec.expressions import references
from specrun.spec.locations import lines_of
from specrun.spec.masking import source_line
from specrun.spec.rules.subject import Subject, is_known, lacks, mapping

_SET_BY_DISTRIBUTION = {
    "tensorflow": frozenset({"TF_CONFIG"}),
    "pytorch": frozenset({"MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK"}),
    "mpi": frozenset({"AZ_BATCH_MASTER_NODE"}),
}
_NAMESPACES = ("inputs", "outputs", "vars")
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
    meant = {name for _, namespace, name, _ in _almost(subject) if namespace == "inputs"}
    for name in inputs:
        if name not in used and name not in meant:
            detail = f"The script learns an input's place from `{where}` only: write `${{{{ inputs.{name} }}}}` there."
            yield subject.at_key("unused-input", detail, "job", "inputs", name)


def almost_expressions(subject: Subject) -> Iterator[Diagnostic]:
    """`${ inputs.X }`, `$(inputs.X)` and `{{ inputs.X }}` reach the shell as they are, which knows none of them."""
    places: dict[tuple[Path, str], Location] = {}
    for path, namespace, name, written in _almost(subject):
        place = places[path, written] = _place_of(subject, path, written, places.get((path, written)))
        detail = (
            f"Bash gets `{written}` as it stands. Write `${{{{ {namespace}.{name} }}}}` for what the spec declares."
        )
        yield codes.diagnostic("almost-expression", detail, path, place)


def _almost(subject: Subject) -> Iterator[tuple[Path, str, str, str]]:
    """Path, namespace, name and text of what would be an expression with its own braces, and names what there is."""
    for path, text in _texts(subject.job):
        if all(text.count(f"{name}.") <= len(references(text, name)) for name in _NAMESPACES):
            continue  # nearly always: whatever looks like an expression is one
        for found in _almost_grammar().finditer(text):
            namespace, name = found["namespace"], found["name"]
            section = subject.values if namespace == "vars" else subject.job
            if name in mapping(section.get(namespace)):
                yield path, namespace, name, found[0]


@cache
def _almost_grammar() -> re.Pattern[str]:
    return re.compile(
        r"(?:\$\{(?!\{)|\$\(|(?<![${])\{\{?)\s*(?P<namespace>inputs|outputs|vars)\.(?P<name>[A-Za-z_][\w-]*)\s*(?:\}\}?|\))"
    )


def _place_of(subject: Subject, path: Path, written: str, last: Location | None) -> Location:
    """Where a part of a text stands, on its own line where it can be found there; after the `last` of the same."""
    part = subject.document.part(path)
    place = part.document.location(part.path)
    lines = lines_of(part.document.text)
    first, start = (last.line, last.column) if last is not None else (place.line, place.column - 1)
    for number in range(first, min(len(lines), place.line + 200) + 1):
        at = lines[number - 1].find(written, start if number == first else 0)
        if at >= 0:
            text = place.text if number == place.line else source_line(lines[number - 1])
            return Location(place.file, number, at + 1, len(written), text)
    return place


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
