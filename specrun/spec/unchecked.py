"""Specs as their layers make them, with nothing checked: for what needs no more than names, or where paths lead."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from specrun.spec import overrides
from specrun.spec.boundary import told
from specrun.spec.given import read_spec
from specrun.spec.layers.paths import starting_at_spec
from specrun.spec.layers.specs import Layering, Picked
from specrun.spec.layers.var_files import read_var_files
from specrun.spec.loaded import Loaded
from specrun.spec.repository import under_ci
from specrun.spec.repository_file import RepositoryFiles
from specrun.spec.rules.files import Files
from specrun.spec.substitution import substitute

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.elsewhere import Elsewhere
    from specrun.spec.selection import About, Selection
    from specrun.spec.source import Document


def load_unchecked(options: Mapping[str, Any]) -> Loaded:
    """The `values` of each spec that can be read, is selected and has the target, expressions in them; and the mistakes
    of the YAML of all and of their bases. No specs. `options` are those of `load`: here files, target, scanned,
    selection and what may be read count.
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


def values_of(**options: Any) -> Callable[[str], Iterator[Mapping[str, Any]]]:
    """A function that gives a file's values with all in place: of the target, or of the usual one, else of each it has.

    Nothing comes of a file that cannot be read. The options are those of `values_by_target`.
    """
    of_targets = values_by_target(**options)
    return lambda file: (values for _, values in of_targets(file))


def values_by_target(
    *,
    variables: Mapping[str, str],
    engine: str | None,
    inputs: Mapping[str, str],
    environment: str | None,
    allow_outside: Sequence[str],
    environment_said: bool = True,
    target: str | None = None,
    var_files: Sequence[str] = (),
    every_target: bool = False,
    rules_from: Elsewhere | None = None,
    **more: object,
) -> Callable[[str], Iterator[tuple[str, Mapping[str, Any]]]]:
    """The same with the name of each target, "" without; `every_target`: of each it has, where none is said.

    The options are those of `load`; what is none of values is passed over.
    """
    said = environment if environment_said else None
    reading = Files(told(allow_outside, strict=under_ci(), environment=said, inputs=inputs))
    layering, repositories = Layering(reading), RepositoryFiles(rules_from=rules_from)
    of_var_files = read_var_files(var_files, reading.reach("").spec)
    scalars = overrides.scalars(variables)
    put = overrides.read_environment(environment, reading.reach("").environment, said=environment_said)[0]

    def values(file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        document = read_spec(file, reading)[0]
        if document is None:
            return
        layered, repository = layering.of(document), repositories.of(file)
        meant = target or (None if every_target else layered.default or repository.default_target)
        for name in [meant] if meant and layered.targets else layered.targets or [""]:
            if name and name not in layered.targets:
                continue
            one = of_var_files.over(layered.merged(name))
            done = substitute(one, scalars, engine=engine, repository=repository)
            found = starting_at_spec(one, done.values, reading.reach(os.path.dirname(file)).spec.folder)[0]  # noqa: PTH120
            yield name, overrides.apply(found, inputs, put)

    return values
