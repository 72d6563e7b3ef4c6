"""Environments on this machine: a virtual environment for each content, built once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from specrun.engines.base import EngineError, Progress, Report
from specrun.engines.local.conda import pip_requirements
from specrun.plan.home import make_home, replace_text
from specrun.plan.kinds.environment import EnvironmentContent, JobEnvironment
from specrun.plan.observed import Observed, Status

WAY_OUT = "use `--environment current` (the Python that runs specrun) or `--environment FILE`"
READY = "ready.json"


def environment_folder(home: Path, digest: str) -> Path:
    """Where the environment of a content digest lies; of its own for each Python, since packages differ."""
    return home / "environments" / f"{digest}-{sys.implementation.cache_tag}"


def observe_environment(home: Path, environment: JobEnvironment) -> Observed:
    """Ready once its last file was written; anything less was a build that was cut off and starts anew."""
    folder = environment_folder(home, environment.name)
    if not (folder / READY).exists():
        return Observed(Status.MISSING)
    return Observed(Status.READY, environment.properties)


def build_environment(home: Path, environment: JobEnvironment, report: Report) -> None:
    """Build the environment with uv when it is there, else pip. Raises EngineError with the installer's last words."""
    requirements = _requirements(environment.content)
    folder = environment_folder(home, environment.name)
    make_home(home)
    folder.parent.mkdir(exist_ok=True)
    import shutil  # late: nearly every apply finds its environment built

    with _lock(folder.with_suffix(".lock")) as lock:
        if (folder / READY).exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        for command in _commands(folder, requirements):
            _install(command, lock, report)
        replace_text(home, folder / READY, json.dumps({"requirements": requirements}))


def remove_environment(home: Path, environment: JobEnvironment) -> None:
    """Delete an environment. Raises OSError."""
    import shutil

    shutil.rmtree(environment_folder(home, environment.name))


def _requirements(content: EnvironmentContent) -> list[str]:
    """The planned environment as pip requirements. Raises EngineError for what this machine cannot build."""
    if content.conda is None:
        return list(content.definition.pip or ())
    file, planned = content.conda
    return pip_requirements(file.source, planned)


def _commands(folder: Path, requirements: list[str]) -> Iterator[list[str]]:
    python = str(folder / "bin" / "python")
    from shutil import which

    uv = which("uv")
    if uv:
        yield [uv, "venv", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "--python", python]
    else:
        yield [sys.executable, "-m", "venv", str(folder)]
        install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    if requirements:
        yield [*install, *requirements]


def _install(command: list[str], lock: int, report: Report) -> None:
    last: list[str] = []
    # The installer holds the lock too: one that outlives a killed apply must end before anybody builds here again.
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = [*last[-9:], line.rstrip()]
            report(Progress(text=line.strip()))
    if process.returncode:
        words = "\n  ".join(last)
        raise EngineError(f"building the environment failed: `{' '.join(command)}` said\n  {words}\n{WAY_OUT}")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
