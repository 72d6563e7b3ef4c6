"""Which specs a command means: its FILEs, or what stands for them where there are none; and those that are selected."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.spec.diagnostics import Severity
from specrun.spec.named import SPEC, Found, as_typed, find, listed, nothing, own_repository, own_spec
from specrun.spec.nearest import nearest
from specrun.spec.selection import BY, Selector
from specrun.spec.visible import visible
from specrun.views.text import count

_FORMS = "name:PATTERN, folder:PATH, tag:KEY=VALUE"
_WITH_KINDS = ("plan", "apply", "destroy", "drift", "graph")


def find_named(files: Sequence[str], *, every: bool | None) -> tuple[Sequence[str], Found]:
    """The FILEs, or what was taken for them, and what they mean.

    `every` is whether a verb that ends or deletes was given `--all`, None for the others: they may take what the
    repository lists by themselves. Raises click.UsageError. Ends the command where that is not to be.
    """
    if files and every:
        raise click.UsageError("--all means the specs that `.specrun.yaml` lists: give it, or FILEs.")
    if files:
        return files, find(files)
    file = "" if every else own_spec()
    repository = own_repository()
    if file:
        if file != SPEC or repository.specs:  # else nobody could expect anything else
            _tell(f"using {file}")
        return [file], find([file])
    if any(found.severity is Severity.ERROR for found in repository.diagnostics):
        return [], Found(mistakes=tuple(repository.diagnostics))
    if not repository.specs:
        if every:
            raise Exit(
                WRONG_USAGE, f"--all means the `specs` that {repository.path} lists, and it lists none: name FILEs"
            )
        return [], Found(mistakes=(nothing(repository),))
    entries = ", ".join(repository.specs)
    if every is False:
        verb = click.get_current_context().command.name
        raise Exit(
            WRONG_USAGE,
            f"{verb} takes no whole repository unless that is said: name FILEs, or say --all for the specs of "
            f"{repository.path} (specs: {entries})",
        )
    found = listed(repository)
    _tell(f"using {count(len(found.files), 'spec')} of {repository.path} (specs: {entries})")
    return [as_typed(repository, entry) for entry in repository.specs], found


def selector(option: str, text: str, verb: str) -> Selector:
    """What one `--only` or `--exclude` says; without a word before a colon it is a name. Raises click.UsageError."""
    from specrun.plan.resources import KIND_NAMES  # late: few commands select anything

    by, colon, value = text.partition(":")
    if not colon:
        by, value = "name", text
    if by not in (*BY, "kind") or not value:
        near = nearest(by, (*BY, "kind"))
        hint = f" Did you mean `{near}:…`?" if near and value else ""
        raise click.UsageError(f"{option} wants {_FORMS} or kind:KIND, not `{text}`.{hint}")
    if by == "kind" and verb not in _WITH_KINDS:
        raise click.UsageError(f"{option} {text} chooses among what is planned, and `{verb}` plans nothing: {_FORMS}.")
    if by == "kind" and value not in KIND_NAMES:
        near = nearest(value, KIND_NAMES)
        hint = f" Did you mean `kind:{near}`?" if near else ""
        raise click.UsageError(f"{option} {text}: the kinds are {', '.join(KIND_NAMES)}.{hint}")
    return Selector(by, value)


def _tell(line: str) -> None:
    print(visible(line), file=sys.stderr)
