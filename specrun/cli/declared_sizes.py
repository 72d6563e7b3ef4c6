"""The sizes that specs declare, for a verb that asks for their prices."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.session import show
from specrun.spec.diagnostics import Severity
from specrun.spec.named import as_typed, find, own_repository, own_spec
from specrun.spec.rules.subject import mapping, text
from specrun.spec.sizes import plain_name
from specrun.spec.source import read
from specrun.spec.unchecked import values_by_target


def declared_sizes(files: Sequence[str]) -> Iterator[str]:
    """Their plain names, in any of the targets, with repetitions. Ends the command where a FILE is none."""
    found = find(files or _own_specs())
    mistakes = [*found.mistakes] if files else []
    of_file = values_by_target(
        variables={}, engine=None, inputs={}, environment=None, allow_outside=(), every_target=True
    )
    for file in found.files:
        specs = [values for _, values in of_file(file)]
        mistakes += read(file)[1] if files and not specs else ()
        for values in specs:
            resources = mapping(mapping(values.get("job")).get("resources"))
            for size in (mapping(values.get("compute")).get("size"), resources.get("instance_type")):
                if (name := text(size)) is not None:
                    yield plain_name(name)
    show(mistakes)
    if any(one.severity is Severity.ERROR for one in mistakes):
        raise Exit(INVALID_SPEC)


def _own_specs() -> list[str]:
    """The specs that are meant without FILEs: also where the file that is to be written is the one that is missing."""
    if spec := own_spec():
        return [spec]
    repository = own_repository()
    document = read(repository.path)[0] if os.path.lexists(repository.path) else None
    listed = document.values.get("specs") if document is not None else None
    return [as_typed(repository, one) for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
