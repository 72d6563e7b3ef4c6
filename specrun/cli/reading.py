"""How specs are read: what the command line says of it, and the options that say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import click

from specrun.cli.answers import note_reading
from specrun.cli.exit_codes import DONE, WRONG_USAGE
from specrun.cli.finding import NO_RUNS, NamedRuns, find_named, model_in, runs_in, selector
from specrun.cli.options import F, every_option, not_empty, pairs_of
from specrun.cli.telling import strict_option
from specrun.spec.frozen import dataclass
from specrun.spec.named import Found
from specrun.spec.overrides import chosen
from specrun.spec.selection import Kinds, Selection, Selector

if TYPE_CHECKING:
    from specrun.spec.elsewhere import Elsewhere

LOCAL = "local"
"""The engine that is this machine, where a repository's state is without any spec."""

NOTHING = Found()


@dataclass(frozen=True, slots=True)
class Reading:
    """How specs are read: which files, and what the command line puts in place of what they say.

    `files` are those that were `found`: `named` are the FILEs, or what was taken for them. `only` and `exclude` select
    specs, and kinds of resources. `environment_said`, `var_files_said`: by the user, and not by a saved plan.
    `allow_outside` is never taken from one. Later `var_files` come before earlier ones, `variables` before all of them.
    """

    files: Sequence[str]
    engine: str | None
    variables: Mapping[str, str]
    inputs: Mapping[str, str]
    environment: str | None
    allow_outside: Sequence[str] = ()
    environment_said: bool = True
    named: Sequence[str] = ()
    found: Found = NOTHING
    only: Sequence[Selector] = ()
    exclude: Sequence[Selector] = ()
    changed: Mapping[str, Any] | None = None
    """What `--changed-since` has found, as programs are told of it; `files` are those specs."""
    target: str | None = None
    var_files: Sequence[str] = ()
    var_files_said: bool = True
    runs: NamedRuns = NO_RUNS
    """Runs that are named by themselves."""
    rules_from: Elsewhere | None = None
    """Where `rules`, `prices` and `env` are taken from, if not from the working tree. It is never taken from a plan."""

    @property
    def selection(self) -> Selection | None:
        """Which specs are meant; None for all."""
        chosen = Selection(*(tuple(one for one in few if one.by != "kind") for few in (self.only, self.exclude)))
        return chosen if chosen.only or chosen.exclude else None

    @property
    def kinds(self) -> Kinds:
        """Which kinds of resources are meant."""
        return Kinds(*(tuple(one.value for one in few if one.by == "kind") for few in (self.only, self.exclude)))

    def options(self) -> dict[str, Any]:
        """What `load` needs of it."""
        return {
            "files": self.files,
            "variables": self.variables,
            "engine": self.engine,
            "inputs": self.inputs,
            "environment": self.environment,
            "allow_outside": self.allow_outside,
            "environment_said": self.environment_said,
            "target": self.target,
            "var_files": self.var_files,
            "var_files_said": self.var_files_said,
            "scanned": self.found.scanned,
            "mistakes": self.found.mistakes,
            "selection": self.selection,
            "rules_from": self.rules_from,
        }

    @property
    def unchanged(self) -> bool:
        """Whether nothing is to be done, since nothing changed."""
        return self.changed is not None and not self.files

    @property
    def none(self) -> int:
        """How a command ends that is left with no spec: wrongly called, unless few are looked at in the first place."""
        return WRONG_USAGE if self.changed is None else DONE

    @property
    def changed_data(self) -> Mapping[str, Any]:
        """The same as a part of what a command tells programs, empty where it was not asked for."""
        return {} if self.changed is None else {"changed_since": self.changed}


def reading_options(command: F) -> F:
    """FILE…, --engine, --target, --var-file, --var, --input, --environment, --allow-outside, --only and --exclude, as
    one `reading`; and --strict.
    """
    return _with_reading(command, _files, _engine, *_layers, *_replacing, _outside, *_selecting, strict_option)


def translating_options(command: F) -> F:
    """The same without --engine: for what is written for another program, which is no engine's."""
    return _with_reading(command, _files, *_layers, *_replacing, _outside, *_selecting, strict_option)


def runs_options(command: F) -> F:
    """FILE|RUN…, --run, --engine, --target, --var-file, --allow-outside, --only and --exclude: for verbs about runs."""
    return _with_reading(command, _files_or_runs, _run, _engine, *_layers, _outside, *_selecting)


def going_options(command: F) -> F:
    """FILE…, --engine, --target, --var-file, --allow-outside, --only and --exclude: for a verb that without any of what
    says specs is about all that there is on this machine.
    """
    return _with_reading(command, _files, _engine, *_layers, _outside, *_selecting, bare=True)


def models_options(command: F) -> F:
    """MODEL[:VERSION] and the same, as a `model` and a `reading`."""
    reading_files = _with_reading(command, bare=True)

    @wraps(reading_files)
    def with_model(files: tuple[str, ...], **others: object) -> object:
        model, files = model_in(files)
        return reading_files(files=files, model=model, **others)

    decorated: Any = with_model
    for decorator in reversed((_model_or_files, _engine, *_layers, _outside, *_selecting)):
        decorated = decorator(decorated)
    return cast(F, decorated)


def run_outputs_options(command: F) -> F:
    """The same for a verb that has an --only of its own."""
    return _with_reading(command, _files_or_runs, _run, _engine, *_layers, _outside)


def repository_options(command: F) -> F:
    """The same for a verb that is about all specs of a repository, which need not be named. What would leave some out
    is there for the verb to refuse it, and no target counts but one that is typed.
    """
    since = click.option("--changed-since", metavar="REF", hidden=True)
    options = (_files, _engine, *_layers, *_replacing, _outside, *_selecting, since, every_option)
    return _with_reading(command, *options, finding=False)


def where_options(command: F) -> F:
    """--engine, --target, --var-file and --var, as they are typed: for a verb that asks where things are."""
    for option in reversed((_engine, *_layers, _replacing[0])):
        command = option(command)
    return command


def _with_reading(command: F, *decorators: Callable[[Any], Any], finding: bool = True, bare: bool = False) -> F:
    @wraps(command)
    def with_reading(
        files: tuple[str, ...],
        engine: str | None = None,
        variables: tuple[str, ...] = (),
        inputs: tuple[str, ...] = (),
        environment: str | None = None,
        allow_outside: tuple[str, ...] = (),
        only_specs: tuple[Selector, ...] = (),
        exclude_specs: tuple[Selector, ...] = (),
        every: bool | None = None,
        target: str | None = None,
        var_files: tuple[str, ...] = (),
        run_names: tuple[str, ...] | None = None,
        **others: object,
    ) -> object:
        if (checked := others.get("check")) is not None:
            if files:
                raise click.UsageError("--check PLAN takes the specs that the plan was made of: no FILEs.")
            files = (str(checked),)
        runs = NO_RUNS
        if run_names is not None:
            files, runs = runs_in(files, run_names, specs_chosen=bool(every or only_specs or exclude_specs))
        typed = target
        engine, target = chosen(engine, target)
        unsaid = runs.alone or (bare and not (files or only_specs or exclude_specs) and engine in (None, LOCAL))
        named, found = find_named(files, every=every) if finding and not unsaid else (files, NOTHING)
        note_reading(found.files, target)
        reading = Reading(
            found.files,
            engine,
            pairs_of("--var", variables),
            pairs_of("--input", inputs),
            environment,
            allow_outside,
            named=named,
            found=found,
            only=only_specs,
            exclude=exclude_specs,
            target=target if finding else typed,
            var_files=var_files,
            runs=runs,
        )
        return command(reading=reading, **others)

    decorated: Any = with_reading
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return cast(F, decorated)


def _selectors(ctx: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> tuple[Selector, ...]:
    return tuple(selector(option.opts[0], text, str(ctx.command.name)) for text in texts)


_selecting = tuple(
    click.option(f"--{name}", f"{name}_specs", multiple=True, metavar="WHAT", callback=_selectors, help=text)
    for name, text in (
        ("only", "Only these specs: NAME, folder:PATH, tag:KEY=VALUE; of a plan kind:KIND, too."),
        ("exclude", "All but these."),
    )
)

_files = click.argument("files", nargs=-1, metavar="[FILE]...")
_files_or_runs = click.argument("files", nargs=-1, metavar="[FILE|RUN]...")
_model_or_files = click.argument("files", nargs=-1, metavar="[MODEL[:VERSION]] [FILE]...")
_run = click.option(
    "--run", "run_names", multiple=True, metavar="NAME", help="This run; FILEs say then where it is looked for."
)
_engine = click.option(
    "--engine", metavar="NAME", help="local, azureml or azureml-v1 (else SPECRUN_ENGINE, else the spec's, else local)."
)


_outside = click.option(
    "--allow-outside",
    multiple=True,
    metavar="PATH",
    callback=not_empty,
    help="Under CI: specs may reach this file or folder, too.",
)

_layers = (
    click.option(
        "--target",
        metavar="NAME",
        callback=not_empty,
        help="Which of a spec's `targets` is meant (else SPECRUN_TARGET, else `default_target`).",
    ),
    click.option(
        "--var-file",
        "var_files",
        multiple=True,
        metavar="FILE",
        callback=not_empty,
        help="Replace values of `vars` by those of a YAML file.",
    ),
)

_replacing = (
    click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Replace a value of `vars`."),
    click.option("--input", "inputs", multiple=True, metavar="NAME=PATH", help="Take an input from this path."),
    click.option(
        "--environment",
        metavar="current|FILE",
        help="Run in the Python that is active, or in one built from requirements or a conda file, not in the spec's.",
    ),
)
