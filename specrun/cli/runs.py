"""`specrun runs`."""

from __future__ import annotations

import json
import sys

import click

from specrun.cli.masking import mask_environment
from specrun.cli.options import Reading, color_option, files_options, output_option
from specrun.cli.session import open_runs
from specrun.views.data import run_data
from specrun.views.runs import changed_since, runs_text
from specrun.views.text import paint_for, terminal_width


@click.command()
@files_options
@output_option("text", "json")
@color_option
def runs(reading: Reading, output: str) -> None:
    """Past runs of a spec, newest first, and what changed between them."""
    for opened in open_runs(reading):
        found = list(opened.engine.runs(opened.spec))
        identity = opened.engine.identity
        if output == "json":
            data = [
                {**run_data(run), "changes": list(changed_since(run, found[number + 1 :], identity))}
                for number, run in enumerate(found)
            ]
            print(mask_environment(json.dumps(data, indent=2, ensure_ascii=False)))
        else:
            width = terminal_width()
            print(mask_environment(runs_text(found, identity, paint_for(sys.stdout), width)))
