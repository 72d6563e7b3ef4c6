"""Peers that show runs, in a virtual environment of their own: mlflow alone brings a hundred packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import LeftOut
from benchmarks.workplace import ROOT, Workplace

REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
FOLDER = ROOT / ".venv" / "peers"
"""Kept from one call to the next, as Azurite is; `make clean` removes it."""


def peer_program(place: Workplace, name: str) -> Path:
    """A program of theirs, installed if that is not done yet. Raises LeftOut where that does not work."""
    found = FOLDER / "bin" / name
    done = FOLDER / ".installed"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        if place.short:
            raise LeftOut(f"{name} is not installed, which takes a minute: measure without --short")
        _install()
        done.write_text(wanted, encoding="utf-8")
    return found


def _install() -> None:
    pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(FOLDER)],
        [str(FOLDER / "bin" / "python"), *pip, "--requirement", str(REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LeftOut(f"the peers cannot be installed: {done.stderr[-300:]}")
