"""`specrun schema`."""

from __future__ import annotations

import click

from specrun.spec.schema import schema_text


@click.command()
def schema() -> None:
    """Print the JSON Schema of specs, for editors and other tools."""
    print(schema_text())
