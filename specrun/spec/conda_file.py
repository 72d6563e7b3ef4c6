"""What pip is to install by a conda file: the lists below `pip:` among its dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from specrun.spec.requirements import Entry, logical_lines
from specrun.spec.source import Document


def pip_entries(document: Document, folder: str) -> Iterator[Entry]:
    """The lines for pip, in their order; relative paths in them begin at the file's `folder`."""
    dependencies = document.values.get("dependencies")
    for index, item in enumerate(dependencies if isinstance(dependencies, list) else ()):
        listed = item.get("pip") if isinstance(item, dict) else None
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            at = partial(document.location, ("dependencies", index, "pip", number))
            for _, line in logical_lines(str(entry)):
                yield Entry(line, folder, at, ("job", "environment", "conda_file"))


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
