"""What pip and uv say while they work, as both write it without a terminal, in words for people."""

from __future__ import annotations

import re
from urllib.parse import unquote

_ARCHIVE = r"(?P<archive>[^\s/]+?)(?P<end>\.whl|\.tar\.\w+|\.tgz|\.zip)"
_SAID = [
    (re.compile(pattern), words)
    for pattern, words in (
        (rf"Downloading (?:\S*/)?{_ARCHIVE}(?:#\S*)? \((?P<size>[^)]+)\)", "{package} ({size})"),
        (rf"Using cached (?:\S*/)?{_ARCHIVE}(?:#\S*)? \((?P<size>[^)]+)\)", "{package} ({size}, from pip's cache)"),
        (r"Downloading (?P<name>\S+) \((?P<size>[\d.]+[KMG]?i?B)\)", "{name} ({size})"),
        (r"Collecting (?P<name>[\w.-]+)", "looking for {name}"),
        (r"Cloning (?P<name>\S+)", "cloning {name}"),
        (r"Updating (?P<name>\S+)", "cloning {name}"),
        (r"Building wheel for (?P<name>[\w.-]+) .*: started", "compiling {name}"),
        (r"Building (?P<name>[\w.-]+)(?:==| @ )", "compiling {name}"),
        (r"Resolved (?P<count>\d+) packages?", "{packages} to install"),
        (r"Prepared (?P<count>\d+) packages?", "installing {packages}"),
        (r"Installing collected packages: (?P<names>.+)", "installing {packages}"),
        (r"Creating virtual ?env(?:ironment)?", "making the virtual environment"),
    )
]
_METADATA = ".metadata"
_BINARY = re.compile(r"([\d.]+)([KMG])iB")
_PACKAGE = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-.*)?")
_UNITS = {"K": ("kB", 1.024), "M": ("MB", 1.024**2), "G": ("GB", 1.024**3)}


def words(line: str) -> str:
    """What a line of an installer's tells of how far it is: `tensorflow-cpu 2.16.1 (212.5 MB)`; "" for nothing."""
    said = line.strip()
    for pattern, form in _SAID:
        if (found := pattern.match(said)) is not None and _METADATA not in said:
            parts = {name: value for name, value in found.groupdict().items() if value}
            parts["packages"] = _packages(parts)
            parts["package"] = _package(parts.get("archive", ""))
            return form.format_map({**parts, "size": _decimal(parts.get("size", ""))})
    return ""


def _packages(parts: dict[str, str]) -> str:
    number = int(parts["count"]) if "count" in parts else len(parts.get("names", "").split(","))
    return f"{number} package{'s' * (number != 1)}"


def _package(archive: str) -> str:
    """`tensorflow-cpu 2.16.1`, of the name of a wheel or a source archive, with the wheel's underscores as people write
    them.
    """
    found = _PACKAGE.fullmatch(unquote(archive))
    return f"{found['name'].replace('_', '-')} {found['version']}" if found is not None else archive


def _decimal(size: str) -> str:
    """A size as pip says it: uv counts in powers of two."""
    found = _BINARY.fullmatch(size)
    if found is None:
        return size
    unit, factor = _UNITS[found[2]]
    return f"{float(found[1]) * factor:.1f} {unit}"
