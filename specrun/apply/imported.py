"""An import and its spec agree: what is wrong with what was written stands in the report, at the source's field.

The spec is looked at as `validate` would look at it where it will lie, with an engine. What the report asks for already
is told once. Open parts hide what an engine would say of the rest: so that somebody who settles them does not meet the
next mistake then, the engine is asked about the spec as it would be with the schema's own examples in their place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from specrun.convert.imported import Imported
from specrun.convert.report import Entry, Report, Verdict, dotted
from specrun.engines.facts import unread
from specrun.spec import source, todos
from specrun.spec.diagnostics import Diagnostic, Location, Path, Severity
from specrun.spec.expressions import OPEN, whole
from specrun.spec.load import load
from specrun.spec.schema import field_at
from specrun.spec.source import Document
from specrun.spec.todos import Todos
from specrun.spec.wording import examples

ENGINE = "azureml"
"""What imports are for, unless somebody says otherwise: their sources ran on Azure ML, or on what came before it."""

_NOT_HERE = frozenset(
    f"missing-{what}"
    for what in ("code", "script", "data", "input", "conda-file", "build-path", "dockerfile", "requirements-file")
) | {"missing-workspace-config", "unset-env"}
"""Mistakes of what a spec needs beside it, and which its own text is right without."""
_LACKING = ("cluster-cannot-be-made", "missing-key", "needs-coordinates")
"""Mistakes of a section that something is not in."""
_FLAGS = {"needs-workspace": "--workspace CONFIG.json", "needs-coordinates": "--workspace CONFIG.json"}
"""What settles them when the file is imported."""
_MATTERS = ("unread-by-azureml", "unread-by-azureml-v1", "unread-here")
"""Warnings of what gets lost."""


class _Unplaced(Document):
    """A document whose findings have no line: the report has the source's, and looking for them takes longest."""

    __slots__ = ()

    def location(self, path: Path, *, key: bool = False) -> Location:
        return Location(self.file, 1, 1)

    def inside(self, path: Path, value: str, offset: int, length: int = 1) -> Location:
        return Location(self.file, 1, 1)

    def written(self, path: Path) -> str:
        return "|"

    def line(self, of: Path, seen_from: Path = ()) -> str:
        return f"line {super().location(of, key=True).line}"


def agreed(imported: Sequence[Imported], texts: Mapping[str, str], engine: str = ENGINE) -> list[Imported]:
    """The same imports, with what an engine, and `validate`, would find in each spec in its report.

    `texts` are those of the specs, by the files that they are in, or could be.
    """
    from specrun.apply.validation import of_engine  # late: it brings what few verbs need

    documents: dict[str, Document] = {}
    found: dict[str, dict[Diagnostic, None]] = {file: {} for file in texts}
    left: dict[str, Todos] = {}
    beside = {
        os.path.normpath(FilePath(file).parent / name): file
        for file, one in zip(texts, imported, strict=True)
        for name in one.files
    }
    for file, text in texts.items():
        document, mistakes = source.parse(file, text.encode())
        found[file] |= dict.fromkeys(mistakes)
        if document is not None:
            documents[file] = unplaced = _Unplaced(file, document.text, document.values)
            left[file] = todos.find(unplaced, document.values)
            found[file] |= dict.fromkeys(left[file].diagnostics)
            if left[file].holes:
                documents[file] = _settled(unplaced)
    loaded = load([*documents], documents=documents, engine=engine, unread=unread(), tolerated=_NOT_HERE, advice=False)
    for diagnostic in (*loaded.diagnostics, *of_engine(engine, loaded.specs)):
        file = beside.get(diagnostic.location.file, diagnostic.location.file)
        if _matters(diagnostic) and file in left and not _is_of_filling(diagnostic, left[file]):
            known = [one.path for one in found[file] if one.code in _NOT_HERE]  # an engine would say it again
            if diagnostic.path not in known:
                found[file][diagnostic] = None
    told = zip(imported, found.values(), strict=True)
    return [replace(one, report=_told(one.report, [*diagnostics])) for one, diagnostics in told]


def _matters(found: Diagnostic) -> bool:
    return found.severity is Severity.ERROR or found.code in _MATTERS


def _is_of_filling(found: Diagnostic, left: Todos) -> bool:
    """Whether a finding is about what stands for an open part alone."""
    within = any(found.path[: len(hole)] == hole and len(found.path) > len(hole) for hole in left.holes)
    return within or found.path in left.hidden or (found.path in left.holes and todos.TODO.lower() in found.detail)


def _settled(document: Document) -> Document:
    """A document in whose open places something stands that could."""
    used: dict[str, Path] = {}
    _look_for_variables(document.values, (), used)
    values = {key: _filled(value, (key,)) for key, value in document.values.items() if key != "vars"}
    variables = document.values.get("vars")
    if isinstance(variables, dict):
        values["vars"] = {name: _variable(value, used.get(name)) for name, value in variables.items()}
    return _Unplaced(document.file, document.text.replace(todos.TODO, todos.TODO.lower()), values)


def _filled(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {todos.lowered(key): _filled(inside, (*path, key)) for key, inside in value.items()}
    if isinstance(value, list):
        return [_filled(inside, (*path, index)) for index, inside in enumerate(value)]
    if not isinstance(value, str) or not todos.is_open(value, path):
        return value
    return _example(path) if todos.is_open(value, ("vars",)) and " " not in value.strip() else todos.lowered(value)


def _variable(value: Any, path: Path | None) -> Any:
    if not isinstance(value, str) or not todos.is_open(value, path or ("vars",)):
        return value
    return _example(path, plain=True) if path is not None else 1


def _example(path: Path, *, plain: bool = False) -> Any:
    """A value that a field may have; `plain`: one that a variable may have, too."""
    if path[-1:] == ("subscription_id",):
        return "00000000-0000-0000-0000-000000000000"
    plain = plain or path[:2] == ("job", "inputs")  # a mapping there names what the spec does not have
    fitting = (one for one in examples(field_at(path)) if not plain or isinstance(one, str | int | float))
    return next((one for one in fitting if OPEN not in str(one)), "example")


def _look_for_variables(values: Any, path: Path, used: dict[str, Path]) -> None:
    """Where a variable is the whole of a value, which says what it may be."""
    if isinstance(values, dict):
        for key, inside in values.items():
            _look_for_variables(inside, (*path, key), used)
    elif isinstance(values, list):
        for index, inside in enumerate(values):
            _look_for_variables(inside, (*path, index), used)
    elif isinstance(values, str) and (one := whole(values)) is not None and one.namespace == "vars":
        used.setdefault(one.name, path)


def _told(report: Report, found: Sequence[Diagnostic]) -> Report:
    """The report with an entry for each finding of which it has not spoken, behind that of the source's field."""
    behind: dict[int, list[Entry]] = {}
    for one in found:
        to = _place(one)
        if not _is_asked(report, one, to):
            at = _source(report.entries, to)
            behind.setdefault(at, []).append(_entry(report, at, one, to))
    if not behind:
        return report
    entries = [*behind.get(-1, ())]
    for at, entry in enumerate(report.entries):
        entries += [entry, *behind.get(at, ())]
    return replace(report, entries=tuple(entries))


def _place(found: Diagnostic) -> str:
    return dotted(found.path) or ("workspace" if found.code in _FLAGS else "")


def _entry(report: Report, at: int, found: Diagnostic, to: str) -> Entry:
    origin = report.entries[at] if at >= 0 else None
    file = origin.file if origin is not None else next((one.file for one in report.entries), "")
    path = origin.path if origin is not None else ()
    place_of = report.places.get(file)
    place = place_of(path) if place_of is not None and path else ""
    flag = _FLAGS.get(found.code, "")
    detail = found.detail.replace("this file", "the spec").replace("This file", "The spec")
    return Entry(file, path, Verdict.NEEDS_YOU, to, f"{found.summary} {detail}", flag, place)


def _is_asked(report: Report, found: Diagnostic, to: str) -> bool:
    """Whether the report asks for what a finding is about."""
    if found.code == todos.CODE:
        variable = found.path[1] if found.path[0] == "vars" else ""
        return any(
            _is_within(to, entry.to) or _is_within(entry.to, to) or (variable and f"--var {variable}=" in entry.flag)
            for entry in report.todos
        )
    if found.code == "unset-env":
        named = re.findall(r"`(\w+)`", found.detail)
        return any(entry.to == to and set(named) & set(re.findall(r"\w+", entry.note)) for entry in report.todos)
    return any(entry.to != to and _is_within(entry.to, to) for entry in report.todos) and found.code in _LACKING


def _source(entries: Sequence[Entry], to: str) -> int:
    """The number of the entry whose field became what stands at a place of the spec, or a part of it, or the nearest
    above; else -1.
    """
    best, fit = -1, -1
    for at, entry in enumerate(entries):
        if entry.to and entry.path and _is_within(to, entry.to) and len(entry.to) > fit:
            best, fit = at, len(entry.to)
    if fit < len(to):
        best = next((at for at, entry in enumerate(entries) if entry.path and _is_within(entry.to, to)), best)
    return best


def _is_within(place: str, other: str) -> bool:
    """Whether a place of a spec is another, or below it."""
    return bool(other) and (place == other or place.startswith((f"{other}.", f"{other}[")))
