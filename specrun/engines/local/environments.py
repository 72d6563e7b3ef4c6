"""Environments on this machine: a virtual environment for each content, built once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from specrun.engines.base import EngineError, Progress, Report
from specrun.engines.local.conda import pip_requirements
from specrun.engines.local.installers.progress import words
from specrun.engines.local.marks import READY, UNMARKED, Marks
from specrun.plan.file_locks import EXCLUSIVE, flock
from specrun.plan.home import make_home, replace_text, scratch
from specrun.plan.kinds.environment import EnvironmentContent, JobEnvironment, PipLines
from specrun.plan.observed import Observed, Status
from specrun.plan.private import make_folder, open_private, write_private
from specrun.spec import codes
from specrun.spec.diagnostics import Location
from specrun.spec.masking import mask_addresses
from specrun.spec.model import Secret
from specrun.spec.requirements import read_line, with_secrets
from specrun.spec.secrets import MASK, SHORTEST, note

KEPT = 2_000
"""Lines of an installer's that are read when it has failed: a compiler may say a lot."""

SILENCE = 10.0
"""Seconds after which an installer that says nothing is told to be at work still."""

_NAME = re.compile(r"^[\w.-]+")
_PASSWORD = re.compile(r"://[^\s/@]*\$\{([A-Z0-9_]+)\}(?=@)")
"""A variable in front of a host, which pip takes from its environment: a secret like any."""

REQUIREMENTS, CONSTRAINTS = "requirements.txt", "constraints.txt"


def environment_folder(home: Path, digest: str) -> Path:
    """Where the environment of a content digest lies; of its own for each Python, since packages differ."""
    return home / "environments" / f"{digest}-{sys.implementation.cache_tag}"


def observe_environment(home: Path, environment: JobEnvironment) -> Observed:
    """Ready once its last file was written, by this user; anything less was cut off, or is not ours, and made anew."""
    folder = environment_folder(home, environment.name)
    if not os.path.lexists(folder / READY):
        return Observed(Status.MISSING)
    marks = Marks(home)
    marks.note_use()
    if not marks.counts_environment(folder):
        return Observed(Status.MISSING, reason=f"what lies in its place is not used: {UNMARKED}, or is changed since")
    return Observed(Status.READY, environment.properties)


class _Failed(Exception):
    """An installer has failed; with what it said."""

    def __init__(self, said: Sequence[str]) -> None:
        super().__init__()
        self.said = said


def build_environment(home: Path, environment: JobEnvironment, report: Report) -> None:
    """Build the environment with uv when it is there, else pip. Raises EngineError, which shows the lines at fault."""
    lines = _lines(environment.content)
    folder = environment_folder(home, environment.name)
    make_home(home)
    make_folder(folder.parent, home)
    marks = Marks(home)
    marks.note_use()
    import shutil  # late: nearly every apply finds its environment built

    with _lock(folder.with_suffix(".lock")) as lock:
        if os.path.lexists(folder / READY) and marks.counts_environment(folder):
            return
        if folder.is_symlink():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        with scratch(home) as aside:
            variables = _write(lines, aside)
            try:
                for command in _commands(folder, lines, aside):
                    _run(command, variables, _hiding(lines.hidden), lock, report)
            except _Failed as failed:
                raise _refused(environment, lines, failed.said) from None
        kept = [mask_addresses(line) for line in lines.requirements]
        folder.chmod(0o700)
        values = {"requirements": kept}
        mark = marks.of_environment(folder, values)
        replace_text(home, folder / READY, json.dumps({**values, "mark": mark}))


def remove_environment(home: Path, environment: JobEnvironment) -> None:
    """Delete an environment. Raises OSError."""
    import shutil

    shutil.rmtree(environment_folder(home, environment.name))


def _lines(content: EnvironmentContent) -> PipLines:
    """What pip is to install of the planned environment. Raises EngineError for what this machine cannot build."""
    if content.conda is None:
        return content.pip or PipLines()
    file, planned = content.conda
    path = content.definition.conda_file
    hidden = path is not None and path.is_outside
    listed = pip_requirements(file.source, planned, hidden=hidden)
    return content.pip or PipLines(tuple(listed), hidden=frozenset(listed if hidden else ()))


def _write(lines: PipLines, folder: Path) -> dict[str, str]:
    """Write what pip is to read into a folder that nobody else can; the variables that it takes from its environment.

    Secrets are among those: they stand in no file, and in no command line. Raises SecretUnset.
    """
    variables: dict[str, str] = {}

    def variable(name: str) -> str:
        # As the part of an address that it is. pip takes names in capitals only.
        taken = f"SPECRUN_SECRET_{len(variables)}"
        variables[taken] = quote(Secret(name).reveal(), safe="")
        return f"${{{taken}}}"

    for file, listed in ((REQUIREMENTS, lines.requirements), (CONSTRAINTS, lines.constraints)):
        note(name for line in listed for name in _PASSWORD.findall(line))
        text = "".join(f"{with_secrets(line, variable)}\n" for line in listed)
        write_private(folder / file, text)
    return variables


def _commands(folder: Path, lines: PipLines, aside: Path) -> Iterator[list[str]]:
    python = str(folder / "bin" / "python")
    from shutil import which

    # uv reads some of pip's options otherwise, and some not at all.
    uv = which("uv") if not lines.constraints and not any(map(_is_pips_own, lines.requirements)) else None
    if uv:
        yield [uv, "venv", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "--python", python]
    else:
        yield [sys.executable, "-m", "venv", str(folder)]
        install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if lines.requirements:
        constrained = ["-c", str(aside / CONSTRAINTS)] if lines.constraints else []
        yield [*install, "-r", str(aside / REQUIREMENTS), *constrained]


def _is_pips_own(line: str) -> bool:
    return bool(read_line(line).options) or "${" in line


def _hiding(lines: Iterable[str]) -> Callable[[str], str]:
    """What takes lines that may not be shown, and the names in them, out of what pip says."""
    words = [word for line in lines for word in (line, *_NAME.findall(line)) if len(word) >= SHORTEST]
    if not words:
        return mask_addresses
    alike = (re.sub(r"(\\-|_|\\\.)", "[-_.]", re.escape(word)) for word in sorted(words, key=len, reverse=True))
    pattern = re.compile("|".join(alike), re.IGNORECASE)  # pip spells names in its own way
    return lambda text: pattern.sub(MASK, mask_addresses(text))


def _refused(environment: JobEnvironment, lines: PipLines, said: Sequence[str]) -> EngineError:
    """What came of it, at the requirements that are at fault."""
    from specrun.engines.local.installers.refusals import refusal  # late: nearly all are built without

    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = refusal(said, lines.requirements, lines.constraints, python)
    shown = _hiding(lines.hidden)
    first, *others = _places(environment, found.lines) or [environment.location]
    told = codes.diagnostic("environment-not-built", shown(found.why), ("job", "environment"), first)
    error = EngineError(f"building the environment failed: {told.detail} ({first})")
    error.diagnostic = replace(told, others=tuple(others))
    return error


def _places(environment: JobEnvironment, numbers: Iterable[int]) -> list[Location]:
    """Where lines for pip are written, by their numbers."""
    wanted = list(numbers)
    try:
        entries = list(environment.entries()) if wanted else []
    except OSError:
        return []
    ordered = sorted(entries, key=lambda entry: entry.constraint and bool(read_line(entry.text).requirement))
    return [ordered[number].at() for number in wanted if number < len(ordered)]


def _run(
    command: list[str], variables: Mapping[str, str], shown: Callable[[str], str], lock: int, report: Report
) -> None:
    said: deque[str] = deque(maxlen=KEPT)
    last = ""
    # The installer holds the lock too: one that outlives a killed apply must end before anybody builds here again.
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),
        env={**os.environ, **variables} if variables else None,
    ) as process:
        assert process.stdout is not None
        for line in _lines_of(process.stdout):
            if line:
                said.append(line)
            last = shown(words(line)) or last
            report(Progress(text=last))
    if process.returncode:
        raise _Failed(said)


def _lines_of(stream: IO[bytes]) -> Iterator[str]:
    """Its lines as they come, and an empty one after each while without any: a download takes minutes in silence."""
    begun = b""
    while True:
        if not select.select([stream], [], [], SILENCE)[0]:
            yield ""
            continue
        data = os.read(stream.fileno(), 65536)
        *lines, begun = (begun + data).split(b"\n")
        if not data and begun:
            lines, begun = [begun], b""
        yield from (line.decode(errors="replace").rstrip() for line in lines)
        if not data:
            return


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[int]:
    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        flock(descriptor, EXCLUSIVE)
        yield descriptor
    finally:
        os.close(descriptor)
