"""Options of the verbs that write a comment, and the comment of a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from specrun.cli.options import F

if TYPE_CHECKING:  # a check of a file needs none of it
    from specrun.plan.changes import Plan
    from specrun.plan.shown import Shown
    from specrun.views.comment import Sticky

KEY, MORE_AT = "--comment-key", "--more-at"
_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/:]|-(?!-)){0,99}"
_ADDRESS = r"https?://[A-Za-z0-9_.~:/?#@!$&'*+,;=%-]{1,500}"


def fitting(option: str, text: str) -> bool:
    """Whether a text is what one of these options takes: nothing that ends a comment of HTML, or a link."""
    return re.fullmatch(_KEY if option == KEY else _ADDRESS, text) is not None


def _keep(ctx: click.Context, option: click.Parameter, given: str | None) -> None:
    if given is None:
        return
    if not fitting(option.opts[0], given):
        wanted = "up to 100 letters, digits and `._-/:`, without `--`" if option.opts[0] == KEY else "a web address"
        raise click.BadParameter(f"{wanted} is wanted, not `{given:.40}`.")
    ctx.meta[f"specrun.{option.name}"] = given


def comment_options(command: F) -> F:
    """What makes a comment one that is found again, and says where the rest is."""
    for name, metavar, help in (
        (MORE_AT, "URL", "With -o markdown: where all of it is, said where something was cut."),
        (KEY, "KEY", "With -o markdown: tells this comment from others, in its first line."),
    ):
        option = click.option(name, metavar=metavar, callback=_keep, expose_value=False, help=help)
        command = option(command)
    return command


def check_comment_options(output: str) -> None:
    """End the command where an option for comments was given, and none is written."""
    meta = click.get_current_context().meta
    for option in (KEY, MORE_AT):
        if output != "markdown" and _name(option) in meta:
            raise click.UsageError(f"{option} goes with -o markdown.")


def sticky(verb: str, digest: str = "") -> Sticky:
    """How the comment of this command is found again."""
    from specrun.views.comment import Sticky

    meta = click.get_current_context().meta
    return Sticky(verb, meta.get(_name(KEY), ""), digest, meta.get(_name(MORE_AT), ""))


def _name(option: str) -> str:
    return f"specrun.{option.removeprefix('--').replace('-', '_')}"


def given_in(arguments: Sequence[str], option: str) -> str:
    """What a command line says for one of these options, before it is read: "" for nothing, and for what is wrong."""
    for word, value in zip(arguments, [*arguments[1:], ""], strict=True):
        text = value if word == option else word.partition("=")[2] if word.startswith(f"{option}=") else ""
        if fitting(option, text):
            return text
    return ""


def plan_comment(made: Plan | Shown, content: Mapping[str, Any], changed_since: Mapping[str, Any] | None) -> str:
    """A plan as a comment. `content` is what is compared of it."""
    from specrun.plan.digest import digest_of
    from specrun.views.changed import changed_markdown
    from specrun.views.markdown import plan_markdown

    digest = "" if made.unseen or made.unplanned else digest_of(content)
    chosen = changed_markdown(changed_since) if changed_since is not None else []
    return plan_markdown(made, sticky("plan", digest), chosen)
