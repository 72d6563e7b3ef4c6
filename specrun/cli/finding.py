"""Which specs a command means: its FILEs, or what stands for them where there are none; and those that are selected."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

import click

from specrun.cli.exit_codes import FAILED, WRONG_USAGE, Exit
from specrun.cli.telling import tell
from specrun.spec.diagnostics import Severity
from specrun.spec.named import SPEC, Found, as_typed, find, listed, nothing, own_repository, own_spec
from specrun.spec.nearest import nearest
from specrun.spec.selection import BY, Selector
from specrun.views.text import count

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}(:[^:/\s]+)?")
_UNLIKE_A_NAME = frozenset("./*?[\0")
"""What a FILE has in it, as a rule, and neither a spec's name nor most of a run's."""

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
            tell(f"using {file}")
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
    tell(f"using {count(len(found.files), 'spec')} of {repository.path} (specs: {entries})")
    return [as_typed(repository, entry) for entry in repository.specs], found


class NamedRuns(NamedTuple):
    """Runs that a command line names: `anywhere`, or `in_files`, where the runs of its FILEs are.

    `alone`: there are no FILEs.
    """

    anywhere: tuple[str, ...] = ()
    in_files: tuple[str, ...] = ()
    alone: bool = False


NO_RUNS = NamedRuns()


def runs_in(words: tuple[str, ...], named: tuple[str, ...], *, specs_chosen: bool) -> tuple[tuple[str, ...], NamedRuns]:
    """The FILEs among some words, and the runs that are meant by the others, and by `--run`.

    A word of a run's form is one, unless specs are found under that name. Raises click.UsageError. Ends the command on
    what cannot be a run's name.
    """
    from specrun.plan.attempts import OF_TRIALS  # late: most verbs are not about runs

    for name in named:
        if OF_TRIALS.fullmatch(name) is None:
            raise Exit(FAILED, f"{name} is no run's name: those are SPEC-FINGERPRINT, as `specrun runs` lists them")
    runs = tuple(dict.fromkeys(word for word in words if _is_run(word)))
    files = tuple(word for word in words if word not in runs)
    for word in files:
        if word != "-" and _UNLIKE_A_NAME.isdisjoint(word) and not os.path.lexists(word):
            tell(f"note: {word} is taken for a FILE: a run's name is SPEC-FINGERPRINT, as `specrun runs` shows it")
    if specs_chosen and not files and (runs or named):
        raise click.UsageError("--all, --only and --exclude choose among specs, and a run is named: leave them out.")
    if files:
        return files, NamedRuns(runs, tuple(dict.fromkeys(named)))
    found = tuple(dict.fromkeys((*runs, *named)))
    return (), NamedRuns(found, alone=bool(found))


def model_in(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The model, or version of one, among some words ("": none is named), and the FILEs that are left. What is called
    like a model is one: a file or folder of that name is written `./NAME`. Raises click.UsageError where there are two.
    """
    models = [word for word in words if _MODEL.fullmatch(word) and not word.endswith((".yaml", ".yml"))]
    if len(models) > 1:
        raise click.UsageError(
            f"{models[0]} and {models[1]}: one model at a time. A folder of specs is `./{models[1]}`."
        )
    for name in models:
        if os.path.isdir(name):  # noqa: PTH112
            tell(f"note: {name} is taken for a model: ./{name} is the folder of that name")
    return "".join(models), tuple(word for word in words if word not in models)


def _is_run(word: str) -> bool:
    """Whether a word is the name of a run, and not of specs. Raises click.UsageError where it is both."""
    from specrun.plan.attempts import OF_TRIALS  # late: as above

    if OF_TRIALS.fullmatch(word) is None:
        return False
    if not os.path.lexists(word) or (os.path.isdir(word) and not find([word]).files):  # noqa: PTH112 - `--fetch` made it
        return True
    from pathlib import Path  # late, as the next: few files are called like runs

    from specrun.plan.home import home_of

    what = "folder of specs" if os.path.isdir(word) else "file"  # noqa: PTH112
    if os.path.lexists(home_of(Path.cwd()) / "runs" / word):
        raise click.UsageError(f"{word} is a run and a {what}: say `--run {word}`, or `./{word}`.")
    tell(f"using the {what} {word}: `--run {word}` means a run of that name")
    return False


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
