"""Paths start at the file that their field stands in: those of a base are written anew, from the spec's folder."""

# ruff: noqa: PTH117, PTH118
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from specrun.spec.diagnostics import Path
from specrun.spec.expressions import OPEN
from specrun.spec.layers.stack import Merged
from specrun.spec.requirements import read_line, starting_at
from specrun.spec.rules.chains import names_file
from specrun.spec.rules.data import is_local
from specrun.spec.source import Document

_FIELDS: tuple[Path, ...] = (
    ("workspace", "from_config"),
    ("data", "*", "path"),
    ("job", "code"),
    ("job", "inputs", "*", "path"),
    ("job", "inputs", "*", "run"),
    ("job", "environment", "conda_file"),
    ("job", "environment", "build", "path"),
    ("job", "environment", "pip", "*"),
)
"""Where paths of this machine stand; `*` is any name, and any line."""


def starting_at_spec(document: Document, values: Any, folder: str) -> tuple[Any, Mapping[Path, str]]:
    """The substituted values with all paths starting at the real folder of the spec; and those that other files have
    written, as they are written.
    """
    if not isinstance(document, Merged):
        return values, {}
    folders = {layer.document.file: layer.folder or folder for layer in document.layers}
    if {*folders.values()} == {folder}:
        return values, {}
    written: dict[Path, str] = {}
    for field in _FIELDS:
        for path, value in _found(values, field):
            there = folders[document.part(path).document.file]
            if there == folder or not _is_moved(value, path):
                continue
            new = _line(value, there, folder) if "pip" in path else _from(value, there, folder)
            if new != value:
                written[path] = value
                values = _replaced(values, path, new)
    return values, written


def _from(path: str, there: str, folder: str) -> str:
    """A path that starts at one real folder as one that starts at another."""
    if os.path.isabs(path):
        return path
    steps = path.replace(os.sep, "/").split("/")
    while steps and steps[0] in ("", ".", ".."):  # no name before them may be a link's
        there = os.path.normpath(os.path.join(there, steps.pop(0)))
    start = os.path.relpath(there, folder).replace(os.sep, "/")
    return "/".join(steps if steps and start == os.curdir else [start, *steps])


def _line(text: str, there: str, folder: str) -> str:
    """A line for pip so that the file that it names is found from the other folder."""
    named = read_line(text).named_file
    if not named or "://" in named or os.path.isabs(named):
        return text
    moved = shlex.quote(_from(named, there, folder))
    return (
        f"{text[: -len(named)]}{moved}" if text.endswith(named) else starting_at(os.path.relpath(there, folder), text)
    )


def _is_moved(value: object, path: Path) -> bool:
    if not isinstance(value, str) or not value or OPEN in value or "\0" in value or value != value.strip():
        return isinstance(value, str) and "pip" in path
    if path[-1] == "run":
        return names_file(value)
    return "pip" in path or (is_local(value) and not value.startswith("~"))


def _found(values: Any, field: Path, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not field:
        yield path, values
        return
    step, rest = field[0], field[1:]
    if isinstance(values, dict):
        for name in list(values) if step == "*" else [step] if step in values else []:
            yield from _found(values[name], rest, (*path, name))
    elif isinstance(values, list) and step == "*":
        for index, item in enumerate(values):
            yield from _found(item, rest, (*path, index))


def _replaced(values: Any, path: Path, new: Any) -> Any:
    """The values with another one at a path; what is not on the way is the very same."""
    if not path:
        return new
    changed: Any = dict(values) if isinstance(values, dict) else list(values)
    changed[path[0]] = _replaced(values[path[0]], path[1:], new)
    return changed
