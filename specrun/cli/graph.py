"""`specrun graph`."""

from __future__ import annotations

import click

from specrun.apply.chains import with_upstream
from specrun.apply.project import places_of
from specrun.cli.changed import changed_options
from specrun.cli.exit_codes import INVALID_SPEC, Exit
from specrun.cli.options import output_option
from specrun.cli.reading import Reading, reading_options
from specrun.cli.session import load_specs, require_engine, restricted, show
from specrun.engines.facts import ENGINES, unread
from specrun.plan.graph import Graph, build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.home import open_home
from specrun.views.graph import graph_dot, graph_mermaid


@click.command()
@reading_options
@changed_options(goes_on=True)
@output_option("mermaid", "dot")
def graph(reading: Reading, output: str) -> None:
    """The resources and their edges. An arrow leads from what is needed to what needs it."""
    draw = graph_dot if output == "dot" else graph_mermaid
    require_engine(reading.engine)
    if reading.unchanged:
        print(draw(Graph({}, {})))
        return
    loaded = load_specs(reading)
    if not loaded.ok:
        show(loaded.diagnostics)
        raise Exit(INVALID_SPEC)
    chained = with_upstream(loaded.specs, {**reading.options(), "unread": unread()})
    specs = [*chained.specs, *chained.used]
    places = places_of(specs, reading.engine)
    hashes = HashCache(open_home(loaded.specs[0].file.parent))
    built = build_graph(
        specs,
        lambda spec: places[str(spec.file)],
        hashes,
        capabilities_of=lambda place: ENGINES[place.engine].capabilities,
    )
    wrong = chained.mistakes or built.diagnostics
    show((*loaded.diagnostics, *wrong))
    if wrong:
        raise Exit(INVALID_SPEC)
    print(draw(restricted(built, reading)[0]))
