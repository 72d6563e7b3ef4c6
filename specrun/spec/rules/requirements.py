"""What pip is to install, line by line: in the spec, in its conda file, and in the files that those name."""

# ruff: noqa: PTH100, PTH118, PTH120
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
from specrun.spec.reading import MOST_TEXT, TooLarge, read_text
from specrun.spec.requirements import (
    CONSTRAIN,
    EDIT,
    VARIABLE,
    Lines,
    TooMany,
    expand,
    is_hidden,
    may_be_requirement,
    oddity,
    read_line,
    with_secrets,
)
from specrun.spec.rules.environment import LOCAL, explain_requirement, is_local, is_requirement
from specrun.spec.rules.missing import beside_spec
from specrun.spec.rules.outside import Found, found_outside, is_refused, noted_outside
from specrun.spec.rules.subject import Subject, mapping, text

if TYPE_CHECKING:
    from specrun.spec.boundary import Boundary
    from specrun.spec.requirements import Entry, Line

_CANNOT = {"azureml": "not-with-azureml", "azureml-v1": "not-with-sdk-v1"}
"""The engines that build an image of the requirements, from nothing but a conda file."""

_ADDRESS = re.compile(r"\bfile:(?://[^/\s]*)?(/[^\s#;]*)", re.IGNORECASE)
"""A package of this machine, as an address."""


WITHHELD = "The file is outside of the repository, or called as no file of requirements is: its lines are not shown."


def lines(subject: Subject) -> Iterator[Diagnostic]:
    """Each line is a requirement, or an option of pip's that the engine can do."""
    environment = mapping(subject.job.get("environment"))
    has_image = "image" in environment
    named = _Named(subject)
    last: Entry | None = None
    try:
        for entry in expand(_entries(subject, environment), named.read):
            last = entry
            line = read_line(entry.text)
            for code, detail in _wrong(subject, entry, line, has_image, named):
                yield codes.diagnostic(code, WITHHELD if entry.hidden else detail, entry.path, entry.at())
    except (TooMany, TooLarge) as error:
        if last is not None:
            detail = f"{str(error.strerror).capitalize()}, which no file of requirements needs: is it the right one?"
            yield codes.diagnostic("file-too-large", detail, last.path, last.at())


def _entries(subject: Subject, environment: object) -> Iterator[Entry]:
    from specrun.spec.requirements import Entry

    pip = mapping(environment).get("pip")
    for index, item in enumerate(pip if isinstance(pip, list) else ()):
        if isinstance(item, str):
            path = ("job", "environment", "pip", index)
            yield Entry(item.strip(), subject.folder, partial(subject.document.location, path), path)
    conda = text(mapping(environment).get("conda_file"))
    boundary = subject.reach.environment
    if conda is None or "\0" in conda or is_refused(boundary, conda):
        return
    where = os.path.join(subject.folder, conda)
    document = subject.files.document(where)[0] if subject.files.kind(where) == "file" else None
    if document is not None:
        from specrun.spec.conda_file import pip_entries

        yield from pip_entries(document, os.path.dirname(where), hidden=not boundary.holds(boundary.real(conda)))


class _Named:
    """The files of lines that lines name, each read once; those of all together are not longer than one may be."""

    def __init__(self, subject: Subject) -> None:
        self.boundary = subject.reach.environment
        self._files = subject.files
        self._texts: dict[str, str] = {}
        self._odd: dict[str, int] = {}
        self._left = MOST_TEXT

    def read(self, _: Entry, path: str) -> Lines:
        """The lines of a file; none of one that is told of where it is named. Raises TooLarge."""
        if not self.is_one(path) or self.odd(path):
            return Lines()
        return Lines(self._text(path), is_hidden(self.boundary, os.path.abspath(path)))

    def is_one(self, path: str) -> bool:
        """Whether a path leads to a file that may be read."""
        return not is_refused(self.boundary, os.path.abspath(path)) and self._files.kind(path) == "file"

    def odd(self, path: str) -> int:
        """The first line of a file which shows that it is another kind of file. Raises TooLarge.

        Of one that has mistakes and may be shown, each line is told of for itself.
        """
        if path not in self._odd:
            found = oddity(self._text(path))
            other = found.most or is_hidden(self.boundary, os.path.abspath(path))
            self._odd[path] = found.first if other else 0
        return self._odd[path]

    def _text(self, path: str) -> str:
        if path not in self._texts:
            try:
                self._texts[path] = read_text(path, self._left)
            except TooLarge:
                raise TooLarge(path, MOST_TEXT) from None
            except (OSError, ValueError):
                self._texts[path] = ""  # the plan says so
            self._left -= len(self._texts[path])
        return self._texts[path]


def _wrong(subject: Subject, entry: Entry, line: Line, has_image: bool, named: _Named) -> Iterator[Found]:
    in_spec = entry.path[-1] != "conda_file" and not entry.within
    if line.mistake:
        yield "invalid-requirement", line.mistake
        return
    if not in_spec and "${{" in entry.text:
        yield "invalid-requirement", _expression(entry.text, subject.engine)
        return
    if line.named_file:
        yield from _of_file(subject, entry, line, named)
    elif local := _on_this_machine(line, subject.engine, in_spec=in_spec):
        yield "invalid-requirement", local
    elif not (_is_requirement(line) if in_spec else may_be_requirement(line)):
        yield "invalid-requirement", explain_requirement(line.requirement)
    elif (packaged := _ADDRESS.search(entry.text)) is not None:
        from urllib.parse import unquote  # late: few packages lie here

        outside = found_outside(named.boundary, unquote(packaged[1]))
        if outside is not None:
            yield outside
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


def _is_requirement(line: Line) -> bool:
    return not line.requirement or is_requirement(with_secrets(line.requirement, str))


def _of_file(subject: Subject, entry: Entry, line: Line, named: _Named) -> Iterator[Found]:
    """What is wrong with a line that names a file of lines."""
    name = line.named_file
    path = os.path.normpath(os.path.join(entry.folder, name))
    if "://" in name:
        detail = "What lies at an address may be another file tomorrow: fetch it, and name it here."
        yield "invalid-requirement", detail
    elif not named.is_one(path):
        yield _no_file(subject, entry, path, named.boundary)
    elif odd := named.odd(path):
        detail = f"Line {odd} of `{name}` is no requirement, and no option of pip's. Its lines are not shown."
        yield "not-requirements", detail
    elif line.value(CONSTRAIN) and subject.engine in _CANNOT:
        detail = (
            "Azure ML builds the image from a conda file alone, which cannot hold constraints: write what they say as "
            "requirements, `NAME==VERSION`."
        )
        yield _CANNOT[subject.engine], detail
    else:
        outside = noted_outside(named.boundary, os.path.abspath(path))
        if outside is not None:
            yield outside
        if subject.engine in _CANNOT:
            yield "requirements-sent-in-place", f"The lines of `{name}` are sent in its place, as pip would read them."


def _no_file(subject: Subject, entry: Entry, path: str, boundary: Boundary) -> Found:
    refused = found_outside(boundary, os.path.abspath(path))
    if refused is not None:
        return refused
    if subject.files.kind(path) == "other":
        return "not-regular", f"`{path}` is a pipe, a socket or a device: reading it may never end."
    from specrun.spec.rules.nearby import nearest_existing

    hint = beside_spec(subject, entry.path)
    found = None if hint else nearest_existing(path, "missing-requirements-file")
    hint += f" Did you mean `{os.path.relpath(found, entry.folder or os.curdir)}`?" if found else ""
    return "missing-requirements-file", f"Looked for `{path}`.{hint}"


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
