"""What `make` installs: each package pinned, with the hashes of its files, and nothing left to an index."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXTRAS = {
    "demo": [],
    "azure": ["azureml", "azureml-v1", "test"],
    "emulator": ["azureml", "emulator"],
    "test": ["azureml", "azureml-v1", "test", "check", "benchmark", "tensorflow"],
    "release": ["release"],
}
ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)[^\n]*?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M)


def pinned(stage: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{stage}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert ENTRY.sub("", text).strip() == "", "a package without hashes, or without its version"
    return {canonicalize_name(name): version for name, version, _ in ENTRY.findall(text)}


def needed(lines: Iterable[str], extras: Iterable[str], seen: set[str]) -> set[str]:
    """The packages of these requirements, and what they need here, as those that are installed say."""
    for line in map(Requirement, lines):
        marked = any(line.marker.evaluate({"extra": extra}) for extra in ["", *extras]) if line.marker else True
        key = str(canonicalize_name(line.name))
        if marked and (key not in seen or line.extras):
            seen.add(key)
            try:
                needed(requires(key) or [], line.extras, seen)
            except PackageNotFoundError:
                continue
    return seen


@pytest.mark.parametrize("stage", EXTRAS)
def test_a_stage_has_all_that_it_needs_with_hashes(stage: str) -> None:
    found = pinned(stage)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *chain(*(project["optional-dependencies"][extra] for extra in EXTRAS[stage]))]
    assert needed(lines, [], set()) <= found.keys()
    assert {"hatchling", "editables"} <= found.keys()  # with which it is built, without a look at an index
    versions = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    pairs = {(canonicalize_name(name), version) for name, version in versions}
    names = {name for name, _ in pairs}
    assert {pair for pair in found.items() if pair[0] in names} <= pairs


def test_make_installs_nothing_else() -> None:
    assert MAKEFILE.count("pip install") == 1
    assert re.findall(r"\$\(PIP\) (.*)", MAKEFILE) == [
        "--no-deps --require-hashes --only-binary :all: --requirement",
        "--no-deps --no-build-isolation --editable .",
        '--constraint constraints.txt "$$(sed -n \'s/^pytorch = \\["\\(.*\\)"\\]/\\1/p\' pyproject.toml)"',
    ]
    assert re.findall(r"\$\(INSTALL\) (\S+)", MAKEFILE) == [f"requirements/{stage}.txt" for stage in EXTRAS]
