"""The Python that a job without `environment` runs in: the one that is active, chosen as `uv pip` chooses."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from specrun.spec.repository import repository_of

OWN = "the one that runs specrun"
WAY_OUT = "use `--environment current` (the Python that is active) or `--environment FILE`"
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", re.MULTILINE)


class Python(NamedTuple):
    """A Python of this machine. `words` name it for people, `variables` are those that activating it sets, and `broken`
    says what should have been taken and is not there ("": nothing).
    """

    programs: Path
    words: str
    variables: Mapping[str, str] = {}
    broken: str = ""


def active_python(environ: Mapping[str, str] = os.environ) -> Python:
    """The active virtual environment, else the active conda environment that is not its base, else `.venv` in the
    current folder or, within its repository, in a parent; else conda's base, and in the end the Python that runs
    specrun.
    """
    broken = ""
    for prefix, kind, variables in _candidates(environ):
        if os.access(prefix / "bin" / "python", os.X_OK):
            return Python(prefix / "bin", _words(prefix, kind), variables, broken)
        broken = broken or f"{kind} at {short(prefix)} has no `bin/python`"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return Python(Path(sys.executable).parent, f"{short(sys.executable)} (Python {version}, {OWN})", {}, broken)


def words(environ: Mapping[str, str] = os.environ) -> str:
    """How it is called: `~/venv (Python 3.11, active virtual environment)`."""
    return active_python(environ).words


def short(path: str | Path) -> str:
    """A path with `~` for the home folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path's raises where there is none
    return f"~{str(path)[len(home) :]}" if home != "/" and str(path).startswith(f"{home}/") else str(path)


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """Where to look, in this order, each with what it is and the variables of its activation."""
    if virtual := environ.get("VIRTUAL_ENV"):
        yield Path(virtual), "active virtual environment", {"VIRTUAL_ENV": virtual}
    conda, name = environ.get("CONDA_PREFIX", ""), environ.get("CONDA_DEFAULT_ENV", "")
    variables = {"CONDA_PREFIX": conda, **({"CONDA_DEFAULT_ENV": name} if name else {})}
    # conda's own environment is active in every shell of who has installed it so, and nobody chose it for a job.
    is_base = environ.get("_CONDA_ROOT") == conda or (name in ("base", "root") and Path(conda).name != name)
    if conda and not is_base:
        yield Path(conda), "active conda environment", variables
    if (found := _nearby(Path.cwd())) is not None:
        yield found, "virtual environment of this folder", {"VIRTUAL_ENV": str(found)}
    if conda and is_base:
        yield Path(conda), "conda's base environment", variables


def _nearby(folder: Path) -> Path | None:
    end = repository_of(str(folder)) or str(folder)
    for one in (folder, *folder.parents):
        if (one / ".venv" / "pyvenv.cfg").is_file():
            return one / ".venv"
        if str(one) == end:
            return None
    return None


def _words(prefix: Path, kind: str) -> str:
    version = _version(prefix)
    return f"{short(prefix)} ({f'Python {version}, ' if version else ''}{kind})"


def _version(prefix: Path) -> str:
    """Its version, as 3.11, without running it; "" where nothing tells."""
    try:
        found = _VERSION.search((prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        folders = sorted((prefix / "lib").glob("python3.*[0-9]"))
        return folders[-1].name.removeprefix("python") if folders else ""
    return found[1] if found is not None else ""
