"""`specrun doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import click

from specrun import __version__
from specrun.cli.exit_codes import FAILED, Exit
from specrun.cli.options import color_option, output_option
from specrun.cli.telling import quiet
from specrun.engines.facts import ENGINES
from specrun.plan.home import home_of, open_home, scratch
from specrun.plan.ownership import StateRefused
from specrun.spec.frozen import dataclass
from specrun.spec.visible import json_text, visible
from specrun.spec.wording import size
from specrun.views.text import Paint, paint_for

LITTLE_ROOM = 5_000_000_000
"""Bytes below which an environment with TensorFlow in it may not fit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `level` is ok, note or error; `text` says what to do unless it is ok."""

    level: str
    what: str
    text: str


@click.command()
@output_option("text", "json")
@color_option
def doctor(output: str) -> None:
    """Check what specrun finds on this machine. Exit 1 when something keeps it from working."""
    findings = list(examine(Path.cwd()))
    if output == "json":
        print(json_text([asdict(finding) for finding in findings], 2))
    else:
        paint = paint_for(sys.stdout)
        for finding in (one for one in findings if one.level != "ok" or not quiet()):
            print(f"{_sign(finding.level, paint)} {finding.what:<12} {visible(finding.text)}")
    if any(finding.level == "error" for finding in findings):
        raise Exit(FAILED)


def examine(folder: Path) -> Iterator[Finding]:
    """Look at what the engines need; nothing is changed but the state folder, which is made."""
    yield Finding("ok", "specrun", f"{__version__} on Python {platform.python_version()} ({sys.executable})")
    yield Finding("ok", "engines", ", ".join(ENGINES))
    yield _platform()
    yield from _state(folder)
    yield _installer()
    yield _gpus()
    yield from _python()
    yield _azure()
    chosen = os.environ.get("SPECRUN_ENGINE")
    if chosen and chosen not in ENGINES:
        yield Finding("error", "SPECRUN_ENGINE", f"is {chosen}, which this specrun does not have: unset or correct it")


def _platform() -> Finding:
    if sys.platform.startswith("linux"):
        return Finding("ok", "system", f"Linux {platform.release()}")
    if sys.platform == "darwin":
        return Finding("note", "system", "macOS: a process that leaves its group on purpose may outlive a killed run")
    return Finding("error", "system", f"{sys.platform}: the local engine needs Linux, macOS, or Windows through WSL")


def _state(folder: Path) -> Iterator[Finding]:
    from specrun.engines.local.marks import load_key

    home = home_of(folder)
    try:
        open_home(folder)
        with scratch(home):
            pass
        key = load_key()
    except StateRefused as refusal:
        yield Finding("error", "state", str(refusal))
        return
    except OSError as error:
        detail = f"{home} cannot be used ({error.strerror}): set SPECRUN_HOME to a folder that can be written"
        yield Finding("error", "state", detail)
        return
    free = shutil.disk_usage(home).free
    yield Finding("ok", "state", str(home))
    if key is None:
        detail = "HOME is no folder where a key can be kept: whose the files of the state folder are must do"
        yield Finding("note", "key", detail)
    if free < LITTLE_ROOM:
        yield Finding("note", "disk", f"{size(free)} free: an environment with TensorFlow takes about 2 GB")
    else:
        yield Finding("ok", "disk", f"{size(free)} free")


def _installer() -> Finding:
    uv = shutil.which("uv")
    if uv:
        return Finding("ok", "environments", f"built with uv ({uv})")
    if find_spec("ensurepip") is None:
        return Finding("error", "environments", "this Python has no ensurepip: install python3-venv, or uv")
    return Finding("ok", "environments", "built with pip; uv, when it is there, is several times faster")


def _python() -> Iterator[Finding]:
    from specrun.engines.local.python import active_python

    python = active_python()
    if python.broken:
        yield Finding("note", "Python", f"the {python.broken}: activate one that is there, or `deactivate`")
    yield Finding("ok", "Python", f"jobs without `environment` run in {python.words}")
    own = python.programs == Path(sys.executable).parent
    packages = list((python.programs.parent / "lib").glob("python*/site-packages"))
    names = ("tensorflow", "torch")
    present = [name for name in names if (find_spec(name) if own else any((at / name).is_dir() for at in packages))]
    yield Finding("ok", "frameworks", f"{' and '.join(present) or 'none'} in that Python")


def _gpus() -> Finding:
    from specrun.engines.local import gpus

    found = gpus.present()
    return Finding("ok", "GPUs", ", ".join(found) if found else "none: jobs run on the processors")


def _azure() -> Finding:
    from specrun.engines.azure.sources import NOTHING, choose
    from specrun.engines.base import Denied

    sdks = {name: facts.sdk for name, facts in ENGINES.items() if facts.sdk}
    there = [name for name, sdk in sdks.items() if _installed(sdk) and _installed("azure.identity")]
    if not there:
        from specrun.engines.installation import install_command

        return Finding("ok", "Azure", f"its SDK is not in this Python: `{install_command('azureml')}` when wanted")
    try:
        return Finding("ok", "Azure", f"signs in with {choose().description}, for {' and '.join(there)}")
    except Denied as error:
        # Whoever set up half of it wants it; who set up nothing may need this machine only.
        return Finding("note" if str(error) == NOTHING else "error", "Azure", str(error))


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package it is in
        return False


def _sign(level: str, paint: Paint) -> str:
    return {"ok": paint("✓", "green"), "note": paint("!", "yellow"), "error": paint("✗", "red")}[level]
