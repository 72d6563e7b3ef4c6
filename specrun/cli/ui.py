"""`specrun ui`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.finding import find_named
from specrun.cli.opened import Opened, RunsOfSpec, open_runs
from specrun.cli.options import not_empty
from specrun.cli.reading import LOCAL, Reading, going_options
from specrun.cli.telling import tell
from specrun.engines.base import EngineError, Scope
from specrun.plan.home import open_home
from specrun.plan.makers import NOBODY
from specrun.spec.errors import SpecInvalid

if TYPE_CHECKING:
    from specrun.apply.project import Project
    from specrun.ui.http import Server

PORT = 8265
"""The port that is tried first, and `PORTS` more after it."""

PORTS = 20


@click.command()
@going_options
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help=f"Else {PORT}, or the next that is free.")
@click.option("--open/--no-open", "opens", default=None, help="Open the page in a browser (else where there is one).")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    callback=not_empty,
    help="A proxy in front of it, as of a JupyterHub, has this name.",
)
def ui(reading: Reading, port: int | None, opens: bool | None, hosts: Sequence[str]) -> None:
    """Runs in a browser: table, logs, charts, comparisons, and the plan. It serves this machine alone."""
    from specrun.ui.answers import Answers
    from specrun.ui.guard import Guard
    from specrun.ui.tokens import token_of

    reading, opened = (reading, open_runs(reading)) if reading.files or reading.found.mistakes else _all_here(reading)
    home = opened.runs[0].home if opened.runs else open_home(Path.cwd())
    guard = Guard(token_of(home), frozenset(host.lower() for host in hosts))
    answers = Answers(opened.runs, Path.cwd().name, partial(_project, reading) if reading.files else None)
    server = _server(port, answers, guard)
    address = f"http://127.0.0.1:{server.port}/"
    # Not through what hides tokens: this one is for who sees it here.
    print(f"{address}?token={guard.token}", file=getattr(sys.stdout, "canvas", sys.stdout), flush=True)
    tell("Only this machine can open it. Ctrl-C ends it, and no run.")
    if opens or (opens is None and _has_browser()):
        _open(f"{address}?once={server.once.make()}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        tell("specrun ui has ended; runs go on")
    finally:
        server.streams.stop()
        server.server_close()
        answers.close()
    opened.finish()


def _all_here(reading: Reading) -> tuple[Reading, Opened]:
    """All runs on this machine, and those of the specs that a bare command means, as far as there are such."""
    here = RunsOfSpec.open(NOBODY, LOCAL, Scope(), Path.cwd(), {})
    try:
        named, found = find_named((), every=None)
        if not found.files:  # nothing says which specs are meant
            return reading, Opened([here])
        reading = replace(reading, files=found.files, named=named, found=found)
        opened = open_runs(reading)
    except (EngineError, Exit) as error:
        tell(
            f"note: only runs on this machine are shown: {error}"
            if str(error)
            else "note: only runs on this machine are shown"
        )
        return reading, Opened([here])
    return reading, replace(opened, runs=[here, *(one for one in opened.runs if one.where != here.where)], failed=set())


def _project(reading: Reading) -> Project:
    """The specs as they are now, and where they go. Raises Error."""
    from specrun.apply.opening import open_loaded
    from specrun.engines.facts import unread
    from specrun.spec.load import load

    loaded = load(**{**reading.options(), "unread": unread(), "under_rules": True})
    if not loaded.ok:
        raise SpecInvalid([*loaded.diagnostics, *loaded.broken])
    return open_loaded(loaded, reading.engine, lambda _: None, under_rules=True, rules_from=reading.rules_from)


def _server(port: int | None, answers: object, guard: object) -> Server:
    from specrun.ui.http import Server

    tried = [port] if port is not None else range(PORT, PORT + PORTS)
    for one in tried:
        try:
            return Server(one, answers, guard)  # type: ignore[arg-type]
        except OSError as error:
            problem = error
    raise Exit(FAILED, f"port {tried[0]} cannot be used: {problem.strerror}; `--port 0` takes one that is free")


def _has_browser() -> bool:
    """Whether somebody sits before this machine, who sees a browser that opens."""
    import os

    if not sys.stderr.isatty() or os.environ.get("SSH_CONNECTION") or os.environ.get("CI"):
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        tell("no browser could be opened")
