"""`specrun graph`."""

from __future__ import annotations

import click

from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.options import Reading, output_option, reading_options
from specrun.cli.session import load_specs, show
from specrun.plan.resources import build_graph
from specrun.views.graph import graph_dot, graph_mermaid


@click.command()
@reading_options
@output_option("mermaid", "dot")
def graph(reading: Reading, output: str) -> None:
    """The resources and their edges. An arrow leads from what is needed to what needs it."""
    loaded = load_specs(reading)
    built = build_graph(loaded.specs)
    show((*loaded.diagnostics, *built.diagnostics))
    if not loaded.ok or built.diagnostics:
        raise Exit(INVALID_SPEC)
    print(graph_dot(built) if output == "dot" else graph_mermaid(built))
