"""Conda environments that stand inside another file, as files of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.convert import credentials
from specrun.convert.document import Document, Value


def conda_text(values: Mapping[str, object], origin: str) -> str | None:
    """The file of a conda environment; None where a credential stands in it."""
    page = Document(plain=True)
    page.comment((), f"Written by specrun import, from {origin}.")
    for name, value in values.items():
        page.put(str(name), _plain(value))
    text = page.text()
    return None if credentials.reveals(text) else text


def pip_of(values: Mapping[str, object], python: str) -> list[str] | None:
    """The requirements of an environment as specrun itself exports one; None for any other."""
    dependencies = values.get("dependencies")
    if values.get("name") != "specrun" or not isinstance(dependencies, list) or not dependencies:
        return None
    if dependencies[:2] != [f"python={python}", "pip"] or values.get("channels") != ["conda-forge"]:
        return None
    rest = dependencies[2:]
    if not rest:
        return []
    listed = rest[0].get("pip") if len(rest) == 1 and isinstance(rest[0], Mapping) and set(rest[0]) == {"pip"} else None
    return list(listed) if isinstance(listed, list) and all(isinstance(one, str) for one in listed) else None


def _plain(value: object) -> Value:
    """Values as YAML has them, whatever they were read from."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
