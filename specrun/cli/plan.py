"""`specrun plan`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from specrun.apply import opening
from specrun.apply.opening import PlanFailed
from specrun.cli.answers import ANNOTATED, note_result
from specrun.cli.changed import changed_options
from specrun.cli.checking import check_plan
from specrun.cli.commenting import check_comment_options, comment_options, plan_comment
from specrun.cli.exit_codes import CHANGES_PENDING, WRONG_USAGE, Exit
from specrun.cli.options import F, color_option, output_option
from specrun.cli.reading import Reading, reading_options
from specrun.cli.rules_from import rules_from_option
from specrun.cli.saved import find_saved, root
from specrun.cli.saving import NOTHING, check_outside_sources, request_of, save_plan
from specrun.cli.session import open_specs, report_unseen, show
from specrun.cli.telling import quiet
from specrun.plan.changes import Plan
from specrun.plan.planning import PlanOptions
from specrun.plan.saved import contents
from specrun.plan.shown import Shown
from specrun.spec.errors import OfDiagnostics
from specrun.spec.masking import mask
from specrun.spec.visible import json_text
from specrun.views.text import paint_for, terminal_width

_NAME = re.compile(r"[a-z0-9][\w.-]*", re.ASCII)


def _names(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _NAME.fullmatch(name):
            raise click.BadParameter(f"it wants the name of a spec or of a run, not `{name:.60}`.")
    return tuple(dict.fromkeys(names))


def planning_options(command: F) -> F:
    """The options of `plan` and `apply` that decide what stands in a plan."""
    for option in (
        click.option("--rerun", is_flag=True, help="Run again what has ended for exactly this."),
        click.option("--cancel-previous", is_flag=True, help="End unfinished runs of older fingerprints."),
        click.option("--allow-replace", is_flag=True, help="Delete and make again what cannot change in place."),
        click.option(
            "--adopt",
            multiple=True,
            metavar="NAME",
            callback=_names,
            help="Take the run of this name, or of the spec of this name, that is exactly this as the spec's own.",
        ),
        click.option("--max-runs", type=click.IntRange(1), default=10, show_default=True, help="Submit no more."),
    ):
        command = option(command)
    return command


@click.command()
@reading_options
@rules_from_option
@changed_options(goes_on=True)
@planning_options
@output_option("text", "json", "markdown", *ANNOTATED)
@comment_options
@click.option("--exit-code", is_flag=True, help="Exit 2 when there are changes.")
@click.option("--out", "out", metavar="PLAN", help="Save the plan for `specrun apply PLAN`.")
@click.option("--check", "check", metavar="PLAN", help="Only say whether a saved plan still holds (else exit 5).")
@color_option
def plan(
    reading: Reading,
    rerun: bool,
    cancel_previous: bool,
    allow_replace: bool,
    max_runs: int,
    adopt: tuple[str, ...],
    output: str,
    exit_code: bool,
    out: str | None,
    check: str | None,
) -> None:
    """Show what apply would do, and why. Changes nothing."""
    check_comment_options(output)
    options = PlanOptions(rerun, cancel_previous, allow_replace, max_runs, adopt)
    if check is not None:
        check_plan(check, reading, options, output, {"--out": out is not None, "--exit-code": exit_code})
        return
    if len(reading.named) == 1 and (saved := find_saved(reading.named)) is not None:
        detail = f"{saved.file} is a saved plan: `specrun plan --check` compares it, `specrun show` prints it"
        raise Exit(WRONG_USAGE, detail)
    made = (
        NOTHING
        if reading.unchanged
        else opening.noting(open_specs(reading, under_rules=True).plan(options), reading.environment)
    )
    if out is not None:
        check_outside_sources(made, Path(out))
    note_result(made)
    if output == "markdown":
        print(plan_comment(made, contents(made, request_of(reading, options), root(), mask), reading.changed))
    elif output not in ANNOTATED and (made.places or output == "json"):
        print(render(made, output, reading.changed_data))
    check_allowed(made)
    if out is not None:
        save_plan(made, request_of(reading, options), out, reading.changed)
    if exit_code and made.pending:
        raise Exit(CHANGES_PENDING)


def render(made: Plan | Shown, output: str, more: Mapping[str, Any]) -> str:
    """The plan as text or JSON; programs are told `more`."""
    if output == "json":
        from specrun.views.data import plan_data

        return json_text({**plan_data(made), **more}, 2)
    from specrun.views.plan_text import plan_text, summary

    if quiet():
        return summary(made)
    return plan_text(made, paint_for(sys.stdout), terminal_width())


def check_allowed(made: Plan, told: str = "") -> None:
    """End the command when a rule forbids the plan, something makes it impossible, or a place was not seen.

    `told` is said in the last case, where other places were seen.
    """
    show((*made.notes, *made.refusals, *made.problems))
    report_unseen(made)
    try:
        opening.check_allowed(made)
    except OfDiagnostics as error:
        raise Exit(error.code, told if isinstance(error, PlanFailed) and made.unseen and made.places else "") from error
