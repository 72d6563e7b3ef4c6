"""`specrun drift`."""

from __future__ import annotations

import sys

import click

from specrun.cli.answers import ANNOTATED, note_result
from specrun.cli.changed import changed_options
from specrun.cli.commenting import check_comment_options, comment_options, sticky
from specrun.cli.exit_codes import DRIFT, FAILED, Exit
from specrun.cli.options import color_option, not_empty, output_option
from specrun.cli.reading import Reading, reading_options
from specrun.cli.session import open_specs, report_unseen, show
from specrun.cli.telling import quiet, tell
from specrun.plan.drift.findings import Drift, Verdict
from specrun.plan.drift.ignores import Ignores
from specrun.spec.visible import json_text
from specrun.views.text import paint_for, terminal_width


@click.command()
@reading_options
@changed_options(goes_on=True)
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="PATH",
    callback=not_empty,
    help="Not to count: ADDRESS, ADDRESS.FIELD, FIELD or ADDRESS/FILE, with * and ?.",
)
@output_option("text", "json", "markdown", *ANNOTATED)
@comment_options
@color_option
def drift(reading: Reading, ignored: tuple[str, ...], output: str) -> None:
    """Show what is not as the specs say: resources by field, data by file. Changes nothing, and looks at no runs."""
    check_comment_options(output)
    found = Drift() if reading.unchanged else open_specs(reading).drift(Ignores(ignored))
    note_result(found)
    if output not in ANNOTATED and (not reading.unchanged or output in ("json", "markdown")):
        print(render(found, output, reading))
    for unfit in found.unfit:
        tell(f"note: --ignore {unfit}")
    show(found.problems)
    report_unseen(found)
    if not found.is_complete:
        raise Exit(FAILED)
    if found.of(Verdict.DRIFTED):
        raise Exit(DRIFT)


def render(found: Drift, output: str, reading: Reading) -> str:
    """What was found in one of the formats of -o."""
    if output == "json":
        from specrun.views.drift_data import drift_data

        return json_text(drift_data(found), 2)
    if output == "markdown":
        from specrun.views.changed import changed_markdown
        from specrun.views.drift_markdown import drift_markdown

        chosen = [] if reading.changed is None else changed_markdown(reading.changed)
        return drift_markdown(found, sticky("drift"), chosen)
    from specrun.views.drift_text import drift_summary, drift_text

    if quiet():
        return "\n".join(drift_summary(found))
    return drift_text(found, paint_for(sys.stdout), terminal_width())
