"""What is said beside the answer of a command: less of it with -q; and with --strict a warning is an error."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.options import F
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.visible import visible

_QUIET = "specrun.quiet"
_STRICT = "specrun.strict"
_WAITS = "specrun.waits"
_COUNTED = "specrun.counted"
"""The codes of the warnings that count as errors."""


def _keep(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.meta[f"specrun.{option.name}"] = True


def quiet_option() -> click.Option:
    """-q, which every verb has."""
    return click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=_keep,
        help="Only the answer, warnings and errors.",
    )


def strict_option(command: F) -> F:
    """--strict, for verbs that say what is wrong with specs."""
    return click.option(
        "--strict", is_flag=True, expose_value=False, callback=_keep, help="Warnings are errors: exit 65."
    )(command)


def _said(what: str) -> Any:
    context = click.get_current_context(silent=True)
    return context.meta.get(what) if context is not None else None


def quiet() -> bool:
    """Whether no more is wanted than the answer, warnings and errors."""
    return bool(_said(_QUIET))


def strict() -> bool:
    """Whether warnings are errors."""
    return bool(_said(_STRICT))


def tell(line: str) -> None:
    """Say something on the way to the answer, on standard error."""
    if not quiet():
        print(visible(line), file=sys.stderr)


def tell_waits() -> None:
    """From here on people are told what the command waits for, unless it is to be quiet or prints for programs."""
    context = click.get_current_context(silent=True)
    if context is None or quiet() or context.params.get("output") == "json":
        return
    if _WAITS not in context.meta:
        from specrun.views.waiting import waiting  # late: what only reads files waits for nobody

        context.meta[_WAITS] = context.with_resource(waiting(sys.stdout, sys.stderr))


def audible(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What of these is shown: no notes where it is to be quiet."""
    return [one for one in found if one.severity is not Severity.NOTE or not quiet()]


def judged(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The same, with warnings as the errors that they are with --strict: see `end_if_strict`."""
    judged = []
    for one in found:
        if one.severity is Severity.WARNING and strict():
            click.get_current_context().meta.setdefault(_COUNTED, {})[one.code] = None
            one = replace(one, severity=Severity.ERROR)
        judged.append(one)
    return judged


def end_if_strict() -> None:
    """End the command where there was a warning and --strict, and name what would not be an error without it."""
    if codes := _said(_COUNTED):
        raise Exit(INVALID_SPEC, f"warnings are errors here (--strict): {', '.join(codes)}")
