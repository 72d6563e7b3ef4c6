"""What pip is to install, line by line: in the spec, in its conda file, and in the files that those name."""

# ruff: noqa: PTH118, PTH120
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.masking import mask_addresses
from specrun.spec.requirements import CONSTRAIN, EDIT, VARIABLE, expand, read_line, with_secrets
from specrun.spec.rules.environment import LOCAL, explain_requirement, is_local, is_requirement
from specrun.spec.rules.subject import Subject, mapping, text

if TYPE_CHECKING:
    from specrun.spec.requirements import Entry, Line

_CANNOT = {"azureml": "not-with-azureml", "azureml-v1": "not-with-sdk-v1"}
"""The engines that build an image of the requirements, from nothing but a conda file."""

Found = tuple[str, str]
"""The code and the detail of a diagnostic."""


def lines(subject: Subject) -> Iterator[Diagnostic]:
    """Each line is a requirement, or an option of pip's that the engine can do."""
    environment = mapping(subject.job.get("environment"))
    has_image = "image" in environment
    for entry in expand(_entries(subject, environment), _read):
        line = read_line(entry.text)
        for code, detail in _wrong(subject, entry, line, has_image):
            yield codes.diagnostic(code, detail, entry.path, entry.at())


def _entries(subject: Subject, environment: object) -> Iterator[Entry]:
    from specrun.spec.requirements import Entry

    pip = mapping(environment).get("pip")
    for index, item in enumerate(pip if isinstance(pip, list) else ()):
        if isinstance(item, str):
            path = ("job", "environment", "pip", index)
            yield Entry(item.strip(), subject.folder, partial(subject.document.location, path), path)
    conda = text(mapping(environment).get("conda_file"))
    if conda is None or "\0" in conda:
        return
    where = os.path.join(subject.folder, conda)
    document = subject.files.document(where) if subject.files.kind(where) == "file" else None
    if document is not None:
        from specrun.spec.conda_file import pip_entries

        yield from pip_entries(document, os.path.dirname(where))


def _read(_: Entry, path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read()
    except (OSError, ValueError):
        return ""  # which is told of the line that names it


def _wrong(subject: Subject, entry: Entry, line: Line, has_image: bool) -> Iterator[Found]:
    in_spec = entry.path[-1] != "conda_file" and not entry.within
    if line.mistake:
        yield "invalid-requirement", line.mistake
        return
    if not in_spec and "${{" in entry.text:
        yield "invalid-requirement", _expression(entry.text, subject.engine)
        return
    if line.named_file:
        yield from _of_file(subject, entry, line)
    elif local := _on_this_machine(line, subject.engine, in_spec=in_spec):
        yield "invalid-requirement", local
    elif in_spec and line.requirement and not is_requirement(with_secrets(line.requirement, str)):
        yield "invalid-requirement", explain_requirement(line.requirement)
    cannot = _CANNOT.get(subject.engine)
    variable = VARIABLE.search(entry.text)
    if cannot and variable and not has_image:
        name = variable[0][2:-1]
        detail = (
            f"pip takes `{variable[0]}` from its own environment, and where Azure ML builds images it is not set: "
            f"write the line in the spec, below `pip`, with `${{{{ secrets.{name} }}}}`."
        )
        yield cannot, detail
    hidden = mask_addresses(entry.text)
    if hidden != entry.text:
        where = "`${{ secrets.NAME }}`" if in_spec else "`${NAME}`, which pip takes from the environment, here"
        yield (
            "credential-in-address",
            (
                f"Whoever reads this file, or its history, has it. Put it into the environment and write {where}: "
                f"`{_with_name(hidden, in_spec=in_spec)}`."
            ),
        )


def _of_file(subject: Subject, entry: Entry, line: Line) -> Iterator[Found]:
    """What is wrong with a line that names a file of lines."""
    name = line.named_file
    path = os.path.normpath(os.path.join(entry.folder, name))
    if "://" in name:
        detail = "What lies at an address may be another file tomorrow: fetch it, and name it here."
        yield "invalid-requirement", detail
    elif subject.files.kind(path) != "file":
        from specrun.spec.rules.files import nearest_existing

        found = nearest_existing(path)
        hint = f" Did you mean `{os.path.relpath(found, entry.folder or os.curdir)}`?" if found else ""
        yield "missing-requirements-file", f"Looked for `{path}`.{hint}"
    elif line.value(CONSTRAIN) and subject.engine in _CANNOT:
        detail = (
            "Azure ML builds the image from a conda file alone, which cannot hold constraints: write what they say as "
            "requirements, `NAME==VERSION`."
        )
        yield _CANNOT[subject.engine], detail
    elif subject.engine in _CANNOT:
        yield "requirements-sent-in-place", f"The lines of `{name}` are sent in its place, as pip would read them."


def _on_this_machine(line: Line, engine: str, *, in_spec: bool) -> str:
    """What to do about a package, or a folder of packages, that lies here; "" for what does not."""
    edited = line.value(EDIT)
    if edited and "://" not in edited:
        return LOCAL
    if any("://" not in address or address.startswith("file:") for address in line.addresses):
        return "A folder of this machine is not where the job's packages can come from: name an index by its address."
    if not in_spec and is_local(line.requirement):
        return LOCAL
    return LOCAL if engine in _CANNOT and re.search(r"(^|@\s*|\+)file:", line.requirement) else ""


def _expression(written: str, engine: str) -> str:
    begun = "Expressions are for specs, and pip would read this as it stands. "
    if engine in _CANNOT:
        return f"{begun}Write the line in the spec, below `pip`."
    return f"{begun}Write the line in the spec, below `pip`; or `${{NAME}}`, which pip takes from the environment."


def _with_name(hidden: str, *, in_spec: bool) -> str:
    return re.sub(r"(?<!\*)\*+(?=:?@)", "${{ secrets.TOKEN }}" if in_spec else "${TOKEN}", hidden)
