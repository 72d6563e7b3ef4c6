"""`specrun init`."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

import click

from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.telling import quiet
from specrun.spec.visible import visible
from specrun.spec.wording import command, file_word

TEMPLATES = ("job.yaml", "src/train.py")


@click.command()
@click.argument("folder", default=".", metavar="[DIR]")
def init(folder: str) -> None:
    """Write a starter spec and the script it runs: `specrun init && specrun apply` trains something."""
    target = Path(folder)
    taken = [str(target / name) for name in TEMPLATES if os.path.lexists(target / name)]
    if taken:
        raise Exit(FAILED, f"{', '.join(taken)} exists already, and init overwrites nothing: take another folder")
    name = re.sub(r"[^a-z0-9]+", "-", target.absolute().name.lower()).strip("-")[:40].strip("-") or "job"
    said: list[str] = []
    for file in TEMPLATES:
        text = (files("specrun.cli") / "templates" / file).read_text(encoding="utf-8")
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(text.replace("{name}", name), encoding="utf-8", newline="\n")
        said.append(f"wrote {visible(str(target / file))}")
    spec = [] if folder == "." else [file_word(str(target / TEMPLATES[0]))]
    said.append(f"now: {command('specrun', 'apply', *spec)}")
    if not quiet():
        print("\n".join(said))
