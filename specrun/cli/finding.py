"""Which specs a command means: its FILEs, or what stands for them where there are none; and those that are selected."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.spec.diagnostics import Severity
from specrun.spec.loaded import Loaded
from specrun.spec.named import SPEC, Found, as_typed, find, listed, nothing, own_repository, own_spec
from specrun.spec.nearest import nearest
from specrun.spec.selection import BY, About, Selector
from specrun.spec.visible import visible
from specrun.views.text import count

if TYPE_CHECKING:
    from specrun.cli.options import Reading

_SHOWN = 8
_FORMS = "name:PATTERN, folder:PATH, tag:KEY=VALUE"
_WITH_KINDS = ("plan", "apply", "destroy", "graph")


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


def tell_selected(loaded: Loaded, reading: Reading) -> None:
    """Say what of the specs was passed over and left out. Ends the command where nothing was selected."""
    if bases := loaded.bases(reading.found.scanned):
        _tell(f"{count(bases, 'base')} passed over (`abstract: true`)")
    selection = reading.selection
    if selection is None or not loaded.about:
        return
    chosen, all_of_them = sum(spec.chosen for spec in loaded.about), count(len(loaded.about), "spec")
    for option, selectors in (("--only", selection.only), ("--exclude", selection.exclude)):
        for one in selectors:
            if not any(one.fits(spec) for spec in loaded.about):
                _tell(f"{option} {one} fits none of {all_of_them}{_near(one, loaded.about)}")
    if not chosen and loaded.ok:
        raise Exit(reading.none, f"nothing is selected of {all_of_them}:", *_there_is(loaded.about))
    _tell(f"{chosen} of {all_of_them}")


def _near(one: Selector, specs: Iterable[About]) -> str:
    known = {"name": [spec.name for spec in specs], "tag": [tag for spec in specs for tag in spec.tags]}.get(one.by, ())
    near = nearest(one.value, known)
    return f": did you mean {one.by}:{near}?" if near else ""


def _there_is(specs: Sequence[About]) -> Iterable[str]:
    """What they could be selected by."""
    for by, values in (
        ("name", Counter(spec.name for spec in specs)),
        ("folder", Counter(spec.folder for spec in specs)),
        ("tag", Counter(tag for spec in specs for tag in spec.tags)),
    ):
        if values:
            few = ", ".join(f"{value}" for value, _ in values.most_common(_SHOWN))
            yield f"  {by}: {few}{f' and {len(values) - _SHOWN} more' if len(values) > _SHOWN else ''}"


def _tell(line: str) -> None:
    print(visible(line), file=sys.stderr)
