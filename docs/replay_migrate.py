"""Writes into docs/migrate.md what its commands print, in the folders of tests/cases/migrate.

`--check` only says (exit 1) whether that is what stands there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import deliver

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "migrate.md"
CASES = ROOT / "tests" / "cases" / "migrate"
BLOCK = re.compile(r"```console\n(.*?)\n```", re.DOTALL)
COLUMNS = "96"


def replayed(text: str) -> str:
    """The page with each block of commands as it comes out now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "migrate"
        shutil.copytree(CASES, folder)
        return BLOCK.sub(lambda block: f"```console\n{_said(block[1], folder)}\n```", text)


def _said(block: str, folder: Path) -> str:
    lines, here = [], folder
    for command in (line for line in block.splitlines() if line.startswith("$ ")):
        lines.append(command)
        if command.startswith("$ cd "):
            here = folder / command.removeprefix("$ cd ")
            continue
        done = subprocess.run(
            command.removeprefix("$ "), shell=True, cwd=here, env=_environment(folder), capture_output=True, text=True
        )
        lines += (done.stdout + done.stderr).rstrip("\n").splitlines()
    return "\n".join(lines)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "AZURE_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "COLUMNS": COLUMNS, "SPECRUN_HOME": str(folder.parent / "state")}


def main(arguments: list[str]) -> int:
    """Writes or checks the page."""
    return deliver(PAGE, replayed(PAGE.read_text(encoding="utf-8")), __file__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
