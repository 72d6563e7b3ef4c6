"""The source distribution and the wheel: built, looked into, and installed where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

IN_BOTH = (
    "specrun/_version.py",
    "specrun/cli/templates/job.yaml",
    "specrun/cli/templates/src/train.py",
    "specrun/spec/entries/job.yaml",
)
SCHEMAS = ("specrun.v1.schema.json", "specrun-plan.v1.schema.json", "specrun-repository.v1.schema.json")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
IN_SOURCE = (*BESIDE, "release/version.py", "specs/examples/digits-ps/job.yaml")
TOP = (*BESIDE, "specrun", "schemas", "specs", "docs", "release", "PKG-INFO", ".gitignore")
"""What a source distribution may have at its root."""

NEVER = frozenset(("__pycache__", "tests", "emulator", "benchmarks", "requirements", "logs", "build", "dist"))
HIDDEN = frozenset((".amlignore", ".github", ".gitignore", ".pre-commit-config.yaml", ".specrun.yaml"))
"""The only names that may begin with a dot."""


class Wrong(Exception):
    """A distribution that is not to be published, in words."""


def build(root: Path, folder: Path) -> tuple[Path, Path]:
    """Build the source distribution of a clone, and of that the wheel; where both are, in that order."""
    _run(root, sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder))
    (source,) = folder.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as place, tarfile.open(source) as archive:
        archive.extractall(place, filter="data")
        (unpacked,) = Path(place).iterdir()
        _run(unpacked, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (wheel,) = folder.glob("*.whl")
    return source, wheel


def version_of(wheel: Path) -> str:
    """The version in a wheel's name."""
    return wheel.name.split("-")[1]


def check_contents(source: Path, wheel: Path) -> None:
    """Raise Wrong where something is missing, or there that is nobody's business."""
    with tarfile.open(source) as archive:
        in_source = [name.partition("/")[2] for name in archive.getnames()]
    with zipfile.ZipFile(wheel) as opened:
        in_wheel = opened.namelist()
    wrong = [
        *_missing(source, in_source, (*IN_BOTH, *IN_SOURCE, *(f"schemas/{name}" for name in SCHEMAS))),
        *_missing(wheel, in_wheel, (*IN_BOTH, *(f"specrun/schemas/{name}" for name in SCHEMAS))),
        *_odd(source, in_source, TOP),
        *_odd(wheel, in_wheel, {"specrun", f"specrun-{version_of(wheel)}.dist-info"}),
    ]
    if wrong:
        raise Wrong("\n".join(wrong))


def _missing(of: Path, names: Iterable[str], wanted: Iterable[str]) -> Iterator[str]:
    there = set(names)
    yield from (f"{of.name} lacks {name}" for name in wanted if name not in there)


def _odd(of: Path, names: Iterable[str], top: Iterable[str]) -> Iterator[str]:
    known = set(top)
    for name in names:
        parts = name.split("/")
        hidden = [part for part in parts if part.startswith(".") and part not in HIDDEN]
        if parts[0] not in known or hidden or not NEVER.isdisjoint(parts):
            yield f"{of.name} has {name}"


def check_description(*files: Path) -> None:
    """Have twine look at what an index would show. Raises Wrong."""
    _run(Path.cwd(), sys.executable, "-m", "twine", "check", "--strict", *map(str, files))


def check_installed(wheel: Path, requirements: Path) -> None:
    """Install a wheel where nothing is but what it needs, with its hashes, and use it. Raises Wrong."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _run(folder, sys.executable, "-m", "venv", "venv")
        python = str(folder / "venv" / "bin" / "python")
        quietly = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
        _run(folder, python, *quietly, "--require-hashes", "--only-binary", ":all:", "-r", str(requirements.resolve()))
        _run(folder, python, *quietly, str(wheel.resolve()))
        _run(folder, python, "-m", "pip", "check")
        check_use([python, "-m", "specrun"], version_of(wheel), folder / "use")


FIRST = ("init", "validate", "plan", "schema", "explain bad-name")
"""Command lines that somebody tries."""


def check_use(specrun: list[str], version: str, folder: Path, lines: Iterable[str] = FIRST, **variables: str) -> None:
    """What somebody does first, with an installed specrun. Raises Wrong."""
    folder.mkdir()
    said = _run(folder, *specrun, "--version", **variables)
    if said.strip() != f"specrun {version}":
        raise Wrong(f"`specrun --version` says {said.strip()}, and this is {version}")
    for line in lines:
        _run(folder, *specrun, *line.split(), **variables)


def publishable(root: Path, folder: Path, tag: str = "") -> tuple[Path, Path]:
    """Build both, and check all that can be. Raises Wrong, also where they are not of the tag (`v0.1.0`)."""
    shutil.rmtree(folder, ignore_errors=True)
    source, wheel = build(root, folder)
    if tag and f"v{version_of(wheel)}" != tag:
        raise Wrong(f"what was built is {version_of(wheel)}, and the tag {tag}: has something changed since?")
    check_contents(source, wheel)
    check_description(source, wheel)
    check_installed(wheel, root / "requirements" / "demo.txt")
    return source, wheel


def _run(folder: Path, *command: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPECRUN"))}
    done = subprocess.run(
        command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Wrong(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
