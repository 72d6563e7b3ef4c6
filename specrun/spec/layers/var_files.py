"""Files of variables, as `--var-file` names them: a mapping from names to values, laid over `vars`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from specrun.spec import schema, source
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.layers.stack import Layer, Merged, stacked

if TYPE_CHECKING:
    from specrun.spec.source import Document

_VARS: Path = ("vars",)


def read(names: Sequence[str]) -> tuple[list[Layer], list[Diagnostic]]:
    """Each file as a layer, and every mistake in them."""
    layers: list[Layer] = []
    diagnostics: list[Diagnostic] = []
    for name in names:
        document, found = source.read(name)
        if [one.code for one in found] == ["empty-file"]:
            continue
        diagnostics += found
        if document is not None:
            layer = Layer("var file", document, {"vars": document.values}, below=_VARS)
            diagnostics += schema.check(Merged(document, [layer], layer.values), layer.values, incomplete=True)
            layers.append(layer)
    return layers, diagnostics


def over(document: Document, files: Sequence[Layer]) -> Document:
    """A spec with the variables of files laid over those that it declares."""
    if not files:
        return document
    declared = document.values.get("vars")
    if not isinstance(declared, dict):
        return document
    more: list[Layer] = []
    for layer in files:
        given = {name: value for name, value in layer.values["vars"].items() if name in declared}
        if given:
            more.append(layer._replace(values={"vars": given}))
    if not more:
        return document
    if isinstance(document, Merged):
        return stacked(document.own, document.layers, document.values, more, document.target)
    return stacked(document, [Layer("file", document, document.values)], document.values, more)
