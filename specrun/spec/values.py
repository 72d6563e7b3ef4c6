"""The values of specs with all layers in place and nothing checked: enough to see where their paths lead."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from specrun.spec import overrides
from specrun.spec.boundary import told
from specrun.spec.given import read_spec
from specrun.spec.layers.paths import starting_at_spec
from specrun.spec.layers.specs import Layering
from specrun.spec.layers.var_files import read_var_files
from specrun.spec.repository import under_ci
from specrun.spec.repository_file import RepositoryFiles
from specrun.spec.rules.files import Files
from specrun.spec.substitution import substitute


def values_of(
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
    **more: object,
) -> Callable[[str], Iterator[Mapping[str, Any]]]:
    """A function that gives a file's values: those of the target, or of the usual one, else of each that it has.

    Nothing comes of a file that cannot be read. The options are those of `load`; what is none of values is passed over.
    """
    said = environment if environment_said else None
    reading = Files(told(allow_outside, strict=under_ci(), environment=said, inputs=inputs))
    layering, repositories = Layering(reading), RepositoryFiles()
    of_var_files = read_var_files(var_files, reading.reach("").spec)
    scalars = overrides.scalars(variables)
    put = overrides.read_environment(environment, reading.reach("").environment, said=environment_said)[0]

    def values(file: str) -> Iterator[Mapping[str, Any]]:
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
            yield overrides.apply(found, inputs, put)

    return values
