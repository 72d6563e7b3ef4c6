"""A conda file read as far as pip can serve it: `python`, `pip`, and what stands below `pip:`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from specrun.engines.base import EngineError
from specrun.spec.conda_file import is_conda_file, pip_entries
from specrun.spec.diagnostics import Diagnostic, Location
from specrun.spec.reading import MOST_YAML, read_bytes
from specrun.spec.requirements import near
from specrun.spec.source import Document, parse

SERVED = ("python", "pip", "setuptools", "wheel")
_NO_LIST = "A conda file has a list of `dependencies`, and this one has none"
_NOT_A_SPEC = ("empty-file", "not-a-mapping")


class NotServed(EngineError):
    """What pip cannot serve: `detail` says what and why, `location` where in the conda file."""

    def __init__(self, detail: str, location: Location) -> None:
        super().__init__(f"{location}: {detail}")
        self.detail = detail
        self.location = location


_HIDDEN = (
    "pip cannot serve it, or it is no conda file. As it is outside of the repository, or has no `dependencies`, "
    "its lines are not shown. Use `--environment current` in an activated conda environment, or a file of requirements"
)


def pip_requirements(file: Path, content: bytes | None = None, *, hidden: bool = False) -> list[str]:
    """The pip requirements of a conda file, as it is now or as its `content` was. Raises NotServed when it needs conda
    itself.

    No message shows lines of one that is `hidden`, or of what is no conda file.
    """
    name = near(str(file))
    try:
        content = read_bytes(file, MOST_YAML) if content is None else content
    except OSError as error:
        raise NotServed(f"It cannot be read: {error.strerror}", Location(name, 1, 1)) from error
    document, found = parse(name, content)
    try:
        return _requirements(file, document, found)
    except NotServed as error:
        if not hidden and is_conda_file(document, content.decode(errors="replace")):
            raise
        why = error.detail if error.detail == _NO_LIST else _HIDDEN
        raise NotServed(why, replace(error.location, text="")) from None


def _requirements(file: Path, document: Document | None, found: Sequence[Diagnostic]) -> list[str]:
    if document is None:
        first = found[0]
        raise NotServed(_NO_LIST if first.code in _NOT_A_SPEC else first.detail.removesuffix("."), first.location)
    dependencies = document.values.get("dependencies")
    if not isinstance(dependencies, list):
        raise NotServed(_NO_LIST, document.location(("dependencies",)))
    for index, item in enumerate(dependencies):
        why = "" if isinstance(item, dict) and isinstance(item.get("pip"), list) else _not_served(item)
        if why:
            raise NotServed(why, document.location(("dependencies", index)))
    return [entry.text for entry in pip_entries(document, str(file.parent))]


def _not_served(item: Any) -> str:
    """Why a dependency needs conda; empty where it does not."""
    if str(item).split("=")[0].split(">")[0].split("<")[0].strip() not in SERVED:
        return (
            f"`{item}` is a conda package, and this machine builds environments with pip: move it below `pip:` if PyPI "
            "has it, or use `--environment current` in an activated conda environment"
        )
    if str(item).startswith("python=") and not _is_this_python(str(item).partition("=")[2].strip("=").split(".")):
        return (
            f"It asks for `{item}`, and specrun runs on Python {sys.version_info[0]}.{sys.version_info[1]}: "
            "run specrun with that Python, or use `--environment current`"
        )
    return ""


def _is_this_python(wanted: Sequence[str]) -> bool:
    return [str(part) for part in sys.version_info[: len(wanted)]][:2] == list(wanted[:2])
