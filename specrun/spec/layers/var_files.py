"""Files of variables, which stand between what a spec says and what --var says: `NAME: value`, as below `vars`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from specrun.spec import source
from specrun.spec.frozen import dataclass
from specrun.spec.layers.stack import Layer, Merged, stacked
from specrun.spec.nearest import suggestion
from specrun.spec.rules.outside import found_outside
from specrun.spec.rules.subject import lacks, mapping

if TYPE_CHECKING:
    from specrun.spec.boundary import Boundary
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.source import Document

_FORM = "Write `NAME: value` at the top, as below `vars`; a value is text, a number, true or false."


@dataclass(frozen=True, slots=True)
class VarFiles:
    """The files that --var-file names, in order. Where nobody `said` them, but a saved plan, no line is shown of what
    may be another file.
    """

    documents: Sequence[Document] = ()
    diagnostics: Sequence[Diagnostic] = ()
    said: bool = True

    def over(self, document: Document) -> Document:
        """A spec with these variables laid over those that it declares."""
        declared = mapping(document.values.get("vars")) if self.documents else {}
        more = []
        for one in self.documents:
            given = one.values.items()
            if values := {name: value for name, value in given if name in declared and _is_value(value)}:
                more.append(Layer("var file", one, {"vars": values}, below=("vars",)))
        if not more:
            return document
        if isinstance(document, Merged):
            return stacked(document.own, document.layers, document.values, more, document.target)
        return stacked(document, [Layer("file", document, document.values)], document.values, more)

    def undeclared(self, read: Sequence[Mapping[str, Any]]) -> Iterator[Diagnostic]:
        """Names that no spec declares; `read` has of each spec those values that are right."""
        sections = [mapping(values.get("vars")) for values in read]
        known = {str(name) for section in sections for name in section}
        for document in self.documents if sections else ():
            for name in document.values:
                if any(not lacks(section, name) for section in sections):
                    continue
                if not self.said:
                    yield _silent(document.file, "unknown-override", "It has a name that no spec declares in `vars`.")
                    break
                detail = f"No spec that is read has `{name}` in its `vars`. {suggestion(name, known, kind='vars')}"
                if name == "vars" and isinstance(document.values[name], dict):
                    detail = f"The names stand at the top of this file, without `vars`. {_FORM}"
                yield document.diagnostic("unknown-override", detail, (name,), key=True)


def read_var_files(files: Sequence[str], boundary: Boundary, *, said: bool = True) -> VarFiles:
    """The files, as far as they can be used, and every mistake in them. `boundary` is how far one may lead that nobody
    said.
    """
    documents: list[Document] = []
    diagnostics: list[Diagnostic] = []
    for file in files:
        outside = None if said or "\0" in file else found_outside(boundary, os.path.realpath(file))
        if outside is not None:
            diagnostics.append(source.whole_file(file, *outside))
            continue
        document, mistakes = source.read(file)
        mistakes = tuple(map(_worded, mistakes))
        if [one.code for one in mistakes] == ["empty-file"]:
            continue  # all of it may be left out
        if document is not None:
            mistakes = (*mistakes, *_wrong_values(document))
            documents.append(document)
        diagnostics += mistakes if said else [_silent(file, one.code, "It cannot be used.") for one in mistakes[:1]]
    return VarFiles(documents, diagnostics, said)


def _wrong_values(document: Document) -> Iterator[Diagnostic]:
    for name, value in document.values.items():
        if not _is_value(value) and not (name == "vars" and isinstance(value, dict)):
            what = "null" if value is None else "a list" if isinstance(value, list) else "a mapping"
            yield document.diagnostic("wrong-type", f"`{name}` is {what} here. {_FORM}", (name,))


def _is_value(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))


def _worded(mistake: Diagnostic) -> Diagnostic:
    """A mistake of YAML as it is said of this file, which is no spec."""
    return replace(mistake, detail=_FORM) if mistake.code == "not-a-mapping" else mistake


def _silent(file: str, code: str, detail: str) -> Diagnostic:
    return source.whole_file(file, code, f"{detail} A saved plan names the file: nothing of it is shown.")
