"""What a command starts: it is run by bash, and each program only tells the words that it was given."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TELLING = ("python", "python3", "pip", "mpirun", "cntk", "caffe", "caffe2", "Rscript", "git", "apt", "ls", "cp", "tool")
REAL = ("cat", "basename", "dirname", "env", "sed", "tr", "wc", "head", "mkdir", "touch", "rm", "sleep", "flock")
"""What scripts that `specrun import` writes call to wait for each other."""
TELLER = """#!/bin/bash
name="${{0##*/}}"
[[ "$name" == python* && "$1" == -c ]] && exec {python} "$@"
{{ printf '%s\\0' "$name" "$@"
   for variable in $WATCHED; do [ -n "${{!variable+x}}" ] && printf '%s=%s\\0' "$variable" "${{!variable}}"; done
   printf '\\n'
}} >> "$TOLD"
"""
SECONDS = 30


def started(
    command: str, variables: Mapping[str, str], folder: Path, watched: Sequence[str] = (), code: Path | None = None
) -> list[tuple[str, ...]]:
    """The words of each program in the order of their start, each followed by the variables that are watched.

    What the shell itself prints, as `echo` does, is the last of them. `folder` is a test's own; the command runs in
    `code`, or there. A `python -c` is really run: scripts that `specrun import` writes ask it who they are.
    """
    programs = _programs(folder)
    told = folder / "told"
    told.unlink(missing_ok=True)
    temporary = tempfile.mkdtemp(dir=folder)
    environment = {
        "PATH": str(programs),
        "TOLD": str(told),
        "WATCHED": " ".join(watched),
        "TMPDIR": temporary,
        **variables,
    }
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        env=environment,
        cwd=code or folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    lines = told.read_bytes().decode().split("\0\n") if told.exists() else []
    found = [tuple(line.split("\0")) for line in lines if line]
    assert found or done.stdout, (command, done.stderr.decode())
    return [*found, ("printed", done.stdout.decode())] if done.stdout else found


def _programs(folder: Path) -> Path:
    programs = folder / "programs"
    if programs.exists():
        return programs
    programs.mkdir()
    for name in TELLING:
        (programs / name).write_text(TELLER.format(python=sys.executable))
    (programs / "mktemp").write_text('#!/bin/bash\necho "$TMPDIR"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    for name in (*REAL, "bash"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return programs
