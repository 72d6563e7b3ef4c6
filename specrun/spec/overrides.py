"""What the command line puts in place of what a spec says: --var, --input and --environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic, Location
from specrun.spec.nearest import suggestion
from specrun.spec.reading import read_bytes
from specrun.spec.rules.outside import found_outside, is_refused
from specrun.spec.rules.subject import lacks, mapping
from specrun.spec.scalars import plain

if TYPE_CHECKING:
    from specrun.spec.boundary import Boundary
    from specrun.spec.model import Scalar
    from specrun.spec.source import Document


def chosen(engine: str | None, target: str | None) -> tuple[str | None, str | None]:
    """Engine and target as they were said, else of the environment."""
    return engine or os.environ.get("SPECRUN_ENGINE") or None, target or os.environ.get("SPECRUN_TARGET") or None


def scalars(variables: Mapping[str, str]) -> dict[str, Scalar]:
    """`--var` values read as YAML scalars: 10 is a number, '10' in quotes is text, and so is nothing at all."""
    return {name: _scalar(value) for name, value in variables.items()}


def _scalar(value: str) -> Scalar:
    stripped = value.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == "'":
        return stripped[1:-1].replace("''", "'")
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"':
        import json

        try:
            text = json.loads(stripped)
        except ValueError:
            return stripped[1:-1]
        return text if isinstance(text, str) else stripped[1:-1]
    found: Scalar = plain(stripped) if stripped else ""
    return found


def undeclared(
    read: Sequence[tuple[Document, Mapping[str, Any]]], variables: Mapping[str, str], inputs: Mapping[str, str]
) -> Iterator[Diagnostic]:
    """--var and --input names that no file declares: said once, at the first file's section.

    `read` has each document with those of its values that are right.
    """
    for option, names, path in (("--var", variables, ("vars",)), ("--input", inputs, ("job", "inputs"))):
        if not names or not read:
            continue
        sections = [_section(values, path) for _, values in read]
        declared = {str(name) for section in sections for name in section}
        for name in names:
            if all(lacks(section, name) for section in sections):
                kind = path[-1]
                missing = f"`{option} {name}` is given and `{'.'.join(path)}` has no `{name}`."
                detail = f"{missing} {suggestion(name, declared, kind=kind)}"
                first = next((one for (one, _), section in zip(read, sections, strict=True) if section), read[0][0])
                yield first.diagnostic("unknown-override", detail, path, key=True)


def _section(values: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        values = mapping(values.get(key))
    return values


def apply(values: Any, inputs: Mapping[str, str], environment: Mapping[str, Any] | None) -> Any:
    """The values with the given inputs and environment; an empty `environment` means the current one."""
    job = values.get("job") if isinstance(values, dict) else None
    if not isinstance(job, dict) or (not inputs and environment is None):
        return values
    job = dict(job)
    written = job.get("inputs")
    if isinstance(written, dict) and inputs:
        job["inputs"] = {
            name: _input(entry, inputs[name]) if name in inputs else entry for name, entry in written.items()
        }
    if environment is not None:
        job.pop("environment", None)
        if environment:
            job["environment"] = dict(environment)
    return {**values, "job": job}


def _input(entry: object, path: str) -> dict[str, Any]:
    where = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
    kind = "uri_file" if os.path.isfile(where) else "uri_folder"  # noqa: PTH113
    mode = entry.get("mode", "ro_mount") if isinstance(entry, dict) else "ro_mount"
    return {"path": where, "type": kind, "mode": mode}


def read_environment(
    option: str | None, boundary: Boundary, *, said: bool = True
) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
    """The environment that `--environment current|FILE` stands for: {} is the current one, None the spec's own.

    A FILE ending in .yml or .yaml is a conda file, any other is a list of pip requirements. `boundary` is how far it,
    and what it names, may lead. Where nobody `said` it, but a saved plan, no line is shown of what is another file.
    """
    if option is None:
        return None, []
    if option == "current":
        return {}, []
    where = os.path.abspath(option)  # noqa: PTH100 - resolve() would follow links
    if "\0" in where:
        return {}, [_refused(option, 1, 1, "The name holds a character that no file name can have (NUL).")]
    if (outside := found_outside(boundary, where)) is not None:
        return {}, [codes.diagnostic(*outside, (), Location(option, 1, 1))]
    if not os.path.isfile(where):  # noqa: PTH113
        return {}, [
            _refused(option, 1, 1, "There is no such file. Give `current`, a requirements file or a conda file.")
        ]
    if option.endswith((".yml", ".yaml")):
        return {"conda_file": where}, []
    try:
        content = read_bytes(where).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return {}, [_refused(option, 1, 1, f"It cannot be read as text: {why}.")]
    if not said and (first := _odd_line(content)):
        return {}, [_refused(option, first, 1, "This is no requirement, and a saved plan names the file.")]
    return _requirements(option, content, boundary)


def _odd_line(content: str) -> int:
    from specrun.spec.requirements import oddity

    return oddity(content).first


def _requirements(option: str, content: str, boundary: Boundary) -> tuple[dict[str, Any], list[Diagnostic]]:
    from specrun.spec.masking import source_line
    from specrun.spec.requirements import logical_lines, near, read_line, starting_at
    from specrun.spec.rules.environment import explain_requirement, is_requirement

    requirements: list[str] = []
    diagnostics: list[Diagnostic] = []
    written = content.splitlines()
    for number, text in logical_lines(content):
        line = read_line(text)
        wrong = line.mistake
        if not wrong and line.requirement and not is_requirement(line.requirement):
            wrong = explain_requirement(line.requirement)
        folder = os.path.dirname(os.path.abspath(option))  # noqa: PTH100, PTH120
        named = os.path.join(folder, line.named_file)  # noqa: PTH118
        if line.named_file and not is_refused(boundary, named) and not os.path.isfile(named):  # noqa: PTH113
            wrong = f"Looked for `{near(named)}`."
        if not wrong:
            requirements.append(starting_at(folder, text))
        else:
            first = written[number - 1]
            column = len(first) - len(first.lstrip()) + 1
            diagnostics.append(_refused(option, number, column, wrong, source_line(first)))
    if not requirements and not diagnostics:
        diagnostics.append(_refused(option, 1, 1, "It lists no requirement."))
    return {"pip": requirements}, diagnostics


def _refused(file: str, line: int, column: int, detail: str, text: str = "") -> Diagnostic:
    return codes.diagnostic("invalid-environment-file", detail, (), Location(file, line, column, 1, text))
