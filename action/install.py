"""specrun itself, as it is at this commit, with its requirements by their hashes, in an environment of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from action.service import Refusal

ROOT = Path(__file__).resolve().parents[1]
"""This repository, as the runner has fetched it: without its history."""

REQUIREMENTS = {"none": "demo", "local": "demo", "azureml": "azureml", "azureml-v1": "azureml-v1"}
OLDEST = (3, 10)


def install(environment: Mapping[str, str], *, trusted: bool) -> Path:
    """The Python of an environment that has specrun. For a stranger's specs there is no SDK. Raises Refusal."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise Refusal(
            f"this Python is {sys.version.split()[0]}, and specrun needs {wanted}: use actions/setup-python", 64
        )
    engine = environment.get("INPUT_ENGINE", "").strip() or environment.get("SPECRUN_ENGINE", "").strip() or "none"
    which = (environment.get("INPUT_INSTALL", "").strip() or engine) if trusted else "none"
    if which not in REQUIREMENTS:
        raise Refusal(f"`install` is one of none, azureml, azureml-v1, not `{which:.40}`", 64)
    name = REQUIREMENTS[which]
    here = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    folder = Path(environment.get("RUNNER_TEMP") or tempfile.gettempdir()) / f"specrun-{name}-{here}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        make(folder, python, ROOT / "requirements" / f"{name}.txt")
        ready.touch()
    return python


def make(folder: Path, python: Path, requirements: Path) -> None:
    """Make it. Wheels alone: nothing that is installed runs code of its own, but specrun's build."""
    _run("make an environment", sys.executable, "-I", "-m", "venv", "--clear", str(folder))
    pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    hashed = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
    _run("install what specrun needs", *pip, *hashed)
    _run("install specrun", *pip, "--no-build-isolation", str(ROOT))


def _run(what: str, *command: str) -> None:
    """In this repository's folder: what lies in the checkout has no say."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode:
        python = sys.executable
        raise Refusal(f"cannot {what} with {python}, see above; actions/setup-python brings a Python that can")
