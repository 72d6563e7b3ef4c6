"""`specrun schema`."""

from __future__ import annotations

import click

from specrun.spec.schema import REPOSITORY, SPEC, schema_text

_FILES = {"spec": SPEC, "repository": REPOSITORY, "prices": REPOSITORY}


@click.command()
@click.argument("of", type=click.Choice(list(_FILES)), default="spec")
def schema(of: str) -> None:
    """Print the JSON Schema of specs, for editors and other tools; or that of a repository's .specrun.yaml, or of a
    file of prices.
    """
    text = schema_text(_FILES[of])
    print(text if of != "prices" else _part(text, of), end="" if text.endswith("\n") else "\n")


def _part(text: str, name: str) -> str:
    """The schema of a file that has what stands below a key of another."""
    import json

    whole = json.loads(text)
    of_all = {
        "$schema": whole["$schema"],
        "$id": f"specrun-{name}.v1.schema.json",
        "title": whole["$defs"][name]["title"],
    }
    return (
        json.dumps({**of_all, "$ref": f"#/$defs/{name}", "$defs": whole["$defs"]}, indent=2, ensure_ascii=False) + "\n"
    )
