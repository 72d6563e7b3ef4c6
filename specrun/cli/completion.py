"""`specrun completion`."""

from __future__ import annotations

from importlib.resources import files

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what completes verbs, options and their values. In ~/.bashrc: source <(specrun completion bash)"""
    script = files("specrun.cli") / "templates" / "completion" / f"specrun.{shell}"
    print(script.read_text(encoding="utf-8"), end="")
