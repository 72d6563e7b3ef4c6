"""`specrun explain`."""

from __future__ import annotations

import json
import sys

import click

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.cli.options import color_option, output_option
from specrun.spec.codes import CODES
from specrun.views.text import paint_for, terminal_width


@click.command()
@click.argument("code", required=False)
@output_option("text", "json")
@color_option
def explain(code: str | None, output: str) -> None:
    """Say why CODE is reported and what to write instead; without one, list all codes."""
    from specrun.spec.entries import entries
    from specrun.views.entries import codes_text, entry_data, entry_text

    if code is not None and code not in CODES:
        raise Exit(WRONG_USAGE, _unknown(code))
    paint, width = paint_for(sys.stdout), terminal_width()
    if code is not None:
        entry = entries(CODES[code].group)[code]
        print(json.dumps(entry_data(entry), indent=2) if output == "json" else entry_text(entry, paint, width))
    elif output == "json":
        print(json.dumps([entry_data(entry) for entry in entries().values()], indent=2))
    else:
        print(codes_text(CODES, paint, width))


def _unknown(code: str) -> str:
    from specrun.spec.nearest import nearest

    near = nearest(code, CODES)
    hint = f"Did you mean `{near}`?" if near else "`specrun explain` lists all codes."
    return f"specrun has no code `{code}`. {hint}"
