"""What is said of a path where nothing is."""

# ruff: noqa: PTH114, PTH118
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os

from specrun.spec.diagnostics import Path
from specrun.spec.requirements import read_line
from specrun.spec.rules.subject import Subject


def missing_detail(subject: Subject, path: str, code: str, place: Path = ()) -> str:
    """Where it was looked for, and what is there like it, or beside the spec."""
    if path.startswith("~"):
        return "`~` is the shell's and is not expanded here. Paths start at the folder of this file."
    where = os.path.normpath(os.path.join(subject.folder, path))
    if os.path.islink(where):
        return f"`{where}` is a link to something that does not exist."
    beside = beside_spec(subject, place)
    near = None if beside else subject.files.nearest(where, code)
    if near is None:
        return f"Looked for `{where}`; paths start at the folder of this file.{beside}"
    return f"Looked for `{where}`. Did you mean `{os.path.relpath(near, subject.folder)}`?"


def beside_spec(subject: Subject, place: Path) -> str:
    """What is to be said, besides, where a base's path leads nowhere from the base, and somewhere from the spec."""
    if place not in subject.moved:
        return ""
    written = subject.moved[place]
    if "pip" in place:
        written = read_line(written).named_file
    if subject.files.kind(os.path.join(subject.folder, written)) is None:
        return ""
    base = subject.document.part(place).document.file
    return (
        f" There is a `{written}` beside the spec; but a path starts at the file that its field stands in, `{base}`: "
        "say it in the spec."
    )
