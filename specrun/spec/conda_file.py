"""What pip is to install by a conda file: the lists below `pip:` among its dependencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from specrun.spec.diagnostics import Location, Path
from specrun.spec.requirements import Entry, logical_lines
from specrun.spec.source import Document

_BEGUN = re.compile(r"^dependencies[ \t]*:", re.MULTILINE)


def is_conda_file(document: Document | None, text: str) -> bool:
    """Whether a file is what it is named as, even with mistakes in it: no other one has a list of that name."""
    return _BEGUN.search(text) is not None or (document is not None and "dependencies" in document.values)


def pip_entries(document: Document, folder: str, *, hidden: bool = False) -> Iterator[Entry]:
    """The lines for pip, in their order; relative paths in them begin at the file's `folder`.

    `hidden`: no message may show them.
    """
    dependencies = document.values.get("dependencies")
    for index, item in enumerate(dependencies if isinstance(dependencies, list) else ()):
        listed = item.get("pip") if isinstance(item, dict) else None
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            at = partial(_place, document, ("dependencies", index, "pip", number), hidden)
            for _, line in logical_lines(str(entry)):
                yield Entry(line, folder, at, ("job", "environment", "conda_file"), hidden=hidden)


def _place(document: Document, path: Path, hidden: bool) -> Location:
    place = document.location(path)
    return replace(place, text="") if hidden else place


def with_pip(document: Document, requirements: Sequence[str]) -> bytes:
    """The file with other lines for pip."""
    import yaml  # late: few files name others

    listed: list[object] = []
    for item in document.values["dependencies"]:
        if not (isinstance(item, dict) and isinstance(item.get("pip"), list)):
            listed.append(item)
        elif not any(isinstance(one, dict) for one in listed):
            listed.append({"pip": list(requirements)})
    text: str = yaml.safe_dump({**document.values, "dependencies": listed}, sort_keys=False, allow_unicode=True)
    return text.encode()
