"""A conda file read as far as pip can serve it: `python`, `pip`, and what stands below `pip:`."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from specrun.engines.base import EngineError

SERVED = ("python", "pip", "setuptools", "wheel")


def pip_requirements(file: Path) -> list[str]:
    """The pip requirements of a conda file. Raises EngineError when it needs conda itself."""
    try:
        content = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise EngineError(f"{file}: {error}") from error
    dependencies = content.get("dependencies") if isinstance(content, dict) else None
    if not isinstance(dependencies, list):
        raise EngineError(f"{file}: a conda file has a list of `dependencies`, and this one has none")
    requirements: list[str] = []
    for item in dependencies:
        if isinstance(item, dict) and isinstance(item.get("pip"), list):
            requirements.extend(str(entry) for entry in item["pip"])
        elif str(item).split("=")[0].split(">")[0].split("<")[0].strip() not in SERVED:
            raise EngineError(
                f"{file}: {item} is a conda package, and this machine builds environments with pip: move it below "
                "`pip:` if PyPI has it, or use `--environment current` in an activated conda environment"
            )
        elif str(item).startswith("python=") and not _is_this_python(str(item)):
            raise EngineError(
                f"{file}: it asks for {item}, and specrun runs on Python {sys.version_info[0]}.{sys.version_info[1]}: "
                "run specrun with that Python, or use `--environment current`"
            )
    return requirements


def _is_this_python(item: str) -> bool:
    wanted = item.partition("=")[2].strip("=").split(".")
    return [str(part) for part in sys.version_info[: len(wanted)]][:2] == wanted[:2]
