"""`specrun schema`."""

from __future__ import annotations

import click

from specrun.spec.schema import REPOSITORY, SPEC, schema_text

_FILES = {"spec": SPEC, "repository": REPOSITORY}


@click.command()
@click.argument("of", type=click.Choice(list(_FILES)), default="spec")
def schema(of: str) -> None:
    """Print the JSON Schema of specs, for editors and other tools; or that of a repository's .specrun.yaml."""
    print(schema_text(_FILES[of]))
