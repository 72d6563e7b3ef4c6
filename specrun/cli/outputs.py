"""`specrun outputs`."""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatch
from pathlib import Path

import click

from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.options import Reading, files_options, output_option, run_option
from specrun.cli.session import open_runs
from specrun.spec.wording import size
from specrun.views.text import count, nearby


@click.command()
@files_options
@run_option
@click.option("--fetch", "folder", metavar="DIR", help="Copy the files into this folder.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Only paths like this, such as 'model/*'.")
@output_option("text", "json")
def outputs(reading: Reading, run_name: str | None, folder: str | None, only: tuple[str, ...], output: str) -> None:
    """List a run's files, or fetch them."""
    for runs in open_runs(reading):
        run = runs.newest(run_name)
        files = [
            file
            for file in runs.engine.outputs(run.name)
            if not only or any(fnmatch(file.path, pattern) for pattern in only)
        ]
        if only and not files:
            raise Exit(FAILED, f"{run.name} has no output like {', '.join(only)}")
        for file in files if folder is not None else ():
            runs.engine.fetch(run.name, file.path, Path(folder or "") / file.path)
        if output == "json":
            listed = [{"path": file.path, "size": file.size} for file in files]
            print(json.dumps({"run": run.name, "place": runs.engine.address(run.name), "files": listed}, indent=2))
            continue
        for file in files:
            print(f"{'' if file.size is None else size(file.size):>8}  {file.path}")
        where = folder if folder is not None else runs.engine.address(run.name)
        print(f"{run.name}: {count(len(files), 'file')} in {nearby(where)}", file=sys.stderr)
