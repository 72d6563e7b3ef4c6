"""Options that several verbs have, each by itself; those about which specs are meant are in `reading`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Kinds(click.Group):
    """A verb of which there are several kinds, as `export azureml`: its help says of each all that it says itself.

    `plain` is what is meant where no kind is said: then it is all the same whether FILEs or options stand first.
    """

    def __init__(self, *arguments: Any, plain: click.Command | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.plain = plain

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """That of the plain form, where the first word is no kind; its help is that of the verb."""
        if self.plain is None or not args or args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        if {"-h", "--help"} & {*args}:
            return super().make_context(info_name, ["--help"], parent, **extra)
        return self.plain.make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """That of the kind. Raises click.UsageError, also where a file was meant that is called like one."""
        try:
            return super().invoke(ctx)
        except click.MissingParameter as missing:
            name = ctx.invoked_subcommand or ""
            if self.plain is None or not os.path.lexists(name):
                raise
            raise click.UsageError(f"`{name}` is a kind here: what is called so is ./{name}.", missing.ctx) from missing

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each form."""
        if self.plain is not None:
            formatter.write_usage(ctx.command_path, " ".join(self.plain.collect_usage_pieces(ctx)))
            formatter.write_usage(ctx.command_path, self.subcommand_metavar, prefix=" " * len("Usage: "))
        else:
            super().format_usage(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the plain form, and the kinds."""
        if self.plain is not None:
            self.plain.format_options(ctx, formatter)
            self.format_commands(ctx, formatter)
        else:
            super().format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The kinds, each with its first paragraph."""
        with formatter.section("Kinds"):
            formatter.write_dl([(name, (one.help or "").split("\n\n")[0]) for name, one in self.commands.items()])


def forms_of(command: click.Command) -> dict[str, click.Command]:
    """All that a verb takes options in, by the kind: its kinds, and "" for what is meant where none is said."""
    if not isinstance(command, click.Group):
        return {"": command}
    plain = getattr(command, "plain", None)
    return {**({"": plain} if plain is not None else {}), **command.commands}


def every_option(command: F) -> F:
    """--all, for verbs that end or delete: without it they take no whole repository."""
    return click.option("--all", "every", is_flag=True, help="All specs that .specrun.yaml lists.")(command)


def not_empty(_: click.Context, __: click.Parameter, given: T) -> T:
    """For an option that has to say something. Raises click.BadParameter."""
    texts = given if isinstance(given, tuple) else [given] if isinstance(given, str) else []
    if any(not text.strip() or "\0" in text for text in texts):  # most likely a variable that is not set
        raise click.BadParameter("what it is given is empty.")
    return given


def output_option(*formats: str) -> Callable[[F], F]:
    """-o FORMAT; the first is the default."""
    return click.option(
        "-o", "--output", type=click.Choice(formats), default=formats[0], show_default=True, help="What to print."
    )


def _timeout(_: click.Context, __: click.Parameter, given: str) -> int:
    from specrun.spec.moments import seconds_in  # late: few verbs have such an option

    seconds = seconds_in(given)
    if seconds is None:
        raise click.BadParameter(f"a number and one of s, m, h, d, w is wanted, such as 10m or 0s; not `{given:.40}`.")
    return seconds


lock_timeout_option = click.option(
    "--lock-timeout",
    metavar="TIME",
    default="10m",
    show_default=True,
    callback=_timeout,
    help="Wait so long for what another is changing; 0s: not at all.",
)


def since_option(help: str) -> Callable[[F], F]:
    """--since, as `since`: a moment in Unix seconds."""
    return click.option("--since", metavar="WHEN", callback=_moment, help=f"{help}: 10m, 2d, 2026-11-30T08:00:00Z.")


def _moment(_: click.Context, __: click.Parameter, given: str | None) -> float | None:
    if given is None:
        return None
    from specrun.spec.moments import moment_in, seconds_in  # late: few ask for it

    seconds = seconds_in(given)
    moment = moment_in(given) if seconds is None else time.time() - seconds
    if moment is None:
        raise click.BadParameter(
            "how long ago is wanted, such as 10m, 1h30m or 2d, or when, such as 2026-11-30, 2026-11-30T08:00 or "
            f"2026-11-30T08:00:00Z; not `{given:.40}`."
        )
    return moment


def _without_colours(_: click.Context, __: click.Parameter, wanted: bool) -> None:
    if wanted:
        os.environ["NO_COLOR"] = "1"  # one rule for every stream, see `paint_for`


color_option = click.option(
    "--no-color", is_flag=True, callback=_without_colours, expose_value=False, help="No colours (also: NO_COLOR)."
)


def pairs_of(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """What an option says that may stand several times, as NAME=VALUE. Raises click.UsageError."""
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} wants NAME=…, not `{text}`.")
        pairs[name] = value
    return pairs
