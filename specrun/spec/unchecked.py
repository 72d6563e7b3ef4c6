"""Specs as their layers make them, with nothing checked and nothing put in place: for what needs no more than names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from specrun.spec.boundary import told
from specrun.spec.given import read_spec
from specrun.spec.layers.specs import Layering, Picked
from specrun.spec.loaded import Loaded
from specrun.spec.repository import under_ci
from specrun.spec.repository_file import RepositoryFiles
from specrun.spec.rules.files import Files

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.selection import About, Selection
    from specrun.spec.source import Document


def load_unchecked(options: Mapping[str, Any]) -> Loaded:
    """The `values` of each spec that can be read, is selected and has the target, and the mistakes of the YAML of all
    and of their bases; no specs. `options` are those of `load`: here files, target, scanned, selection and what may be
    read count.
    """
    files, target = options["files"], options["target"]
    selection: Selection | None = options["selection"]
    reading = Files(told(options["allow_outside"], strict=under_ci()))
    layering, repositories, picked = Layering(reading, files), RepositoryFiles(), Picked()
    diagnostics: list[Diagnostic] = []
    values: list[tuple[Document, Mapping[str, Any]]] = []
    about: list[About] = []
    for file in files:
        document, mistakes = read_spec(file, reading)
        if document is None:
            diagnostics += mistakes
            continue
        layered = layering.of(document)
        default = repositories.of(file).default_target if layered.targets else ""
        picks = layered.pick(target, default, picked)
        if selection is not None and picks and not layered.own.abstract:
            about.append(selection.about(file, picks[0].values))
            if not about[-1].chosen:
                continue
        diagnostics += [*mistakes, *layered.diagnostics]
        values += [(one, one.values) for one in picks if not layered.own.abstract]
    found = (*diagnostics, *layering.diagnostics())
    return Loaded((), found, *picked.counted(), tuple(about), tuple(values))
